"""Runs a program that ends when this one's standard input closes: `python -m network.leash -- PROGRAM ARGUMENT…`.

Whoever started it holds the other end of the pipe, so the program ends with it, however that ends. Standard
library only, so that it starts at once.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

_LOOK_EVERY = 0.2
_PATIENCE = 5.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the program ends, standard input closes or SIGTERM comes."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = arguments[arguments.index("--") + 1 :]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: _end(child))
    while child.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_EVERY)
        if readable and os.read(sys.stdin.fileno(), 1) == b"":
            _end(child)
    return child.wait()


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the program and what it started: a Node launcher does not pass signals on to the program it wraps."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    leads_group = os.getpgrp() == os.getpid()
    if leads_group:
        os.killpg(os.getpid(), signal.SIGTERM)
    else:
        child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main())
