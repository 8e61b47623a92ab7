"""Real records to real credentials, in this process and in others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from bench.samples import receipt
from chain.merkle import leaf_of
from oracle.errors import SignersLost
from oracle.his.base import Action, HisDocument
from oracle.issue import Issuing, LocalMaker, Made, Maker, PoolMaker, Refused
from oracle.issue_keys import IssueKeys
from records.credential import verify
from records.issuer import Issuer, IssuerKey

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
KEY = IssuerKey.of(ec.derive_private_key(7, ec.SECP256R1()))
ISSUING = Issuing(Issuer("urn:saegim:20193:institution:1", "서울시 샘플의료원"), KEY)


def document(kind: str = "receipt", number: int = 1, **changes: Any) -> HisDocument:
    payload = receipt() | changes if kind == "receipt" else changes
    return HisDocument(kind, f"{kind}:{number}", "0" * 64, Action.ISSUE, payload, "P1", None, NOW)


@contextmanager
def pool(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[PoolMaker]:
    # A spawned process imports the main program again; under a test runner that is not what it should do.
    monkeypatch.setattr(sys.modules["__main__"], "__file__", None, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    made = PoolMaker(ISSUING, lambda: NOW, IssueKeys(folder), 1)
    yield made
    made.close()


@pytest.fixture(params=["here", "elsewhere"])
def maker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Maker]:
    if request.param == "here":
        yield LocalMaker(ISSUING, lambda: NOW, IssueKeys(tmp_path))
        return
    with pool(monkeypatch, tmp_path) as made:
        yield made


def test_each_document_becomes_a_credential_that_verifies(maker: Maker) -> None:
    results = maker.start([document(number=number) for number in range(20)])()
    assert len({result.document_id for result in results if isinstance(result, Made)}) == 20
    for made in results:
        assert isinstance(made, Made)
        held = verify(made.compact, {KEY.kid: KEY.private_key.public_key()}.__getitem__, now=NOW)
        assert made.leaf == leaf_of(held.digest)
        assert (made.vct, made.kid, held.iat) == ("urn:saegim:receipt:1", KEY.kid, NOW)
    assert len({result.leaf for result in results if isinstance(result, Made)}) == 20, "salted"


def test_a_row_read_again_becomes_the_same_credential_bit_for_bit(maker: Maker, tmp_path: Path) -> None:
    first = maker.start([document(), document(number=2)])()
    later = LocalMaker(ISSUING, lambda: NOW + timedelta(days=1), IssueKeys(tmp_path))
    assert later.start([document(), document(number=2)])() == first


@pytest.mark.parametrize(
    "change",
    [
        {"source_key": "receipt:2"},
        {"revision": "1" * 64},
        {"changed_at": NOW - timedelta(seconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_version_is_another_document(change: dict[str, Any], tmp_path: Path) -> None:
    maker = LocalMaker(ISSUING, lambda: NOW, IssueKeys(tmp_path))
    one, other = maker.start([document(), replace(document(), **change)])()
    assert isinstance(one, Made)
    assert isinstance(other, Made)
    assert one.document_id != other.document_id
    assert one.leaf != other.leaf
    salts = [set(made.compact.split("~")[1:-1]) for made in (one, other)]
    assert not salts[0] & salts[1], "no disclosure of one is one of the other"


def test_content_that_comes_back_is_a_document_of_its_own(tmp_path: Path) -> None:
    """Corrected and corrected back, by a hospital that never moves the time of the act."""
    maker = LocalMaker(ISSUING, lambda: NOW, IssueKeys(tmp_path))
    (first,) = maker.start([document()])()
    (other,) = maker.start([replace(document(), revision="1" * 64)], {"receipt:1": first.document_id})()
    (again,) = maker.start([document()], {"receipt:1": other.document_id})()
    assert len({first.leaf, other.leaf, again.leaf}) == 3
    in_one_page = maker.start([document(), replace(document(), revision="1" * 64)])()
    assert in_one_page == [first, other], "wherever the pages break"


def test_a_bad_one_among_good_ones_is_refused_alone_with_its_fields(maker: Maker) -> None:
    good, bad, unknown = document(), document(total=-1), document("horoscope")
    first, second, third = maker.start([good, bad, unknown])()
    assert isinstance(first, Made)
    assert isinstance(second, Refused)
    assert second.reason == "record-invalid"
    assert second.paths
    assert third == Refused("kind-unknown", ())


def test_another_institutions_document_is_refused(maker: Maker) -> None:
    stranger = receipt()["institution"] | {"name": "다른 병원"}
    (result,) = maker.start([document(institution=stranger)])()
    assert result == Refused("other-institution", ("institution.name",))


def test_no_work_is_no_trouble(maker: Maker) -> None:
    assert maker.start([])() == []


def test_a_signing_process_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pool(monkeypatch, tmp_path) as maker:
        assert len(maker.start([document()])()) == 1
        for process in list(maker._pool._processes.values()):
            process.kill()
            process.join()
        with pytest.raises(SignersLost):
            maker.start([document()])()
        assert len(maker.start([document()])()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(receipt())), value=JSON)
@example(field="patient", value={"number": "1", "name": "\ud800"})
@example(field="department", value={"code": "\x00", "name": "\udfff"})
def test_whatever_a_field_holds_the_answer_is_a_credential_or_a_refusal(field: str, value: Any) -> None:
    result = ISSUING.make(document(**{field: value}), NOW, bytes(32))
    assert isinstance(result, Made) or result.reason in {"record-invalid", "other-institution"}
