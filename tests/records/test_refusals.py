"""RFC 9901 section 7.1 and the strictness around it: tokens signed by the right key and refused all the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from records.credential import IssuedCredential, IssuerKey, verify
from records.sdjwt import errors
from records.sdjwt.jose import b64decode, b64encode, digest, sign, to_json
from records.sdjwt.keybinding import ExpectedBinding, bind
from records.sdjwt.keys import jwk_of
from records.sdjwt.token import MAX_CHARS, MAX_DISCLOSURES, verify_token

SALT = "A" * 22
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
Keys = Callable[[str], ec.EllipticCurvePublicKey]


@pytest.fixture
def refused(key: IssuerKey) -> Callable[..., None]:
    """Sign a payload, add disclosures, and expect this error."""

    def check(
        error: type[errors.CredentialError],
        payload: Any,
        disclosures: list[str] | None = None,
        header: dict[str, Any] | None = None,
        raw: bytes | None = None,
        tail: str = "",
    ) -> None:
        head = b64encode(to_json({"alg": "ES256", "typ": "t", "kid": key.kid} | (header or {})))
        jwt = sign(key.private_key, head, to_json(payload) if raw is None else raw)
        with pytest.raises(error) as caught:
            token("~".join([jwt, *(disclosures or []), tail]), key)
        assert type(caught.value) is error
        assert str(caught.value)

    return check


def token(compact: str, key: IssuerKey, **changes: Any) -> Mapping[str, Any]:
    expected: dict[str, Any] = {"typ": "t", "now": NOW} | changes
    return verify_token(compact, lambda header: key.private_key.public_key(), **expected).claims


def made(*content: Any) -> str:
    return b64encode(to_json(list(content)))


def signed(key: IssuerKey, payload: dict[str, Any], *disclosures: str) -> str:
    jwt = sign(key.private_key, b64encode(to_json({"alg": "ES256", "typ": "t"})), to_json(payload))
    return "~".join([jwt, *disclosures, ""])


def test_disclosures_come_out_where_they_belong(key: IssuerKey) -> None:
    inner = made(SALT, "b", 2)
    outer = made(SALT, "a", {"_sd": [digest(inner)], "c": 3})
    element = made(SALT, [4])
    payload = {"_sd": [digest(outer)], "list": [{"...": digest(element)}, {"...": "x" * 43}, 5]}
    assert token(signed(key, payload, inner, element, outer), key) == {
        "a": {"b": 2, "c": 3},
        "list": [[4], 5],
    }


def test_a_disclosure_without_a_digest(refused: Callable[..., None]) -> None:
    refused(errors.DisclosureWithoutDigest, {}, [made(SALT, "a", 1)])
    inner = made(SALT, "b", 2)
    outer = made(SALT, "a", {"_sd": [digest(inner)]})
    refused(errors.DisclosureWithoutDigest, {"_sd": [digest(outer)]}, [inner])


def test_a_digest_that_stands_twice(refused: Callable[..., None]) -> None:
    one = made(SALT, "a", 1)
    refused(errors.DigestRepeated, {"_sd": [digest(one)] * 2}, [one])
    refused(errors.DigestRepeated, {"_sd": ["decoy"], "x": {"_sd": ["decoy"]}})
    refused(errors.DigestRepeated, {"list": [{"...": "decoy"}, {"...": "decoy"}]})
    nested = made(SALT, "b", {"_sd": [digest(one)]})
    refused(errors.DigestRepeated, {"_sd": [digest(one), digest(nested)]}, [one, nested])


def test_a_disclosure_sent_twice(refused: Callable[..., None]) -> None:
    one = made(SALT, "a", 1)
    refused(errors.DigestRepeated, {"_sd": [digest(one)]}, [one, one])


def test_a_claim_name_that_exists(refused: Callable[..., None]) -> None:
    one, two = made(SALT, "a", 1), made("B" * 22, "a", 2)
    refused(errors.ClaimNameTaken, {"a": 0, "_sd": [digest(one)]}, [one])
    refused(errors.ClaimNameTaken, {"_sd": [digest(one), digest(two)]}, [one, two])


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_a_claim_name_that_means_digests(refused: Callable[..., None], name: str) -> None:
    one = made(SALT, name, ["x"])
    refused(errors.ClaimNameForbidden, {"_sd": [digest(one)]}, [one])


def test_dots_where_no_array_element_is(refused: Callable[..., None]) -> None:
    refused(errors.ClaimNameForbidden, {"a": {"...": "x"}})
    refused(errors.ClaimNameForbidden, {"list": [{"...": "x", "b": 1}]})
    one = made(SALT, "a", {"...": "x"})
    refused(errors.ClaimNameForbidden, {"_sd": [digest(one)]}, [one])


@pytest.mark.parametrize("salt", ["", "A" * 21])
def test_a_short_salt(refused: Callable[..., None], salt: str) -> None:
    one = made(salt, "a", 1)
    refused(errors.SaltTooShort, {"_sd": [digest(one)]}, [one])


@pytest.mark.parametrize(
    "content",
    [[], [SALT], [SALT, "a", 1, 2], {"a": 1}, "text", None, [1, "a", 1], [SALT, 1, 1], [SALT, None, 1]],
)
def test_a_disclosure_of_another_shape(refused: Callable[..., None], content: Any) -> None:
    one = b64encode(to_json(content))
    refused(errors.Malformed, {"_sd": [digest(one)]}, [one])


def test_a_claim_where_an_element_belongs_and_the_reverse(refused: Callable[..., None]) -> None:
    claim, element = made(SALT, "a", 1), made(SALT, 1)
    refused(errors.Malformed, {"list": [{"...": digest(claim)}]}, [claim])
    refused(errors.Malformed, {"_sd": [digest(element)]}, [element])


@pytest.mark.parametrize("digests", ["x", {"a": 1}, [1], [None], [["x"]]])
def test_digests_of_another_type(refused: Callable[..., None], digests: Any) -> None:
    refused(errors.Malformed, {"_sd": digests})


def test_an_array_digest_of_another_type(refused: Callable[..., None]) -> None:
    refused(errors.Malformed, {"list": [{"...": 1}]})


@pytest.mark.parametrize("name", ["sha-512", "sha-1", "", None, 1])
def test_another_hash(refused: Callable[..., None], name: Any) -> None:
    refused(errors.HashRefused, {"_sd_alg": name})


@pytest.mark.parametrize("alg", ["none", "None", "ES384", "HS256", "es256", "", None, 1, ["ES256"]])
def test_another_algorithm(refused: Callable[..., None], alg: Any) -> None:
    refused(errors.AlgorithmRefused, {}, header={"alg": alg})


def test_an_extension_that_must_be_understood(refused: Callable[..., None]) -> None:
    refused(errors.AlgorithmRefused, {}, header={"crit": ["b64"], "b64": False})


@pytest.mark.parametrize("typ", ["jwt", "", None, "T", "t "])
def test_another_type(refused: Callable[..., None], typ: Any) -> None:
    refused(errors.WrongType, {}, header={"typ": typ})


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":2}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1} ',
        b'{"a":1}{}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"[1]",
        b'"text"',
        b"",
        b"{",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
    ids=range(15),
)
def test_json_that_can_be_read_in_two_ways_or_none(refused: Callable[..., None], raw: bytes) -> None:
    if raw == b'{"a":1} ':
        return  # white space around a value is JSON, and signed with it
    refused(errors.Malformed, None, raw=raw)


def test_claims_nested_without_end(refused: Callable[..., None]) -> None:
    refused(errors.Malformed, None, raw=b'{"a":' * 40 + b"1" + b"}" * 40)


def test_a_disclosure_with_a_repeated_member(refused: Callable[..., None]) -> None:
    one = b64encode(f'["{SALT}","a",{{"x":1,"x":2}}]'.encode())
    refused(errors.Malformed, {"_sd": [digest(one)]}, [one])


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_what_is_not_valid_yet(refused: Callable[..., None], name: str) -> None:
    refused(errors.NotYetValid, {name: int((NOW + timedelta(seconds=61)).timestamp())})


def test_an_expiry_inside_a_disclosure_counts(refused: Callable[..., None]) -> None:
    one = made(SALT, "exp", int((NOW - timedelta(seconds=61)).timestamp()))
    refused(errors.Expired, {"_sd": [digest(one)]}, [one])
    two = made(SALT, "nbf", int((NOW + timedelta(days=1)).timestamp()))
    refused(errors.NotYetValid, {"_sd": [digest(two)]}, [two])


@pytest.mark.parametrize("value", ["1", None, True, -1, 1e300, [1], 10**30])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_none(refused: Callable[..., None], name: str, value: Any) -> None:
    refused(errors.Malformed, {name: value})


def test_clocks_may_differ_a_little(key: IssuerKey) -> None:
    near = {"iat": int(NOW.timestamp()) + 59, "exp": int(NOW.timestamp()) - 59}
    assert token(signed(key, near), key) == near


@pytest.mark.parametrize("tail", ["x", "a.b.c", "ey"])
def test_a_proof_that_nobody_asked_for(refused: Callable[..., None], tail: str) -> None:
    refused(errors.KeyBindingRefused, {}, tail=tail)


@pytest.mark.parametrize("disclosure", ["", "A", "AA==", "A A", "A+B/", "WyJ", "QQ\n", "W10=", "W11"])
def test_base64url_in_any_but_its_one_form(refused: Callable[..., None], disclosure: str) -> None:
    refused(errors.Malformed, {}, [disclosure])


def test_unused_bits_and_padding_are_refused() -> None:
    assert b64decode("QQ", "x") == b"A"
    for other in ("QR", "QQ==", "QQ=", "Q Q", "QQ\n", "Q", "Q+", "Q/"):
        with pytest.raises(errors.Malformed):
            b64decode(other, "x")


@pytest.mark.parametrize(
    "compact",
    ["", "~", "a~", "a.b~", "a.b.c", "a.b.c.d~", "....~", "é.b.c~", "\x00~"],
)
def test_what_has_not_the_shape_of_a_token(key: IssuerKey, compact: str) -> None:
    with pytest.raises(errors.Malformed):
        token(compact, key)


def test_what_is_too_long_is_refused_before_it_is_read(key: IssuerKey) -> None:
    with pytest.raises(errors.Malformed) as caught:
        token("a.b.c~" + "x" * MAX_CHARS, key)
    assert "longer" in caught.value.what
    with pytest.raises(errors.Malformed) as caught:
        token("a.b.c~" + "W10~" * (MAX_DISCLOSURES + 1), key)
    assert "more than" in caught.value.what


def test_a_proof_of_another_type(key: IssuerKey) -> None:
    holder = ec.derive_private_key(99, ec.SECP256R1())
    compact = signed(key, {"cnf": {"jwk": jwk_of(holder.public_key())}})
    expected = ExpectedBinding("n", "a", NOW)
    claims = {"iat": int(NOW.timestamp()), "aud": "a", "nonce": "n", "sd_hash": digest(compact)}
    for typ, taken in (("kb+jwt", True), ("jwt", False), ("dc+sd-jwt", False)):
        proof = sign(holder, b64encode(to_json({"alg": "ES256", "typ": typ})), to_json(claims))
        if taken:
            assert token(compact + proof, key, binding=expected)
            continue
        with pytest.raises(errors.KeyBindingRefused):
            token(compact + proof, key, binding=expected)


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AA"},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": 1},
        {"y": "AA"},
        {"x": "A" * 43},
        {"y": "A" * 42},
    ],
)
def test_a_holder_key_that_is_none(key: IssuerKey, change: dict[str, Any]) -> None:
    holder = ec.derive_private_key(99, ec.SECP256R1())
    compact = signed(key, {"cnf": {"jwk": jwk_of(holder.public_key()) | change}})
    bound = bind(compact, holder, nonce="n", audience="a", iat=NOW)
    with pytest.raises(errors.KeyBindingRefused):
        token(bound, key, binding=ExpectedBinding("n", "a", NOW))


@pytest.mark.parametrize("compact", [None, 1, b"a.b.c~"])
def test_what_is_not_even_text(key: IssuerKey, compact: Any) -> None:
    with pytest.raises(errors.Malformed):
        token(compact, key)


def rebuilt(jwt: str, signature: bytes) -> str:
    return f"{jwt.rpartition('.')[0]}.{b64encode(signature)}"


@pytest.mark.parametrize(
    "signature", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(65), bytes(32) + b"\x01" * 32]
)
def test_signatures_that_are_no_point(key: IssuerKey, signature: bytes) -> None:
    compact = signed(key, {})
    with pytest.raises(errors.SignatureInvalid):
        token(rebuilt(compact.rstrip("~"), signature) + "~", key)


def test_the_twin_of_a_signature_is_refused(issued: Callable[..., IssuedCredential], keys: Keys) -> None:
    credential = issued("visit")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = b64decode(credential.jwt.rpartition(".")[2], "signature")
    s = int.from_bytes(signature[32:], "big")
    twin = rebuilt(credential.jwt, signature[:32] + (order - s).to_bytes(32, "big"))
    compact = "~".join([twin, *credential.disclosures, ""])
    assert verify_token(compact, lambda header: keys(header["kid"]), typ="dc+sd-jwt", now=NOW), (
        "mathematically it is a signature"
    )
    with pytest.raises(errors.SignatureInvalid):
        verify(compact, keys, now=NOW)


def test_an_unsigned_token_is_refused(issued: Callable[..., IssuedCredential], keys: Keys) -> None:
    _, payload, _ = issued("visit").jwt.split(".")
    header = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "dc+sd-jwt"}).encode())
        .decode()
        .rstrip("=")
    )
    with pytest.raises(errors.AlgorithmRefused):
        verify(f"{header}.{payload}.~", keys, now=NOW)


def test_errors_hold_nothing_of_the_document(issued: Callable[..., IssuedCredential], keys: Keys) -> None:
    compact = issued("receipt").compact
    for at in range(0, len(compact), 97):
        flipped = compact[:at] + ("A" if compact[at] != "A" else "B") + compact[at + 1 :]
        with pytest.raises(errors.CredentialError) as caught:
            verify(flipped, keys, now=NOW)
        assert "홍길동" not in str(caught.value)
