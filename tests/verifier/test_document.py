"""What a document says is said in words, not in codes."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

import pytest
from case import ISSUED, SIGNING_KEY, Case

from bench.samples import SAMPLES
from records import codes
from records.credential import Issuer, IssuerKey, issue, verify
from records.kinds import parse
from verifier.document import describe


def visit_lines() -> dict[str, tuple[str | None, str | None]]:
    """The lines of a sample visit: path → value in Korean and English."""
    case = Case()
    issuer = Issuer(f"urn:saegim:{case.chain.chain_id}:institution:1", "서울시 샘플의료원")
    made = issue(parse("visit", SAMPLES["visit"]()), issuer=issuer, key=IssuerKey.of(SIGNING_KEY), iat=ISSUED)
    read = verify(made.compact, lambda kid: SIGNING_KEY.public_key(), now=ISSUED + timedelta(seconds=5))
    return {line.path: (line.value_ko, line.value_en) for line in describe(read, case.trust).lines}


def test_the_insurance_of_a_visit_is_named() -> None:
    assert ("건강보험", "national health") in visit_lines().values()


@pytest.mark.parametrize("kind", codes.NAMES, ids=lambda kind: kind.__name__)
def test_every_member_of_a_named_kind_has_a_name_that_is_no_code(kind: type[Enum]) -> None:
    names = codes.NAMES[kind]
    assert set(names) == set(kind)
    assert not any(name.isdigit() for name in names.values())
