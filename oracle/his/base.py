"""The seam between hospital systems and the oracle: what an adapter reads, and how it says that it can not.

An adapter delivers *at least once*, in any order, and never stops for one bad row: whoever takes the documents
drops repeats by source key, revision and time. It maps; whether a payload keeps the rules of its kind is asked
where credentials are made (`records.kinds.parse`), so that a page can be checked in several processes.
The contract suite (tests/oracle/his/contract.py) is what every adapter must pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Action(StrEnum):
    """What the hospital did with a document."""

    ISSUE = "issue"
    CANCEL = "cancel"


class Reason(StrEnum):
    """Why a row became no document. Stable codes: quarantine, metrics and tests use them."""

    NOT_A_ROW = "not-a-row"
    KEY_INVALID = "key-invalid"
    KEY_AMBIGUOUS = "key-ambiguous"
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
    MIRROR_WITHOUT_ORIGINAL = "mirror-without-original"
    MIRROR_MISMATCH = "mirror-mismatch"
    ORIGINAL_UNSUITABLE = "original-unsuitable"
    SECOND_SUCCESSOR = "second-successor"
    CHAIN_BROKEN = "chain-broken"
    REFERENCE_BROKEN = "reference-broken"
    FOREIGN_PATIENT = "foreign-patient"
    TOO_LARGE = "too-large"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class HisDocument:
    """One document as the hospital system now has it.

    kind: name in `records.kinds`.
    source_key: the document's lasting name, ``<kind>:<number in the hospital>``; unique across kinds as it is.
    revision: sha256 hex of kind, action and content: equal for a repeat, different for a correction in place.
    payload: fields for `records.kinds.parse(kind, payload)`; empty for CANCEL.
    patient_number: the hospital's registration number.
    replaces: source_key of the document this one corrects, which may be of another kind (a receipt replaces the
        bill it settles), may have been cancelled meanwhile, or may not have been read yet.
    changed_at: aware. For the cashier's documents when the act happened (issued, mirrored), which no later change
        moves; else when the hospital system last changed the row, or when it was read if it keeps no such stamp.
    """

    kind: str
    source_key: str
    revision: str
    action: Action
    payload: Mapping[str, Any]
    patient_number: str
    replaces: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no document. Read again it may: a good document of that source_key settles it.

    `detail` names columns and rules, never a value.
    """

    source_key: str
    reason_code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one `read` gave. Save `next_cursor` in the transaction that saves the documents.

    more: whether to read on at once; False when everything that was there when this round of pages began is read.
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


def revision_of(kind: str, action: Action, content: Mapping[str, Any]) -> str:
    """sha256 hex over canonical JSON (sorted keys, no spaces, UTF-8) of kind, action and content."""
    text = json.dumps([kind, action, content], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
