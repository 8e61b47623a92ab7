"""What the sandbox's FHIR server reads: which resources there are, in the order of their stamps, and their content.

Resources that were deleted (nothing in the vendor's own programs does; an administrator of the FHIR server can) are
kept as tombstones in a table of the server's own.
"""
# ruff: noqa: SIM300 (the hospital's columns are in capitals, which the rule takes for constants)

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
    text,
)

from chain.clock import Clock, utc_now
from sandbox.his import fhir_resources as resources
from sandbox.his.fhir_resources import Resource, Row
from sandbox.his.store import KOREA

_metadata = MetaData()
TOMBSTONES: Final = Table(
    "FHIR_TOMBSTONE",
    _metadata,
    Column("TYPE", String(20), primary_key=True),
    Column("ID", String(64), primary_key=True),
    Column("DEL_DT", DateTime, nullable=False),
    Column("LAST_JSON", Text, nullable=False, comment="the last version"),
)

_INDEX: Final = {
    "Encounter": 'SELECT "VST_NO" AS id, "CHG_DT" AS stamp, "PT_NO" AS patient, NULL AS original FROM "OVSITM"',
    "Condition": """
        SELECT c."VST_NO" || '-' || c."SEQ" AS id, v."CHG_DT" AS stamp, v."PT_NO" AS patient, NULL AS original
          FROM "OCDIAG" c JOIN "OVSITM" v ON v."VST_NO" = c."VST_NO" """,
    "Invoice": """
        SELECT "SUNAP_NO" AS id, "CHG_DT" AS stamp, "PT_NO" AS patient, "ORG_SUNAP_NO" AS original FROM "SRCPTM"
        UNION ALL
        SELECT "SUNAP_NO" || '-S', "CHG_DT", "PT_NO", NULL FROM "SRCPTM" WHERE "SUNAP_GB" IN ('4', '6')""",
}
"""Resources that can be followed, each as (id, stamp, patient, number of the settlement it refers to)."""

TYPES: Final = (*_INDEX, "ChargeItem", "Patient", "Practitioner", "Organization")


class Entry(NamedTuple):
    """A resource's name and when it last changed; hospital time, naive."""

    id: str
    stamp: datetime


class Question(NamedTuple):
    """What is asked of a type. Stamps are hospital time, naive; `until` is the first that is too late."""

    since: datetime | None = None
    until: datetime | None = None
    patients: Sequence[str] | None = None
    originals: Sequence[str] | None = None
    newest_first: bool = False
    offset: int = 0
    limit: int = 100


class FhirStore:
    """The hospital's database, as FHIR sees it."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        _metadata.create_all(engine)

    def find(self, kind: str, asked: Question) -> list[Entry]:
        """Names of living resources, at most one more than `limit`, so that the caller sees whether more follow."""
        conditions, values = ["NOT EXISTS (" + _DELETED + ")"], {"kind": kind}
        self._stamps(asked, conditions, values)
        for column, wanted in (("patient", asked.patients), ("original", asked.originals)):
            if wanted is not None:
                marks = [_mark(values, each) for each in wanted]
                conditions.append(f"i.{column} IN ({', '.join(marks) or 'NULL'})")
        order = "DESC" if asked.newest_first else "ASC"
        query = f"""SELECT i.id, i.stamp FROM ({_INDEX[kind]}) i WHERE {" AND ".join(conditions)}
                     ORDER BY i.stamp {order}, i.id LIMIT {asked.limit + 1} OFFSET {asked.offset}"""  # noqa: S608
        with self._engine.connect() as connection:
            return [Entry(str(id_), _stamp(at)) for id_, at in connection.execute(text(query), values)]

    def read(self, kind: str, ids: Iterable[str]) -> dict[str, Resource]:
        """Living resources by id; what is not there is left out."""
        wanted = list(dict.fromkeys(ids))
        with self._engine.connect() as connection:
            gone = {each["ID"] for each in self._tombstones(connection, kind, wanted)}
            found = _READERS[kind](connection, [id_ for id_ in wanted if id_ not in gone])
        return {id_: found[id_] for id_ in wanted if id_ in found}

    def tombstone(self, kind: str, id_: str) -> Row | None:
        """DEL_DT and LAST_JSON of a deleted resource."""
        with self._engine.connect() as connection:
            return next(iter(self._tombstones(connection, kind, [id_])), None)

    def deleted_since(self, kind: str, since: datetime | None) -> list[Row]:
        """Tombstones, the newest first."""
        table = TOMBSTONES.c
        query = select(TOMBSTONES).where(table.TYPE == kind).order_by(table.DEL_DT.desc(), table.ID)
        query = query if since is None else query.where(table.DEL_DT >= since)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def delete(self, kind: str, id_: str) -> bool:
        """Put a tombstone over a resource; False if it is not there."""
        found = self.read(kind, [id_]).get(id_)
        if found is None:
            return False
        at = self._clock().astimezone(KOREA).replace(tzinfo=None)
        row = {"TYPE": kind, "ID": id_, "DEL_DT": at, "LAST_JSON": json.dumps(found, default=str)}
        with self._engine.begin() as connection:
            connection.execute(insert(TOMBSTONES), row)
        return True

    def _stamps(self, asked: Question, conditions: list[str], values: dict[str, Any]) -> None:
        for sign, bound in ((">=", asked.since), ("<", asked.until)):
            if bound is not None:
                sqlite = self._engine.dialect.name == "sqlite"
                value = bound.isoformat(sep=" ", timespec="microseconds") if sqlite else bound
                conditions.append(f"i.stamp {sign} {_mark(values, value)}")

    @staticmethod
    def _tombstones(connection: Connection, kind: str, ids: Sequence[str]) -> list[Row]:
        query = select(TOMBSTONES).where(TOMBSTONES.c.TYPE == kind, TOMBSTONES.c.ID.in_(ids))
        return [dict(row) for row in connection.execute(query).mappings()]


_DELETED: Final = 'SELECT 1 FROM "FHIR_TOMBSTONE" t WHERE t."TYPE" = :kind AND t."ID" = i.id'


def _mark(values: dict[str, Any], value: Any) -> str:
    name = f"v{len(values)}"
    values[name] = value
    return f":{name}"


def _stamp(value: Any) -> datetime:
    """A stamp as the driver gives it; a broken one counts as the beginning of time."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return datetime(1970, 1, 1)


def to_local(moment: datetime) -> datetime:
    """A moment in hospital time, naive, as the database has it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(KOREA).replace(tzinfo=None)


MILLISECOND: Final = timedelta(milliseconds=1)

_Reader: TypeAlias = Callable[[Connection, Sequence[str]], dict[str, Resource]]


def _rows(connection: Connection, query: str, key: str, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of a query whose column `key` is one of the keys, with stamps as datetimes."""
    values: dict[str, Any] = {}
    marks = [_mark(values, each) for each in dict.fromkeys(keys)]
    if not marks:
        return []
    whole = f'SELECT q.* FROM ({query}) q WHERE q."{key}" IN ({", ".join(marks)})'  # noqa: S608
    found = [dict(row) for row in connection.execute(text(whole), values).mappings()]
    for row in found:
        if "CHG_DT" in row:
            row["CHG_DT"] = _stamp(row["CHG_DT"])
    return found


def _grouped(rows: Iterable[Row], key: str, order: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda each: each[order]):
        groups.setdefault(row[key], []).append(row)
    return groups


def _plain(query: str, key: str, make: Callable[[Row], Resource]) -> _Reader:
    def read(connection: Connection, ids: Sequence[str]) -> dict[str, Resource]:
        return {row[key]: make(row) for row in _rows(connection, query, key, ids)}

    return read


def _encounters(connection: Connection, ids: Sequence[str]) -> dict[str, Resource]:
    listed = _rows(connection, 'SELECT * FROM "V_SGM_SANGBYEONG"', "VST_NO", ids)
    diagnoses = _grouped(listed, "VST_NO", "SEQ")
    rows = _rows(connection, 'SELECT * FROM "V_SGM_NAEWON"', "VST_NO", ids)
    return {row["VST_NO"]: resources.encounter(row, diagnoses.get(row["VST_NO"], ())) for row in rows}


_DETAIL: Final = 'FROM "{view}" d JOIN "{head}" h ON h."{key}" = d."{key}"'
_CONDITIONS: Final = 'SELECT d.*, h."PT_NO", h."CHG_DT" ' + _DETAIL.format(
    view="V_SGM_SANGBYEONG", head="OVSITM", key="VST_NO"
)
_CHARGES: Final = 'SELECT d.*, h."PT_NO", h."VST_NO", h."CHG_DT" ' + _DETAIL.format(
    view="V_SGM_SUNAP_SEBU", head="SRCPTM", key="SUNAP_NO"
)


def _details(query: str, parent: str, make: Callable[[Row], Resource]) -> _Reader:
    """Resources named ``<head>-<number>``."""

    def read(connection: Connection, ids: Sequence[str]) -> dict[str, Resource]:
        heads = [id_.rpartition("-")[0] for id_ in ids]
        made = (make(row) for row in _rows(connection, query, parent, heads))
        return {each["id"]: each for each in made}

    return read


def _invoices(connection: Connection, ids: Sequence[str]) -> dict[str, Resource]:
    statements = {id_[:-2] for id_ in ids if id_.endswith("-S")}
    rows = _rows(connection, 'SELECT * FROM "V_SGM_SUNAP"', "SUNAP_NO", {*ids, *statements})
    heads = [row["SUNAP_NO"] for row in rows]
    form_rows = _rows(connection, 'SELECT * FROM "V_SGM_SUNAP_HANG"', "SUNAP_NO", heads)
    items = _rows(connection, 'SELECT * FROM "V_SGM_SUNAP_SEBU"', "SUNAP_NO", statements)
    summed, listed = _grouped(form_rows, "SUNAP_NO", "HANG_CD"), _grouped(items, "SUNAP_NO", "SEQ")
    found: dict[str, Resource] = {}
    for row in rows:
        key = row["SUNAP_NO"]
        found[key] = resources.invoice(row, summed.get(key, ()))
        if key in statements and resources.has_statement(str(row["SUNAP_GB"])):
            found[resources.statement_id(key)] = resources.statement(row, listed.get(key, ()))
    return found


_READERS: Final[Mapping[str, _Reader]] = {
    "Encounter": _encounters,
    "Condition": _details(_CONDITIONS, "VST_NO", resources.condition),
    "Invoice": _invoices,
    "ChargeItem": _details(_CHARGES, "SUNAP_NO", resources.charge_item),
    "Patient": _plain('SELECT * FROM "PPTNTM"', "PT_NO", resources.patient),
    "Practitioner": _plain('SELECT * FROM "HUSERM"', "EMP_NO", resources.practitioner),
    "Organization": _plain('SELECT * FROM "CHOSPM"', "YKIHO", resources.organization),
}
