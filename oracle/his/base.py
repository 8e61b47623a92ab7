"""The seam between hospital systems and the oracle: what an adapter reads, and how it says that it can not.

An adapter delivers *at least once* and never stops for one bad row. Whoever takes the documents drops repeats with
`is_new`; the contract suite (tests/oracle/his/contract.py) is what every adapter must pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from records.kinds import Record


class Action(StrEnum):
    """What the hospital did with a document."""

    ISSUE = "issue"
    CANCEL = "cancel"


class Reason(StrEnum):
    """Why a row became no document. Stable codes: quarantine, metrics and tests use them."""

    KEY_INVALID = "key-invalid"
    STAMP_INVALID = "stamp-invalid"
    MISSING = "missing"
    NOT_TEXT = "not-text"
    TEXT_ENCODING = "text-encoding"
    TEXT_TOO_LONG = "text-too-long"
    NOT_A_NUMBER = "not-a-number"
    DATE_UNREAL = "date-unreal"
    CODE_UNMAPPED = "code-unmapped"
    NO_DETAIL = "no-detail"
    TOO_MANY_DETAILS = "too-many-details"
    RECORD_INVALID = "record-invalid"
    MIRROR_WITHOUT_ORIGINAL = "mirror-without-original"
    MIRROR_MISMATCH = "mirror-mismatch"
    ORIGINAL_UNKNOWN = "original-unknown"
    ORIGINAL_UNSUITABLE = "original-unsuitable"
    SECOND_SUCCESSOR = "second-successor"
    CHAIN_BROKEN = "chain-broken"


@dataclass(frozen=True, slots=True)
class HisDocument:
    """One document as the hospital system now has it.

    kind: name in `records.kinds`; source_key: the document's lasting name, ``<kind>:<number in the hospital>``.
    revision: sha256 hex of kind, action and content: equal for a repeat, different for a correction in place.
    payload: what `records.kinds.parse(kind, payload)` accepts; empty for CANCEL.
    patient_number: the hospital's registration number.
    replaces: source_key of the document this one corrects. That one may have been cancelled meanwhile, or never
        have been issued by Saegim: then this is a plain first issue.
    changed_at: aware. For the cashier's documents when the act happened (issued, mirrored), else when the hospital
        system last changed the row, or when it was read if the view has no change stamp.
    record: the payload, parsed; None for CANCEL. Saves the reader a second `parse`.
    """

    kind: str
    source_key: str
    revision: str
    action: Action
    payload: Mapping[str, Any]
    patient_number: str
    replaces: str | None
    changed_at: datetime
    record: Record | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no document. `detail` names columns and rules, never a value."""

    source_key: str
    reason_code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one `read` gave. Save `next_cursor` in the transaction that saves the documents.

    more: whether to read on at once; False when the hospital system has nothing further for now.
    """

    documents: Sequence[HisDocument]
    rejects: Sequence[Reject]
    next_cursor: str
    more: bool


class HisAdapter(Protocol):
    """Reads one hospital system."""

    @property
    def name(self) -> str:
        """For logs and metrics, such as ``sql:sandbox``."""

    def read(self, cursor: str | None, limit: int) -> Page:
        """What follows `cursor` (None: from the beginning).

        limit: about how many rows of the hospital system to look at; a row can bring several documents.
        Raises `HisUnavailable`, `HisMalformed`.
        """

    def check(self) -> None:
        """Raise a `HisError` when this adapter could not work now: unreachable, views or columns missing."""


class RereadingAdapter(HisAdapter, Protocol):
    """An adapter that can read given documents again, for what waits in quarantine."""

    def reread(self, source_keys: Sequence[str]) -> Page:
        """The documents of these keys as they are now. The page's cursor is empty and must not be saved."""


class HisError(Exception):
    """Root of everything that stops an adapter as a whole. `adapter` is its name."""

    def __init__(self, adapter: str, message: str) -> None:
        self.adapter = adapter
        super().__init__(f"{adapter}: {message}")


class HisUnavailable(HisError):
    """The hospital system can not be reached or does not answer now; the same call may succeed later.

    what: what was being done, without values.
    """

    def __init__(self, adapter: str, what: str) -> None:
        self.what = what
        super().__init__(adapter, f"hospital system unavailable while {what}; it will be tried again")


class HisMalformed(HisError):
    """The hospital system answers, but not with what was agreed (a view or column is missing, a foreign cursor).

    what: what is wrong; remedy: what to do. Trying again without a change does not help.
    """

    def __init__(self, adapter: str, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(adapter, f"{what}. {remedy}")


@dataclass(frozen=True, slots=True)
class Latest:
    """What was last accepted for a source key."""

    revision: str
    changed_at: datetime


def is_new(document: HisDocument, latest: Latest | None) -> bool:
    """Whether a document says something that was not known: the rule for dropping repeats.

    Compared with the *latest* revision of its key, so that a correction that is taken back (A, B, A again) counts.
    A receipt that was cancelled is read again as ISSUE and CANCEL; the ISSUE is older than what is known by then.
    """
    if latest is None:
        return True
    return document.revision != latest.revision and document.changed_at >= latest.changed_at


def revision_of(kind: str, action: Action, content: Mapping[str, Any]) -> str:
    """sha256 hex over canonical JSON (sorted keys, no spaces, UTF-8) of kind, action and content."""
    text = json.dumps([kind, action, content], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
