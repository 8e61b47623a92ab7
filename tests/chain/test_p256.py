"""P-256 keys: thumbprints, JWKs, points, low-s signatures."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from chain.p256 import (
    GROUP_ORDER,
    JwkMalformed,
    NotAKid,
    NotAPoint,
    coordinates,
    from_jwk,
    kid_from_text,
    kid_to_text,
    public_key,
    sign_es256,
    thumbprint,
    to_jwk,
)

# The key and its thumbprint (`jkt`) in RFC 9449, sections 4.1 and 6.1.
DPOP_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
}
DPOP_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

private_keys = st.integers(min_value=1, max_value=GROUP_ORDER - 1).map(
    lambda secret: ec.derive_private_key(secret, ec.SECP256R1())
)


def test_thumbprint_is_that_of_the_rfc() -> None:
    assert kid_to_text(thumbprint(*from_jwk(DPOP_JWK))) == DPOP_THUMBPRINT


@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
@pytest.mark.parametrize("value", [None, "", "P-384", 7, "A" * 43 + "=", "!" * 43, "é" * 43])
def test_jwk_with_a_wrong_member_is_refused(member: str, value: object) -> None:
    with pytest.raises(JwkMalformed) as refused:
        from_jwk({**DPOP_JWK, member: value})
    assert refused.value.member == member


def test_jwk_with_a_private_part_is_refused() -> None:
    with pytest.raises(JwkMalformed):
        from_jwk({**DPOP_JWK, "d": "AA"})


def test_jwk_of_another_point_is_refused() -> None:
    with pytest.raises(NotAPoint):
        from_jwk({**DPOP_JWK, "x": DPOP_JWK["y"], "y": DPOP_JWK["x"]})


def test_jwk_coordinate_has_one_text_only() -> None:
    # "s" and "t" differ in the two bits that base64 does not use here.
    with pytest.raises(JwkMalformed):
        from_jwk({**DPOP_JWK, "x": DPOP_JWK["x"][:-1] + "t"})


@pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "*" * 43, DPOP_THUMBPRINT[:-1] + "J"])
def test_kid_text_that_is_no_32_bytes_is_refused(text: str) -> None:
    with pytest.raises(NotAKid):
        kid_from_text(text)


@pytest.mark.parametrize(
    ("x", "y"), [(b"", b""), (b"\1" * 32, b"\1" * 32), (b"\0" * 32, b"\0" * 32), (b"\1" * 31, b"\1")]
)
def test_coordinates_off_the_curve_are_refused(x: bytes, y: bytes) -> None:
    with pytest.raises(NotAPoint):
        public_key(x, y)


def test_short_coordinates_have_no_thumbprint() -> None:
    with pytest.raises(NotAPoint):
        thumbprint(b"\1" * 31, b"\1" * 32)


def test_key_of_another_curve_is_refused() -> None:
    with pytest.raises(NotAPoint):
        sign_es256(ec.generate_private_key(ec.SECP384R1()), b"message")


@given(private_keys)
def test_jwk_and_kid_go_there_and_back(key: ec.EllipticCurvePrivateKey) -> None:
    x, y = coordinates(key.public_key())
    assert from_jwk(to_jwk(x, y)) == (x, y)
    assert coordinates(public_key(x, y)) == (x, y)
    assert kid_from_text(kid_to_text(thumbprint(x, y))) == thumbprint(x, y)


@given(private_keys, st.binary(max_size=64))
def test_signature_is_an_es256_one_in_the_lower_half(key: ec.EllipticCurvePrivateKey, message: bytes) -> None:
    r, s = (int.from_bytes(half, "big") for half in sign_es256(key, message))
    assert s <= GROUP_ORDER // 2
    key.public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
