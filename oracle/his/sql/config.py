"""`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `sql`, and the adapter and the desk it makes."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.his.asking import DESK_SECONDS, Desk
from oracle.his.desk import HospitalDesk
from oracle.his.sql.adapter import SqlAdapter
from oracle.his.sql.desk import SqlSource
from oracle.his.sql.digest_store import SqlDigestStore
from oracle.his.sql.mapping import Mapping

_SANDBOX = Path(__file__).resolve().parent / "mapping.yaml"


class SqlConfig(BaseModel):
    """Settings of the adapter `sql`."""

    model_config = ConfigDict(extra="forbid")

    url: str
    """SQLAlchemy address of the database with the hospital's views; an account that may only read."""
    mapping: Path = _SANDBOX
    """Which view and column holds what."""
    timeout: float = Field(default=30.0, gt=0)
    """Seconds that one statement may take."""


def make_sql(config: SqlConfig, database: Engine, clock: Clock) -> SqlAdapter:
    """The adapter of these settings. Raises MappingInvalid."""
    mapping = Mapping.load(config.mapping)
    digests = SqlDigestStore(database)
    digests.prepare()
    return SqlAdapter(mapping, config.url, digests=digests, clock=clock, timeout=config.timeout)


def make_sql_desk(config: SqlConfig, clock: Clock) -> HospitalDesk | None:
    """The desk of these settings; None where the mapping names no view for it. Raises MappingInvalid."""
    mapping = Mapping.load(config.mapping)
    if mapping.patients is None and not mapping.desk:
        return None
    source = SqlSource(mapping, config.url, timeout=min(config.timeout, DESK_SECONDS))
    return Desk(source, ZoneInfo(mapping.time_zone), clock)
