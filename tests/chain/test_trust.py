"""Trust files: what is refused, who must sign, how one succeeds another."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st
from synthetic import START, SyntheticChain, account, address

from chain.canonical import DuplicateKey, canonical_json, parse_json_strictly
from chain.engine import UnknownEngine
from chain.hashing import keccak256
from chain.trust import MAX_AGE, MAX_FILE_BYTES, TrustError, TrustFault, TrustFile, sign_trust_file

CHAIN = SyntheticChain()
CHAIN.mine(3)
TRUST = CHAIN.trust(at=2)
NOW = datetime.fromtimestamp(START + 100, UTC)


def fault(action) -> TrustFault:
    with pytest.raises(TrustError) as caught:
        action()
    assert caught.value.code == caught.value.fault.value
    return caught.value.fault


def changed(**parts) -> TrustFile:
    return TrustFile.model_validate({**TRUST.to_json(), **parts})


# ---- reading


def test_a_file_that_is_not_there(tmp_path):
    assert fault(lambda: TrustFile.load(tmp_path / "none.json")) is TrustFault.UNREADABLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"version": NaN}',
        b"[" * 100_000,
        b" " * (MAX_FILE_BYTES + 1),
        json.dumps({**TRUST.to_json(), "extra": 1}),
        json.dumps(TRUST.to_json()).replace('"version": 1', '"version": 1, "version": 1'),
    ],
    ids=range(10),
)
def test_what_is_no_trust_file(data):
    assert fault(lambda: TrustFile.parse(data)) is TrustFault.MALFORMED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], 2),
        (["chainId"], 0),
        (["chainId"], "710"),
        (["chainId"], 1.5),
        (["genesisHash"], "0x12"),
        (["vanity"], "0" * 32),
        (["vanity"], "not hexadecimal"),
        (["contracts", "DocumentRegistry"], "0x1234"),
        (["contracts", "Other"], "0x" + "11" * 20),
        (["members"], []),
        (["members", 1, "institution"], 1),
        (["members", 1, "admin"], TRUST.members[0].admin),
        (["members", 0, "institution"], 0),
        (["institutions", 1, "index"], 1),
        (["institutions", 0, "nameKo"], ""),
        (["institutions", 0, "nameKo"], "가" * 201),
        (["checkpoint", "validators"], []),
        (["checkpoint", "validators", 1], TRUST.checkpoint.validators[0].lower()),
        (["checkpoint", "number"], -1),
        (["checkpoint", "time"], 2**40),
        (["signatures", 0, "signature"], "0x" + "11" * 64),
    ],
    ids=lambda v: ".".join(map(str, v)) if isinstance(v, list) else None,
)
def test_a_field_that_cannot_be(path, value):
    data = copy.deepcopy(TRUST.to_json())
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert fault(lambda: TrustFile.parse(json.dumps(data))) is TrustFault.MALFORMED


def test_written_and_read_again_it_is_the_same(tmp_path):
    TRUST.save(tmp_path / "network.json")
    read = TrustFile.load(tmp_path / "network.json")
    assert read == TRUST
    assert read.digest() == TRUST.digest()


# ---- relying on it


def test_older_than_400_days():
    taken = datetime.fromtimestamp(TRUST.checkpoint.time, UTC)
    TRUST.verify(taken + MAX_AGE)
    assert fault(lambda: TRUST.verify(taken + MAX_AGE + timedelta(seconds=1))) is TrustFault.TOO_OLD


def test_from_the_future():
    taken = datetime.fromtimestamp(TRUST.checkpoint.time, UTC)
    assert fault(lambda: TRUST.verify(taken - timedelta(days=2))) is TrustFault.IN_FUTURE


@pytest.mark.parametrize("signers", [0, 1, 2])
def test_too_few_members_signed(signers):
    assert fault(lambda: CHAIN.trust(signers=signers).verify(NOW)) is TrustFault.NO_MAJORITY


def test_half_of_four_is_no_majority():
    four = SyntheticChain(4)
    assert fault(lambda: four.trust(signers=2).verify(NOW)) is TrustFault.NO_MAJORITY
    four.trust(signers=3).verify(NOW)


def test_one_member_signing_thrice_is_one():
    once = TRUST.signatures[0]
    assert (
        fault(lambda: changed(signatures=[once.model_dump(by_alias=True)] * 3).verify(NOW))
        is TrustFault.NO_MAJORITY
    )


def test_strangers_and_members_under_anothers_number_do_not_count():
    trust = CHAIN.trust(signers=2)
    stranger = sign_trust_file(trust, account("stranger").secret, 3)
    assert fault(lambda: stranger.verify(NOW)) is TrustFault.NO_MAJORITY
    doubled = sign_trust_file(trust, CHAIN.members[0].secret, 3)
    assert fault(lambda: doubled.verify(NOW)) is TrustFault.NO_MAJORITY
    misplaced = sign_trust_file(trust, CHAIN.members[2].secret, 5)
    assert fault(lambda: misplaced.verify(NOW)) is TrustFault.NO_MAJORITY


@pytest.mark.parametrize(
    "part",
    [
        {"chainId": 711},
        {"engine": "dev"},
        {"checkpoint": {**TRUST.to_json()["checkpoint"], "number": 3}},
        {"checkpoint": {**TRUST.to_json()["checkpoint"], "validators": [address(account("thief"))]}},
        {"contracts": {**TRUST.to_json()["contracts"], "DocumentRegistry": "0x" + "66" * 20}},
        {"institutions": []},
        {"members": [{"institution": 1, "admin": address(account("thief"))}]},
    ],
    ids=lambda p: next(iter(p)),
)
def test_any_change_makes_the_signatures_wrong(part):
    assert fault(lambda: changed(**part).verify(NOW)) is TrustFault.WRONG_SIGNATURE


@given(st.integers(0, 64), st.integers(1, 255))
def test_a_changed_signature_is_wrong(position, change):
    entry = TRUST.to_json()["signatures"][0]
    data = bytearray.fromhex(entry["signature"][2:])
    data[position] ^= change
    others = TRUST.to_json()["signatures"][1:]
    broken = changed(signatures=[{**entry, "signature": "0x" + data.hex()}, *others])
    assert fault(lambda: broken.verify(NOW)) is TrustFault.WRONG_SIGNATURE


def test_a_majority_is_enough_and_signing_again_replaces():
    TRUST.verify(NOW)
    again = sign_trust_file(TRUST, CHAIN.members[0].secret, 1)
    assert len(again.signatures) == len(TRUST.signatures)
    again.verify(NOW)


def test_members_sign_eip712_over_the_canonical_json():
    content = TRUST.to_json()
    del content["signatures"]
    message = encode_typed_data(
        {
            "name": "Saegim TrustFile",
            "version": "1",
            "chainId": TRUST.chain_id,
            "verifyingContract": TRUST.contracts.institution_registry,
        },
        {"TrustFile": [{"name": "content", "type": "bytes32"}]},
        {"content": keccak256(canonical_json(content))},
    )
    assert TRUST.digest() == _hash_eip191_message(message)


def test_an_engine_of_a_later_version_is_named():
    with pytest.raises(UnknownEngine, match="qbft9"):
        changed(engine="qbft9").engine_rules()


def test_names_and_fingerprint():
    assert TRUST.institution_name(1).name_ko == "서울시 샘플의료원"
    assert TRUST.institution_name(99) is None
    assert len(TRUST.fingerprint.split()) == 8


# ---- a newer file in place of an older one


def test_an_update_signed_by_the_members_held_is_taken():
    CHAIN.trust(at=3).verify_update(TRUST, NOW)


def test_an_update_of_another_network_or_an_older_one_is_not():
    other = SyntheticChain(seed="other")
    assert fault(lambda: other.trust().verify_update(TRUST, NOW)) is TrustFault.OTHER_NETWORK
    assert fault(lambda: CHAIN.trust(at=1).verify_update(TRUST, NOW)) is TrustFault.OLDER_THAN_HELD


def test_an_update_by_members_of_its_own_making_is_not():
    thieves = [account(f"thief-{i}") for i in range(3)]
    members = [{"institution": i, "admin": address(k)} for i, k in enumerate(thieves, 1)]
    forged = changed(members=members, signatures=[])
    for i, key in enumerate(thieves, 1):
        forged = sign_trust_file(forged, key.secret, i)
    forged.verify(NOW)  # by itself it is in order: who holds no earlier file compares the fingerprint
    assert fault(lambda: forged.verify_update(TRUST, NOW)) is TrustFault.NO_MAJORITY


# ---- canonical JSON


def test_canonical_json_is_sorted_tight_and_utf8():
    assert (
        canonical_json({"b": [1, {"d": None, "c": "가"}], "a": True})
        == '{"a":true,"b":[1,{"c":"가","d":null}]}'.encode()
    )


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, [float("nan")], {"a": b"x"}])
def test_what_has_no_canonical_form(value):
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)


def test_a_name_twice_is_noticed_at_any_depth():
    with pytest.raises(DuplicateKey) as caught:
        parse_json_strictly('{"a": [{"b": 1, "b": 2}]}')
    assert caught.value.key == "b"
