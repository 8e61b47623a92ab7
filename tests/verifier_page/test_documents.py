"""Documents of every kind, whole and in part: the page shows them as the Python verifier does."""

from __future__ import annotations

import random

import pytest
from node_verifier import agree, python_report
from signing import issued, job, signed, taken_apart

from bench.samples import SAMPLES
from records.credential import present

KINDS = sorted(SAMPLES)


def test_every_kind_is_shown_alike(node_verifier):
    jobs = [
        job(f"{kind} {'full' if full else 'least'}", issued(kind, full=full).compact)
        for kind in KINDS
        for full in (False, True)
    ]
    agree(node_verifier, jobs)
    assert all(python_report(each)["document"]["fields"] for each in jobs)


@pytest.mark.parametrize("kind", KINDS)
def test_every_presentation_is_shown_alike(node_verifier, kind):
    rng = random.Random(f"present {kind}")
    compact = issued(kind, full=True).compact
    jwt, *shown, end = compact.split("~")
    jobs = [job("nothing shown", present(compact, show=[]))]
    for place in range(12):
        kept = [each for each in shown if rng.random() < 0.5]
        jobs.append(job(f"{kind} #{place}", "~".join([jwt, *kept, end])))
    assert set(agree(node_verifier, jobs, "integrity")) == {"intact_partly"}


def test_a_form_whose_sums_are_wrong_is_refused_by_the_command_only(node_verifier):
    """The one thing that the page leaves out (verifier/page/README.md)."""
    payload, disclosures = taken_apart(issued("receipt"))
    payload["total"] += 10
    wrong = job("wrong sum", signed(payload, disclosures))
    assert python_report(wrong)["findings"]["integrity"]["code"] == "credential_claims_invalid"
    (page,) = node_verifier.run([wrong])
    assert page["findings"]["integrity"]["code"] == "intact"
