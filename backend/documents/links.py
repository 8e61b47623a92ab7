"""Links that show one document to whoever holds them."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from sqlmodel import Session

from backend.documents import repository
from backend.documents.errors import DocumentNotFound
from backend.documents.models import Document, ShareLink
from backend.services import Services
from backend.tokens import digest_of

TOKEN_BYTES = 24
PREFIX = "/d/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


def create(services: Services, session: Session, document_id: UUID) -> str:
    """A new link (absolute address) to a document, good for the configured time.

    The token is random (192 bits) and stored only as a hash: the database opens no document.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = services.clock()
    repository.add_link(
        session,
        ShareLink(
            token_hash=digest_of(token),
            document_id=document_id,
            created_at=now,
            expires_at=now + services.settings.share_link_lifetime,
        ),
    )
    return f"{services.settings.public_url}{PREFIX}{token}"


def follow(services: Services, session: Session, token: str) -> Document:
    """The document behind a token.

    Raises:
        DocumentNotFound: unknown, expired or revoked; which of them is not told.
    """
    link = repository.live_link(session, digest_of(token), services.clock())
    found = repository.document(session, link.document_id) if link else None
    if found is None:
        raise DocumentNotFound
    return found


def looks_like_token(text: str) -> bool:
    """Whether `text` has a token's form: base64url of 24 bytes."""
    return _TOKEN.fullmatch(text) is not None
