"""Alembic's entry; the connection comes from `oracle.db.migrate`."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from chain.db import table_of
from chain.sender.tables import TABLES as SENDER_TABLES
from oracle.db import VERSION_TABLE
from oracle.his.hl7v2.tables import HL7_TABLES
from oracle.models import ORACLE_TABLES
from oracle.relay.models import RELAY_TABLES

MODELS: tuple[type[SQLModel], ...] = (*ORACLE_TABLES, *SENDER_TABLES, *HL7_TABLES, *RELAY_TABLES)
OWN = {table_of(model).name for model in MODELS}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=table_of(ORACLE_TABLES[0]).metadata,
    include_object=lambda thing, name, kind, *_: kind != "table" or name in OWN,
    render_as_batch=True,
    version_table=VERSION_TABLE,
)
context.run_migrations()
