"""Log lines say where and what kind, never what somebody typed; as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from backend.logs import JsonLines, TextLines, told
from chain.db import make_engine, writing

MARK = "8703092123456"


class Typed(BaseModel):
    """A form."""

    number: int


def raised(act: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as found:
        act()
    return found.value


def twice() -> None:
    engine = make_engine("sqlite://")
    with writing(engine) as session:
        session.execute(text("CREATE TABLE t (number TEXT PRIMARY KEY)"))
        for _ in range(2):
            session.execute(text("INSERT INTO t VALUES (:number)"), {"number": MARK})


def from_another() -> None:
    try:
        int(f"x{MARK}")
    except ValueError as error:
        raise RuntimeError("the reader broke") from error


@pytest.mark.parametrize(
    "act",
    [
        lambda: int(f"x{MARK}"),
        lambda: {}[MARK],
        lambda: Typed.model_validate({"number": f"x{MARK}"}),
        lambda: f"{MARK}\ud800".encode(),
        lambda: json.loads(f'{{"{MARK}'),
        twice,
        from_another,
    ],
)
def test_a_trace_repeats_nothing_that_was_typed(act: Callable[[], object]) -> None:
    error = raised(act)
    assert MARK in str(error) or act in (twice, from_another) or isinstance(error, ValueError)
    line = told(error)
    assert MARK not in line
    assert type(error).__name__ in line
    assert Path(__file__).name in line, "where it was is kept"


def test_it_says_what_the_database_said_by_its_code() -> None:
    assert "IntegrityError SQLITE_CONSTRAINT_PRIMARYKEY" in told(raised(twice))


def test_our_own_words_and_the_cause_are_kept() -> None:
    line = told(raised(from_another))
    assert "RuntimeError: the reader broke" in line
    assert line.index("ValueError") < line.index("RuntimeError")


def record(message: str, *values: object) -> logging.LogRecord:
    try:
        int(f"x{MARK}")
    except ValueError:
        return logging.LogRecord("saegim.x", logging.ERROR, "", 0, message, values, sys.exc_info())


def test_a_line_of_json_has_its_fields_by_name() -> None:
    line = json.loads(JsonLines().format(record("request id=%s route=%s status=%d", "ab", "/d/{token}", 404)))
    assert (line["id"], line["route"], line["status"], line["level"]) == ("ab", "/d/{token}", "404", "ERROR")
    assert MARK not in json.dumps(line)
    assert "ValueError" in line["trace"]


def test_a_message_s_words_do_not_take_the_place_of_the_line_s_own_fields() -> None:
    line = json.loads(JsonLines().format(record("request level=NONE at=never message=x")))
    assert line["level"] == "ERROR"
    assert line["message"] == "request level=NONE at=never message=x"


def test_a_line_of_text_leaves_the_same_out() -> None:
    line = TextLines("%(message)s").format(record("fault"))
    assert "ValueError" in line and MARK not in line
