"""Disclosures (RFC 9901 section 4.2): making them with fresh salts, and reading those that come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from records.sdjwt.drawing import Draws, SystemDraws
from records.sdjwt.errors import ClaimNameForbidden, Malformed, SaltTooShort
from records.sdjwt.jose import b64decode, b64encode, digest, from_json, to_json

SALT_BYTES: Final = 16
"""128 random bits (RFC 9901 section 9.3)."""

_SALT_CHARS: Final = 22
"""Length of 128 bits in base64url."""

RESERVED: Final = frozenset({"_sd", "..."})
"""Names that mark digests and so can name no claim."""

ELEMENT: Final = None
"""Name of a disclosure for an array element: it has none."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A disclosed claim or array element, as it was sent and what it says."""

    encoded: str
    digest: str
    name: str | None
    value: Any


@dataclass(slots=True)
class Salter:
    """Makes disclosures; draws the salts of one credential at once.

    disclosures: those made so far, in order. draws: where salts come from, and decoys and their places.
    """

    _salts: list[str] = field(default_factory=list)
    disclosures: list[str] = field(default_factory=list)
    draws: Draws = field(default_factory=SystemDraws)

    @classmethod
    def for_about(cls, count: int, draws: Draws | None = None) -> Salter:
        """A salter with this many salts ready; it draws more when they run out."""
        source = draws or SystemDraws()
        random = source.draw(SALT_BYTES * count)
        salts = [b64encode(random[at : at + SALT_BYTES]) for at in range(0, len(random), SALT_BYTES)]
        return cls(salts, draws=source)

    def _salt(self) -> str:
        return self._salts.pop() if self._salts else b64encode(self.draws.draw(SALT_BYTES))

    def member(self, name: str, value: object) -> str:
        """Disclose an object member; returns the digest for `_sd`."""
        return self._disclose([self._salt(), name, value])

    def element(self, value: object) -> dict[str, str]:
        """Disclose an array element; returns what stands in its place."""
        return {"...": self._disclose([self._salt(), value])}

    def _disclose(self, content: list[object]) -> str:
        encoded = b64encode(to_json(content))
        self.disclosures.append(encoded)
        return digest(encoded)


def decoy(draws: Draws) -> str:
    """A digest that belongs to no disclosure (section 4.2.5): nobody can tell it from one that is
    withheld."""
    return b64encode(draws.draw(32))


def read_disclosure(encoded: str, position: int) -> Disclosure:
    """Parse one disclosure; raises `Malformed`, `SaltTooShort` or `ClaimNameForbidden`."""
    what = f"disclosure {position}"
    content = from_json(b64decode(encoded, what), what)
    if not isinstance(content, list) or len(content) not in (2, 3):
        raise Malformed(f"{what} is not an array of two or three")
    if not isinstance(content[0], str):
        raise Malformed(f"the salt of {what} is not text")
    if len(content[0]) < _SALT_CHARS:
        raise SaltTooShort
    if len(content) == 2:
        return Disclosure(encoded, digest(encoded), ELEMENT, content[1])
    if not isinstance(content[1], str):
        raise Malformed(f"the claim name of {what} is not text")
    if content[1] in RESERVED:
        raise ClaimNameForbidden(content[1])
    return Disclosure(encoded, digest(encoded), content[1], content[2])
