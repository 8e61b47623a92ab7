"""Adapters to hospital systems: what is read there becomes `HisDocument`s, whatever system it is.

`base` is the seam every adapter keeps, `settlement` understands the cashier's rows, `payload` lays out documents.
The ``sql`` adapter reads views of a database. An adapter only reads: nothing here can write to a hospital system.
"""

from __future__ import annotations
