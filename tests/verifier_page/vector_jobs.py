"""The vectors of tests/vectors/bundles as jobs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from node_verifier import Job

from verifier.readers import limit_for, parse_freshness

BUNDLES = Path(__file__).parents[1] / "vectors" / "bundles"
VECTORS = json.loads((BUNDLES / "index.json").read_text())["vectors"]


def job_of(vector: dict[str, Any]) -> Job:
    """The job that an entry of the index describes."""
    arguments = dict(zip(vector["arguments"][::2], vector["arguments"][1::2], strict=True))
    reader = arguments.get("--reader")
    return Job(
        vector["file"],
        (BUNDLES / vector["file"]).read_bytes(),
        (BUNDLES / arguments["--trust"]).read_bytes(),
        datetime.fromisoformat(arguments["--at"]),
        None if reader is None else limit_for(parse_freshness(reader), None),
    )


def vector_job(name: str) -> Job:
    """The job of one file."""
    return job_of(next(vector for vector in VECTORS if vector["file"] == name))
