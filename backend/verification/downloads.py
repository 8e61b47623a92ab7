"""Files with which a receiver checks documents alone: the verifier as one HTML file, and the trust file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi.responses import Response

import verifier
from backend.errors import NotFound

PAGE = "saegim-verify.html"
_BUILT = Path(verifier.__file__).resolve().parent / "page" / "dist" / PAGE


@lru_cache
def page_bytes() -> bytes:
    """The built file.

    Raises:
        NotFound: it was not built on this machine (`make setup` does).
    """
    if not _BUILT.is_file():
        raise NotFound
    return _BUILT.read_bytes()


def page_digest() -> str:
    """Its SHA-256 (hex), which members publish. Raises NotFound."""
    return hashlib.sha256(page_bytes()).hexdigest()


def attachment(data: bytes, name: str, media_type: str) -> Response:
    """A download: never shown in our own origin."""
    return Response(
        data, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
