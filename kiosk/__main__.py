"""`python -m kiosk`."""

from __future__ import annotations

import sys

from kiosk.commands import main

if __name__ == "__main__":
    sys.exit(main())
