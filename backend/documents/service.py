"""Rules of the documents domain: opening content, proving, erasing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from backend import access
from backend.access import Function, ReadablePatientId
from backend.audit.terms import object_kind_of
from backend.documents import repository
from backend.documents.departments import department_of
from backend.documents.errors import DocumentErased, DocumentNotFound, ProofUnavailable
from backend.documents.models import Document
from backend.errors import NotFound
from backend.family.matrix import SENSITIVE_DEPARTMENTS
from backend.identity.service import SignedIn
from backend.node import NodeNotUsable
from backend.services import Services
from backend.staff.service import StaffSignedIn
from backend.vault import KeyDestroyed, Sealed
from chain.db import writing
from chain.light import ProofSubject
from chain.p256 import coordinates, kid_from_text
from verifier.bundle import ProofBundle

log = logging.getLogger("saegim.backend.documents")

WITHOUT_CONTENT = ""
"""Stands for the credential in a bundle that is kept or handed out as a proof only."""

PROOF_REUSE = timedelta(seconds=30)
"""A proof this young is handed out again: many readers of one document cost the node one proof."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A bundle and when its proof was made; `fresh` is False when the node could not be asked now."""

    bundle: ProofBundle
    made_at: datetime
    fresh: bool


def get(session: Session, document_id: UUID) -> Document:
    """The document.

    Raises:
        DocumentNotFound: none has this id.
    """
    found = repository.document(session, document_id)
    if found is None:
        raise DocumentNotFound
    return found


def of_person(
    services: Services,
    session: Session,
    who: SignedIn,
    *,
    before: datetime | None = None,
    count: int = 50,
    function: Function = Function.LIST,
    tie: UUID | None = None,
) -> list[Document]:
    """A person's own documents from all their hospitals, newest first; at most `count`. Noted as `function`.

    Args:
        tie: of the patient whose guardian or delegate the person is by this tie, in place of their own.

    Raises:
        TieNotFound, ConsentNeeded, DeskNeeded: see `access.family_records`.
    """
    if tie is None:
        patients = access.own_records(services, session, who, function)
    else:
        patients = access.family_records(services, session, who, function, tie)
    found = [
        document
        for patient in patients
        for document in _of_patient(services, session, patient, before, count)
    ]
    return sorted(found, key=lambda document: document.anchored_at, reverse=True)[:count]


def _of_patient(
    services: Services, session: Session, patient: ReadablePatientId, before: datetime | None, count: int
) -> list[Document]:
    """A patient's newest documents that the reader may know of; at most `count`."""
    shown: list[Document] = []
    while True:
        found = repository.of_patient(session, patient, before, count)
        if not patient.hides_sensitive:
            return list(found)
        shown += [document for document in found if not _sensitive(services, session, document)]
        if len(shown) >= count or len(found) < count:
            return shown[:count]
        before = found[-1].anchored_at


def _sensitive(services: Services, session: Session, document: Document) -> bool:
    """Whether a document is of a department that guardians do not see; one that does not say is."""
    try:
        code = department_of(credential(services, session, document))
    except DocumentErased:
        return True
    return code is None or code in SENSITIVE_DEPARTMENTS


def for_person(
    services: Services, session: Session, who: SignedIn, document_id: UUID, function: Function
) -> Document:
    """One of a person's own documents, or of a patient whose guardian or delegate the person is.

    Raises:
        DocumentNotFound: none has this id, or it is a stranger's: the answer is the same.
    """
    found = get(session, document_id)
    try:
        access.readable(
            services,
            session,
            who,
            function,
            hospital=found.issuer,
            patient=found.patient_index,
            kind=object_kind_of(found.vct),
            record=str(document_id),
            sensitive=lambda: _sensitive(services, session, found),
        )
    except NotFound as error:
        raise DocumentNotFound from error
    return found


def of_glass(
    services: Services, session: Session, who: StaffSignedIn, glass: UUID, count: int = 100
) -> list[Document]:
    """The newest documents of a patient whom a clinician has opened in an emergency (`access.records_by_staff`)."""
    patients = access.records_by_staff(services, session, who, Function.LIST, glass=glass)
    found = [each for patient in patients for each in repository.of_patient(session, patient, None, count)]
    return sorted(found, key=lambda document: document.anchored_at, reverse=True)[:count]


def for_staff(
    services: Services, session: Session, who: StaffSignedIn, glass: UUID, document_id: UUID
) -> Document:
    """One document of that patient, to be read.

    Raises:
        DocumentNotFound: none has this id, or it is another patient's.
    """
    found = get(session, document_id)
    try:
        access.readable_by_staff(
            services,
            session,
            who,
            Function.READ,
            glass=glass,
            whose=(found.issuer, found.patient_index),
            kind=object_kind_of(found.vct),
            record=str(document_id),
        )
    except NotFound as error:
        raise DocumentNotFound from error
    return found


def find_by_leaf(session: Session, leaf: bytes) -> Document | None:
    """The document with this leaf, if this hospital has it."""
    return repository.by_leaf(session, leaf.hex())


def credential(services: Services, session: Session, document: Document) -> str:
    """The credential with all its disclosures.

    Raises:
        DocumentErased: its key was destroyed.
        SealBroken: the stored bytes were changed from outside.
    """
    content = repository.content(session, document.id)
    if content is None:
        raise DocumentErased
    try:
        return services.vault.open(document.id, Sealed(content.nonce, content.ciphertext)).decode("ascii")
    except KeyDestroyed as error:
        raise DocumentErased from error


def proof(services: Services, session: Session, document: Document) -> Proven:
    """A proof of the document without its content: fresh from the own node, or the last one kept.

    A new one is kept in a transaction of its own, after the node has answered: `session` only reads, and nobody's
    write waits for the node.

    Raises:
        ProofUnavailable: the node cannot be asked and none is kept.
    """
    kept = repository.proof(session, document.id)
    now = services.clock()
    held = ProofBundle.decode(kept.proof) if kept is not None else None
    if kept is not None and held is not None and now - kept.made_at <= PROOF_REUSE:
        return Proven(held, kept.made_at, fresh=True)
    try:
        bundle = _prove(services, document, held)
    except NodeNotUsable as error:
        log.warning("proof not made reason=%s", error.reason)
        if kept is None or held is None:
            raise ProofUnavailable from error
        return Proven(held, kept.made_at, fresh=False)
    with writing(services.database) as own:
        repository.keep_proof(own, document.id, bundle.encode(), now)
    return Proven(bundle, now, fresh=True)


def _prove(services: Services, document: Document, held: ProofBundle | None) -> ProofBundle:
    subject = ProofSubject(
        issuer=document.issuer,
        root=bytes.fromhex(document.root),
        leaf=bytes.fromhex(document.leaf),
        kid=kid_from_text(document.kid),
    )
    path = tuple(bytes.fromhex(document.path[i : i + 64]) for i in range(0, len(document.path), 64))
    light = services.node.prove(subject, held.proof if held else None)
    key = coordinates(services.node.signing_key(document.kid))
    return ProofBundle(WITHOUT_CONTENT, document.issuer, subject.root, path, key, light)


def bundle(services: Services, session: Session, document: Document) -> Proven:
    """The document with a proof: what its holder downloads.

    Raises:
        DocumentErased: there is no content any more.
        ProofUnavailable: no proof can be had now and none is kept.
    """
    whole = credential(services, session, document)
    proven = proof(services, session, document)
    return replace(proven, bundle=with_credential(proven.bundle, whole))


def with_credential(bundle: ProofBundle, presentation: str) -> ProofBundle:
    """A bundle that is kept without content, with a presentation put in."""
    return replace(bundle, credential=presentation)


def erase(services: Services, session: Session, document_id: UUID) -> None:
    """Destroy a document's key, then its ciphertext. Afterwards nothing, in no backup, opens it.

    Raises:
        DocumentNotFound: none has this id.
    """
    document = get(session, document_id)
    services.vault.destroy([document.id])
    repository.erase_content(session, document.id, services.clock())
