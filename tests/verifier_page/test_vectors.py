"""The page's verifier gives each of tests/vectors/bundles the report that the Python verifier gives."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from node_verifier import Job, agree
from vector_jobs import VECTORS, job_of, vector_job


def test_each_vector_has_the_verdict_and_codes_of_the_index(node_verifier):
    reports = node_verifier.run(map(job_of, VECTORS))
    for vector, report in zip(VECTORS, reports, strict=True):
        found = {question: finding["code"] for question, finding in report["findings"].items()}
        assert (vector["file"], report["verdict"]) == (vector["file"], vector["verdict"])
        assert {question: found[question] for question in vector["codes"]} == vector["codes"], vector["file"]


def test_each_vector_has_the_whole_report_of_the_python_verifier(node_verifier):
    assert len(agree(node_verifier, [job_of(vector) for vector in VECTORS])) == 7  # each verdict


def test_each_moment_around_a_limit_is_judged_alike(node_verifier):
    """Freshness, the reader's clock, the trust file's age: one second and one microsecond on either side."""
    valid = vector_job("valid.saegim")
    (report,) = node_verifier.run([valid])
    as_of = datetime.fromisoformat(report["asOf"])
    checkpoint = json.loads(valid.trust)["checkpoint"]["time"]
    taken = datetime.fromtimestamp(checkpoint, as_of.tzinfo)
    moments = [
        moment + delta
        for moment in (
            as_of,
            as_of - timedelta(minutes=2),
            as_of + timedelta(days=7),
            taken + timedelta(days=400),
            taken - timedelta(days=1),
        )
        for delta in (timedelta(seconds=-1), timedelta(0), timedelta(microseconds=1000), timedelta(seconds=1))
    ]
    jobs = [Job(str(moment), valid.bundle, valid.trust, moment) for moment in moments]
    assert set(agree(node_verifier, jobs)) == {"VALID", "UNKNOWN"}
