"""Which adapter reads the hospital system, from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.errors import NotConfigured
from oracle.his.base import HisAdapter
from oracle.his.sql import Mapping as SqlMapping
from oracle.his.sql import MappingInvalid, SqlAdapter, SqlDigestStore

_SANDBOX = Path(__file__).resolve().parent / "his" / "sql" / "mapping.yaml"


class SqlConfig(BaseModel):
    """`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `sql`."""

    model_config = ConfigDict(extra="forbid")

    url: str
    """SQLAlchemy address of the database with the hospital's views; an account that may only read."""
    mapping: Path = _SANDBOX
    """Which view and column holds what."""
    timeout: float = Field(default=30.0, gt=0)
    """Seconds that one statement may take."""


def make_adapter(name: str, config: Mapping[str, Any], database: Engine, clock: Clock) -> HisAdapter:
    """The adapter called `name`. Nothing of the hospital is touched yet. Raises NotConfigured."""
    if name != "sql":
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER", f"there is no adapter {name!r}; there is: sql")
    try:
        settings = SqlConfig.model_validate(config)
        mapping = SqlMapping.load(settings.mapping)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", problems) from error
    except MappingInvalid as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", str(error)) from error
    digests = SqlDigestStore(database)
    digests.prepare()
    return SqlAdapter(mapping, settings.url, digests=digests, clock=clock, timeout=settings.timeout)
