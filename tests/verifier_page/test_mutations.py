"""Bundles with something changed: the page's verifier and the Python one say the same of each.

Seeded, so that a failure comes again. A mutation that both refuse for the same reason is worth as much as one that
both accept: what must not happen is that one is fooled.
"""

from __future__ import annotations

import json
import os
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
from node_verifier import agree
from vector_jobs import vector_job

from chain.headers import Header

ROUNDS = 5 if os.environ.get("CI") else 1
SEED = 20260305


def flipped(data: bytes, rng: random.Random) -> bytes:
    """One byte changed."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def test_flipped_bytes_of_valid_bundles(node_verifier):
    rng = random.Random(SEED)
    jobs = [
        replace(base, name=f"{base.name} #{place}", bundle=flipped(base.bundle, rng))
        for base in map(vector_job, ("valid.saegim", "made-validators-changed.saegim", "superseded.saegim"))
        for place in range(150 * ROUNDS)
    ]
    verdicts = agree(node_verifier, jobs)
    assert verdicts["TAMPERED"] > 100
    assert verdicts["VALID"] == 0


def test_bytes_flipped_inside_each_part(node_verifier):
    """As above, but the envelope stays good: each part of the bundle gets its share of the flips."""
    rng = random.Random(SEED + 1)
    base = vector_job("made-validators-changed.saegim")
    jobs = [
        replace(base, name=f"{part} #{place}", bundle=cbor2.dumps(mutated, canonical=True))
        for part, mutate in PARTS.items()
        for place in range(25 * ROUNDS)
        for mutated in [mutate(cbor2.loads(base.bundle), rng)]
    ]
    verdicts = agree(node_verifier, jobs)
    assert verdicts["TAMPERED"] > 50
    assert verdicts["UNKNOWN"] > 50


def _credential(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A character of one of the encoded parts, another of the same alphabet in its place."""
    text = plain["credential"]
    place = rng.randrange(len(text))
    char = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=")
    return {**plain, "credential": text[:place] + char + text[place + 1 :]}


def _disclosure(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A disclosure left out, doubled, moved, or rewritten as other JSON of the same content."""
    jwt, *shown, end = plain["credential"].split("~")
    place = rng.randrange(len(shown))
    change = rng.randrange(4)
    if change == 0:
        del shown[place]
    elif change == 1:
        shown.insert(rng.randrange(len(shown)), shown[place])
    elif change == 2:
        shown.append(shown.pop(place))
    else:
        content = json.loads(urlsafe_b64decode(shown[place] + "=" * (-len(shown[place]) % 4)))
        shown[place] = urlsafe_b64encode(json.dumps(content, indent=1).encode()).rstrip(b"=").decode()
    return {**plain, "credential": "~".join([jwt, *shown, end])}


def _within(*keys: Any) -> Callable[[dict[str, Any], random.Random], dict[str, Any]]:
    """Flips a byte of the byte string at `keys`; ... stands for any place of a list."""

    def mutate(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
        holder: Any = plain
        steps = list(keys)
        while steps:
            step = steps.pop(0)
            step = rng.randrange(len(holder)) if step is ... else step
            if not steps:
                holder[step] = flipped(holder[step], rng)
                return plain
            holder = holder[step]
        return plain

    return mutate


def _numbers(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    plain["issuer"] = rng.choice([0, 1, 2, 2**32 - 1, 2**32, -1, True, "1", None])
    return plain


def _epochs(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    advance = plain["proof"][2][0]
    advance[0] = rng.choice([0, 1, 2, 3, 2**32 - 1, 2**32, None])
    return plain


def _shape(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A list of the proof shuffled, shortened, doubled or emptied."""
    lists = [plain["path"], plain["proof"][0], plain["proof"][1], plain["proof"][2], plain["proof"][2][0][2]]
    chosen = rng.choice(lists)
    change = rng.randrange(4)
    if change == 0:
        rng.shuffle(chosen)
    elif change == 1 and chosen:
        del chosen[rng.randrange(len(chosen))]
    elif change == 2 and chosen:
        chosen.append(rng.choice(chosen))
    elif chosen is not lists[1]:  # without headers there is nothing to index: tests/chain has that case
        chosen.clear()
    return plain


PARTS: dict[str, Callable[[dict[str, Any], random.Random], dict[str, Any]]] = {
    "credential": _credential,
    "disclosure": _disclosure,
    "root": _within("root"),
    "path": _within("path", ...),
    "key": _within("key"),
    "header": _within("proof", 0, ...),
    "node": _within("proof", 1, ...),
    "validator": _within("proof", 2, 0, 1, ...),
    "epoch": _epochs,
    "issuer": _numbers,
    "shape": _shape,
}


def test_a_change_of_validators_without_any_header_is_refused(node_verifier):
    base = vector_job("valid.saegim")
    plain = cbor2.loads(base.bundle)
    plain["proof"] = [[], [], [[0, [], []]]]
    (page,) = node_verifier.run([replace(base, bundle=cbor2.dumps(plain, canonical=True))])
    assert (page["verdict"], page["findings"]["source"]["code"]) == ("UNKNOWN", "proof_empty_run")


def test_a_block_of_a_time_that_no_calendar_has_is_refused(node_verifier):
    base = vector_job("made-development.saegim")
    plain = cbor2.loads(base.bundle)
    header = Header.from_rlp(plain["proof"][0][0])
    plain["proof"][0] = [replace(header, time=2**60).rlp]
    (page,) = node_verifier.run([replace(base, bundle=cbor2.dumps(plain, canonical=True))])
    assert (page["verdict"], page["findings"]["source"]["code"]) == ("UNKNOWN", "proof_header_malformed")
