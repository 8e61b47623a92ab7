"""What somebody may want to do with a patient's records: the words that access and the family matrix share."""

from __future__ import annotations

from enum import StrEnum


class Function(StrEnum):
    """What somebody wants to do with a patient's records. A code that was ever stored stays."""

    LIST = "list"
    READ = "read"
    DOWNLOAD = "download"
    EXPORT = "export"
    SEE_ACCESSES = "see-accesses"
    BOOK = "book"
    PAY = "pay"
    RESULTS = "results"
    COPIES = "copies"
    """Record copies and certificates."""
    PRESCRIPTION = "prescription"
    CLAIM = "claim"
    """Consent to send documents to an insurer."""
    SHARE = "share"
