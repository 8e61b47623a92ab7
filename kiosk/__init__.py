"""The device's own side: its key, its pairing, and a client that signs every request to the backend.

Invariants: the private key leaves its store by no call; a request goes out with a proof made for it alone; what the
backend answers is shown as typed errors that say which mend they need. Screens and readers come on top of this.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
"""Told to the backend with every heartbeat, and held to its client policy."""
