"""How the backend writes its log: lines of text or of JSON, and never what somebody typed.

The message of an exception that is not ours may repeat a value: `invalid literal for int(): '870309…'`, a row's key in
PostgreSQL's detail, an input in pydantic's. Of such a one the log keeps the class and the places, see `told`.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

Format = Literal["text", "json"]

TEXT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_REPEATING: Final = (ValueError, LookupError, SQLAlchemyError)
"""Kinds of exceptions whose message may repeat a value; pydantic's and those of decoding are ValueErrors."""


def told(error: BaseException) -> str:
    """An exception as the log keeps it: classes, places, and messages that can repeat nothing."""
    return "\n".join(part for each in _chain(error) for part in _one(each))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """It and what it came from, the first cause first."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _chain(earlier)
    yield error


def _one(error: BaseException) -> Iterator[str]:
    yield from (frame.rstrip() for frame in traceback.format_tb(error.__traceback__))
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_message(error)}"


def _message(error: BaseException) -> str:
    if isinstance(error, DBAPIError):
        return _code(error.orig)
    if type(error).__module__.partition(".")[0] in ("sqlite3", "psycopg"):
        return _code(error)
    return "(message left out)" if isinstance(error, _REPEATING) else str(error)


def _code(error: BaseException | None) -> str:
    """The database's own code for what is wrong."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or "no code"
    return f"{type(error).__name__} {code}"


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, and the fields of a message `a=b c=d` by name."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = record.getMessage()
        line: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        pairs = (part.partition("=") for part in message.splitlines()[0].split()[1:]) if message else ()
        line |= {name: value for name, equals, value in pairs if equals and name not in line}
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class TextLines(logging.Formatter):
    """Lines for people; traces as `told`."""

    def formatException(self, ei: object) -> str:
        """The trace."""
        error = ei[1] if isinstance(ei, tuple) else None
        return told(error) if isinstance(error, BaseException) else ""


class _NoTrace(logging.Filter):
    """uvicorn logs each fault once more, with its message; ours is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the line, drop the trace."""
        record.exc_info = record.exc_text = None
        return True


def set_up(form: Format) -> None:
    """For a process that serves."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_NoTrace())
