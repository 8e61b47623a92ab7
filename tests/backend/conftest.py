"""A backend on throw-away databases, with a clock that tests move and a node that tests answer for."""

from __future__ import annotations
