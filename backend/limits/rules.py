"""The limits: their names, what they are by default, how a setting changes them; and what one try does to a count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Limit(StrEnum):
    """What is limited. The names stand in settings, metrics and the log."""

    SIGN_IN = "sign-in"
    """Passkey sign-ins begun, of persons and staff, from one address block."""
    SIGN_UP = "sign-up"
    """Identity checks begun, from one address block."""
    PHONE_NUMBER = "phone-number"
    """Messages to one telephone number: each costs money and rings at somebody's."""
    PHONE_ADDRESS = "phone-address"
    """Messages asked for from one address block."""
    PHONE_DAY = "phone-day"
    """Messages of the whole hospital: the most that a day can cost."""
    VERIFICATION = "verification"
    """Documents checked, from one address block: each asks the node."""
    PAIRING = "pairing"
    """Device pairings begun, from one address block."""
    TOKEN = "token"  # noqa: S105 - a name
    """Access tokens for one client. A token is good for many requests."""
    TOKEN_REFUSED = "token-refused"  # noqa: S105 - a name
    """Refused token requests from one address block; more are neither looked at nor noted: nobody floods the log."""
    GUESS_PAIR = "guess-pair"
    """Wrong answers at one door, for one account from one address block."""
    GUESS_ADDRESS = "guess-address"
    """Wrong answers at one door from one address block, whatever the account. A whole hospital may share one."""
    GUESS_ACCOUNT = "guess-account"
    """Wrong answers at one door for one account, from anywhere."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`count` in `window`. `lock`: how long the first lock lasts, each next one twice that and `longest` at most.

    Without `lock`, whoever has had all must wait for the window to end.
    """

    count: int
    window: timedelta
    lock: timedelta | None = None
    longest: timedelta = timedelta(0)


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

DEFAULTS: Final[Mapping[Limit, Rule]] = {
    Limit.SIGN_IN: Rule(120, _MINUTE),
    Limit.SIGN_UP: Rule(60, 10 * _MINUTE),
    Limit.PHONE_NUMBER: Rule(5, _DAY),
    Limit.PHONE_ADDRESS: Rule(60, _HOUR),
    Limit.PHONE_DAY: Rule(20_000, _DAY),
    Limit.VERIFICATION: Rule(120, _MINUTE),
    Limit.PAIRING: Rule(30, 10 * _MINUTE),
    Limit.TOKEN: Rule(60, _MINUTE),
    Limit.TOKEN_REFUSED: Rule(20, _MINUTE),
    Limit.GUESS_PAIR: Rule(5, 10 * _MINUTE, _MINUTE, _HOUR),
    Limit.GUESS_ADDRESS: Rule(100, 10 * _MINUTE, _MINUTE, 15 * _MINUTE),
    Limit.GUESS_ACCOUNT: Rule(50, _DAY, 5 * _MINUTE, _HOUR),
}

FORGIVEN: Final = timedelta(days=1)
"""So long after the last lock the next one is a first one again."""

_RULE = re.compile(
    r"([1-9][0-9]{0,6})/([1-9][0-9]{0,4}[smhd])(?:/([1-9][0-9]{0,4}[smhd])/([1-9][0-9]{0,4}[smhd]))?"
)
_UNITS = {"s": timedelta(seconds=1), "m": _MINUTE, "h": _HOUR, "d": _DAY}


class LimitsInvalid(ValueError):
    """The setting names no limit, or its value has another form. The message says which and what is wanted."""


@lru_cache(maxsize=8)
def rules_of(setting: str) -> Mapping[Limit, Rule | None]:
    """The rules by a setting like `phone-number=3/1d, guess-pair=5/10m/1m/1h, sign-in=off`; None: no limit.

    Raises:
        LimitsInvalid: a name or a value is wrong.
    """
    found: dict[Limit, Rule | None] = dict(DEFAULTS)
    for part in filter(None, (part.strip() for part in setting.split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in set(Limit):
            raise LimitsInvalid(f"{name!r} is no limit; there are {', '.join(Limit)}")
        found[Limit(name)] = None if value == "off" else _rule(Limit(name), value)
    return found


def _rule(limit: Limit, value: str) -> Rule:
    matched = _RULE.fullmatch(value)
    locks = DEFAULTS[limit].lock is not None
    if matched is None or (matched[3] is not None) != locks:
        form = "5/10m/1m/1h (count, window, first lock, longest lock)" if locks else "5/1d (count, window)"
        raise LimitsInvalid(f"{limit}={value}: wanted `off` or a value like {form}")
    made = Rule(int(matched[1]), _length(matched[2]))
    return replace(made, lock=_length(matched[3]), longest=_length(matched[4])) if locks else made


def _length(text: str) -> timedelta:
    return int(text[:-1]) * _UNITS[text[-1]]


@dataclass(frozen=True, slots=True)
class Count:
    """What is known of one key. `locks`: how many locks there were in a row, each twice as long as the one before."""

    count: int
    window_ends: datetime
    locked_until: datetime | None = None
    locks: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one try came to. `wait`: how long to stay away, None if the try may go on; `locked`: a lock began."""

    count: Count
    wait: timedelta | None = None
    locked: bool = False


def wait_of(known: Count | None, rule: Rule, now: datetime) -> timedelta | None:
    """How long a key is locked from now on, if it is. A lock from a clock that ran ahead is void."""
    until = known.locked_until if known is not None else None
    if until is None or not now < until <= now + max(rule.longest, rule.window):
        return None
    return until - now


def step(known: Count | None, rule: Rule, now: datetime) -> Step:
    """Count one try."""
    wait = wait_of(known, rule, now)
    if known is not None and wait is not None:
        return Step(known, wait)
    fresh = known is None or not now < known.window_ends <= now + rule.window
    counted = 1 if known is None or fresh else known.count + 1
    ends = now + rule.window if known is None or fresh else known.window_ends
    locks = known.locks if known is not None and _recent(known, now) else 0
    last = known.locked_until if known is not None else None
    if rule.lock is None and counted == rule.count:
        return Step(Count(counted, ends, ends))  # the last one; whoever only looks sees that there is no more
    if counted <= rule.count:
        return Step(Count(counted, ends, last, locks))
    if rule.lock is None:
        return Step(Count(rule.count, ends, ends, 0), ends - now)
    length = min(rule.lock * 2 ** min(locks, 30), rule.longest)
    return Step(Count(0, now + rule.window, now + length, locks + 1), length, locked=True)


def _recent(known: Count, now: datetime) -> bool:
    return known.locked_until is not None and now - known.locked_until < FORGIVEN


def given_back(known: Count, rule: Rule) -> Count:
    """A try that was right counts as none."""
    until = known.locked_until if rule.lock is not None else None
    return replace(known, count=max(0, known.count - 1), locked_until=until)
