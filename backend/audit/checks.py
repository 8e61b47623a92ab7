"""The parts of a verification that the database can do in one query each, and where the log begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, type_coerce
from sqlalchemy.types import NullType

from backend.audit.findings import Finding, Kind
from backend.audit.line import GENESIS, Head, checkpoint_digest
from backend.audit.models import AuditCheckpoint, AuditEvent, AuditHead, AuditPatientHead
from backend.audit.reading import Line, raw, stored_moment
from backend.audit.terms import Action
from chain.db import table_of

MINIMUM_YEARS = 2
"""Lines are kept two years: the Standard for Securing Personal Information (개인정보의 안전성 확보조치 기준) asks it of
whoever handles sensitive data."""

_EVENTS, _HEAD, _PATIENTS, _CHECKPOINTS = (
    table_of(model) for model in (AuditEvent, AuditHead, AuditPatientHead, AuditCheckpoint)
)
_CHECKPOINT_FIELDS = ("number", "hash", "until", "count", "made_at", "approved_by")


def years_before(at: datetime, years: int) -> datetime:
    """The same day and time `years` earlier; for 29 February the 28th, which keeps more."""
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def head(connection: Connection) -> Head | None:
    """The head row as stored."""
    row = connection.execute(raw(("number", "hash")).select_from(_HEAD)).first()
    return Head(row[0], row[1]) if row else None


def all_checkpoints(connection: Connection) -> list[Line]:
    """Every checkpoint as stored, oldest first."""
    query = raw(_CHECKPOINT_FIELDS).select_from(_CHECKPOINTS).order_by(_CHECKPOINTS.c.number)
    return [dict(zip(_CHECKPOINT_FIELDS, row, strict=True)) for row in connection.execute(query)]


def base(checkpoints: Sequence[Line]) -> Head:
    """What the first line has before it: the newest checkpoint, or nothing."""
    return Head(checkpoints[-1]["number"], checkpoints[-1]["hash"]) if checkpoints else Head(0, GENESIS)


def successor_of(connection: Connection, line_hash: Any) -> int | None:
    """The line that names this hash as the one before it."""
    previous = type_coerce(_EVENTS.c.previous, NullType())
    number: int | None = connection.execute(
        select(func.min(_EVENTS.c.number)).where(previous == line_hash)
    ).scalar_one()
    return number


def patients(connection: Connection) -> Finding | None:
    """Whether each patient's lines count 1, 2, 3 … from where retention left off, in the order of the log."""
    before = func.lag(_EVENTS.c.patient_number).over(
        partition_by=_EVENTS.c.patient, order_by=_EVENTS.c.number
    )
    numbered = (
        select(
            _EVENTS.c.number,
            _EVENTS.c.patient_number,
            func.coalesce(before, _PATIENTS.c.pruned, 0).label("before"),
            func.coalesce(_PATIENTS.c.number, 0).label("last"),
        )
        .select_from(_EVENTS.outerjoin(_PATIENTS, _PATIENTS.c.patient == _EVENTS.c.patient))
        .where(_EVENTS.c.patient.is_not(None))
        .subquery()
    )
    broken = or_(
        numbered.c.patient_number.is_(None),
        numbered.c.patient_number != numbered.c.before + 1,
        numbered.c.patient_number > numbered.c.last,
    )
    number = connection.execute(select(func.min(numbered.c.number)).where(broken)).scalar_one()
    return None if number is None else Finding(Kind.PATIENT_SEQUENCE, number)


def patients_beyond(connection: Connection, last: int) -> Finding | None:
    """Whether some patient was counted further than the lines go: then the tail, and the head row, were cut."""
    lines = (
        select(_EVENTS.c.patient, func.max(_EVENTS.c.patient_number).label("last"))
        .where(_EVENTS.c.patient.is_not(None))
        .group_by(_EVENTS.c.patient)
        .subquery()
    )
    further = (
        select(func.count())
        .select_from(_PATIENTS.outerjoin(lines, lines.c.patient == _PATIENTS.c.patient))
        .where(_PATIENTS.c.number > func.coalesce(lines.c.last, _PATIENTS.c.pruned))
    )
    if connection.execute(further).scalar_one() == 0:
        return None
    return Finding(Kind.REMOVED, last + 1, "a patient was counted further than the lines go")


def vouched_for(connection: Connection, checkpoints: Sequence[Line]) -> Finding | None:
    """Whether the log itself tells of its newest checkpoint, and that it removed only what was old enough."""
    before = 0
    for checkpoint in checkpoints:
        if checkpoint["count"] != checkpoint["number"] - before:
            return Finding(Kind.CHECKPOINT, checkpoint["number"], "it removed another number of lines")
        before = checkpoint["number"]
    return _newest(connection, checkpoints[-1]) if checkpoints else None


def _newest(connection: Connection, stored: Line) -> Finding | None:
    try:
        moments = {name: stored_moment(stored[name]) for name in ("until", "made_at")}
        digest = checkpoint_digest(stored | moments)
    except (AttributeError, TypeError, ValueError):  # values of types that no checkpoint has
        return Finding(Kind.CHECKPOINT, stored["number"], "its fields are malformed")
    telling = select(func.min(type_coerce(_EVENTS.c.at, NullType()))).where(
        _EVENTS.c.action == Action.PRUNE.value, _EVENTS.c.object_id == digest
    )
    told: Any = connection.execute(telling).scalar_one()
    if told is None:
        return Finding(Kind.CHECKPOINT, stored["number"], "no line tells of it")
    if moments["until"] > years_before(stored_moment(told), MINIMUM_YEARS):
        return Finding(Kind.CHECKPOINT, stored["number"], "it removed lines younger than two years")
    return None
