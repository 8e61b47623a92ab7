"""Records as FHIR R4 documents and back (KR Core 2.0.0 profiles where they exist, plain R4 elsewhere).

`to_fhir` and `from_fhir` are the face. Each kind has one table that says where each field lies; the same
table is read in both directions, so the two cannot disagree.
"""

from __future__ import annotations

from records.fhir.bundle import from_fhir, to_fhir
from records.fhir.errors import FhirInvalid

__all__ = ["FhirInvalid", "from_fhir", "to_fhir"]
