"""TAMPERED, NOT_ISSUED, ISSUER_NOT_TRUSTED, WITHDRAWN, SUPERSEDED: what leads there, and what must not."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from case import OTHER_KEY, Case, found, issued, only
from synthetic import START

from chain.hashing import keccak256
from verifier import Outcome, Question, Verdict


@pytest.fixture
def case():
    return Case()


# ---- TAMPERED


def test_a_flipped_character_of_the_signed_part(case):
    bundle = case.bundle()
    jwt, _, rest = bundle.credential.partition("~")
    header, payload, signature = jwt.split(".")
    for broken in (
        f"{header}.{payload[:40]}A{payload[41:]}.{signature}",
        f"{header}.{payload}.{signature[:9]}A{signature[10:]}",
    ):
        report = case.check(replace(bundle, credential=f"{broken}~{rest}"))
        assert report.verdict is Verdict.TAMPERED
        assert report.findings[Question.INTEGRITY].outcome is Outcome.FAILED
        assert report.document is None


def test_a_disclosure_swapped_with_another_documents(case):
    bundle = case.bundle()
    own, other = bundle.credential.split("~"), issued().compact.split("~")
    report = case.check(replace(bundle, credential="~".join([*own[:5], other[5], *own[6:]])))
    assert (report.verdict, found(report)["integrity"]) == (
        Verdict.TAMPERED,
        "credential_disclosure_without_digest",
    )


def test_algorithm_none(case):
    bundle = case.bundle()
    header = (
        urlsafe_b64encode(b'{"alg":"none","kid":"%s","typ":"dc+sd-jwt"}' % kid_text(case))
        .rstrip(b"=")
        .decode()
    )
    payload = bundle.credential.split(".")[1]
    rest = bundle.credential.partition("~")[2]
    report = case.check(replace(bundle, credential=f"{header}.{payload}.~{rest}"))
    assert report.verdict is Verdict.TAMPERED


def kid_text(case) -> bytes:
    return urlsafe_b64encode(case.kid).rstrip(b"=")


def test_a_key_in_the_file_that_is_not_the_documents(case):
    other = Case(key=OTHER_KEY)
    report = case.check(case.bundle(key=other.point))
    assert (report.verdict, found(report)["integrity"]) == (
        Verdict.TAMPERED,
        "credential_unknown_signing_key",
    )


@pytest.mark.parametrize("change", ["shorter", "flipped", "other root"])
def test_a_path_that_does_not_lead_to_the_root(case, change):
    bundle = case.bundle()
    broken = {
        "shorter": replace(bundle, path=bundle.path[:-1]),
        "flipped": replace(bundle, path=(b"\7" * 32, *bundle.path[1:])),
        "other root": replace(bundle, root=keccak256(b"other")),
    }[change]
    report = case.check(broken)
    assert (report.verdict, found(report)["integrity"]) == (Verdict.TAMPERED, "path_broken")


def test_a_path_of_another_length_than_the_batch_is_deep(case):
    case.chain.anchor(1, case.tree.root, depth=5, time=case.chain.head.time)
    report = case.check()
    assert (report.verdict, found(report)["anchoring"]) == (Verdict.TAMPERED, "wrong_depth")


def test_a_document_that_names_another_issuer_than_the_file(case):
    report = case.check(case.bundle(issuer=2))
    assert (report.verdict, found(report)["integrity"]) == (Verdict.TAMPERED, "issuer_mismatch")


# ---- NOT_ISSUED


def test_absent_more_than_a_day_after_issue():
    case = Case(anchored=False, at=START + 86_401)
    only_codes = found(case.check())
    assert case.check().verdict is Verdict.NOT_ISSUED
    assert only_codes["anchoring"] == "not_anchored"


def test_absent_within_a_day_of_issue_may_be_on_its_way():
    case = Case(anchored=False)
    report = case.check()
    assert report.verdict is Verdict.UNKNOWN
    assert found(report) == {
        "integrity": "intact",
        "anchoring": "not_anchored_yet",
        "status": "no_anchor",
        "issuer": "issuer_no_anchor",
        "source": "light_proof",
    }


def test_a_forger_with_a_key_of_his_own():
    case = Case(anchored=False, at=START + 86_401)
    case.document = issued(key=OTHER_KEY)
    forged = Case(key=OTHER_KEY, anchored=False, at=START + 86_401)
    assert forged.check().verdict is Verdict.NOT_ISSUED


# ---- ISSUER_NOT_TRUSTED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"institution": 0}, "key_unknown"),
        ({"institution": 2}, "key_of_another"),
        ({"purpose": 2}, "key_not_for_signing"),
        ({"validFrom": START + 4}, "key_not_yet_valid"),
        ({"validUntil": START + 3}, "key_expired"),
        ({"compromisedSince": START + 3, "declaredAt": START + 50}, "key_compromised"),
        ({"compromisedSince": START + 1, "declaredAt": START + 2}, "key_compromised"),
    ],
)
def test_a_key_that_did_not_count_at_the_anchor(case, fields, code):
    case.chain.key(case.kid, **fields)
    only(case.check(), "issuer", code, Verdict.ISSUER_NOT_TRUSTED)


@pytest.mark.parametrize(
    "fields",
    [
        {"validFrom": START + 3},
        {"validUntil": START + 4},
        {"compromisedSince": START + 4, "declaredAt": START + 5},
    ],
)
def test_a_key_that_counted_at_the_anchor_counts_for_ever(case, fields):
    case.chain.key(case.kid, **fields)
    assert case.check().verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("again", "verdict"), [(START + 51, Verdict.VALID), (START + 50, Verdict.ISSUER_NOT_TRUSTED)]
)
def test_only_vouching_again_after_the_declaration_heals(case, again, verdict):
    case.chain.key(case.kid, compromisedSince=START + 1, declaredAt=START + 50)
    case.chain.anchor(1, case.tree.root, 4, time=START + 3, reaffirmedAt=again)
    report = case.check()
    assert report.verdict is verdict
    assert found(report)["issuer"] == ("issuer_reaffirmed" if verdict is Verdict.VALID else "key_compromised")


def test_an_expelled_issuer(case):
    case.chain.institution(1, standing=4, doubtSince=START + 3)
    only(case.check(), "issuer", "issuer_expelled", Verdict.ISSUER_NOT_TRUSTED)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"standing": 4, "doubtSince": START + 4}, "issuer_expelled_later"),
        ({"standing": 2}, "issuer_suspended"),
        ({"standing": 3}, "issuer_retired"),
    ],
)
def test_what_was_anchored_before_stays_valid_with_a_note(case, fields, code):
    case.chain.institution(1, standingSince=START + 5, **fields)
    report = case.check()
    assert (report.verdict, found(report)["issuer"]) == (Verdict.VALID, code)


def test_an_institution_that_is_no_member(case):
    case.chain.institution(1, kind=0, standing=0)
    assert case.check().verdict is Verdict.ISSUER_NOT_TRUSTED


# ---- WITHDRAWN, SUPERSEDED


@pytest.mark.parametrize("reason", [1, 7, 200])
def test_withdrawn(case, reason):
    case.chain.mark(1, case.leaf, 3, reason)
    only(case.check(), "status", "withdrawn", Verdict.WITHDRAWN)


def test_withdrawn_stays_so_however_old_the_proof(case):
    case.chain.mark(1, case.leaf, 3)
    bundle = case.bundle()
    assert case.check(bundle, now=case.now + timedelta(days=90)).verdict is Verdict.WITHDRAWN


def test_an_annulled_withdrawal_is_active_again(case):
    case.chain.mark(1, case.leaf, 1, 0)
    assert case.check().verdict is Verdict.VALID


@pytest.mark.parametrize("steps", [1, 3])
def test_superseded_and_by_which_end_of_the_chain(case, steps):
    leaves = [case.leaf, *(keccak256(b"new%d" % i) for i in range(steps))]
    for old, new in pairwise(leaves):
        case.chain.supersede(1, old, new)
    report = case.check()
    only(report, "status", "superseded", Verdict.SUPERSEDED)
    assert leaves[-1].hex()[:16] in report.findings[Question.STATUS].en
    assert report.to_json()["block"]["successors"] == [f"0x{leaf.hex()}" for leaf in leaves[1:]]


def test_superseded_by_what_was_withdrawn(case):
    new = keccak256(b"new")
    case.chain.supersede(1, case.leaf, new)
    case.chain.mark(1, new, 3)
    only(case.check(), "status", "superseded_then_withdrawn", Verdict.SUPERSEDED)
