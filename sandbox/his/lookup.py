"""What both faces of the hospital's service look up: rows by change, by number or by original, with their details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, Engine, text

MOST_ROWS: Final = 500
MOST_NUMBERS: Final = 100
MOST_CHOSEN: Final = 2_100
"""Rows of one answer about a patient, a birth date or a department's schedule."""
BEGINNING: Final = datetime(1970, 1, 1)

Row: TypeAlias = dict[str, Any]


class Detail(NamedTuple):
    """A detail view: its name in the answer, and the column that orders its rows."""

    name: str
    view: str
    order: str


class Listing(NamedTuple):
    """A head view: its key, the column that refers to another row, and its details."""

    view: str
    key: str
    original: str | None
    details: tuple[Detail, ...]


RECEIPTS: Final = Listing(
    "V_SGM_SUNAP",
    "SUNAP_NO",
    "ORG_SUNAP_NO",
    (Detail("HANG", "V_SGM_SUNAP_HANG", "HANG_CD"), Detail("SEBU", "V_SGM_SUNAP_SEBU", "SEQ")),
)
VISITS: Final = Listing("V_SGM_NAEWON", "VST_NO", None, (Detail("SANGBYEONG", "V_SGM_SANGBYEONG", "SEQ"),))


def changed(engine: Engine, listing: Listing, since: datetime, after: str, limit: int) -> list[Row]:
    """Rows beyond a stamp, or of that stamp beyond a key, in this order."""
    stamp: Any = since.replace(tzinfo=None)
    if engine.dialect.name == "sqlite":
        stamp = stamp.isoformat(sep=" ", timespec="microseconds")
    key = listing.key
    condition = f'"CHG_DT" > :since OR ("CHG_DT" = :since AND "{key}" > :after)'
    tail = f'WHERE {condition} ORDER BY "CHG_DT", "{key}" LIMIT :limit'
    return _rows(engine, listing, tail, {"since": stamp, "after": after, "limit": limit})


def numbered(engine: Engine, listing: Listing, column: str, numbers: Sequence[str]) -> list[Row]:
    """Rows whose column is one of these numbers."""
    values = _marked(numbers)
    return _rows(engine, listing, f'WHERE "{column}" IN ({_marks(values)}) ORDER BY "{listing.key}"', values)


def chosen(engine: Engine, listing: Listing, condition: str, values: Mapping[str, Any]) -> list[Row]:
    """Rows of a view for which a condition of ours holds; what is asked for is in `values`."""
    return _rows(engine, listing, f'WHERE {condition} ORDER BY "{listing.key}" LIMIT {MOST_CHOSEN}', values)


def plain(row: Mapping[Any, Any]) -> Row:
    """Values as JSON has them: numbers, text, stamps as ISO text; bytes as far as they are text."""
    return {str(name): _value(value) for name, value in row.items()}


def _rows(engine: Engine, listing: Listing, tail: str, values: Mapping[str, Any]) -> list[Row]:
    with engine.connect() as connection:
        found = connection.execute(text(f'SELECT * FROM "{listing.view}" {tail}'), values)  # noqa: S608
        rows = [plain(row) for row in found.mappings()]
        _nest(connection, rows, listing)
    return rows


def _nest(connection: Connection, rows: list[Row], listing: Listing) -> None:
    """Put the detail rows into their heads, one query for each view."""
    key, by_key = listing.key, {row[listing.key]: row for row in rows}
    values = _marked(list(by_key))
    for detail in listing.details:
        for row in rows:
            row[detail.name] = []
        if not values:
            continue
        query = f'SELECT * FROM "{detail.view}" WHERE "{key}" IN ({_marks(values)})'  # noqa: S608
        for found in connection.execute(
            text(f'{query} ORDER BY "{key}", "{detail.order}"'), values
        ).mappings():
            nested = plain(found)
            by_key[nested.pop(key)][detail.name].append(nested)


def _marked(values: Sequence[Any]) -> dict[str, Any]:
    return {f"k{number}": value for number, value in enumerate(values)}


def _marks(values: Mapping[str, Any]) -> str:
    return ", ".join(f":{name}" for name in values)


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value == value and abs(value) < 10**15 and value == int(value):
        return int(value)
    return str(value) if isinstance(value, float) else value


def _text(value: bytes) -> str:
    """The vendor's service knows that old rows are in CP949; what is neither is lost."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp949", "replace")
