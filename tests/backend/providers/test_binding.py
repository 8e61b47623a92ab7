"""A verification is good once, for its purpose and its holder; a CI is found again only with the key."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.providers.identity import (
    Begun,
    CiInvalid,
    LookupKeyInvalid,
    Purpose,
    TicketExpired,
    TicketNotYours,
    TicketUsed,
    Verified,
    check_ticket,
    ci_lookup,
    open_ticket,
)
from backend.providers.identity.binding import LIFETIME
from sandbox.people import person

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TICKET = open_ticket(Begun("iv-0000000001", None, {}), Purpose.SIGN_UP, "session-1", NOW)
KEY = bytes(range(32))


def verified(verification_id: str = "iv-0000000001", at: datetime = NOW + timedelta(minutes=1)) -> Verified:
    who = person(1)
    return Verified(verification_id, at, who.ci, who.name, who.birth)


def check(result: Verified | None = None, **changes: object) -> None:
    given = {"purpose": Purpose.SIGN_UP, "holder": "session-1", "now": NOW + timedelta(minutes=2)}
    check_ticket(TICKET, result or verified(), **(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("holder", ["", "session-2", "session-1 ", "세션"])
def test_nobody_else_may_use_it(holder):
    with pytest.raises(TicketNotYours):
        check(holder=holder)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.SIGN_UP])
def test_it_is_good_for_nothing_else(purpose):
    with pytest.raises(TicketNotYours):
        check(purpose=purpose)


def test_another_verification_does_not_fit_the_ticket():
    with pytest.raises(TicketNotYours):
        check(verified("iv-0000000002"))


def test_it_is_good_once():
    check()
    used = type(TICKET)(
        TICKET.verification_id, TICKET.purpose, TICKET.holder, TICKET.begun_at, NOW + timedelta(minutes=2)
    )
    with pytest.raises(TicketUsed):
        check_ticket(used, verified(), purpose=Purpose.SIGN_UP, holder="session-1", now=NOW)


def test_it_is_good_for_its_time_only():
    check(now=NOW + LIFETIME)
    with pytest.raises(TicketExpired):
        check(now=NOW + LIFETIME + timedelta(seconds=1))
    for at in (NOW - timedelta(minutes=2), NOW + LIFETIME + timedelta(minutes=2)):
        with pytest.raises(TicketExpired):
            check(verified(at=at))


def test_a_ci_is_found_again_under_the_same_key_only():
    one, two = person(1).ci, person(2).ci
    assert ci_lookup(one, KEY) == ci_lookup(one, KEY)
    assert len({ci_lookup(one, KEY), ci_lookup(two, KEY), ci_lookup(one, KEY[::-1])}) == 3
    assert len(ci_lookup(one, KEY)) == 64


@given(st.text(max_size=100))
def test_what_is_no_ci_is_refused_without_repeating_it(text):
    with pytest.raises(CiInvalid) as refused:
        ci_lookup(text, KEY)
    assert len(text) < 3 or text not in str(refused.value)


@pytest.mark.parametrize("change", [lambda ci: ci[:-1], lambda ci: ci + "A", lambda ci: "!" + ci[1:]])
def test_a_damaged_ci_is_refused(change):
    with pytest.raises(CiInvalid):
        ci_lookup(change(person(1).ci), KEY)


def test_a_short_key_is_refused():
    with pytest.raises(LookupKeyInvalid):
        ci_lookup(person(1).ci, KEY[:31])


def test_nothing_personal_is_represented():
    who = person(3)
    shown = repr(
        Verified("iv-0000000003", NOW, who.ci, who.name, who.birth, phone=who.phone, is_foreigner=False)
    )
    assert not any(value in shown for value in (who.ci, who.name, who.birth.isoformat(), who.phone))
    assert repr(who.birth) not in shown and date(who.birth.year, 1, 1).strftime("%Y,") not in shown
