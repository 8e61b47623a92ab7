"""What is said of a document to the backend, put together from the document, its batch and its mark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from chain.db import chunks, table_of
from oracle.models import Batch, Content, Delivery, Document, Mark
from oracle.sealed import open_content, open_patient
from oracle.states import DeliveryEvent
from oracle.trees import StoredTree, TreeCache
from oracle.vault import Vault


@dataclass(frozen=True)
class Body:
    """Deliveries ready to be sent: their row numbers in order, and the items as JSON objects."""

    numbers: tuple[int, ...]
    items: tuple[dict[str, Any], ...]

    def encode(self) -> bytes:
        """The request body."""
        return json.dumps({"deliveries": self.items}, ensure_ascii=False, separators=(",", ":")).encode()

    def halves(self) -> tuple[Body, Body]:
        """Two smaller requests with the same deliveries."""
        middle = len(self.numbers) // 2
        return (
            Body(self.numbers[:middle], self.items[:middle]),
            Body(self.numbers[middle:], self.items[middle:]),
        )


@dataclass(frozen=True)
class BodyMaker:
    """Puts deliveries together. `issuer` is the institution's index on chain."""

    vault: Vault
    trees: TreeCache
    issuer: int

    def make(self, session: Session, numbers: Sequence[int]) -> Body:
        """The deliveries with these row numbers. Raises SealBroken."""
        rows = sorted(_rows(session, numbers), key=lambda row: int(row.number))
        issued = {row.batch for row in rows if row.event == DeliveryEvent.ISSUED.value}
        trees = self.trees.load(session, issued)
        before = _predecessors(session, [row.document for row in rows])
        items = tuple(
            self._issued(row, trees[row.batch], before.get(row.document))
            if row.event == DeliveryEvent.ISSUED.value
            else self._ended(row)
            for row in rows
        )
        return Body(tuple(row.number for row in rows), items)

    def _issued(self, row: Row[Any], tree: StoredTree, before: str | None) -> dict[str, Any]:
        patient_number, compact = open_content(self.vault, row.document_id, row.sealed)
        return self._common(row) | {
            "patientNumber": patient_number,
            "credential": compact,
            "path": [node.hex() for node in tree.path(row.leaf)],
            "transaction": _plain_hex(row.tx),
            "block": row.block,
            "anchoredAt": row.anchored_at.isoformat(),
            "supersedes": before,
            "supersededBy": None,
            "reason": None,
        }

    def _ended(self, row: Row[Any]) -> dict[str, Any]:
        return self._common(row) | {
            "patientNumber": open_patient(self.vault, row.document, row.mark_sealed),
            "transaction": _plain_hex(row.mark_tx),
            "block": row.mark_block,
            "anchoredAt": row.marked_at.isoformat(),
            "supersedes": None,
            "supersededBy": row.successor_id,
            "reason": row.reason,
        }

    def _common(self, row: Row[Any]) -> dict[str, Any]:
        return {
            "deliveryId": row.delivery_id,
            "event": row.event,
            "documentId": row.document_id,
            "vct": row.vct,
            "issuer": self.issuer,
            "kid": row.kid,
            "leaf": row.leaf.hex(),
            "root": row.root.hex(),
        }


def _rows(session: Session, numbers: Sequence[int]) -> list[Row[Any]]:
    """Each delivery with its document, batch, mark and successor, in a few statements whatever their number."""
    delivery, batch = table_of(Delivery), table_of(Batch)
    document, content, mark = table_of(Document), table_of(Content), table_of(Mark)
    successor = document.alias("successor")
    told = (delivery.c.id.label("number"), delivery.c.delivery_id, delivery.c.event, delivery.c.document)
    issued = (document.c.document_id, document.c.vct, document.c.kid, document.c.leaf, content.c.sealed)
    anchored = (document.c.batch, batch.c.root, batch.c.tx, batch.c.block, batch.c.anchored_at)
    ended = (
        mark.c.sealed.label("mark_sealed"),
        mark.c.tx.label("mark_tx"),
        mark.c.block.label("mark_block"),
        mark.c.marked_at,
        mark.c.reason,
        successor.c.document_id.label("successor_id"),
    )
    query = (
        select(*told, *issued, *anchored, *ended)
        .join(document, document.c.id == delivery.c.document)
        .join(batch, batch.c.id == document.c.batch)
        .outerjoin(content, content.c.document == document.c.id)
        .outerjoin(mark, mark.c.document == document.c.id)
        .outerjoin(successor, successor.c.id == mark.c.successor)
    )
    rows: list[Row[Any]] = []
    for part in chunks(numbers):
        rows.extend(session.execute(query.where(delivery.c.id.in_(part))))
    return rows


def _predecessors(session: Session, documents: Sequence[int]) -> dict[int, str]:
    """For each document that amends another: the name of the first one it amends."""
    mark, old = table_of(Mark).c, table_of(Document).c
    found: dict[int, str] = {}
    for part in chunks(documents):
        query = (
            select(mark.successor, old.document_id)
            .join(table_of(Document), old.id == mark.document)
            .where(mark.successor.in_(part))
            .order_by(mark.id)
        )
        for successor, document_id in session.execute(query):
            found.setdefault(successor, document_id)
    return found


def _plain_hex(text: str) -> str:
    return text.removeprefix("0x")
