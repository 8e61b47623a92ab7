"""Counting tries. Every function here opens its own transaction: call it where no session is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from prometheus_client import Counter
from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.limits import repository
from backend.limits.errors import TooManyRequests
from backend.limits.models import LimitCount
from backend.limits.rules import FORGIVEN, Count, Limit, Rule, given_back, rules_of, step, wait_of
from backend.services import Services
from chain.db import reading, writing

REFUSED = Counter("saegim_backend_limited_total", "Requests refused by a limit", ["limit"])
LOCKED = Counter("saegim_backend_lockouts_total", "Lock-outs begun after wrong answers", ["limit", "door"])

_IPV6_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that is counted. `whom`: address block, number, account; it is digested before it is stored.

    door: where the answer was given, for guesses.
    """

    limit: Limit
    whom: str
    door: str = ""


def block_of(address: str) -> str:
    """What of an address counts as one: an IPv4 address, or the /64 that one IPv6 customer has to themselves."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((found, _IPV6_BLOCK), strict=False))


def spend(services: Services, *tried: Tried, address: str = "") -> None:
    """Count a try before it is looked at; a refused one uses nothing of the other limits up.

    Args:
        address: where it came from, for the log of a lock-out.

    Raises:
        TooManyRequests: the longest that any of them asks to wait.
    """
    ruled = _ruled(services, tried)
    if not ruled:
        return
    check(services, *tried)
    now = services.clock()
    with writing(services.database) as session:
        rows = repository.held(session, list(ruled), now)
        steps = {key: step(_count(rows[key]), rule, now) for key, (_, rule) in ruled.items()}
        refused = {key: each for key, each in steps.items() if each.wait is not None}
        for key, each in (refused or steps).items():
            _keep(session, rows[key], each.count, ruled[key][1])
        begun = [ruled[key][0] for key, each in refused.items() if each.locked]
        if begun:
            audit.append(session, [_line(each, now, address) for each in begun])
    for one in begun:
        LOCKED.labels(one.limit, one.door).inc()
    if refused:
        raise _refusal({ruled[key][0].limit: each.wait for key, each in refused.items() if each.wait})


def check(services: Services, *tried: Tried) -> None:
    """Whether one may try at all; writes nothing. Raises TooManyRequests."""
    ruled = _ruled(services, tried)
    if not ruled:
        return
    now = services.clock()
    with reading(services.database) as session:
        known = repository.found(session, list(ruled))
    waits = {ruled[key][0].limit: wait_of(_count(row), ruled[key][1], now) for key, row in known.items()}
    if asked := {limit: wait for limit, wait in waits.items() if wait is not None}:
        raise _refusal(asked)


def give_back(services: Services, *tried: Tried, right: bool = True) -> None:
    """A try counts as none. Where it was `right`, the pair of account and address block is clear again."""
    ruled = _ruled(services, tried)
    if not ruled:
        return
    now = services.clock()
    with writing(services.database) as session:
        for key, row in repository.held(session, list(ruled), now).items():
            one, rule = ruled[key]
            clear = right and one.limit is Limit.GUESS_PAIR
            _keep(session, row, Count(0, now) if clear else given_back(_count(row), rule), rule)


def _ruled(services: Services, tried: Sequence[Tried]) -> dict[str, tuple[Tried, Rule]]:
    """What has a limit, by the key of its row."""
    rules = rules_of(services.settings.limits)
    return {
        services.vault.blind_index(f"limit:{each.limit}:{each.door}:{each.whom}"): (each, rule)
        for each in tried
        if (rule := rules[each.limit]) is not None
    }


def _count(row: LimitCount) -> Count:
    return Count(row.count, row.window_ends, row.locked_until, row.locks)


def _keep(session: Session, row: LimitCount, count: Count, rule: Rule) -> None:
    row.count, row.window_ends = count.count, count.window_ends
    row.locked_until, row.locks = count.locked_until, count.locks
    lasting = count.locked_until + FORGIVEN if count.locked_until and rule.lock else count.window_ends
    row.forget_at = max(count.window_ends, lasting)
    session.add(row)


def _refusal(waits: Mapping[Limit, timedelta]) -> TooManyRequests:
    """The one that lasts longest."""
    limit = max(waits, key=lambda each: waits[each])
    REFUSED.labels(limit).inc()
    return TooManyRequests(limit, waits[limit])


def _line(locked: Tried, now: datetime, address: str) -> Entry:
    """A lock-out in the log: by nobody, for who was locked out has not proved to be anybody."""
    return Entry(
        at=now,
        actor_kind=ActorKind.NOBODY,
        actor_id="nobody",
        action=Action.LOCK_OUT,
        object_kind=ObjectKind.ACCOUNT,
        origin=origin_of(address, ActorKind.PERSON),
        outcome=Outcome.REFUSED,
        reason=f"{locked.limit}.{locked.door}",
    )
