"""Salts, decoys and signatures from a seed: the same credential again, and nothing of it without the seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from records.credential import IssuedCredential, Issuer, IssuerKey, issue
from records.kinds import Record
from records.sdjwt.drawing import SeededDraws, SystemDraws


def test_the_same_seed_gives_the_same_credential_and_another_gives_none_of_it(
    key: IssuerKey, issuer: Issuer, sample: Callable[..., Record], now: datetime
) -> None:
    def made(seed: bytes) -> IssuedCredential:
        draws = SeededDraws(seed)
        return issue(sample("receipt", full=True), issuer=issuer, key=key, iat=now, draws=draws)

    assert made(bytes(32)) == made(bytes(32))
    assert not set(made(bytes(32)).disclosures) & set(made(b"\x01" * 32).disclosures)
    with pytest.raises(ValueError, match="32 bytes"):
        SeededDraws(b"short")


def test_numbers_stay_below_their_limit_and_reach_all_of_it() -> None:
    for draws in (SeededDraws(bytes(32)), SystemDraws()):
        assert {draws.below(3) for _ in range(100)} == {0, 1, 2}
