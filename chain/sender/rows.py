"""Every query of the sender's passes, set-wise: their number does not grow with the number of transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session, col

from chain.db import chunks, insert_ignore, table_of
from chain.finality import Finality
from chain.sender.signing import NOOP_GAS, payload_hash
from chain.sender.state import AttemptKind, TxState
from chain.sender.tables import AccountRow, AttemptRow, ForeignRow, OutboxRow

_OUTBOX = table_of(OutboxRow)
_ATTEMPTS = table_of(AttemptRow)
_FOREIGN = table_of(ForeignRow)
_ACCOUNTS = table_of(AccountRow)


@dataclass(frozen=True)
class Line:
    """Whose line of nonces: one account on one chain."""

    chain_id: int
    address: str


@dataclass(frozen=True)
class Account:
    """The account's row as read."""

    next_nonce: int
    floor: int
    clean_block: int


@dataclass
class OpenRow:
    """The columns of a row that is not mined, as far as a pass decides by them."""

    id: int
    nonce: int
    state: str
    gas_limit: int | None
    sent_block: int | None


@dataclass(frozen=True)
class Placed:
    """Rows mined in one block that is not strong yet."""

    block_number: int
    block_hash: bytes
    finality: int
    reverted: bool
    count: int


@dataclass(frozen=True)
class Attempt:
    """A live attempt."""

    outbox_id: int
    kind: str
    hash: bytes
    raw: bytes | None
    max_fee: int
    tip: int


def lock_account(session: Session, line: Line) -> Account:
    """The account's row, locked until the transaction ends; created if it is new."""
    touch = (
        update(_ACCOUNTS)
        .where(_ACCOUNTS.c.chain_id == line.chain_id, _ACCOUNTS.c.address == line.address)
        .values(next_nonce=_ACCOUNTS.c.next_nonce)
        .returning(_ACCOUNTS.c.next_nonce, _ACCOUNTS.c.floor, _ACCOUNTS.c.clean_block)
    )
    found = session.execute(touch).first()
    if found is None:
        create_account(session, line, -1)
        found = session.execute(touch).one()
    return Account(*found)


def read_account(session: Session, line: Line) -> Account:
    """The account's row, as it is."""
    a = _ACCOUNTS.c
    query = select(a.next_nonce, a.floor, a.clean_block)
    found = session.execute(query.where(a.chain_id == line.chain_id, a.address == line.address)).first()
    return Account(*found) if found is not None else Account(0, 0, -1)


def create_account(session: Session, line: Line, clean_block: int) -> None:
    """The account's row, unless there is one."""
    fresh = {"chain_id": line.chain_id, "address": line.address, "next_nonce": 0, "floor": 0}
    insert_ignore(session, AccountRow, [{**fresh, "clean_block": clean_block}])


def set_account(session: Session, line: Line, **values: int) -> None:
    """Change the account's row."""
    session.execute(
        update(_ACCOUNTS)
        .where(_ACCOUNTS.c.chain_id == line.chain_id, _ACCOUNTS.c.address == line.address)
        .values(**values)
    )


def _of(line: Line) -> Any:
    return and_(_OUTBOX.c.chain_id == line.chain_id, _OUTBOX.c.sender == line.address)


def open_rows(session: Session, line: Line, floor: int, limit: int) -> list[OpenRow]:
    """Rows that are not mined, by nonce."""
    c = _OUTBOX.c
    query = (
        select(c.id, c.nonce, c.state, c.gas_limit, c.sent_block)
        .where(_of(line), c.nonce >= floor, c.block_number.is_(None))
        .order_by(c.nonce)
        .limit(limit)
    )
    return [OpenRow(*row) for row in session.execute(query)]


def placed(session: Session, line: Line, floor: int) -> list[Placed]:
    """Mined rows that are not strong, counted by block."""
    c = _OUTBOX.c
    columns = (c.block_number, c.block_hash, c.finality, c.reverted)
    query = (
        select(*columns, func.count())
        .where(_of(line), c.nonce >= floor, c.block_number.is_not(None), c.finality < int(Finality.STRONG))
        .group_by(*columns)
    )
    return [Placed(*row) for row in session.execute(query)]


def raise_finality(session: Session, line: Line, floor: int, block: Placed, level: Finality) -> None:
    """settled or failed, and how final, for the rows of one block."""
    state = TxState.FAILED if block.reverted else TxState.SETTLED
    session.connection().execute(
        update(_OUTBOX).where(_in(line, floor, block)).values(state=state, finality=int(level))
    )


def send_again(session: Session, line: Line, floor: int, block: Placed) -> None:
    """Back to broadcast: the block that held these rows is gone, and nodes must be given them again."""
    session.connection().execute(
        update(_OUTBOX)
        .where(_in(line, floor, block))
        .values(
            state=TxState.BROADCAST,
            sent_block=None,
            block_number=None,
            block_hash=None,
            block_time=None,
            finality=0,
            reverted=False,
            error_name=None,
            error_data=None,
        )
    )


def unsettled_below(session: Session, line: Line, floor: int, nonce: int) -> bool:
    """Whether a row before `nonce` is not settled."""
    c = _OUTBOX.c
    query = select(c.id).where(
        _of(line), c.nonce >= floor, c.nonce < nonce, c.finality < int(Finality.SETTLED)
    )
    return session.scalars(query.limit(1)).first() is not None


def _in(line: Line, floor: int, block: Placed) -> Any:
    c = _OUTBOX.c
    return and_(
        _of(line),
        c.nonce >= floor,
        c.block_number == block.block_number,
        c.block_hash == block.block_hash,
        c.finality == block.finality,
        c.reverted == block.reverted,
    )


def ended_above(session: Session, line: Line, block: int) -> list[int]:
    """Ids of final rows mined above `block` (only looked for when a settled block was lost)."""
    c = _OUTBOX.c
    query = select(c.id).where(
        _of(line), c.block_number > block, c.state.in_([TxState.SETTLED, TxState.FAILED])
    )
    return list(session.scalars(query))


def attempts(session: Session, ids: Sequence[int], *, raw: bool) -> dict[int, list[Attempt]]:
    """Live attempts by row, oldest first; the signed bytes only if `raw`."""
    a, found = _ATTEMPTS.c, dict[int, list[Attempt]]()
    for part in chunks(ids):
        query = (
            select(a.outbox_id, a.kind, a.hash, a.raw if raw else bindparam("none", None), a.max_fee, a.tip)
            .join(_OUTBOX, and_(_OUTBOX.c.id == a.outbox_id, _OUTBOX.c.nonce == a.nonce))
            .where(a.outbox_id.in_(part))
            .order_by(a.id)
        )
        for row in session.execute(query):
            found.setdefault(row[0], []).append(Attempt(*row))
    return found


def payloads(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, bytes]]:
    """Recipient and data by row."""
    found: dict[int, tuple[str, bytes]] = {}
    for part in chunks(ids):
        query = select(_OUTBOX.c.id, _OUTBOX.c.recipient, _OUTBOX.c.data).where(_OUTBOX.c.id.in_(part))
        found.update({row[0]: (row[1], row[2]) for row in session.execute(query)})
    return found


def errors(session: Session, ids: Sequence[int]) -> dict[int, tuple[str | None, bytes | None]]:
    """Name and bytes of the error that condemned a row, by row."""
    found: dict[int, tuple[str | None, bytes | None]] = {}
    for part in chunks(ids):
        query = select(_OUTBOX.c.id, _OUTBOX.c.error_name, _OUTBOX.c.error_data).where(_OUTBOX.c.id.in_(part))
        found.update({row[0]: (row[1], row[2]) for row in session.execute(query)})
    return found


def payload_hashes(session: Session, ids: Sequence[int]) -> dict[int, bytes]:
    """Payload hash by row."""
    found: dict[int, bytes] = {}
    for part in chunks(ids):
        query = select(_OUTBOX.c.id, _OUTBOX.c.payload_hash).where(_OUTBOX.c.id.in_(part))
        found.update({row[0]: row[1] for row in session.execute(query)})
    return found


def add_attempts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store attempts."""
    if rows:
        session.connection().execute(insert(_ATTEMPTS), [dict(row) for row in rows])


def set_rows(session: Session, ids: Iterable[int], **values: Any) -> None:
    """The same change to several rows."""
    for part in chunks(list(ids)):
        session.connection().execute(update(_OUTBOX).where(_OUTBOX.c.id.in_(part)).values(**values))


def set_each(session: Session, changes: Sequence[Mapping[str, Any]]) -> None:
    """A change of its own for each row: mappings with "row" (the id) and the same columns."""
    if not changes:
        return
    columns: dict[str, Any] = {name: bindparam(name) for name in changes[0] if name != "row"}
    statement = update(_OUTBOX).where(_OUTBOX.c.id == bindparam("row")).values(**columns)
    session.connection().execute(statement, [dict(change) for change in changes])


def highest_signed(session: Session, line: Line) -> int:
    """The highest nonce an attempt was signed for, -1 if none."""
    query = (
        select(func.max(_ATTEMPTS.c.nonce))
        .join(_OUTBOX, and_(_OUTBOX.c.id == _ATTEMPTS.c.outbox_id, _OUTBOX.c.nonce == _ATTEMPTS.c.nonce))
        .where(_of(line))
    )
    found: int | None = session.scalar(query)
    return -1 if found is None else found


def known_hashes(session: Session, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these transactions are attempts of ours."""
    found: set[bytes] = set()
    for part in chunks(hashes):
        found.update(session.scalars(select(_ATTEMPTS.c.hash).where(_ATTEMPTS.c.hash.in_(part))))
    return found


def add_foreign(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember settled transactions that the outbox does not know."""
    if rows:
        insert_ignore(session, ForeignRow, rows)


def foreign(session: Session, line: Line, hashes: Sequence[bytes], nonces: Sequence[int]) -> list[ForeignRow]:
    """Foreign transactions with one of these payload hashes or nonces, by nonce."""
    found: dict[int, ForeignRow] = {}
    f = _FOREIGN.c
    asked = [(f.payload_hash, part) for part in chunks(hashes)] + [(f.nonce, part) for part in chunks(nonces)]
    for column, part in asked:
        query = select(ForeignRow).where(
            f.chain_id == line.chain_id, f.sender == line.address, column.in_(part)
        )
        found.update({row.nonce: row for row in session.scalars(query)})
    return [found[nonce] for nonce in sorted(found)]


def has_foreign(session: Session, line: Line) -> bool:
    """Whether there is any foreign transaction left to take over."""
    query = select(_FOREIGN.c.nonce).where(
        _FOREIGN.c.chain_id == line.chain_id, _FOREIGN.c.sender == line.address
    )
    return session.scalars(query.limit(1)).first() is not None


def drop_foreign(session: Session, line: Line, nonces: Sequence[int]) -> None:
    """Forget foreign transactions: taken over, or no longer on the chain."""
    for part in chunks(nonces):
        session.execute(
            delete(ForeignRow).where(
                col(ForeignRow.chain_id) == line.chain_id,
                col(ForeignRow.sender) == line.address,
                col(ForeignRow.nonce).in_(part),
            )
        )


def add_fillers(session: Session, line: Line, nonces: Sequence[int], now: datetime) -> None:
    """Rows that do nothing, for nonces that nothing else is going to use."""
    for nonce in nonces:
        filler = OutboxRow(
            chain_id=line.chain_id,
            sender=line.address,
            key=f"filler:{nonce}:{now.timestamp():.6f}",
            nonce=nonce,
            to=line.address,
            data=b"",
            gas_limit=NOOP_GAS,
            payload_hash=payload_hash(line.address, b""),
            state=TxState.RESERVED,
            created_at=now,
        )
        session.add(filler)
    session.flush()


def add_rows(session: Session, made: Sequence[Mapping[str, Any]]) -> None:
    """Store rows of the outbox."""
    if made:
        blank = {"finality": 0, "reverted": False}
        session.connection().execute(insert(_OUTBOX), [{**row, **blank} for row in made])


def known_keys(session: Session, line: Line, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Nonce and payload hash by key, as far as there are such rows."""
    c, found = _OUTBOX.c, dict[str, tuple[int, bytes]]()
    for part in chunks(list(dict.fromkeys(keys))):
        query = select(c.key, c.nonce, c.payload_hash).where(_of(line), c.key.in_(part))
        found.update({key: (nonce, bytes(digest)) for key, nonce, digest in session.execute(query)})
    return found


def ids_at(session: Session, line: Line, nonces: Sequence[int]) -> dict[int, int]:
    """The row that has each of these nonces, where there is one."""
    c, found = _OUTBOX.c, dict[int, int]()
    for part in chunks(nonces):
        query = select(c.nonce, c.id).where(_of(line), c.nonce.in_(part))
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


def lowest_open(session: Session, line: Line, floor: int) -> int | None:
    """The lowest nonce that is not final."""
    c = _OUTBOX.c
    still = or_(~c.state.in_([TxState.SETTLED, TxState.FAILED]), c.finality < int(Finality.STRONG))
    found: int | None = session.scalar(select(func.min(c.nonce)).where(_of(line), c.nonce >= floor, still))
    return found


def attempt(row: int, nonce: int, kind: AttemptKind, tx_hash: bytes, **rest: Any) -> dict[str, Any]:
    """The columns of an attempt."""
    blank = {"raw": None, "max_fee": 0, "tip": 0}
    return {"outbox_id": row, "nonce": nonce, "kind": kind, "hash": tx_hash, **blank, **rest}
