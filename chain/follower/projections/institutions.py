"""Institutions: who they are, in what standing, with which operators and document keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, Session, col

from chain.contracts.events import Admitted, Event, KeySet, OperatorCompromised, OperatorSet, StandingChanged
from chain.contracts.vocabulary import Standing
from chain.db import UtcDateTime
from chain.deployment import Deployment
from chain.follower.projections.base import Occurrence, Place, add_rows, delete_above, newest


class InstitutionRow(Place, table=True):
    """An admission. `public_id` is the institution's public identifier."""

    __tablename__ = "follower_institutions"
    __table_args__ = (Index("ix_follower_institutions", "institution"),)

    institution: int = Field(sa_type=BigInteger)
    public_id: str = Field(max_length=32)
    kind: int
    sponsor: int = Field(sa_type=BigInteger)


class StandingRow(Place, table=True):
    """A standing from `since` on (later than the block for a sponsored pharmacy)."""

    __tablename__ = "follower_standings"
    __table_args__ = (Index("ix_follower_standings", "institution"),)

    institution: int = Field(sa_type=BigInteger)
    standing: int
    since: datetime = Field(sa_type=UtcDateTime)
    doubt_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OperatorRow(Place, table=True):
    """An account's mandate as it now stands. `roles` is a Role mask; `until` None: open."""

    __tablename__ = "follower_operators"
    __table_args__ = (Index("ix_follower_operators", "account"),)

    institution: int = Field(sa_type=BigInteger)
    account: str = Field(max_length=42)
    roles: int
    custodian: int = Field(sa_type=BigInteger)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CompromiseRow(Place, table=True):
    """Acts of an account from `since` on may be another's."""

    __tablename__ = "follower_compromises"
    __table_args__ = (Index("ix_follower_compromises", "account"),)

    institution: int = Field(sa_type=BigInteger)
    account: str = Field(max_length=42)
    since: datetime = Field(sa_type=UtcDateTime)


class KeyRow(Place, table=True):
    """A document key as it now stands; (x, y) is its P-256 point."""

    __tablename__ = "follower_keys"
    __table_args__ = (Index("ix_follower_keys", "kid"),)

    institution: int = Field(sa_type=BigInteger)
    kid: bytes
    purpose: int
    x: bytes
    y: bytes
    valid_from: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime = Field(sa_type=UtcDateTime)
    compromised_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InstitutionsProjection:
    """Admitted, StandingChanged, OperatorSet, OperatorCompromised, KeySet. (Validator sets: the follower's own.)"""

    tables: Sequence[type[Place]] = (InstitutionRow, StandingRow, OperatorRow, CompromiseRow, KeyRow)

    def addresses(self, deployment: Deployment) -> Sequence[str]:
        """The institution registry."""
        return (deployment.address("InstitutionRegistry"),)

    def apply(self, session: Session, events: Sequence[Occurrence]) -> None:
        """Rows for each event; an admission is also a standing."""
        rows: dict[type[Place], list[dict[str, Any]]] = {}
        for occurrence in events:
            for model, columns in _rows(occurrence.event, occurrence.block_time):
                rows.setdefault(model, []).append({**occurrence.place, **columns})
        for model, made in rows.items():
            add_rows(session, model, made)

    def rewind(self, session: Session, fork: int) -> None:
        """Forget everything after block `fork`."""
        delete_above(session, self.tables, fork)


def _rows(event: Event, now: datetime) -> list[tuple[type[Place], dict[str, Any]]]:
    match event:
        case Admitted():
            public_id = event.id.rstrip(b"\0").decode("ascii", "replace")
            who = {"institution": event.index, "public_id": public_id}
            standing = {
                "institution": event.index,
                "standing": int(Standing.ACTIVE),
                "since": event.active_from,
            }
            return [
                (InstitutionRow, {**who, "kind": int(event.kind), "sponsor": event.sponsor}),
                (StandingRow, {**standing, "doubt_since": None}),
            ]
        case StandingChanged(institution, standing, doubt):
            changed = {"institution": institution, "standing": int(standing)}
            return [(StandingRow, {**changed, "since": now, "doubt_since": doubt})]
        case OperatorSet(institution, account, roles, custodian, until):
            who = {"institution": institution, "account": account}
            return [(OperatorRow, {**who, "roles": int(roles), "custodian": custodian, "until": until})]
        case OperatorCompromised(institution, account, since):
            return [(CompromiseRow, {"institution": institution, "account": account, "since": since})]
        case KeySet():
            return [(KeyRow, _key(event))]
    return []


def _key(event: KeySet) -> dict[str, Any]:
    return {
        "institution": event.institution,
        "kid": event.kid,
        "purpose": int(event.purpose),
        "x": event.x,
        "y": event.y,
        "valid_from": event.valid_from,
        "valid_until": event.valid_until,
        "compromised_since": event.compromised_since,
    }


def institution(session: Session, index: int, *, upto: int) -> InstitutionRow | None:
    """Who an institution is, as of block `upto`."""
    return newest(session, InstitutionRow, upto, col(InstitutionRow.institution) == index)


def standing(session: Session, index: int, *, upto: int) -> StandingRow | None:
    """An institution's standing, as of block `upto`."""
    return newest(session, StandingRow, upto, col(StandingRow.institution) == index)


def operator(session: Session, account: str, *, upto: int) -> OperatorRow | None:
    """An account's mandate, as of block `upto`."""
    return newest(session, OperatorRow, upto, col(OperatorRow.account) == account)


def compromise(session: Session, account: str, *, upto: int) -> CompromiseRow | None:
    """Since when an account is compromised, as of block `upto`."""
    return newest(session, CompromiseRow, upto, col(CompromiseRow.account) == account)


def key(session: Session, kid: bytes, *, upto: int) -> KeyRow | None:
    """A document key, as of block `upto`."""
    return newest(session, KeyRow, upto, col(KeyRow.kid) == kid)
