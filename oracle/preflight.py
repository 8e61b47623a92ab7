"""Is everything as this oracle needs it? Asked by a person before the first start and after every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chain.contracts import InstitutionRegistry
from chain.contracts.vocabulary import KeyPurpose, Role, Standing
from chain.errors import ChainError
from chain.state import DocKey
from oracle.assembly import Oracle, key_ring
from oracle.his.base import HisError
from oracle.logs import shown

_NEEDED = Role.ANCHOR | Role.STATUS


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `problem` None: it is in order, and `found` says how."""

    what: str
    found: str = ""
    problem: str | None = None


def examine(oracle: Oracle) -> Iterator[Finding]:
    """Hospital system, nodes, institution, operator, document key, one after the other; all are looked at."""
    institutions = InstitutionRegistry(oracle.client, oracle.deployment.address("InstitutionRegistry"))
    questions: dict[str, Callable[[], str]] = {
        "hospital system": lambda: _hospital(oracle),
        "nodes": lambda: _nodes(oracle),
        "institution": lambda: _institution(oracle, institutions),
        "operator": lambda: _operator(oracle, institutions),
        "document key": lambda: _document_key(oracle, institutions),
    }
    for what, ask in questions.items():
        try:
            yield Finding(what, ask())
        except Unfit as unfit:
            yield Finding(what, problem=str(unfit))
        except (HisError, ChainError) as error:
            yield Finding(what, problem=shown(error))


class Unfit(Exception):
    """Something is there but not as it must be; the message says what to do."""


def _hospital(oracle: Oracle) -> str:
    oracle.adapter.check()
    return oracle.adapter.name


def _nodes(oracle: Oracle) -> str:
    found, expected = oracle.client.chain_id(), oracle.deployment.chain_id
    if found != expected:
        raise Unfit(f"the node is on chain {found}, the deployment file on {expected}: correct one of them")
    return f"chain {found}, block {oracle.client.head().number}"


def _institution(oracle: Oracle, institutions: InstitutionRegistry) -> str:
    index = oracle.settings.institution
    standing = institutions.institution(index).standing
    if standing is not Standing.ACTIVE:
        raise Unfit(f"institution {index} is {standing.name.lower()}: it cannot anchor now")
    return f"institution {index}, active"


def _operator(oracle: Oracle, institutions: InstitutionRegistry) -> str:
    address, index = oracle.chain.sender.address, oracle.settings.institution
    operator = institutions.operator(address)
    if operator is None or operator.institution != index:
        raise Unfit(f"{address} is no operator of institution {index}: its ADMIN adds it with addOperator")
    if operator.roles & _NEEDED != _NEEDED:
        raise Unfit(f"{address} lacks roles: it needs ANCHOR and STATUS")
    if operator.until is not None and operator.until <= oracle.pipeline.clock():
        raise Unfit(f"{address} ended on {operator.until:%Y-%m-%d}: its ADMIN adds a new operator")
    return f"{address}, ANCHOR and STATUS"


def _document_key(oracle: Oracle, institutions: InstitutionRegistry) -> str:
    _, kid = key_ring(oracle.settings).document_key(oracle.settings.document_key)
    key = institutions.key(kid)
    if key is None or key.institution != oracle.settings.institution:
        raise Unfit(
            "the document key is not registered for this institution: its ADMIN registers it with addKey"
        )
    _check_key(key, oracle.pipeline.clock())
    return f"valid until {key.valid_until:%Y-%m-%d}"


def _check_key(key: DocKey, now: datetime) -> None:
    if key.purpose is not KeyPurpose.SIGN:
        raise Unfit("the document key is registered for encryption, not for signing")
    if key.compromised_since is not None:
        raise Unfit("the document key was declared compromised: register a new one")
    if not key.valid_from <= now < key.valid_until:
        raise Unfit("the document key is not valid now: register a new one")
