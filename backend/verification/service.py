"""Making a report on what somebody brought."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter
from sqlmodel import Session

from backend.documents import service as documents
from backend.services import Services
from backend.verification import links
from backend.verification.errors import NothingToVerify
from chain.merkle import leaf_of
from records.credential import digest_of
from verifier import Report, parse_freshness, verify_bytes
from verifier.bundle import BundleError

REPORTS = Counter("saegim_backend_verifications_total", "Reports made", ["verdict"])


@dataclass(frozen=True, slots=True)
class Brought:
    """What came with a request; exactly one of the three is filled."""

    file: bytes = b""
    link: str = ""
    text: str = ""


def check(services: Services, session: Session, brought: Brought, *, reader: str | None) -> Report:
    """A report, with the own node's fresh word on the document's status beside the document's own proof.

    Args:
        reader: for what it is read (`prescription`, `claim`, `certificate`, or a duration); None: by kind.

    Raises:
        NothingToVerify: not exactly one of file, link and text came.
        LinkNotAllowed, LinkUnreachable, DocumentNotFound, DocumentErased, ProofUnavailable: see `links`.
        UnknownReader: `reader` is none.
    """
    given = [part for part in (brought.file, brought.link.strip(), brought.text.strip()) if part]
    if len(given) != 1:
        raise NothingToVerify
    data = given[0] if isinstance(given[0], bytes) else given[0].encode("utf-8", "replace")
    if brought.link.strip():
        data = links.bundle_behind(services, session, brought.link)
    elif data.startswith(b"eyJ"):
        data = _known_bundle(services, session, data)
    report = verify_bytes(
        data,
        services.node.trust,
        now=services.clock(),
        freshness=parse_freshness(reader) if reader else None,
        node=services.node.client,
    )
    REPORTS.labels(report.verdict.value).inc()
    return report


def _known_bundle(services: Services, session: Session, credential: bytes) -> bytes:
    """A bare credential of this hospital, completed with the path and proof that we keep for it.

    What is not ours stays as it is; the verifier then says that a credential alone proves nothing.
    """
    try:
        text = credential.decode("ascii")
        leaf = leaf_of(digest_of(text.partition("~")[0]))
    except UnicodeDecodeError:
        return credential
    found = documents.find_by_leaf(session, leaf)
    if found is None:
        return credential
    proven = documents.proof(services, session, found)
    try:
        return documents.with_credential(proven.bundle, text).encode()
    except BundleError:
        return credential
