"""What a verification found: the whole log sound, or the first place where it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from backend.audit.line import Head


class Kind(StrEnum):
    """What is wrong at the place named."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    REWRITTEN = "rewritten"
    PATIENT_SEQUENCE = "patient-sequence"
    CHECKPOINT = "checkpoint"
    HEAD = "head"
    ANCHOR = "anchor"


SENTENCES = {
    Kind.CHANGED: "line {number} is not as it was recorded",
    Kind.REMOVED: "line {number} was removed",
    Kind.INSERTED: "line {number} was put in; the log did not record it there",
    Kind.MOVED: "line {number} does not stand where it was recorded",
    Kind.REWRITTEN: "the log was written anew: a head that was committed to no longer follows, "
    "and the first line that it no longer vouches for is line {number}",
    Kind.PATIENT_SEQUENCE: "a patient's own numbering is broken at line {number}",
    Kind.CHECKPOINT: "the checkpoint at line {number} is not one that this log vouches for",
    Kind.HEAD: "the head row does not agree with the last line, {number}",
    Kind.ANCHOR: "the commitment to the head at line {number} is not in the batch it names",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The first place where the stored log is not the recorded one.

    Attributes:
        number: of the line; every line before it is proven to be as recorded, as far as the log can say.
        until: the last line in question, where the place is known only to lie between two heads.
        detail: more, in words; nothing personal.
    """

    kind: Kind
    number: int
    detail: str = ""
    until: int | None = None

    @property
    def sentence(self) -> str:
        said = SENTENCES[self.kind].format(number=self.number)
        if self.until is not None and self.until > self.number:
            said += f" (up to line {self.until})"
        return f"{said}: {self.detail}" if self.detail else said


@dataclass(frozen=True, slots=True)
class Report:
    """The result of `verify.verify`.

    Attributes:
        first: the first thing wrong, None when the log is whole.
        lines: how many lines were read.
        head: the last line found sound.
        begins_after: number of the last line that retention removed, 0 when none was.
        heads_checked: commitments and given heads that were compared with the lines.
        anchored_until: the newest line whose head stands in a batch; None when no head is anchored.
        too_old: given heads of lines that retention has removed; nothing can be said of them.
    """

    first: Finding | None
    lines: int
    head: Head
    begins_after: int = 0
    heads_checked: int = 0
    anchored_until: int | None = None
    too_old: list[int] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return self.first is None
