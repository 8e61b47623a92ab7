"""What the log refuses to do. None of these is an answer to a patient: they stop a programmer or an operator."""

from __future__ import annotations


class AuditError(Exception):
    """Base of this domain's errors; the message says what to do."""


class NotInWriting(AuditError):
    """A line was to be appended in a transaction that only reads."""

    def __init__(self) -> None:
        super().__init__(
            "the log is appended to in a write transaction: use chain.db.writing, or service.record"
        )


class HeadMissing(AuditError):
    """The head row is gone, or the migrations have not run."""

    def __init__(self) -> None:
        super().__init__("the log has no head row: run `python -m backend migrate`, then `audit verify`")


class AnchorUnknown(AuditError):
    """No commitment of ours has this value."""

    def __init__(self) -> None:
        super().__init__("this commitment was not made here: note only what service.make_anchor gave")


class AnchorUnproven(AuditError):
    """The path does not lead from the commitment's leaf to the root."""

    def __init__(self) -> None:
        super().__init__(
            "the path does not lead from the commitment to the root: fetch the batch's path again"
        )


class RetentionTooShort(AuditError):
    """Less than two years were to be kept. `years` is what was asked for."""

    def __init__(self, years: int) -> None:
        super().__init__(f"lines are kept for two years at least, not {years}")
        self.years = years


class SoundLogNeeded(AuditError):
    """The log does not verify, so nothing of it may be removed. `number` is the first line in question."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the log does not verify from line {number} on: nothing is removed before that is explained"
        )
        self.number = number
