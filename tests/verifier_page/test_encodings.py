"""CBOR and RLP from anybody: the page's own decoders take and refuse what the libraries of the Python verifier do."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cbor2
import rlp
from node_verifier import agree
from rlp.exceptions import RLPException
from vector_jobs import vector_job

from verifier.bundle import ProofBundle

ROUNDS = 10 if os.environ.get("CI") else 1


def test_cbor_of_every_kind(node_verifier):
    rng = random.Random(710)
    base = vector_job("valid.saegim")
    texts = [bytes.fromhex(each) for each in HEX_CBOR] + list(wrong_bundles(base.bundle, rng))
    texts += [random_cbor(rng) for _ in range(1500 * ROUNDS)]
    jobs = [replace(base, name=text.hex()[:80], bundle=text) for text in texts]
    codes = agree(node_verifier, jobs, "integrity")
    assert codes["bundle_malformed"] > 100
    assert codes["bundle_version"] > 10
    assert codes["bundle_not_canonical"] > 5


HEX_CBOR = (
    "", "00", "f6", "f7", "f4", "f97e00", "fb3ff0000000000000", "e0", "f0", "f800", "f817", "f818", "f81f", "f820",
    "f8ff", "fc", "ff", "1c", "3f", "5f", "a0", "a1f601", "a18001", "a1a001", "a1f93c0001", "a10101", "a1410101",
    "a2616101616102", "a2416101616101", "a161610001", "a1c00001", "c001", "d9d9f700", "c2420101",
    "1bffffffffffffffff", "3bffffffffffffffff", "61ff", "62c080", "63eda080", "64f09f8fa5", "9f01ff", "bf6161ff",
    "7f6161ff", "bb0000000000000000", "9bffffffffffffffff", "5bffffffffffffffff", "7affffffff", "9a00000002f6",
    "a16776657273696f6e01", "a16776657273696f6ef5", "a16776657273696f6ef93c00", "a16776657273696f6e02",
    "a16776657273696f6ef817",
    "a16776657273696f6e1801", "a16776657273696f6e1b0000000000000001", "a14776657273696f6e01",
    *("81" * depth + "00" for depth in range(1, 12)), *("a16161" * depth + "00" for depth in range(1, 12)),
)  # fmt: skip


WRONG = (
    None, 0, -1, 1.0, True, 2**64, "", "x", b"", b"x" * 32, b"x" * 64, [], [b"x" * 32], [[], [], []], {},
)  # fmt: skip


def wrong_bundles(good: bytes, rng: random.Random) -> Iterator[bytes]:
    """Bundles with a field of another type, a field more or less, or another order."""
    plain = cbor2.loads(good)
    for name in plain:
        for value in (
            None,
            0,
            -1,
            1.0,
            True,
            "",
            "x",
            b"",
            b"x" * 32,
            b"x" * 64,
            [],
            [b"x" * 32],
            [[], [], []],
            {},
            2**64,
        ):
            yield cbor2.dumps({**plain, name: value}, canonical=True)
        yield cbor2.dumps({key: value for key, value in plain.items() if key != name}, canonical=True)
        yield cbor2.dumps({name.encode() if key == name else key: value for key, value in plain.items()})
    yield cbor2.dumps({**plain, "more": 1}, canonical=True)
    for _ in range(10):
        keys = rng.sample(list(plain), len(plain))
        yield cbor2.dumps({key: plain[key] for key in keys})
    yield from (good + b"\0", good + good, b" " + good, b"\xd9\xd9\xf7" + good, good[:-1])
    yield good.replace(b"\x18", b"\x19\x00", 1)
    for proof in (
        [[], [], []],
        [[b"x"], [], [[0, [], []]]],
        [[b""], [], []],
        [[b"x" * 4097], [], []],
        [[], [], [[1]]],
    ):
        yield cbor2.dumps({**plain, "proof": proof}, canonical=True)


def random_cbor(rng: random.Random) -> bytes:
    """Mostly well-formed: random values, now and then with a byte changed or cut short."""
    data = bytearray(cbor2.dumps(random_value(rng, 0), canonical=rng.random() < 0.5))
    if rng.random() < 0.5:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(1, len(data) + 1)] if rng.random() < 0.1 else data)


def random_value(rng: random.Random, depth: int) -> Any:
    choice = rng.randrange(10 if depth < 4 else 7)
    if choice >= 9 or depth == 0:
        names = ("version", "credential", "issuer", "root", "path", "key", "proof", "x")
        found = {name: random_value(rng, depth + 1) for name in rng.sample(names, rng.randrange(9))}
        return {**found, "version": rng.choice((1, 1, 1, 2))} if depth == 0 else found
    if choice >= 7:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return rng.choice(
        (
            0,
            1,
            23,
            24,
            255,
            256,
            65536,
            2**32,
            2**63,
            -1,
            "",
            "a",
            "é",
            b"",
            b"ab",
            b"r" * 32,
            None,
            True,
            1.5,
        )
    )


def test_text_of_bundles(node_verifier):
    """Pasted bundles: either alphabet of base64, white space around them, padding, and what is neither."""
    base = vector_job("pasted.txt")
    good = base.bundle
    data = ProofBundle.read(good).encode()
    texts = [
        good, b" \n" + good, good + b"\r\n", good.rstrip(b"="), good + b"=", good + b"==", good[:-1], good + b"A",
        good.replace(b"-", b"+").replace(b"_", b"/"), good[:100] + b"\n" + good[100:], good + "é".encode(),
        b"\xff" + good,
        b"eyJhbGciOiJFUzI1NiJ9.e30.AA~", b"  eyJ", b"eyJ\xff", b"eyJ" + b"A" * 2_000_001, b"", b" ", b"=", b"A", b"AA",
        b"AAA", b"AAAA", b"AAAA=", b"AA==", b"AA=", b"AAA=", b"AAAAA===", b"A" * 2_000_001, b"\x81" * 1_000_001,
        b"\x0b\x0c" + good, b"\xc2\xa0" + good, data, b"\x00" + data,
    ]  # fmt: skip
    jobs = [replace(base, name=f"text {text[:40]!r}", bundle=text) for text in texts]
    assert agree(node_verifier, jobs)["VALID"] >= 6


def test_rlp_of_every_kind(node_verifier):
    rng = random.Random(1559)
    texts = [bytes.fromhex(each) for each in HEX_RLP] + [random_rlp(rng) for _ in range(3000 * ROUNDS)]
    found = node_verifier.ask(rlps=[text.hex() for text in texts])["rlps"]
    wrong = [text.hex() for text, page in zip(texts, found, strict=True) if page != python_rlp(text)]
    assert not wrong
    assert 500 < sum(page is None for page in found) < len(found) - 500


HEX_RLP = (
    "", "00", "7f", "80", "8100", "817f", "8180", "81", "8200", "b7" + "aa" * 55, "b838" + "aa" * 56,
    "b837" + "aa" * 55,
    "b90038" + "aa" * 56, "b8", "bfffffffffffffffff", "c0", "c100", "c180", "c18180", "c28100", "c1c0", "c2c0",
    "f838" + "80" * 56, "f837" + "80" * 55, "f90038" + "80" * 56, "ffffffffffffffffff", "c000", "8000", "c3820000",
)  # fmt: skip


def python_rlp(data: bytes) -> Any:
    try:
        return as_hex(rlp.decode(data, strict=True))
    except RLPException:
        return None


def as_hex(item: Any) -> Any:
    return [as_hex(each) for each in item] if isinstance(item, list) else item.hex()


def random_rlp(rng: random.Random) -> bytes:
    data = bytearray(rlp.encode(random_item(rng, 0)))
    if rng.random() < 0.6:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


def random_item(rng: random.Random, depth: int) -> Any:
    if depth < 4 and rng.random() < 0.5:
        return [random_item(rng, depth + 1) for _ in range(rng.randrange(6))]
    return rng.randbytes(rng.choice((0, 1, 1, 2, 20, 32, 55, 56, 60, 300)))
