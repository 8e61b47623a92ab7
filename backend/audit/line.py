"""How a line is hashed and a head is committed to. Pure; whoever verifies an export does the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chain.canonical import canonical_json

FORMAT = "saegim-audit-1"
"""Stands in every hash, so that no hash made for anything else is one of a line."""
GENESIS = bytes(32)
"""What the first line has before it."""
SALT_BYTES = 16
NODE = 32
"""Bytes of a node of a Merkle path."""

TEXTS = (
    "actor_kind",
    "actor_id",
    "origin",
    "patient",
    "action",
    "object_kind",
    "object_id",
    "outcome",
    "reason",
)
FIELDS = ("number", "at", *TEXTS, "patient_number", "salt", "previous", "hash")


@dataclass(frozen=True, slots=True)
class Head:
    """The log's last line: its number (0 while the log is empty) and hash (32 bytes)."""

    number: int
    hash: bytes


def moment(at: datetime) -> str:
    """An aware datetime as the log writes it: UTC, microseconds always."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def document_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """What is hashed: every field but the hash, bytes as lower-case hex, the moment as text."""
    return {
        "format": FORMAT,
        "number": line["number"],
        "at": moment(line["at"]),
        "patient_number": line["patient_number"],
        "salt": line["salt"].hex(),
        "previous": line["previous"].hex(),
        **{name: line[name] for name in TEXTS},
    }


def line_hash(line: Mapping[str, Any]) -> bytes:
    """SHA-256 over the canonical JSON (RFC 8785) of the line. Raises TypeError or ValueError for what has none."""
    return hashlib.sha256(canonical_json(document_of(line))).digest()


def commitment_to(head: Head, salt: bytes) -> bytes:
    """SHA-256(salt ‖ number ‖ hash), the number as eight bytes, big-endian. Tells nothing without the salt."""
    return hashlib.sha256(salt + head.number.to_bytes(8, "big") + head.hash).digest()


def checkpoint_digest(checkpoint: Mapping[str, Any]) -> str:
    """What a PRUNE line says of its checkpoint: SHA-256 (hex) over the canonical JSON of all its fields."""
    document = {
        "format": "saegim-audit-checkpoint-1",
        "number": checkpoint["number"],
        "hash": checkpoint["hash"].hex(),
        "until": moment(checkpoint["until"]),
        "count": checkpoint["count"],
        "made_at": moment(checkpoint["made_at"]),
        "approved_by": checkpoint["approved_by"],
    }
    return hashlib.sha256(canonical_json(document)).hexdigest()
