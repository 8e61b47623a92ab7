"""The ``sql`` adapter: reads views that a hospital's database administrator offers, and writes nothing.

A hospital describes its views in a mapping file (`mapping.yaml` is the sandbox's, with what to know for writing
one). Views with a change stamp are read by cursor (`stamps`), views without by window and row digests (`digests`).
"""

from __future__ import annotations

from oracle.his.mapping import MappingInvalid
from oracle.his.sql.adapter import SqlAdapter
from oracle.his.sql.digest_store import SqlDigestStore
from oracle.his.sql.digests import DigestStore
from oracle.his.sql.mapping import Mapping

__all__ = ["DigestStore", "Mapping", "MappingInvalid", "SqlAdapter", "SqlDigestStore"]
