"""The follower's own tables: where it stands, the hashes it stands on, and whom it believes."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel


class CursorRow(SQLModel, table=True):
    """How far the chain is projected and how final that is. One row."""

    __tablename__ = "follower_cursor"

    chain_id: int = Field(primary_key=True, sa_type=BigInteger)
    genesis_hash: str = Field(max_length=66)
    applied: int = Field(sa_type=BigInteger)
    """Number of the last projected block."""
    applied_hash: bytes | None = None
    """None only before the first block."""
    settled: int = Field(default=-1, sa_type=BigInteger)
    strong: int = Field(default=-1, sa_type=BigInteger)


class BlockRow(SQLModel, table=True):
    """A projected block that may still have to be compared with the chain."""

    __tablename__ = "follower_blocks"

    number: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes


class ValidatorSetRow(SQLModel, table=True):
    """A validator set of the registry. `trusted`: the set before it made its block strong."""

    __tablename__ = "follower_validator_sets"

    epoch: int = Field(primary_key=True, sa_type=BigInteger)
    validators: list[str] = Field(sa_column=Column(JSON, nullable=False))
    block_number: int = Field(sa_type=BigInteger)
    block_hash: bytes
    trusted: bool = False
