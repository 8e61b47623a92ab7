"""Trust files changed, of another form, or signed by too few: taken and refused as by the Python verifier."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from case import Case
from node_verifier import Job, agree
from vector_jobs import vector_job

from chain.trust import TrustFile, sign_trust_file

ROUNDS = 5 if os.environ.get("CI") else 1
SEED = 20260305


def test_who_must_have_signed(node_verifier):
    """More than half of the members, each under its own number, and no signature may be wrong."""
    jobs = []
    for members in (1, 2, 3, 4, 5):
        case = Case(validators=members)
        bundle = case.bundle().encode()
        trusts = {str(signers): case.chain.trust(signers=signers) for signers in range(members + 1)}
        trusts |= dict(other_signatures(case))
        for name, trust in trusts.items():
            data = json.dumps(trust.to_json()).encode()
            jobs.append(Job(f"{name} of {members} members", bundle, data, case.now))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) == {"light_proof", "trust_no_majority", "trust_wrong_signature"}
    assert min(codes.values()) >= 5


def other_signatures(case: Case) -> Iterator[tuple[str, TrustFile]]:
    """Signatures by those who are no members, under another's number, of another text, and malleable ones."""
    key = case.chain.members[0].secret
    unsigned, whole = case.chain.trust(signers=0), case.chain.trust()
    for number in range(1, len(case.chain.members) + 1):
        unsigned = sign_trust_file(unsigned, key, number)
    yield "one key for all", unsigned
    yield "a stranger", sign_trust_file(whole, b"\x07" * 32, 9)
    first = whole.signatures[0]
    r_and_s, v = first.signature[:-2], int(first.signature[-2:], 16)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = f"{first.signature[:66]}{order - int(first.signature[66:130], 16):064x}{55 - v:02x}"
    for name, signature in {
        "v from 0": f"{r_and_s}{v - 27:02x}",
        "the other v": f"{r_and_s}{55 - v:02x}",
        "v beyond": f"{r_and_s}{v + 2:02x}",
        "v of a byte": f"{r_and_s}ff",
        "high s": high,
        "zeros": "0x" + "00" * 64 + "1b",
        "ones": "0x" + "ff" * 64 + "1b",
    }.items():
        entry = first.model_copy(update={"signature": signature})
        yield name, whole.model_copy(update={"signatures": [entry, *whole.signatures[1:]]})
    yield "of another text", whole.model_copy(update={"chain_id": 711})


def test_trust_files_with_a_character_changed(node_verifier):
    base = vector_job("valid.saegim")
    verdicts = agree(node_verifier, list(_trust_jobs(base, random.Random(SEED + 2))))
    assert verdicts["refused"] > 10
    assert verdicts["UNKNOWN"] > 10


def _trust_jobs(base: Job, rng: random.Random) -> Iterator[Job]:
    text = base.trust.decode()
    for place in range(120 * ROUNDS):
        at = rng.randrange(len(text))
        char = rng.choice('0123456789abcdefABCDEF"{}[],: \\')
        yield replace(base, name=f"trust #{place}", trust=(text[:at] + char + text[at + 1 :]).encode())


def test_trust_files_of_another_form(node_verifier):
    base = vector_job("valid.saegim")
    text = base.trust.decode()
    plain = json.loads(text)
    forms: dict[str, Any] = {
        "snake case": re.sub(r'"chainId"', '"chain_id"', text),
        "both names": text.replace('"chainId"', '"chain_id": 5, "chainId"'),
        "another field": json.dumps({**plain, "more": 1}),
        "no signatures": json.dumps({k: v for k, v in plain.items() if k != "signatures"}),
        "null signatures": json.dumps({**plain, "signatures": None}),
        "one signature twice": json.dumps({**plain, "signatures": plain["signatures"][:1] * 5}),
        "version 2": json.dumps({**plain, "version": 2}),
        "version as text": json.dumps({**plain, "version": "1"}),
        "version 1.0": json.dumps({**plain, "version": 1.0}),
        "version true": json.dumps({**plain, "version": True}),
        "chain 1.5": json.dumps({**plain, "chainId": 1.5}),
        "chain true": json.dumps({**plain, "chainId": True}),
        "chain of 2^53": json.dumps({**plain, "chainId": 2**53}),
        "a huge number": json.dumps({**plain, "chainId": 2**70}),
        "block of 2^60": json.dumps({**plain, "checkpoint": {**plain["checkpoint"], "number": 2**60}}),
        "block of 2^63": json.dumps({**plain, "checkpoint": {**plain["checkpoint"], "number": 2**63}}),
        "another engine": json.dumps({**plain, "engine": "qbft"}),
        "member twice": json.dumps({**plain, "members": plain["members"] + plain["members"][:1]}),
        "no members": json.dumps({**plain, "members": []}),
        "a name twice": text.replace('"engine"', '"engine": "clique", "engine"'),
        "lone surrogate": text.replace('"clique"', '"\\ud800"'),
        "control characters": text.replace('"clique"', '"cl\tique"'),
        "byte order mark": "\ufeff" + text,
        "not a number": text.replace('"version": 1', '"version": NaN'),
        "deep": "[" * 40 + "]" * 40,
        "a list": "[]",
        "nothing": "",
        "upper-case hexadecimal": re.sub("0x([0-9a-f]{64})", lambda m: "0x" + m[1].upper(), text),
        "lower-case addresses": re.sub('0x[0-9a-fA-F]{40}(?=")', lambda m: m[0].lower(), text),
        "names in other letters": text.replace("서울시", "서울\u2028\\u0001\U0001f3e5"),
        "spaces after it": text + " \n\t",
        "something after it": text + "x",
    }
    jobs = [replace(base, name=name, trust=form.encode()) for name, form in forms.items()]
    jobs.append(replace(base, name="no UTF-8", trust=base.trust + b"\xff"))
    verdicts = agree(node_verifier, jobs)
    assert verdicts["refused"] > 15
    assert verdicts["VALID"] >= 5
