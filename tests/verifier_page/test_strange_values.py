"""Signed documents whose fields hold what they should not: the page refuses the same ones, and shows the others alike.

Without the rules over several fields, which the page leaves out.
"""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from typing import Any

from node_verifier import agree
from signing import digest_for, dumped, issued, job, renamed, signed, taken_apart

from bench.samples import SAMPLES

ROUNDS = 5 if os.environ.get("CI") else 1

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10, 1.0, 10.0, 0.5, 1e3, 1e300, 2**53, -(2**63), 2**70, 10**12, 10**12 + 1,
    "", " ", " x", "x ", "가나", "\u1100\u1161", "a\u00a0b", "a\u202eb", "a\u200bb", "a\tb", "a\0b", "\U0001f3e5",
    "x" * 100, "x" * 101, "가" * 300, "가" * 301, "0", "00", "01", "1.50", "1.", "0.12345", "99999.9999", "100000",
    "2024", "2024-02", "2024-02-29", "2023-02-29", "2024-13", "0000", "0001-01-01", "2024-1-1", "２０２４",
    "2024-02-29T23:59:59Z", "2024-02-29T24:00:00Z", "2024-02-29T10:00:00", "2024-02-29T10:00:00.123456+09:00",
    "2024-02-29T10:00:00.1234567Z", "2024-02-29T10:00:00+23:59", "2024-02-29T10:00:00+24:00",
    "2024-02-29T10:00:60Z", "2024-02-29T10:00:00+00:99", "male", "outpatient", "일반", "의사", "11", "81", "E119",
    "E11.9", "E11", "E11.", "e11", "constructor", "__proto__", "toString", "*", "...", "_sd", [], [1], [[]], {},
    {"__proto__": 1}, {"start": "2024", "end": "2024"}, {"...": "x"}, {"_sd": []}, [{"...": "x"}],
)  # fmt: skip


def test_signed_documents_with_strange_values(node_verifier, no_rules):
    rng = random.Random(20260305)
    jobs = [
        job(f"{kind} #{place}", strange(kind, rng))
        for kind in sorted(SAMPLES)
        for place in range(80 * ROUNDS)
    ]
    codes = agree(node_verifier, jobs, "integrity")
    assert codes["credential_claims_invalid"] > 50
    assert codes["intact"] + codes["intact_partly"] > 10


FIELDS = {
    "text": ("receipt", "institution.name"),
    "text or none": ("receipt", "institution.address"),
    "pattern": ("receipt", "institution.business_number"),
    "date": ("receipt", "issued_date"),
    "moment": ("visit", "visit_date"),
    "department": ("visit", "department.code"),
    "diagnosis": ("diagnosis", "diagnoses.0.code"),
    "quantity": ("statement", "lines.0.dose"),
    "count": ("statement", "lines.0.days"),
    "amount": ("receipt", "total"),
    "signed amount": ("receipt", "due"),
    "truth": ("receipt", "night"),
    "words": ("receipt", "patient.sex"),
    "numbers": ("receipt", "rounding.unit"),
    "code": ("receipt", "encounter_class"),
    "part": ("receipt", "totals"),
    "part or none": ("visit", "period"),
    "parts": ("receipt", "patient"),
    "list": ("receipt", "rows"),
    "element": ("receipt", "rows.0"),
}
"""One field for each type that the page knows."""


def test_each_type_of_field_with_each_strange_value(node_verifier, no_rules):
    jobs = [
        job(f"{kind} {path} = {value!r}", with_value(kind, path, value))
        for kind, path in FIELDS.values()
        for value in STRANGE
    ]
    codes = agree(node_verifier, jobs, "integrity")
    assert codes["credential_claims_invalid"] > 20 * len(FIELDS)
    assert codes["intact"] + codes["intact_partly"] > 5 * len(FIELDS)


def with_value(kind: str, path: str, value: Any) -> str:
    """A document of which one field says something else, wherever it is disclosed."""
    payload, disclosures = taken_apart(issued(kind, full=True))
    digests = [digest_for(each) for each in disclosures]
    top, *rest = path.split(".")
    if rest and rest[0].isdecimal():  # an element of a list; decoys among them belong to no disclosure
        shown = [digests.index(each["..."]) for each in payload[top] if each["..."] in digests]
        holder, key, rest = disclosures[shown[int(rest[0])]], 1, rest[1:]
    else:
        holder, key, rest = holder_of(payload, disclosures, top, rest)
    for step in rest:
        holder, key = holder[key], step
    holder[key] = copy.deepcopy(value)
    payload = renamed(payload, dict(zip(digests, map(digest_for, disclosures), strict=True)))
    named = dumped(payload).decode()
    return signed(payload, [each for each in disclosures if digest_for(each) in named])


def holder_of(
    payload: dict[str, Any], disclosures: list[Any], top: str, rest: list[str]
) -> tuple[Any, Any, list[str]]:
    """Where a field stands: in the payload, in a disclosure of its own, or in one of the object it is part of."""
    if top in payload and not (rest and rest[0] not in payload[top]):
        return payload, top, rest
    name, further = (rest[0], rest[1:]) if top in payload else (top, rest)
    return next(each for each in disclosures if each[1] == name), 2, further


def strange(kind: str, rng: random.Random) -> str:
    """A document in which a value or two are replaced, removed or added before it is signed."""
    payload, disclosures = taken_apart(issued(kind, full=rng.random() < 0.5))
    if rng.random() < 0.3:
        disclosures = [each for each in disclosures if rng.random() < 0.7]
    whole = {"payload": payload, "disclosures": disclosures}
    digests = [digest_for(each) for each in disclosures]
    for _ in range(rng.choice((1, 1, 2))):
        holder, key = rng.choice([each for each in places(whole) if each[0] is not whole])
        change = rng.randrange(10)
        if change == 0 and isinstance(holder, dict):
            name = rng.choice(("more", "name", "__proto__", "nbf", "exp", "iat", "cnf", "rows", "diagnoses"))
            holder[name] = copy.deepcopy(rng.choice(STRANGE))
        elif change == 1 and holder is not disclosures:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))
    renewed = dict(zip(digests, map(digest_for, disclosures), strict=True))
    return signed(renamed(payload, renewed), disclosures)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value where something could be replaced, as holder and key."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])
