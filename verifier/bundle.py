"""Proof bundles: the file that a document travels in when a stranger is to check it (`.saegim`).

CBOR (RFC 8949) in its deterministic form, so one bundle has one encoding: no tags, no indefinite lengths, no
duplicate keys, no number or length written longer than needed. A map of text keys; version 1:

    version 1 · credential text · issuer uint · root bytes(32) · path [bytes(32)] · key bytes(64) | null
    · proof [headers, nodes, advances] | null
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import cbor2

from chain.light import LightProof, LightProofError
from chain.merkle import MAX_DEPTH

VERSION = 1
MEDIA_TYPE = "application/vnd.saegim.bundle+cbor"
MAX_BYTES = 1_000_000
MAX_NESTING = 8
"""Deepest a bundle of this version nests is 5."""

_FIELDS = {"version", "credential", "issuer", "root", "path", "key", "proof"}
_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""Every tag that the CBOR library would interpret: none has business in a bundle."""


class BundleError(ValueError):
    """Bytes that are no proof bundle. `code` is a stable reason: "bundle_too_large", "bundle_malformed",
    "bundle_not_canonical", "bundle_version", "bundle_bare_credential", "bundle_other_document"; `detail` says
    where."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class ProofBundle:
    """A document with what is needed to check it."""

    credential: str
    """SD-JWT presentation, `jwt~disclosure~…~`."""
    issuer: int
    """Index of the institution that anchored it."""
    root: bytes
    path: tuple[bytes, ...]
    """Siblings from the document's leaf up to the root."""
    key: tuple[bytes, bytes] | None = None
    """x and y of the signing key; None where the reader's node is to say."""
    proof: LightProof | None = None

    def encode(self) -> bytes:
        """The one encoding of this bundle. Raises BundleError("bundle_too_large")."""
        data = cbor2.dumps(
            {
                "version": VERSION,
                "credential": self.credential,
                "issuer": self.issuer,
                "root": self.root,
                "path": list(self.path),
                "key": None if self.key is None else self.key[0] + self.key[1],
                "proof": None if self.proof is None else self.proof.to_plain(),
            },
            canonical=True,
        )
        if len(data) > MAX_BYTES:
            raise BundleError("bundle_too_large", f"{len(data)} bytes")
        return data

    @classmethod
    def decode(cls, data: bytes) -> ProofBundle:
        """Reads a bundle; nothing in it is believed yet. Raises BundleError."""
        if len(data) > MAX_BYTES:
            raise BundleError("bundle_too_large", f"{len(data)} bytes")
        plain = _plain(data)
        if not isinstance(plain, dict):
            raise BundleError("bundle_malformed", "not a map")
        if plain.get("version") != VERSION or type(plain["version"]) is not int:
            raise BundleError("bundle_version", "this program reads version 1")
        if set(plain) != _FIELDS:
            raise BundleError("bundle_malformed", "other fields than version 1 has")
        bundle = _from_plain(plain)
        if bundle.encode() != data:
            raise BundleError("bundle_not_canonical")
        return bundle

    @classmethod
    def read(cls, data: bytes) -> ProofBundle:
        """As `decode`, and also takes the bundle as base64url text (pasted, or from a link). Raises BundleError."""
        if len(data) > 2 * MAX_BYTES:
            raise BundleError("bundle_too_large", f"{len(data)} bytes")
        text = data.strip()
        if text.startswith(b"eyJ"):  # base64url of '{"': a JWT's header
            raise BundleError("bundle_bare_credential", "ask for the .saegim file: a credential has no proof")
        if not text or not text.isascii() or data[0] >= 0x80:
            return cls.decode(data)
        try:
            padded = text + b"=" * (-len(text) % 4)
            return cls.decode(b64decode(padded, altchars=b"-_", validate=True))
        except binascii.Error:
            raise BundleError("bundle_malformed", "neither CBOR nor base64url") from None


def _plain(data: bytes) -> Any:
    try:
        return cbor2.loads(
            data,
            tag_hook=_no_tags,
            semantic_decoders=dict.fromkeys(_TAGS, _no_tags),
            max_depth=MAX_NESTING,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except cbor2.CBORDecodeError as error:
        raise BundleError("bundle_malformed", "not the CBOR of a bundle") from error


def _no_tags(*_: Any) -> Any:
    raise cbor2.CBORDecodeError("a bundle has no tags")


def _from_plain(plain: dict[str, Any]) -> ProofBundle:
    credential, issuer, key, proof = (plain[name] for name in ("credential", "issuer", "key", "proof"))
    if not isinstance(credential, str) or not credential.isascii():
        raise BundleError("bundle_malformed", "credential")
    if type(issuer) is not int or not 0 < issuer < 2**32:
        raise BundleError("bundle_malformed", "issuer")
    path = plain["path"]
    if not isinstance(path, list) or len(path) > MAX_DEPTH:
        raise BundleError("bundle_malformed", "path")
    words = [_bytes(item, 32, "path") for item in path]
    root = _bytes(plain["root"], 32, "root")
    point = None if key is None else _bytes(key, 64, "key")
    try:
        light = None if proof is None else LightProof.from_plain(proof)
    except LightProofError as error:
        raise BundleError("bundle_malformed", f"proof: {error.detail}") from error
    return ProofBundle(
        credential, issuer, root, tuple(words), None if point is None else (point[:32], point[32:]), light
    )


def _bytes(value: Any, length: int, where: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise BundleError("bundle_malformed", where)
    return value
