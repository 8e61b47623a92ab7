"""The page's verifier, run in Node, beside the Python one: the same job to both, and where they differ."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chain.trust import TrustError, TrustFile
from verifier import verify_bytes
from verifier.page_data import page_data

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "verifier" / "page"
NODE = Path(sys.executable).parent / "node"

OWN_WORDS = ("key_missing", "no_source")
"""Codes that the page words for a reader who has no node."""


@dataclass(frozen=True)
class Job:
    """One document to check. `name` is what a disagreement is reported under."""

    name: str
    bundle: bytes
    trust: bytes
    now: datetime
    limit: timedelta | None = None


class NodeVerifier:
    """Runs `judge.mjs`."""

    def __init__(self, core: Path) -> None:
        self.core = core
        self.times: list[float] = []
        """Milliseconds of each job of the last run that reached the verifier."""

    def run(self, jobs: Iterable[Job]) -> list[dict[str, Any]]:
        """The report on each job as JSON; {"refused": code} where the trust file is none."""
        listed = list(jobs)
        trusts = {trust: f"trust-{place}" for place, trust in enumerate({job.trust for job in listed})}
        answer = self.ask(
            trusts={name: b64encode(data).decode() for data, name in trusts.items()},
            jobs=[
                {
                    "trust": trusts[job.trust],
                    "bundle": b64encode(job.bundle).decode(),
                    "now": job.now.timestamp(),
                    "limit": None if job.limit is None else job.limit.total_seconds(),
                }
                for job in listed
            ],
        )
        self.times = answer["times"]
        reports: list[dict[str, Any]] = answer["reports"]
        return reports

    def ask(self, **question: Any) -> dict[str, Any]:
        """What judge.mjs answers to a question in its own form."""
        asked = json.dumps({"core": str(self.core), "trusts": {}, "jobs": [], "rlps": [], **question})
        done = subprocess.run([NODE, HERE / "judge.mjs"], input=asked, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def python_report(job: Job) -> dict[str, Any]:
    """The Python verifier's report, with the page's own words where it has some."""
    try:
        trust = TrustFile.parse(job.trust)
    except TrustError as error:
        return {"refused": error.code}
    report = verify_bytes(job.bundle, trust, now=job.now, freshness=job.limit)
    plain = report.to_json()
    for question, finding in report.findings.items():
        if finding.code in OWN_WORDS:
            ko, en = page_data()["sentences"][finding.code]
            words = {"ko": ko.format_map(finding.details), "en": en.format_map(finding.details)}
            plain["findings"][question.value].update(words)
    return plain


def differences(python: Any, page: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ."""
    if isinstance(python, dict) and isinstance(page, dict):
        for name in {**python, **page}:
            yield from differences(python.get(name), page.get(name), f"{path}.{name}" if path else name)
    elif isinstance(python, list) and isinstance(page, list) and len(python) == len(page):
        for place, (ours, theirs) in enumerate(zip(python, page, strict=True)):
            yield from differences(ours, theirs, f"{path}.{place}")
    elif python != page or type(python) is not type(page):
        yield f"{path}: Python says {str(python)[:120]!r}, the page {str(page)[:400]!r}"


def agree(verifier: NodeVerifier, jobs: list[Job], question: str | None = None) -> Counter[str]:
    """Asserts that the two agree on every job. How often each verdict came, or each code of one question;
    "refused" for a trust file that is none."""
    found = []
    said: Counter[str] = Counter()
    for job, page in zip(jobs, verifier.run(jobs), strict=True):
        python = python_report(job)
        found += [f"{job.name}: {line}" for line in differences(python, page)]
        code = python["findings"][question]["code"] if question else python.get("verdict", "refused")
        said[code] += 1
    assert not found, f"{len(found)} disagreements:\n" + "\n".join(found[:20])
    return said
