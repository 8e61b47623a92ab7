"""Following a document's link: our own from the database, a member's by HTTPS, nothing else ever."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from sqlmodel import Session

from backend.documents import links as own_links
from backend.documents import service as documents
from backend.services import Services
from backend.verification.errors import LinkNotAllowed, LinkUnreachable
from verifier.bundle import MAX_BYTES

TIMEOUT = httpx.Timeout(5.0)


def bundle_behind(services: Services, session: Session, link: str) -> bytes:
    """The encoded bundle a link leads to.

    Raises:
        LinkNotAllowed: not a document link of this server or of a member.
        LinkUnreachable: the member's server did not answer with a document.
        DocumentNotFound, DocumentErased, ProofUnavailable: our own link leads to nothing.
    """
    origin, token = _parse(link)
    if origin == services.settings.public_url:
        document = own_links.follow(services, session, token)
        return documents.bundle(services, session, document).bundle.encode()
    if origin in services.settings.partner_urls:
        return _fetch(f"{origin}{own_links.PREFIX}{token}/bundle")
    raise LinkNotAllowed


def _parse(link: str) -> tuple[str, str]:
    """Origin and token of `<origin>/d/<token>`.

    Raises:
        LinkNotAllowed: any other form, also one with user, query or extra path, which could mislead a reader.
    """
    try:
        parts = urlsplit(link.strip())
    except ValueError as error:
        raise LinkNotAllowed from error
    token = parts.path.removeprefix(own_links.PREFIX).removesuffix("/bundle")
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not plain or not parts.path.startswith(own_links.PREFIX) or not own_links.looks_like_token(token):
        raise LinkNotAllowed
    return f"{parts.scheme}://{parts.netloc}", token


def _fetch(url: str) -> bytes:
    """At most a bundle's size, no redirect, only 200."""
    received = bytearray()
    try:
        with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise LinkUnreachable
            for chunk in answer.iter_bytes():
                received += chunk
                if len(received) > MAX_BYTES:
                    raise LinkUnreachable
    except httpx.HTTPError as error:
        raise LinkUnreachable from error
    return bytes(received)
