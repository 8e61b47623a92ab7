"""RFC 9901 section 7.1, step 3: from the signed payload and the disclosures to the claims.

Every digest in the payload and in the disclosures is visited once. What the section tells a verifier to
reject is rejected here, and nothing is dropped in silence except digests that have no disclosure (withheld,
or decoys), which are counted by place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from records.sdjwt.disclosures import Disclosure
from records.sdjwt.errors import (
    ClaimNameForbidden,
    ClaimNameTaken,
    DigestRepeated,
    DisclosureWithoutDigest,
    HashRefused,
    Malformed,
)

MAX_DEPTH: Final = 24
"""Objects within objects; medical documents need four."""


@dataclass(slots=True)
class Unpacked:
    """What a presentation says.

    claims: the payload with every disclosed claim in its place, without digests.
    paths: where each disclosure landed, by its digest; steps as keys, and positions among the disclosed
    elements. withheld: number of digests without disclosure, by the path of the object or array they stand
    in.
    """

    claims: dict[str, Any]
    paths: dict[str, tuple[str | int, ...]]
    withheld: Counter[tuple[str | int, ...]]


@dataclass(slots=True)
class _Walk:
    """One pass over payload and disclosures; remembers every digest it met."""

    disclosures: dict[str, Disclosure]
    seen: set[str] = field(default_factory=set)
    paths: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    withheld: Counter[tuple[str | int, ...]] = field(default_factory=Counter)

    def value(self, node: Any, path: tuple[str | int, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            raise Malformed("claims are nested too deeply")
        if isinstance(node, dict):
            return self.mapping(node, path)
        if isinstance(node, list):
            return self.sequence(node, path)
        return node

    def mapping(self, node: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        if "..." in node:
            raise ClaimNameForbidden("...")
        claims = {name: self.value(node[name], (*path, name)) for name in node if name != "_sd"}
        if "_sd" not in node:
            return claims
        digests = node["_sd"]
        if not isinstance(digests, list):
            raise Malformed("_sd is not an array")
        for each in digests:
            disclosure = self.take(each, path)
            if disclosure is None:
                continue
            if disclosure.name is None:
                raise Malformed("an array element is disclosed as a claim")
            if disclosure.name in claims:
                raise ClaimNameTaken(".".join(map(str, path)))
            here = (*path, disclosure.name)
            self.paths[disclosure.digest] = here
            claims[disclosure.name] = self.value(disclosure.value, here)
        return claims

    def sequence(self, node: list[Any], path: tuple[str | int, ...]) -> list[Any]:
        elements: list[Any] = []
        for each in node:
            here = (*path, len(elements))
            if not (isinstance(each, dict) and each.keys() == {"..."}):
                elements.append(self.value(each, here))
                continue
            disclosure = self.take(each["..."], path)
            if disclosure is None:
                continue
            if disclosure.name is not None:
                raise Malformed("a claim is disclosed as an array element")
            self.paths[disclosure.digest] = here
            elements.append(self.value(disclosure.value, here))
        return elements

    def take(self, each: Any, path: tuple[str | int, ...]) -> Disclosure | None:
        if not isinstance(each, str):
            raise Malformed("a digest is not text")
        if each in self.seen:
            raise DigestRepeated
        self.seen.add(each)
        found = self.disclosures.get(each)
        if found is None:
            self.withheld[path] += 1
        return found


def unpack(payload: dict[str, Any], disclosures: Iterable[Disclosure]) -> Unpacked:
    """Put every disclosure in its place; raises a `CredentialError` for each reason of section 7.1."""
    algorithm = payload.get("_sd_alg", "sha-256")
    if algorithm != "sha-256":
        raise HashRefused(algorithm)
    listed = list(disclosures)
    walk = _Walk({each.digest: each for each in listed})
    if len(walk.disclosures) != len(listed):
        raise DigestRepeated
    claims = walk.mapping({name: payload[name] for name in payload if name != "_sd_alg"}, ())
    for position, each in enumerate(listed):
        if each.digest not in walk.seen:
            raise DisclosureWithoutDigest(position)
    return Unpacked(claims, walk.paths, walk.withheld)
