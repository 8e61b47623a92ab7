"""What the model of the registry keeps: the records of the contract, and how it stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.contracts.institutions.world import Action, Standing

NOBODY = "0x" + "00" * 20
NO_KEY = bytes(32)


class Stop(Exception):
    """The contract reverts with the error `name` and these arguments."""

    def __init__(self, name: str, *arguments: Any) -> None:
        super().__init__(name, *arguments)
        self.name = name
        self.arguments = arguments


@dataclass
class Institution:
    """As in IMembership."""

    kind: int
    standing: Standing = Standing.ACTIVE
    voting: bool = False
    sponsor: int = 0
    successor: int = 0
    admitted_at: int = 0
    standing_since: int = 0
    doubt_since: int = 0


@dataclass
class Operator:
    """As in IOperators."""

    institution: int = 0
    custodian: int = 0
    roles: int = 0
    since: int = 0
    until: int = 0
    compromised_since: int = 0


@dataclass
class Key:
    """As in IDocumentKeys."""

    institution: int = 0
    purpose: int = 0
    valid_from: int = 0
    valid_until: int = 0
    compromised_since: int = 0
    declared_at: int = 0


@dataclass
class Proposal:
    """As in IProposals; `payload` as values, with nonces in the place of signatures."""

    action: Action
    by: int
    electorate: int
    expires: int
    needed: int
    payload: tuple[Any, ...]
    passed_at: int = 0
    votes: dict[int, bool] = field(default_factory=dict)
    executed: bool = False
    vetoed: bool = False
