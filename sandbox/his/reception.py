"""The reception (원무 접수, 예약): registers patients, merges numbers, and fills schedules, bookings and results.

What is filled is a pure function of the day, so that a second filling of the same day adds nothing.
"""
# ruff: noqa: SIM300 (the hospital's columns are in capitals, which the rule takes for constants)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from sandbox.his import catalog, schema
from sandbox.his.calendar import is_holiday
from sandbox.his.lookup import Row, plain
from sandbox.his.people import DoctorEntry, doctors, patient

DAYS: Final = 14
"""Days that are open for booking."""
_NEW_NUMBERS: Final = 20_000_000
"""Numbers issued at the first visit begin after this; those of the made-up population lie before it."""
_HALVES: Final = (("0900", "1200"), ("1330", "1630"))
_EVERY: Final = 30
_SEATS: Final = 2
_NOTES: Final = (None, "검사 전 8시간 금식해 주세요.", "복용 중인 약을 모두 가져오세요.")
_STATES: Final = "RRRRRCAFN"
_TESTS: Final = (
    ("H-LB01", "일반혈액검사", "1", (("WBC", "백혈구", "6.1", "10^3/uL", "4.0-10.0", "N"),)),
    (
        "H-LB02",
        "일반화학검사",
        "2",
        (("GLU", "공복혈당", "128", "mg/dL", "70-99", "H"), ("K", "칼륨", "3.1", "mmol/L", "3.5-5.1", "L")),
    ),
    ("H-LB04", "소변검사", "1", (("PRO", "단백", "음성", None, "음성", "N"),)),
    ("H-BX01", "조직검사", "3", (("DX", "진단", "만성 위염", None, None, None),)),
)
"""Code, name, 공개구분, values."""


def register(engine: Engine, request: str, name: str, birth: str, sex: str) -> Row:
    """신규등록: a new registration number; the same request, asked again, gives the number it was given.

    birth: YYYYMMDD. sex: M or F.
    """
    try:
        with engine.begin() as connection:
            connection.execute(insert(schema.REQUESTS), {"REQ_ID": request, "PT_NO": ""})
            number = schema.PATIENTS.c.PT_NO
            last = connection.execute(select(func.max(number)).where(number.like("2_______"))).scalar()
            given = str(int(last or _NEW_NUMBERS) + 1)
            row = {"PT_NO": given, "PT_NM": name, "BRTH_YMD": birth, "SEX_GB": sex}
            connection.execute(insert(schema.PATIENTS), row)
            mine = schema.REQUESTS.c.REQ_ID == request
            connection.execute(update(schema.REQUESTS).where(mine).values(PT_NO=given))
    except IntegrityError:
        pass  # asked again
    patients, requests = schema.PATIENTS.c, schema.REQUESTS.c
    query = select(patients.PT_NO, patients.PT_NM, patients.BRTH_YMD, patients.SEX_GB).join_from(
        schema.PATIENTS, schema.REQUESTS, patients.PT_NO == requests.PT_NO
    )
    with engine.connect() as connection:
        return plain(connection.execute(query.where(requests.REQ_ID == request)).mappings().one())


def merge(engine: Engine, old: str, new: str, at: datetime) -> None:
    """등록번호 통합: `old` ends, `new` goes on."""
    row = {"OLD_PT_NO": old, "NEW_PT_NO": new, "MRG_DTM": f"{at:%Y%m%d%H%M%S}"}
    with engine.begin() as connection:
        connection.execute(insert(schema.MERGES), row)


def fill(engine: Engine, day: date, population: int) -> None:
    """Schedules from `day` on, bookings in them, and results of the days before."""
    with engine.begin() as connection:
        known = select(schema.SESSIONS.c.SCH_NO).where(schema.SESSIONS.c.SCH_YMD == f"{day:%Y%m%d}")
        if connection.execute(known.limit(1)).first() is not None or population < 1:
            return
        for table, rows in _rows(day, population):
            taken = set(connection.execute(select(table.primary_key.columns[0])).scalars())
            key = table.primary_key.columns[0].name
            fresh = [row for row in rows if row[key] not in taken]
            if fresh:
                connection.execute(insert(table), fresh)


def _rows(day: date, population: int) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """What the day has, table by table."""
    days = [each for each in (day + timedelta(days=n) for n in range(DAYS)) if not is_holiday(each)]
    sessions = [each for at in days for each in _sessions_of(at)]
    slots = [each for session in sessions for each in _slots_of(session)]
    results = list(_results(day, population))
    yield schema.SLOTS, slots  # before their sessions: those say that the day is filled
    yield schema.SESSIONS, sessions
    yield schema.APPOINTMENTS, list(_appointments(slots, population))
    yield schema.RESULT_VALUES, [each for result in results for each in _values_of(result)]
    yield schema.RESULTS, results


def _sessions_of(day: date) -> Iterator[dict[str, Any]]:
    for number, doctor in enumerate(_outpatient_doctors()):
        for half, (start, end) in enumerate(_HALVES):
            closed = (number + half + day.toordinal()) % 9 == 0
            yield {
                "SCH_NO": f"S{day:%Y%m%d}{doctor.number}{half}",
                "SCH_YMD": f"{day:%Y%m%d}",
                "ST_HM": start,
                "ED_HM": end,
                "DEPT_CD": doctor.department.code,
                "DR_NO": doctor.number,
                "STAT_GB": "X" if closed else "O",
            }


def _outpatient_doctors() -> Sequence[DoctorEntry]:
    return [each for each in doctors() if each.department is not catalog.EMERGENCY]


def _slots_of(session: dict[str, Any]) -> Iterator[dict[str, Any]]:
    start, end = (datetime.strptime(session[name], "%H%M") for name in ("ST_HM", "ED_HM"))
    while start < end and session["STAT_GB"] == "O":
        yield {"SCH_NO": session["SCH_NO"], "SLOT_HM": f"{start:%H%M}", "CAP_CNT": _SEATS}
        start += timedelta(minutes=_EVERY)


def _appointments(slots: Sequence[dict[str, Any]], population: int) -> Iterator[dict[str, Any]]:
    for index in range(1, min(population, len(slots) // 3) + 1):
        slot = slots[index * 3 - 1]
        yield {
            "RSV_NO": f"R{slot['SCH_NO'][1:]}{slot['SLOT_HM']}",
            "PT_NO": patient(index).number,
            "SCH_NO": slot["SCH_NO"],
            "SLOT_HM": slot["SLOT_HM"],
            "STAT_GB": _STATES[index % len(_STATES)],
            "PREP_TXT": _NOTES[index % len(_NOTES)],
        }


def _results(day: date, population: int) -> Iterator[dict[str, Any]]:
    for index in range(1, population + 1):
        code, name, rule, _ = _TESTS[index % len(_TESTS)]
        taken = day - timedelta(days=index % 20 + 1)
        yield {
            "RSLT_NO": f"L{taken:%Y%m%d}{index:06d}",
            "PT_NO": patient(index).number,
            "VST_NO": None,
            "TEST_CD": code,
            "TEST_NM": name,
            "COLL_YMD": f"{taken:%Y%m%d}",
            "COLL_HMS": "083000",
            "REL_DTM": None if rule == "3" else f"{taken:%Y%m%d}170000",
            "REL_GB": rule,
        }


def _values_of(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (values,) = (each[3] for each in _TESTS if each[0] == result["TEST_CD"])
    for number, (code, name, value, unit, reference, flag) in enumerate(values, 1):
        yield {
            "RSLT_NO": result["RSLT_NO"],
            "SEQ": number,
            "ITEM_CD": code,
            "ITEM_NM": name,
            "RSLT_VAL": value,
            "UNIT_NM": unit,
            "REF_TXT": reference,
            "FLAG_CD": flag,
        }
