"""`python -m oracle COMMAND`: see `oracle.cli`."""

from __future__ import annotations

import sys

from oracle.cli import main

if __name__ == "__main__":  # processes that sign import this module too, and must not run it
    sys.exit(main())
