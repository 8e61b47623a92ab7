"""What the interface engine has to send: rows of the hospital that are new or changed since it last looked.

It follows the change stamps with an overlap, for a transaction may commit after a later one, and remembers in memory
what it sent within it. After a restart it sends everything again, under the same control ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, TextClause, text

from chain.clock import Clock, utc_now
from sandbox.his.hl7 import Outgoing, Row, order_message, settlement_message, visit_message
from sandbox.his.store import KOREA

OVERLAP: Final = timedelta(seconds=60)
_BEGINNING: Final = datetime(1970, 1, 1)
_AT_ONCE: Final = 200

_VISITS: Final = text(
    'SELECT n.*, v."FIN_DTM" FROM "V_SGM_NAEWON" n JOIN "OVSITM" v ON v."VST_NO" = n."VST_NO"'
    ' WHERE n."CHG_DT" >= :since ORDER BY n."CHG_DT", n."VST_NO"'
)
_ACTS: Final = text(
    'SELECT s.*, a."VST_NO" FROM "V_SGM_SUNAP" s JOIN "SRCPTM" a ON a."SUNAP_NO" = s."SUNAP_NO"'
    ' WHERE s."CHG_DT" >= :since ORDER BY s."CHG_DT", s."SUNAP_NO"'
)
_DIAGNOSES: Final = text('SELECT * FROM "V_SGM_SANGBYEONG" WHERE "VST_NO" = :key ORDER BY "SEQ"')
_ROWS: Final = text('SELECT * FROM "V_SGM_SUNAP_HANG" WHERE "SUNAP_NO" = :key ORDER BY "HANG_CD"')
_LINES: Final = text('SELECT * FROM "V_SGM_SUNAP_SEBU" WHERE "SUNAP_NO" = :key ORDER BY "SEQ"')
_ORDERS: Final = text(
    'SELECT o."VST_NO", o."ORD_SEQ", o."SUGA_CD", f."SUGA_NM", o."QTY", o."DAYS", o."DC_YN" FROM "OCORDT" o'
    ' JOIN "CSUGAM" f ON f."SUGA_CD" = o."SUGA_CD" WHERE f."HANG_CD" = \'07\' AND o."VST_NO" = :key'
    ' ORDER BY o."ORD_SEQ"'
)
"""Prescribed drugs: items of the row 투약 및 조제료 약품비."""


class Feed:
    """The messages of one hospital database. orders: also send prescriptions."""

    def __init__(self, engine: Engine, *, clock: Clock = utc_now, orders: bool = True) -> None:
        self._engine = engine
        self._clock = clock
        self._orders = orders
        self._since = _BEGINNING
        self._sent: dict[str, datetime] = {}
        self._states: dict[str, Any] = {}

    def changes(self) -> Iterator[Outgoing]:
        """Messages about what is new, visits before what was paid for them. A message counts as sent once the next
        is asked for."""
        now, newest = self._clock().astimezone(KOREA), self._since
        with self._engine.connect() as connection:
            for query, make in ((_VISITS, self._of_visit), (_ACTS, self._of_act)):
                rows = connection.execute(query, {"since": self._stamp(self._since - self._overlap())})
                while part := rows.mappings().fetchmany(_AT_ONCE):
                    for row in part:
                        stamp = _time(row["CHG_DT"])
                        newest = max(newest, stamp)
                        for message in make(connection, row, now):
                            yield from self._unless_sent(message, stamp)
        self._since = newest
        oldest = newest - OVERLAP
        self._sent = {name: stamp for name, stamp in self._sent.items() if stamp >= oldest}

    def _unless_sent(self, message: Outgoing, stamp: datetime) -> Iterator[Outgoing]:
        if message.control_id not in self._sent:
            yield message
            self._sent[message.control_id] = stamp

    def _overlap(self) -> timedelta:
        return OVERLAP if self._since > _BEGINNING else timedelta()

    def _of_visit(self, connection: Connection, row: Row, now: datetime) -> Iterator[Outgoing]:
        key, state = row["VST_NO"], row["STAT_GB"]
        known = self._states.get(key) == state
        diagnoses = _all(connection, _DIAGNOSES, key)
        yield visit_message(row, diagnoses, now, known=known)
        self._states[key] = state
        drugs = _all(connection, _ORDERS, key) if self._orders else []
        if drugs:
            yield order_message(row, drugs, now)

    def _of_act(self, connection: Connection, row: Row, now: datetime) -> Iterator[Outgoing]:
        key = row["SUNAP_NO"]
        yield settlement_message(row, _all(connection, _ROWS, key), _all(connection, _LINES, key), now)

    def _stamp(self, stamp: datetime) -> Any:
        """A stamp as the database compares it."""
        sqlite = self._engine.dialect.name == "sqlite"
        return stamp.isoformat(sep=" ", timespec="microseconds") if sqlite else stamp


def _all(connection: Connection, query: TextClause, key: Any) -> Sequence[Row]:
    return connection.execute(query, {"key": key}).mappings().all()


def _time(stamp: Any) -> datetime:
    return stamp if isinstance(stamp, datetime) else datetime.fromisoformat(str(stamp))
