"""Logging without personal data: rows are named by their numbers, and exceptions by class and place only.

Messages of exceptions from below (drivers, parsers) may quote what they choked on, so a trace shows where and what
kind, never the text. Our own errors' messages are written to be shown.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import traceback
from types import TracebackType

from sqlalchemy.exc import OperationalError

from chain.errors import ChainError
from oracle.errors import OracleError
from oracle.his.base import HisError

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class QuietFormatter(logging.Formatter):
    """Formats a trace without the exceptions' texts."""

    def formatException(self, ei: _ExcInfo) -> str:
        kind, error, trace = ei
        if kind is None or error is None:
            return ""
        frames = traceback.extract_tb(trace)
        places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        return "\n".join([*places, shown(error)])


def shown(error: BaseException) -> str:
    """An error as it may be logged."""
    if isinstance(error, OracleError | HisError | ChainError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OperationalError) and isinstance(error.orig, sqlite3.OperationalError):
        return f"{type(error).__name__}: {error.orig}"  # of files, locks and space; others quote values
    return type(error).__name__


def configure(level: str) -> None:
    """Log to standard error, for the service manager to keep."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(QuietFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
