"""One sandbox hospital whose reception knows a few people: what every adapter's desk is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import contract
from sqlalchemy import Engine, insert, text

from sandbox.his import schema
from sandbox.his.events import Step
from sandbox.his.people import patient
from sandbox.his.reception import merge
from sandbox.his.slips import Slip, Visit
from sandbox.his.store import Writer, ensure_patients, open_database

ME, OTHER, NAMESAKE = patient(1), patient(2), patient(3)
TWIN, STRANGE = "30000001", "30000002"
DAY = "20261125"
DEPARTMENT, DOCTOR, COLLEAGUE = "IM", "D0001", "D0002"
AT = datetime(2026, 11, 24, 10, 0)


class DeskHospital:
    """The hospital's database, filled once. `now` is the clock of whoever asks."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/desk.sqlite3"
        self.engine: Engine = open_database(self.url)
        self.now = contract.NOON
        ensure_patients(self.engine, 10)
        self._people()
        self._schedule()
        self._results()
        self._bills()

    def clock(self) -> datetime:
        return self.now

    def close(self) -> None:
        self.engine.dispose()

    def add(self, table: Any, *rows: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(table), list(rows))

    @contextmanager
    def without(self, view: str) -> Iterator[None]:
        """A view is gone, as after an update of the hospital's system."""
        with self.engine.begin() as connection:
            query = "SELECT sql FROM sqlite_master WHERE name = :name"
            made = connection.execute(text(query), {"name": view}).scalar_one()
            connection.execute(text(f'DROP VIEW "{view}"'))
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                connection.execute(text(made))

    def _people(self) -> None:
        born = f"{NAMESAKE.birth:%Y%m%d}"
        self.add(
            schema.PATIENTS,
            {"PT_NO": TWIN, "PT_NM": "홍길동", "BRTH_YMD": born, "SEX_GB": "M"},
            {"PT_NO": STRANGE, "PT_NM": "x", "BRTH_YMD": born, "SEX_GB": "M"},
        )
        with self.engine.begin() as connection:
            change = text('UPDATE "PPTNTM" SET "PT_NM" = :name WHERE "PT_NO" = :number')
            connection.execute(change, {"name": "홍길동".encode("cp949"), "number": TWIN})
            connection.execute(change, {"name": b"\xff\xff", "number": STRANGE})
        merge(self.engine, "40000001", "40000002", AT)
        merge(self.engine, "40000002", OTHER.number, AT)
        merge(self.engine, "40000003", "40000004", AT)
        merge(self.engine, "40000004", "40000003", AT)

    def _schedule(self) -> None:
        sessions = [
            ("S1", DAY, "0900", "1200", DEPARTMENT, DOCTOR, "O"),
            ("S2", DAY, "1300", "1600", DEPARTMENT, COLLEAGUE, "O"),
            ("S3", "20261126", "0900", "1200", DEPARTMENT, DOCTOR, "X"),
            ("S4", "20261201", "0900", "1200", DEPARTMENT, DOCTOR, "O"),
            ("S5", DAY, "0900", "1200", "GS", "D0013", "O"),
        ]
        names = ("SCH_NO", "SCH_YMD", "ST_HM", "ED_HM", "DEPT_CD", "DR_NO", "STAT_GB")
        self.add(schema.SESSIONS, *(dict(zip(names, each, strict=True)) for each in sessions))
        slots = [
            ("S1", "0900", 2),
            ("S1", "0930", 1),
            ("S1", "1000", 1),
            ("S3", "0900", 3),
            ("S4", "0900", 1),
        ]
        self.add(schema.SLOTS, *({"SCH_NO": s, "SLOT_HM": h, "CAP_CNT": c} for s, h, c in slots))
        booked = [
            ("R1", ME.number, "S1", "0900", "R", "금식 8시간"),
            ("R2", ME.number, "S4", "0900", "C", None),
            ("R3", OTHER.number, "S1", "0930", "R", None),
            ("R4", ME.number, "S2", "1300", "9", None),
        ]
        names = ("RSV_NO", "PT_NO", "SCH_NO", "SLOT_HM", "STAT_GB", "PREP_TXT")
        self.add(schema.APPOINTMENTS, *(dict(zip(names, each, strict=True)) for each in booked))

    def _results(self) -> None:
        names = (
            "RSLT_NO",
            "PT_NO",
            "VST_NO",
            "TEST_CD",
            "TEST_NM",
            "COLL_YMD",
            "COLL_HMS",
            "REL_DTM",
            "REL_GB",
        )
        results = [
            ("L1", ME.number, "V1", "H-LB02", "일반화학검사", "20261120", "083000", "20261120170000", "1"),
            ("L2", ME.number, None, "H-BX01", "조직검사", "20261121", "083000", None, "3"),
            ("L3", ME.number, None, "H-LB01", "일반혈액검사", "20261122", "083000", "20261124130000", "2"),
            ("L4", ME.number, None, "H-LB04", "소변검사", "20261123", "083000", "20261123170000", "9"),
            ("L5", OTHER.number, None, "H-LB01", "일반혈액검사", "20261120", "083000", "20261120170000", "1"),
            ("L6", ME.number, None, "H-LB01", "일반혈액검사", "20250101", "083000", "20250101170000", "1"),
        ]
        self.add(schema.RESULTS, *(dict(zip(names, each, strict=True)) for each in results))
        names = ("RSLT_NO", "SEQ", "ITEM_CD", "ITEM_NM", "RSLT_VAL", "UNIT_NM", "REF_TXT", "FLAG_CD")
        values = [
            ("L1", 1, "GLU", "공복혈당", "128", "mg/dL", "70-99", "H"),
            ("L1", 2, "NOTE", "판독", "특이 소견 없음", None, None, None),
            *(
                (each, 1, "WBC", "백혈구", "6.1", "10^3/uL", "4.0-10.0", "N")
                for each in ("L3", "L4", "L5", "L6")
            ),
            ("L2", 1, "DX", "진단", "MARKED-UNRELEASED", None, None, None),
        ]
        self.add(schema.RESULT_VALUES, *(dict(zip(names, each, strict=True)) for each in values))

    def _bills(self) -> None:
        self._teller, self._serial = contract.teller_of(11), 0
        self.visits: dict[str, Visit] = {}
        desk = self._teller.desk
        self.slips: dict[str, Slip] = {}
        for state in ("open", "settled", "cancelled", "changing", "draft", "part", "foreign"):
            visit = self._visit(OTHER if state == "foreign" else ME)
            self.visits[state] = visit
            if state in ("open", "draft"):
                made = desk.bill(visit, AT, issued=state == "open")
            else:
                made = desk.receipt(visit, AT, unpaid=1_000 if state == "part" else 0)
            self.slips[state] = made
            self.write(made)
            if state in ("cancelled", "changing"):
                self.write(desk.mirror(made, AT + timedelta(minutes=1), resettles=state == "changing"))

    def settle(self, state: str) -> Slip:
        """The bill in this state is paid at the cashier's: another version of it."""
        paid = self._teller.desk.receipt(
            self.visits[state], AT + timedelta(hours=1), original=self.slips[state]
        )
        self.write(paid)
        return paid

    def unsettled(self) -> Slip:
        """A bill more that is to be paid."""
        self.visits["late"] = self._visit(ME)
        self.slips["late"] = self._teller.desk.bill(self.visits["late"], AT)
        self.write(self.slips["late"])
        return self.slips["late"]

    def write(self, slip: Slip) -> None:
        Writer(self.engine, clock=lambda: contract.NOON).step(Step(slip.at, slip.writes()))

    def _visit(self, who: Any) -> Visit:
        visit, seen = contract.visit_of(self._teller)
        writer = Writer(self.engine, clock=lambda: contract.NOON)
        writer.step(Step(AT, seen.writes))
        visit.patient = who
        return visit
