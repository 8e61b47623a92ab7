"""Bundles: whatever is not exactly one is refused, by a reason code and nothing worse."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace

import cbor2
import pytest
from case import Case
from hypothesis import given
from hypothesis import strategies as st

from verifier import BundleError, ProofBundle
from verifier.bundle import MAX_BYTES

BUNDLE = Case().bundle()
DATA = BUNDLE.encode()
PLAIN = cbor2.loads(DATA)


def code(data: bytes, read=ProofBundle.decode) -> str:
    with pytest.raises(BundleError) as caught:
        read(data)
    return caught.value.code


def packed(**changes) -> bytes:
    return cbor2.dumps({**PLAIN, **changes}, canonical=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\x81" * 100_000 + b"\x00",
        b"\xa1\x61a" * 50_000 + b"\x00",
        b"\x9f\xff",
        b"\xbf\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x61a\x01\x61a\x02",
        b"\xa1\x01\x02",
        b"\xc0\x60",
        b"\xd9\xd9\xf7" + DATA,
        b"\xc4\x82\x1a\x7f\xff\xff\xff\x01",
        b"\xd8\x1d\x00",
        cbor2.dumps([1]),
        cbor2.dumps("text"),
        DATA[:-1],
    ],
    ids=range(17),
)
def test_what_is_no_cbor_of_a_bundle(data):
    assert code(data) == "bundle_malformed"


def test_too_large():
    assert code(b"\0" * (MAX_BYTES + 1)) == "bundle_too_large"
    with pytest.raises(BundleError, match="too_large"):
        replace(BUNDLE, credential="x" * MAX_BYTES).encode()


@pytest.mark.parametrize("version", [0, 2, True, 1.0, "1", None])
def test_another_version(version):
    assert code(packed(version=version)) == "bundle_version"


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"credential": b"bytes"},
        {"credential": "é"},
        {"issuer": 0},
        {"issuer": 2**32},
        {"issuer": True},
        {"issuer": "1"},
        {"root": b"\1" * 31},
        {"root": "1" * 32},
        {"path": [b"\1" * 31]},
        {"path": [b"\1" * 32] * 33},
        {"path": None},
        {"key": b"\1" * 63},
        {"proof": 1},
        {"proof": [[], []]},
        {"proof": [[b"x" * 5000], [], []]},
    ],
    ids=str,
)
def test_a_field_that_cannot_be(changes):
    assert code(packed(**changes)) == "bundle_malformed"


def test_a_field_missing():
    assert (
        code(cbor2.dumps({k: v for k, v in PLAIN.items() if k != "key"}, canonical=True))
        == "bundle_malformed"
    )


@pytest.mark.parametrize(
    "data",
    [
        DATA + b"\0",
        cbor2.dumps(dict(sorted(PLAIN.items(), reverse=True))),
        DATA.replace(b"\x66issuer\x01", b"\x66issuer\x18\x01"),
    ],
    ids=["trailing bytes", "keys in another order", "a number longer than needed"],
)
def test_another_encoding_of_the_same(data):
    assert data != DATA
    assert code(data) == "bundle_not_canonical"


def test_a_credential_alone_says_what_to_ask_for():
    with pytest.raises(BundleError, match=r"\.saegim") as caught:
        ProofBundle.read(BUNDLE.credential.encode())
    assert caught.value.code == "bundle_bare_credential"


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_else(data):
    for read in (ProofBundle.decode, ProofBundle.read):
        with pytest.raises(BundleError):
            read(data)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_the_bundle(position, change):
    data = bytearray(DATA)
    data[position] ^= change
    try:
        changed = ProofBundle.decode(bytes(data))
    except BundleError:
        return
    assert changed != BUNDLE


def test_there_and_back():
    assert ProofBundle.decode(DATA) == BUNDLE
    for bare in (replace(BUNDLE, proof=None), replace(BUNDLE, key=None)):
        assert ProofBundle.decode(bare.encode()) == bare


def test_pasted_as_text():
    text = urlsafe_b64encode(DATA)
    for pasted in (text, text.rstrip(b"="), b"\n " + text + b"\r\n", DATA):
        assert ProofBundle.read(pasted) == BUNDLE
    assert code(b"not base64url!", ProofBundle.read) == "bundle_malformed"


def test_fits_in_thirty_kilobytes():
    assert len(DATA) <= 30_000
