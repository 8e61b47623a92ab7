"""The log as a file: newline-delimited JSON, one line of the log a line, and a closing line that says how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from backend.audit import checks
from backend.audit.line import document_of, moment
from backend.audit.models import AuditEvent
from backend.audit.reading import AT_A_TIME
from chain.db import table_of

_EVENTS = table_of(AuditEvent)


def exported(
    connection: Connection, *, since: datetime, until: datetime, patient: str | None, now: datetime
) -> Iterator[str]:
    """The lines with `since` ≤ moment < `until`, in the log's order, then the closing line.

    A line is the canonical document that its hash covers, with `hash` (hex) added: SHA-256 over the canonical JSON
    of the line without `hash` is `hash`, and where no line is left out each line's `previous` is the hash before.

    Args:
        patient: only this patient's lines (blind index).
    """
    query = select(_EVENTS).where(_EVENTS.c.at >= since, _EVENTS.c.at < until).order_by(_EVENTS.c.number)
    if patient is not None:
        query = query.where(_EVENTS.c.patient == patient)
    count = 0
    for row in connection.execute(query.execution_options(yield_per=AT_A_TIME)).mappings():
        count += 1
        yield _text({**document_of(dict(row)), "hash": row["hash"].hex()})
    head = checks.head(connection)
    yield _text(
        {
            "closing": {
                "count": count,
                "from": moment(since),
                "to": moment(until),
                "patient": patient,
                "exported_at": moment(now),
                "head": {"number": head.number, "hash": head.hash.hex()} if head else None,
            }
        }
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
