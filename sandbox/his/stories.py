"""What can happen between a patient and the cashier: each story is a list of transactions in simulated time.

The weights make every path common enough to be met in a day of a few hundred receipts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeAlias

from sandbox.his import schema
from sandbox.his.clinic import Clinic, insurance_changed, visit_row
from sandbox.his.desk import Desk
from sandbox.his.events import Step, Update
from sandbox.his.money import HEALTH, NONE, Policy
from sandbox.his.slips import Kind, Slip, Visit
from sandbox.his.truth import Truth

EVENING_HOUR: Final = 18
"""When card-on-file payments (하이패스) are captured and their receipts handed out."""


@dataclass(slots=True)
class Teller:
    """What the stories share: the day's desk and clinic, chance, and mirrors that still wait for a settlement."""

    desk: Desk
    clinic: Clinic
    truth: Truth
    rng: Random
    dangling: list[Slip]

    def seen(self, visit: Visit, at: datetime) -> Step:
        """The doctor is done."""
        return Step(at, self.clinic.record(visit, at))

    def minutes(self, least: int, most: int) -> timedelta:
        """A while."""
        return timedelta(minutes=self.rng.randint(least, most))

    def other_policy(self, visit: Visit) -> tuple[Policy, str | None]:
        """The insurance that turns out to be the right one."""
        if visit.policy is HEALTH and visit.special is None:
            return HEALTH, self.rng.choice(("S05", "S10"))
        return (HEALTH, None) if visit.policy is not HEALTH else (NONE, None)


Story: TypeAlias = Callable[[Teller, Visit, datetime], list[Step]]
"""From a visit, and when the patient comes to the desk, to what is written."""


def _out(slip: Slip, *others: Slip) -> Step:
    """One transaction with these slips."""
    slips = (slip, *others)
    receipts = sum(1 for each in slips if each.issued and each.kind in (Kind.RECEIPT, Kind.RESETTLEMENT))
    return Step(slip.at, [write for each in slips for write in each.writes()], receipts)


def paid(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """The plain case; some are reprinted later, which changes no document, and some owe a rest."""
    unpaid = 10_000 if teller.rng.random() < 0.02 else 0
    receipt = teller.desk.receipt(visit, at, unpaid=unpaid)
    steps = [_out(receipt)]
    if teller.rng.random() < 0.05:
        reprinted = Update(schema.SETTLEMENTS, receipt.key, {"REPRT_CNT": 1})
        steps.append(Step(at + teller.minutes(5, 90), [reprinted]))
    return steps


def provisional(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """가수납 first, the rest after the consultation."""
    advance = teller.desk.advance(visit, at - timedelta(minutes=30), Kind.PROVISIONAL, 5_000)
    return [_out(advance), _out(teller.desk.receipt(visit, at, already=5_000))]


def drafted(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """Calculated twice while orders change, then paid: the drafts are no documents."""
    first = teller.desk.bill(visit, at - timedelta(minutes=10), issued=False)
    second = teller.desk.bill(visit, at - timedelta(minutes=5), issued=False, original=first)
    return [_out(first), _out(second), _out(teller.desk.receipt(visit, at, original=second))]


def billed(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """계산서 handed out, then paid."""
    bill = teller.desk.bill(visit, at)
    receipt = teller.desk.receipt(visit, at + teller.minutes(5, 60), original=bill)
    return [_out(bill), _out(receipt)]


def billed_twice(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """A bill is replaced by another before it is paid."""
    first = teller.desk.bill(visit, at)
    second = teller.desk.bill(visit, at + timedelta(minutes=7), original=first)
    receipt = teller.desk.receipt(visit, at + timedelta(minutes=20), original=second)
    return [_out(first), _out(second), _out(receipt)]


def left_unpaid(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """The patient leaves with the bill."""
    return [_out(teller.desk.bill(visit, at))]


def bill_cancelled(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """A bill is taken back."""
    bill = teller.desk.bill(visit, at)
    return [_out(bill), _out(teller.desk.mirror(bill, at + timedelta(minutes=9), resettles=False))]


def high_pass(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """하이패스: the patient goes home, the receipt follows after the evening's capture."""
    receipt = teller.desk.receipt(visit, at, issued=False, hipass=True)
    evening = at.replace(hour=EVENING_HOUR, minute=0, second=0) + teller.minutes(0, 50)
    captured = max(evening, at + timedelta(minutes=1))
    return [_out(receipt), Step(captured, [teller.desk.hand_over(receipt, captured)], 1)]


def refunded(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """취소 for good."""
    receipt = teller.desk.receipt(visit, at)
    mirror = teller.desk.mirror(receipt, at + teller.minutes(3, 200), resettles=False)
    return [_out(receipt), _out(mirror)]


def settled_again(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """취소 and 재수납 under another insurance, in one transaction; the visit's insurance is corrected too."""
    return _settled_again(teller, visit, at)[0]


def _settled_again(teller: Teller, visit: Visit, at: datetime) -> tuple[list[Step], Slip]:
    policy, special = teller.other_policy(visit)
    receipt = teller.desk.receipt(visit, at)
    later = at + teller.minutes(10, 240)
    mirror = teller.desk.mirror(receipt, later, resettles=True)
    again = teller.desk.settle_again(receipt, later + timedelta(seconds=1), policy, special)
    corrected = Update(schema.VISITS, *insurance_changed(teller.truth, visit, policy))
    second = _out(mirror, again)
    return [_out(receipt), second._replace(writes=[*second.writes, corrected])], again


def settled_thrice(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """Settled anew twice; the second time the rows refer to the receipt before."""
    policy, special = teller.other_policy(visit)
    steps, current = [], teller.desk.receipt(visit, at)
    steps.append(_out(current))
    for number, insurance in enumerate(((policy, special), (visit.policy, visit.special)), 1):
        later = at + timedelta(minutes=20 * number)
        mirror = teller.desk.mirror(current, later, resettles=True)
        current = teller.desk.settle_again(current, later + timedelta(seconds=1), *insurance)
        steps += [_out(mirror), _out(current)]
    return steps


def settled_again_then_refunded(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """Settled anew, and the new receipt cancelled for good."""
    steps, again = _settled_again(teller, visit, at)
    return [*steps, _out(teller.desk.mirror(again, again.at + timedelta(minutes=5), resettles=False))]


def paid_again(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """A bill is paid, the payment refunded, and the same bill paid once more."""
    bill = teller.desk.bill(visit, at)
    receipt = teller.desk.receipt(visit, at + timedelta(minutes=5), original=bill)
    mirror = teller.desk.mirror(receipt, at + timedelta(minutes=30), resettles=False)
    again = teller.desk.receipt(visit, at + timedelta(minutes=45), original=bill)
    return [_out(bill), _out(receipt), _out(mirror), _out(again)]


def new_before_old(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """The new receipt is committed before the old one and its mirror: two windows of one desk, one of them slow."""
    steps = settled_thrice(teller, visit, at)
    times = [step.at for step in steps]
    return [step._replace(at=when) for step, when in zip(reversed(steps), times, strict=True)]


def mirror_first(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """The mirror is committed before what it mirrors."""
    steps = refunded(teller, visit, at)
    return [steps[1]._replace(at=steps[0].at), steps[0]._replace(at=steps[1].at)]


def dangling(teller: Teller, visit: Visit, at: datetime) -> list[Step]:
    """Cancelled in order to settle anew, which never happens: the day's closing makes it a refund."""
    receipt = teller.desk.receipt(visit, at)
    mirror = teller.desk.mirror(receipt, at + timedelta(minutes=15), resettles=True)
    teller.dangling.append(mirror)
    return [_out(receipt), _out(mirror)]


def stay(teller: Teller, visit: Visit, arrival: datetime, done: datetime) -> list[Step]:
    """Inpatient: deposit, perhaps an interim receipt, and at discharge the whole stay less what was paid."""
    at = done + timedelta(hours=2)
    deposit = teller.rng.choice((0, 100_000, 3_000_000))
    advance = teller.desk.advance(visit, arrival + timedelta(minutes=2), Kind.DEPOSIT, deposit)
    steps = _registered_first(teller, visit, arrival, done)
    steps.insert(1, _out(advance))
    already = deposit
    if teller.rng.random() < 0.5:
        half = visit.lines[: max(len(visit.lines) // 2, 1)]
        interim = teller.desk.receipt(visit, arrival + timedelta(minutes=5), calc="M", lines=half)
        steps.insert(2, _out(interim))
        already += sum(interim.paid)
    excess = teller.rng.random() < 0.1
    return [*steps, _out(teller.desk.receipt(visit, at, already=already, excess=excess))]


OUTPATIENT: Final[dict[Story, int]] = {
    paid: 62,
    provisional: 4,
    drafted: 5,
    billed: 5,
    billed_twice: 2,
    left_unpaid: 2,
    bill_cancelled: 1,
    high_pass: 5,
    refunded: 3,
    settled_again: 4,
    settled_thrice: 1,
    settled_again_then_refunded: 1,
    paid_again: 1,
    new_before_old: 1,
    mirror_first: 1,
    dangling: 1,
}
"""Stories of an outpatient or emergency visit, with their weights."""

_OPEN_ARRIVALS: Final = 0.02
_CANCELLED_VISITS: Final = 0.01
_REGISTERED_FIRST: Final = 0.3


def tell(teller: Teller, visit: Visit, arrival: datetime, *, plain: bool = False) -> list[Step]:
    """A whole visit: arrival, consultation, desk. plain: nothing but a paid receipt."""
    steps: list[Step] = []
    done = arrival + teller.minutes(10, 60)
    if plain:
        return [teller.seen(visit, done), _out(teller.desk.receipt(visit, done + timedelta(minutes=5)))]
    chance = teller.rng.random()
    if chance < _OPEN_ARRIVALS and not visit.inpatient:
        return [Step(arrival, [visit_row(visit, "R", None)])]
    if visit.inpatient:
        return stay(teller, visit, arrival, done)
    if chance > 1 - _CANCELLED_VISITS:
        return _cancelled_visit(teller, visit, arrival, done)
    if chance < _OPEN_ARRIVALS + _REGISTERED_FIRST:
        steps += _registered_first(teller, visit, arrival, done)
    else:
        steps.append(teller.seen(visit, done))
    story = teller.rng.choices(tuple(OUTPATIENT), tuple(OUTPATIENT.values()))[0]
    return steps + story(teller, visit, done + teller.minutes(35, 60))


def _registered_first(teller: Teller, visit: Visit, arrival: datetime, done: datetime) -> list[Step]:
    """접수 or admission as its own transaction, completed by an update."""
    registered = Step(arrival, [visit_row(visit, "A" if visit.inpatient else "R", None)])
    finished = teller.seen(visit, done)
    changes = {"STAT_GB": "F", "FIN_DTM": f"{done:%Y%m%d%H%M%S}"}
    if visit.inpatient:
        changes |= {"STAT_GB": "D", "OUT_YMD": f"{done:%Y%m%d}"}
    rest = finished.writes[1:]
    return [registered, finished._replace(writes=[*rest, Update(schema.VISITS, visit.number, changes)])]


def _cancelled_visit(teller: Teller, visit: Visit, arrival: datetime, done: datetime) -> list[Step]:
    """Done by mistake under the wrong patient, and cancelled: its documents end."""
    finished = teller.seen(visit, done)
    for kind in ("visit", "diagnosis"):
        teller.truth.withdraw(f"{kind}:{visit.number}")
    cancelled = Update(schema.VISITS, visit.number, {"STAT_GB": "X"})
    return [finished, Step(done + teller.minutes(5, 30), [cancelled])]
