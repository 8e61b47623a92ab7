"""The kinds of document there are, and how raw data becomes a record of one.

`parse` is the one way in: it refuses what breaks the form's types or arithmetic, and names every problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from records.errors import Problem, RecordInvalid, UnknownKind
from records.kinds.base import Kind, Receiver, Record
from records.kinds.bill import BILL, Bill
from records.kinds.diagnosis import DIAGNOSIS, Diagnoses
from records.kinds.problems import validated
from records.kinds.receipt import RECEIPT, Receipt
from records.kinds.statement import STATEMENT, Statement
from records.kinds.visit import VISIT, Visit

__all__ = [
    "BY_NAME",
    "KINDS",
    "Bill",
    "Diagnoses",
    "Kind",
    "Problem",
    "Receipt",
    "Receiver",
    "Record",
    "RecordInvalid",
    "Statement",
    "UnknownKind",
    "Visit",
    "kind_named",
    "kind_of",
    "parse",
]

KINDS: Mapping[str, Kind] = {kind.vct: kind for kind in (VISIT, RECEIPT, BILL, STATEMENT, DIAGNOSIS)}
"""Every kind by its credential type (vct)."""

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS.values()}
"""The newest version of every kind by its name."""

_BY_MODEL = {kind.model: kind for kind in KINDS.values()}


def kind_named(name: str) -> Kind:
    """The kind of this name; raises `UnknownKind`."""
    try:
        return BY_NAME[name]
    except (KeyError, TypeError):
        raise UnknownKind(name) from None


def kind_of(record: Record) -> Kind:
    """The kind a record is of."""
    return next(_BY_MODEL[cls] for cls in type(record).__mro__ if cls in _BY_MODEL)


def parse(kind_name: str, data: Mapping[str, Any]) -> Record:
    """Make a record from plain data (text, whole numbers, lists, mappings).

    Raises `UnknownKind`, or `RecordInvalid` with every problem found and the path of each.
    """
    kind = kind_named(kind_name)
    return validated(kind, kind.model, data)
