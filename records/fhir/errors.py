"""What can be wrong with a FHIR document."""

from __future__ import annotations

from records.errors import RecordError, printable


class FhirInvalid(RecordError):
    """Not a document this package can read. `place` is the FHIR path, `reason` what is wrong there."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = printable(place)
        self.reason = reason
        super().__init__(f"{self.place}: {reason}")
