"""What a person at the desk does to receipts that are there: cancel one, settle one anew, close the day.

Used by the commands of the demo. Each gives the manifest of what it changed.
"""
# ruff: noqa: SIM300 (the hospital's columns are in capitals, which the rule takes for constants)

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from chain.clock import Clock, utc_now
from sandbox.his import schema
from sandbox.his.catalog import Cover
from sandbox.his.desk import Desk
from sandbox.his.events import Insert, Step, Update
from sandbox.his.money import HEALTH, POLICIES, SPECIAL, Account, Charge, Line, Policy, Shares
from sandbox.his.people import DoctorEntry, PatientEntry, doctors
from sandbox.his.slips import Kind, Slip, Visit
from sandbox.his.store import KOREA, Writer, numbers_of
from sandbox.his.truth import Truth


class OperationRefused(Exception):
    """The desk can not do this with that row. number: 수납번호; why: what stands against it."""

    def __init__(self, number: str, why: str) -> None:
        self.number = number
        self.why = why
        super().__init__(f"{number}: {why}")


def cancel(engine: Engine, number: str, *, clock: Clock = utc_now) -> Truth:
    """취소: the receipt or bill is taken back for good, by a row with minus."""
    now = _now(clock)
    slip, desk, truth = _prepared(engine, number, now)
    mirror = desk.mirror(slip, now, resettles=False)
    Writer(engine, clock=clock).step(Step(now, mirror.writes()))
    return truth


def correct(
    engine: Engine,
    number: str,
    *,
    insurance: str | None = None,
    special: str | None = None,
    clock: Clock = utc_now,
) -> Truth:
    """취소 and 재수납: the receipt is settled anew under another insurance, and a new one handed out.

    Without `insurance`: health insurance becomes health insurance with 산정특례, anything else health insurance.
    """
    now = _now(clock)
    slip, desk, truth = _prepared(engine, number, now)
    if slip.kind is Kind.BILL:
        raise OperationRefused(number, "a bill is not settled anew; cancel it")
    policy, rate = _other(slip, insurance, special)
    mirror = desk.mirror(slip, now, resettles=True)
    again = desk.settle_again(slip, now, policy, rate)
    Writer(engine, clock=clock).step(Step(now, [*mirror.writes(), *again.writes()], 1))
    return truth


def close_day(engine: Engine, day: date, *, clock: Clock = utc_now) -> int:
    """일마감: mirrors that still wait for a new settlement become refunds. Gives how many did."""
    table, ymd = schema.SETTLEMENTS, f"{day:%Y%m%d}"
    now = _now(clock)
    with engine.connect() as connection:
        settled = select(table.c.ORG_SUNAP_NO).where(table.c.SUNAP_GB == Kind.RESETTLEMENT.value)
        waiting = select(table.c.SUNAP_NO).where(
            table.c.SUNAP_YMD == ymd,
            table.c.SUNAP_GB == Kind.MIRROR.value,
            table.c.CNCL_GB == "2",
            table.c.ORG_SUNAP_NO.not_in(settled),
        )
        keys = list(connection.execute(waiting).scalars())
        closed = connection.execute(
            select(schema.DAY_CLOSES.c.CLS_YMD).where(schema.DAY_CLOSES.c.CLS_YMD == ymd)
        ).scalar()
        taken = list(connection.execute(select(table.c.CARD_AMT).where(table.c.SUNAP_YMD == ymd)).scalars())
    writes: list[Insert | Update] = [Update(table, key, {"CNCL_GB": "1"}) for key in keys]
    if not closed:
        writes.append(Insert(schema.DAY_CLOSES, (ymd, now.isoformat(sep=" "), len(taken), sum(taken))))
    Writer(engine, clock=clock).step(Step(now, writes))
    return len(keys)


def _now(clock: Clock) -> datetime:
    return clock().astimezone(KOREA).replace(tzinfo=None, microsecond=0)


def _prepared(engine: Engine, number: str, now: datetime) -> tuple[Slip, Desk, Truth]:
    """The slip as stored, and a desk whose manifest knows it as issued."""
    truth = Truth()
    with engine.connect() as connection:
        slip = _load(connection, number)
    if slip.issued is not None:
        patient = slip.visit.patient.number
        truth.issue(slip.document, patient, slip.facts())
        if slip.kind is not Kind.BILL:
            facts = {"total": slip.account.total, "lines": len(slip.account.charges)}
            truth.issue(f"statement:{slip.key}", patient, facts)
    return slip, Desk(numbers_of(engine, f"{now:%Y%m%d}"), truth), truth


def _other(slip: Slip, insurance: str | None, special: str | None) -> tuple[Policy, str | None]:
    if special is not None and special not in SPECIAL:
        raise OperationRefused(slip.key, f"no such special rate; there are {', '.join(SPECIAL)}")
    if insurance is None:
        if slip.policy is HEALTH and slip.special is None:
            return HEALTH, special or "S10"
        return HEALTH, special
    if insurance not in POLICIES:
        raise OperationRefused(slip.key, f"no such insurance; there are {', '.join(POLICIES)}")
    return POLICIES[insurance], special


def _load(connection: Connection, number: str) -> Slip:
    """A receipt or bill that still stands; raises `OperationRefused`."""
    table = schema.SETTLEMENTS
    row = connection.execute(select(table).where(table.c.SUNAP_NO == number)).mappings().one_or_none()
    if row is None:
        raise OperationRefused(number, "no such row; `list` shows the last ones")
    kind = Kind(row["SUNAP_GB"])
    if kind not in (Kind.BILL, Kind.RECEIPT, Kind.RESETTLEMENT):
        raise OperationRefused(number, "neither a bill nor a receipt")
    ended = (
        connection.execute(select(table.c.SUNAP_NO).where(table.c.ORG_SUNAP_NO == number)).scalars().first()
    )
    if ended is not None:
        raise OperationRefused(number, f"already followed by {ended}")
    return Slip(
        key=number,
        kind=kind,
        calc=row["CALC_GB"],
        visit=_load_visit(connection, row),
        at=datetime.strptime(row["SUNAP_YMD"] + row["SUNAP_HMS"], "%Y%m%d%H%M%S"),
        policy=POLICIES[row["INSU_GB"]],
        special=row["SPCL_GB"],
        account=_load_account(connection, row),
        receipt=row["RCPT_NO"],
        issued=datetime.strptime(row["PRT_DTM"], "%Y%m%d%H%M%S") if row["PRT_DTM"] else None,
        until=row["MED_TO_YMD"],
        already=row["PRE_AMT"],
        paid=(row["CARD_AMT"], row["CSHR_AMT"], row["CASH_AMT"]),
        hipass=row["HIPASS_YN"] == "Y",
    )


def _load_visit(connection: Connection, row: RowMapping) -> Visit:
    patients, visits = schema.PATIENTS, schema.VISITS
    who = connection.execute(select(patients).where(patients.c.PT_NO == row["PT_NO"])).mappings().one()
    visit = connection.execute(select(visits).where(visits.c.VST_NO == row["VST_NO"])).mappings().one()
    born = datetime.strptime(who["BRTH_YMD"], "%Y%m%d").date()
    return Visit(
        number=row["VST_NO"],
        patient=PatientEntry(who["PT_NO"], who["PT_NM"], born, who["SEX_GB"], who["RRN_NO"]),
        kind=visit["VST_GB"],
        at=datetime.strptime(visit["MED_YMD"] + visit["MED_HMS"], "%Y%m%d%H%M%S"),
        doctor=_doctor(row["DR_NO"]),
        policy=POLICIES[row["INSU_GB"]],
        special=row["SPCL_GB"],
        night=row["NGT_GB"],
        ward=row["WARD_NM"],
        until=visit["OUT_YMD"],
    )


def _doctor(number: str) -> DoctorEntry:
    return next(each for each in doctors() if each.number == number)


def _load_account(connection: Connection, row: RowMapping) -> Account:
    items, rows = schema.SETTLEMENT_ITEMS, schema.SETTLEMENT_ROWS
    fees, number = schema.FEES, row["SUNAP_NO"]
    listed = select(items, fees.c.GUB.label("USUAL")).outerjoin(fees, fees.c.SUGA_CD == items.c.SUGA_CD)
    stored = connection.execute(listed.where(items.c.SUNAP_NO == number).order_by(items.c.SEQ)).mappings()
    summed = connection.execute(select(rows).where(rows.c.SUNAP_NO == number)).mappings()
    return Account(
        charges=[_charge(item) for item in stored],
        rows={each["HANG_CD"]: _shares(each) for each in summed},
        totals=_shares(row),
        unit=row["CUT_UNIT"],
        cut=row["CUT_AMT"],
        excess=row["OVR_AMT"],
    )


def _charge(item: RowMapping) -> Charge:
    line = Line(
        row=item["HANG_CD"],
        date=item["ORD_YMD"],
        code=item["SUGA_CD"],
        name=item["SUGA_NM"],
        cover=Cover(item["USUAL"] or item["GUB"]),
        price=item["PRICE"],
        qty=int(item["QTY"]),
        days=item["DAYS"],
    )
    return Charge(line, Cover(item["GUB"]), item["AMT"], _shares(item))


def _shares(row: RowMapping | Any) -> Shares:
    return Shares(row["BON_AMT"], row["GONG_AMT"], row["JUN_AMT"], row["BIG_AMT"])
