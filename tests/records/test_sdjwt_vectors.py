"""The specifications' own examples: every one must verify, and each must stop doing so when it is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from records.sdjwt.disclosures import read_disclosure
from records.sdjwt.errors import (
    CredentialError,
    DisclosureWithoutDigest,
    Expired,
    KeyBindingMissing,
    KeyBindingRefused,
    SaltTooShort,
    SignatureInvalid,
    WrongType,
)
from records.sdjwt.jose import b64decode, digest, from_json, split_jws
from records.sdjwt.keybinding import ExpectedBinding
from records.sdjwt.keys import key_of
from records.sdjwt.token import VerifiedToken, verify_token

FOLDER = Path(__file__).parents[1] / "vectors" / "sd-jwt"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sd-jwt"))
CASES: dict[str, dict[str, Any]] = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in NAMES}
COMPACT = {name: (FOLDER / f"{name}.sd-jwt").read_text().strip() for name in NAMES}
BOUND = [name for name in NAMES if "nonce" in CASES[name]]
DISCLOSURES: list[dict[str, str]] = json.loads((FOLDER / "disclosures.json").read_text())


def check(name: str, compact: str | None = None, **changes: Any) -> VerifiedToken:
    case = CASES[name]
    now = datetime.fromtimestamp(case["now"], UTC)
    binding = ExpectedBinding(case["nonce"], case["aud"], now) if "nonce" in case else None

    def key_for(header: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
        return key_of(case["jwk"])

    expected: dict[str, Any] = {"typ": case["typ"], "now": now, "binding": binding}
    return verify_token(COMPACT[name] if compact is None else compact, key_for, **(expected | changes))


def test_there_are_vectors() -> None:
    assert len(NAMES) == 13
    assert len(BOUND) == 5
    assert len(DISCLOSURES) == 124


@pytest.mark.parametrize("name", NAMES)
def test_an_example_gives_its_claims(name: str) -> None:
    assert check(name).claims == CASES[name]["claims"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(WrongType):
        check(name, typ="vc+sd-jwt")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_under_another_key_is_refused(name: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify_token(
            COMPACT[name],
            lambda header: ec.derive_private_key(7, ec.SECP256R1()).public_key(),
            typ=CASES[name]["typ"],
            now=datetime.fromtimestamp(CASES[name]["now"], UTC),
        )


@pytest.mark.parametrize("name", [name for name in NAMES if "exp" in CASES[name]["claims"]])
def test_an_example_expires(name: str) -> None:
    exp = datetime.fromtimestamp(CASES[name]["claims"]["exp"], UTC)
    with pytest.raises(Expired) as caught:
        check(name, now=exp + timedelta(seconds=61))
    assert caught.value.since == exp
    check(name, now=exp - timedelta(seconds=1))


@pytest.mark.parametrize("name", NAMES)
def test_any_dropped_or_repeated_piece_changes_or_ends_an_example(name: str) -> None:
    pieces = COMPACT[name].split("~")
    for at in range(len(pieces) - 1):
        with pytest.raises(CredentialError):
            check(name, "~".join([*pieces[: at + 1], *pieces[at:]]))
        fewer = "~".join([*pieces[:at], *pieces[at + 1 :]])
        try:
            assert check(name, fewer).claims != CASES[name]["claims"]
        except CredentialError:
            continue


@pytest.mark.parametrize("name", NAMES)
def test_a_disclosure_of_another_example_is_refused(name: str) -> None:
    jwt, *rest = COMPACT[name].split("~")
    signed = json.dumps(split_jws(jwt, "JWT")[1])
    opened = "".join(b64decode(each, "disclosure").decode() for each in rest[:-1])
    other = next(each["disclosure"] for each in DISCLOSURES if each["digest"] not in signed + opened)
    with pytest.raises(DisclosureWithoutDigest):
        check(name, "~".join([jwt, other, *rest]), binding=None)


@pytest.mark.parametrize("name", BOUND)
def test_a_proof_for_somebody_else_is_refused(name: str) -> None:
    case = CASES[name]
    now = datetime.fromtimestamp(case["now"], UTC)
    for binding in (
        ExpectedBinding("another nonce", case["aud"], now),
        ExpectedBinding(case["nonce"], "https://another.example", now),
        ExpectedBinding(case["nonce"], case["aud"], now + timedelta(minutes=6)),
        ExpectedBinding(case["nonce"], case["aud"], now - timedelta(minutes=2)),
        None,
    ):
        with pytest.raises(KeyBindingRefused):
            check(name, binding=binding)


@pytest.mark.parametrize("name", BOUND)
def test_a_proof_that_was_asked_for_must_come(name: str) -> None:
    with pytest.raises(KeyBindingMissing):
        check(name, COMPACT[name].rpartition("~")[0] + "~")


@pytest.mark.parametrize("name", [name for name in BOUND if COMPACT[name].count("~") > 1])
def test_a_proof_covers_the_disclosures_it_came_with(name: str) -> None:
    jwt, first, *rest = COMPACT[name].split("~")
    with pytest.raises(CredentialError):
        check(name, "~".join([jwt, *rest]))
    if len(rest) > 1:
        with pytest.raises(KeyBindingRefused):
            check(name, "~".join([jwt, rest[0], first, *rest[1:]]))


@pytest.mark.parametrize("name", NAMES)
def test_every_signed_digest_is_either_disclosed_or_counted(name: str) -> None:
    token = check(name)
    listed = COMPACT[name].split("~")[1:-1]
    assert len(token.unpacked.paths) == len(listed)
    payload = split_jws(COMPACT[name].split("~")[0], "JWT")[1]
    top = payload.get("_sd", [])
    shown = sum(len(path) == 1 for path in token.unpacked.paths.values())
    assert token.unpacked.withheld[()] == len(top) - shown


@pytest.mark.parametrize("vector", DISCLOSURES, ids=lambda vector: vector["digest"][:8])
def test_a_printed_disclosure_has_its_printed_digest(vector: dict[str, str]) -> None:
    assert digest(vector["disclosure"]) == vector["digest"]
    content = from_json(b64decode(vector["disclosure"], "disclosure"), "disclosure")
    if len(content[0]) < 22:
        with pytest.raises(SaltTooShort):
            read_disclosure(vector["disclosure"], 0)
        return
    read = read_disclosure(vector["disclosure"], 0)
    assert read.digest == vector["digest"]
    assert [read.name, read.value] == ([None, *content[1:]] if len(content) == 2 else content[1:])
