"""The ``fhir`` adapter: follows a hospital's FHIR R4 server, and writes nothing.

A hospital describes its server in a mapping file (`mapping.yaml` is the sandbox's, with what to know for writing
one). Where fields lie is what Saegim's own export writes (`records.fhir`), read the other way round.
"""

from __future__ import annotations

from oracle.his.fhir.adapter import FhirAdapter
from oracle.his.fhir.mapping import FhirMapping

__all__ = ["FhirAdapter", "FhirMapping"]
