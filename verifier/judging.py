"""Anchoring, status and issuer: what the proven state of the chain says about a document.

All questions of time are asked at the anchor's block time, never at a time the document itself names.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chain.engine import Finality
from chain.light import ProvenState
from chain.state import Batch, DocKey, DocumentState, Institution, KeyPurpose, Mark, Standing
from verifier.findings import Finding, failed, passed, unknown
from verifier.sentences import reason_name
from verifier.times import duration_text, korean_time

ISSUE_TO_ANCHOR = timedelta(hours=24)
"""A document that is not on the chain this long after it was issued never was anchored by its issuer."""

CLOCK_LEEWAY = timedelta(minutes=2)
"""How far the chain may be ahead of the reader's clock."""


def judge_anchoring(state: ProvenState | None, issued_at: datetime | None, path_length: int) -> Finding:
    """When the document was anchored and how final that is. `issued_at` is the document's own time."""
    if state is None:
        return unknown("no_proof")
    as_of = korean_time(state.time)
    if state.batch is None:
        if issued_at is None or state.time < issued_at + ISSUE_TO_ANCHOR:
            return unknown("not_anchored_yet", as_of=as_of)
        return failed("not_anchored", as_of=as_of)
    if state.batch.depth != path_length:
        return failed("wrong_depth", depth=str(state.batch.depth), found=str(path_length))
    final = state.finality
    code = "anchored_strong" if final.level >= Finality.STRONG else "anchored_settled"
    return passed(
        code,
        at=korean_time(state.batch.time),
        distinct=str(final.distinct),
        validators=str(final.validators),
    )


def judge_status(state: ProvenState | None, now: datetime, limit: timedelta) -> Finding:
    """Whether the document still holds, and as of when. Replaced is for ever; active grows stale."""
    if state is None:
        return unknown("no_proof")
    if state.batch is None:
        return unknown("no_anchor")
    as_of = korean_time(state.time)
    if state.mark is not None and state.mark.state is DocumentState.SUPERSEDED:
        return _superseded(state, state.mark, as_of)
    if state.mark is not None and state.mark.state is DocumentState.WITHDRAWN:
        return failed("withdrawn", **_mark_details(state.mark), as_of=as_of)
    if state.time > now + CLOCK_LEEWAY:
        return unknown("clock_behind", as_of=as_of)
    if now - state.time > limit:
        return unknown(
            "stale", as_of=as_of, limit_ko=duration_text(limit, "ko"), limit_en=duration_text(limit, "en")
        )
    return passed("active", as_of=as_of)


def _superseded(state: ProvenState, mark: Mark, as_of: str) -> Finding:
    end = state.end
    gone = end.mark is not None and end.mark.state is DocumentState.WITHDRAWN
    code = "superseded_then_withdrawn" if gone else "superseded"
    steps = str(len(state.links) - 1)
    return failed(code, **_mark_details(mark), as_of=as_of, steps=steps, leaf=end.leaf.hex()[:16])


def _mark_details(mark: Mark) -> dict[str, str]:
    reason = reason_name(mark.state is DocumentState.SUPERSEDED, mark.reason)
    at = korean_time(mark.time) if mark.time else ""
    return {"at": at, "reason_ko": reason.ko, "reason_en": reason.en}


def judge_issuer(state: ProvenState | None, issuer: int) -> Finding:
    """The institution's standing and the signing key, at the anchor's time."""
    if state is None:
        return unknown("no_proof")
    if state.institution is None:
        return failed("issuer_unknown", index=str(issuer))
    if state.batch is None:
        return unknown("issuer_no_anchor")
    doubt = _doubt(state.institution, state.batch)
    if doubt is not None:
        return doubt
    return _key_fault(state.key, state.batch, issuer) or _standing(state.institution, state.batch)


def _doubt(institution: Institution, batch: Batch) -> Finding | None:
    since = institution.doubt_since
    if since is not None and batch.time >= since:
        return failed("issuer_expelled", since=korean_time(since))
    if institution.standing is Standing.EXPELLED and since is None:
        return failed("issuer_expelled", since=korean_time(institution.standing_since))
    return None


def _key_fault(key: DocKey | None, batch: Batch, issuer: int) -> Finding | None:
    """Why the key did not count when the document was anchored, or None if it did."""
    if key is None:
        return failed("key_unknown")
    if key.institution != issuer:
        return failed("key_of_another", index=str(key.institution))
    if key.purpose is not KeyPurpose.SIGN:
        return failed("key_not_for_signing")
    if batch.time < key.valid_from:
        return failed("key_not_yet_valid", since=korean_time(key.valid_from))
    if batch.time >= key.valid_until:
        return failed("key_expired", until=korean_time(key.valid_until))
    if key.compromised_since is not None and batch.time >= key.compromised_since:
        return _compromised(key, batch)
    return None


def _compromised(key: DocKey, batch: Batch) -> Finding | None:
    """After the declaration the issuer may have vouched again for what is really its own."""
    again, declared = batch.reaffirmed_at, key.declared_at
    if again is not None and declared is not None and again > declared:
        return passed("issuer_reaffirmed", at=korean_time(again))
    assert key.compromised_since is not None
    return failed("key_compromised", since=korean_time(key.compromised_since))


def _standing(institution: Institution, batch: Batch) -> Finding:
    """The institution may have had to stop since; what it anchored before stays valid, and says so."""
    since = korean_time(institution.standing_since)
    codes = {
        Standing.SUSPENDED: "issuer_suspended",
        Standing.RETIRED: "issuer_retired",
        Standing.EXPELLED: "issuer_expelled_later",
    }
    code = codes.get(institution.standing)
    return passed("issuer_active") if code is None else passed(code, since=since)
