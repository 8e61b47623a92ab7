"""Queries of the documents domain, all set-wise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from backend.access import ReadablePatientId
from backend.documents.models import (
    Delivery,
    Document,
    DocumentContent,
    DocumentProof,
    DocumentState,
    ShareLink,
)
from chain.db import chunks, insert_ignore, table_of

Row = dict[str, Any]


def known_deliveries(session: Session, ids: Collection[UUID]) -> set[UUID]:
    return {
        found
        for part in chunks(list(ids))
        for found in session.execute(select(col(Delivery.id)).where(col(Delivery.id).in_(part))).scalars()
    }


def documents(session: Session, ids: Collection[UUID]) -> dict[UUID, Document]:
    return {
        document.id: document
        for part in chunks(list(ids))
        for document in session.execute(select(Document).where(col(Document.id).in_(part))).scalars()
    }


def document(session: Session, document_id: UUID) -> Document | None:
    return session.get(Document, document_id)


def of_patient(
    session: Session, patient: ReadablePatientId, before: datetime | None, count: int
) -> Sequence[Document]:
    """A patient's documents that were not erased, newest first."""
    query = select(Document).where(
        col(Document.patient_index) == patient.value,
        col(Document.issuer) == patient.hospital,
        col(Document.erased_at).is_(None),
    )
    if before is not None:
        query = query.where(col(Document.anchored_at) < before)
    query = query.order_by(col(Document.anchored_at).desc(), col(Document.id)).limit(count)
    return session.execute(query).scalars().all()


def by_leaf(session: Session, leaf: str) -> Document | None:
    return session.execute(select(Document).where(col(Document.leaf) == leaf)).scalars().first()


def latest(session: Session, count: int) -> Sequence[Document]:
    return (
        session.execute(select(Document).order_by(col(Document.received_at).desc()).limit(count))
        .scalars()
        .all()
    )


def add(session: Session, *, documents: list[Row], contents: list[Row], deliveries: list[Row]) -> None:
    """Insert what came with one request; rows that another process took at the same moment are left alone."""
    for table, rows in ((Document, documents), (DocumentContent, contents), (Delivery, deliveries)):
        insert_ignore(session, table, rows)


def mark(session: Session, ends: Sequence[Row]) -> None:
    """Note documents' ends, in order. A withdrawn document stays withdrawn, whatever comes later.

    Args:
        ends: rows of `document`, `state`, `reason`, `superseded_by`.
    """
    if not ends:
        return
    table = table_of(Document)
    noted: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "reason", "superseded_by")}
    change = (
        update(table)
        .where(table.c.id == bindparam("document"), table.c.state != DocumentState.WITHDRAWN)
        .values(**noted)
    )
    rows = [{"document": end["document"], **{f"new_{name}": end[name] for name in noted}} for end in ends]
    session.connection().execute(change, rows)


def content(session: Session, document_id: UUID) -> DocumentContent | None:
    return session.get(DocumentContent, document_id)


def erase_content(session: Session, document_id: UUID, at: datetime) -> None:
    row = session.get(DocumentContent, document_id)
    if row is not None:
        session.delete(row)
    session.execute(update(Document).where(col(Document.id) == document_id).values(erased_at=at))


def proof(session: Session, document_id: UUID) -> DocumentProof | None:
    return session.get(DocumentProof, document_id)


def keep_proof(session: Session, document_id: UUID, encoded: bytes, made_at: datetime) -> None:
    session.merge(DocumentProof(document_id=document_id, proof=encoded, made_at=made_at))


def add_link(session: Session, link: ShareLink) -> None:
    session.add(link)


def live_link(session: Session, token_hash: str, now: datetime) -> ShareLink | None:
    """The link, unless it expired or was revoked."""
    link = session.get(ShareLink, token_hash)
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        return None
    return link
