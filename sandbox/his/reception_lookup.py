"""What the reception is asked over every face of the hospital: about one patient, or a department's schedule."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from sandbox.his.lookup import Detail, Listing, Row, chosen

PATIENTS: Final = Listing("V_SGM_HWANJA", "PT_NO", None, ())
MERGES: Final = Listing("V_SGM_TONGHAP", "OLD_PT_NO", None, ())
SESSIONS: Final = Listing(
    "V_SGM_ILJEONG", "SCH_NO", None, (Detail("SLOT", "V_SGM_ILJEONG_SLOT", "SLOT_DTM"),)
)
APPOINTMENTS: Final = Listing("V_SGM_YEYAK", "RSV_NO", None, ())
RESULTS: Final = Listing("V_SGM_GYEOLGWA", "RSLT_NO", None, (Detail("HANG", "V_SGM_GYEOLGWA_HANG", "SEQ"),))
BILLS: Final = Listing("V_SGM_CHEONGGU", "SUNAP_NO", None, (Detail("HANG", "V_SGM_SUNAP_HANG", "HANG_CD"),))


def patients(engine: Engine, *, number: str = "", birth: str = "") -> list[Row]:
    """By registration number, or by birth date (YYYYMMDD)."""
    if number:
        return chosen(engine, PATIENTS, '"PT_NO" = :number', {"number": number})
    return chosen(engine, PATIENTS, '"BRTH_YMD" = :birth', {"birth": birth})


def merges(engine: Engine, number: str) -> list[Row]:
    """What became of a number that ended."""
    return chosen(engine, MERGES, '"OLD_PT_NO" = :number', {"number": number})


def sessions(engine: Engine, department: str, doctor: str, first: str, last: str) -> list[Row]:
    """Sessions of a department between two days (YYYYMMDD), of one doctor or (empty) of all."""
    condition = '"DEPT_CD" = :department AND "SCH_YMD" BETWEEN :first AND :last'
    values = {"department": department, "first": first, "last": last}
    if doctor:
        condition, values = f'{condition} AND "DR_NO" = :doctor', values | {"doctor": doctor}
    return chosen(engine, SESSIONS, condition, values)


def appointments(engine: Engine, number: str, first: str, last: str) -> list[Row]:
    """A patient's bookings between two days."""
    condition = '"PT_NO" = :number AND "SCH_YMD" BETWEEN :first AND :last'
    return chosen(engine, APPOINTMENTS, condition, {"number": number, "first": first, "last": last})


def results(engine: Engine, number: str, first: str, last: str) -> list[Row]:
    """A patient's results taken between two days, as far as the hospital shows them to patients."""
    condition = '"PT_NO" = :number AND "COLL_YMD" BETWEEN :first AND :last'
    return chosen(engine, RESULTS, condition, {"number": number, "first": first, "last": last})


def bills(engine: Engine, number: str) -> list[Row]:
    """A patient's accounts as they stand."""
    return chosen(engine, BILLS, '"PT_NO" = :number', {"number": number})
