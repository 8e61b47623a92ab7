"""The ``hl7v2`` adapter: listens for HL7 v2 messages over MLLP, keeps each on disk, then acknowledges it.

What each message and field means stands in a mapping file (`mapping.yaml` is the sandbox's, with what to know for
writing one). From bytes to documents: `mllp` frames, `message` fields, `receiver` examines and stores, `inbox` keeps,
`pages` makes documents of what was kept, `retention` ends it.
"""

from __future__ import annotations

from oracle.his.hl7v2.adapter import Hl7Adapter
from oracle.his.hl7v2.config import Hl7Config, make_hl7v2, make_hl7v2_desk
from oracle.his.hl7v2.mapping import Mapping

__all__ = ["Hl7Adapter", "Hl7Config", "Mapping", "make_hl7v2", "make_hl7v2_desk"]
