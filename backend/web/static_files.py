"""Own static files: read once, compressed once, kept by browsers for as long as their content stays the same.

An address carries the digest of what is served (`/static/css/saegim.css?v=…`), and so do the addresses inside style
sheets. With the right digest the answer may be kept for ever; without one, or with an old one, it is asked for again
each time (and costs a 304). Everything is held in memory: a few megabytes, read from disk at first use.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC: Final = Path(__file__).resolve().parent / "static"
PREFIX: Final = "/static/"
KEPT: Final = "public, max-age=31536000, immutable"
ASKED: Final = "no-cache"

_TYPES: Final = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
_PACKED_ALREADY: Final = {".woff2", ".png"}
_WORTH_PACKING: Final = 600
_URL: Final = re.compile(r"""url\((["']?)([^"')]+)\1\)""")
_IMPORT: Final = re.compile(r"@import[^;]*;")


class NoSuchFile(Exception):
    """Nothing of that name among the static files."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    content: bytes
    packed: bytes | None
    """The same by gzip, where that is smaller."""
    digest: str
    media_type: str


@lru_cache(maxsize=1_024)
def static_file(path: str) -> StaticFile:
    """The file at `path` below static/.

    Raises:
        NoSuchFile: there is none, or the path leads out of the folder.
    """
    file = (STATIC / path).resolve()
    if not file.is_relative_to(STATIC) or not file.is_file():
        raise NoSuchFile(path)
    content = file.read_bytes()
    if file.suffix == ".css":
        content = _with_digests(content.decode("utf-8"), PurePosixPath(path).parent).encode()
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    digest = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(content, _packed(file.suffix, content), digest, media_type)


def static_url(path: str) -> str:
    """Address of an own file with its content's digest, so that browsers may keep it for a year."""
    return f"{PREFIX}{path}?v={static_file(path).digest}"


def _packed(suffix: str, content: bytes) -> bytes | None:
    if suffix in _PACKED_ALREADY or len(content) < _WORTH_PACKING:
        return None
    return gzip.compress(content, 9, mtime=0)


def _with_digests(sheet: str, folder: PurePosixPath) -> str:
    """Addresses with digests. Imports go: base.html names every sheet itself, and they would be loaded twice."""

    def address(found: re.Match[str]) -> str:
        name = found[2]
        if name.startswith("data:"):
            return found[0]
        inside = (STATIC / folder / name).resolve()
        return f'url("{static_url(inside.relative_to(STATIC).as_posix())}")'

    return _URL.sub(address, _IMPORT.sub("", sheet))


class StaticFiles:
    """The application below /static."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    if scope["method"] not in ("GET", "HEAD"):
        return Response(status_code=405, headers={"allow": "GET, HEAD"})
    try:
        file = static_file(scope["path"].removeprefix(PREFIX))
    except (NoSuchFile, ValueError):  # ValueError: a NUL in the name
        return Response(status_code=404, headers={"cache-control": ASKED})
    asked = QueryParams(scope["query_string"]).get("v")
    headers = {
        "cache-control": KEPT if asked == file.digest else ASKED,
        "etag": f'"{file.digest}"',
        "vary": "Accept-Encoding",
    }
    sent = Headers(scope=scope)
    if headers["etag"] in sent.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = file.content
    if file.packed is not None and "gzip" in sent.get("accept-encoding", ""):
        body = file.packed
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers, media_type=file.media_type)
