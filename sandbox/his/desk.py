"""The cashier's desk (원무과 수납): makes slips, and notes in the manifest what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sandbox.his import schema
from sandbox.his.events import Numbers, Update
from sandbox.his.money import Line, Policy, account
from sandbox.his.slips import Kind, Slip, Visit
from sandbox.his.truth import Truth

_NOTHING = account([], Policy("", "", 0, 0, 1, 1), None, inpatient=False)


class Desk:
    """Makes slips with the day's numbers, and keeps the manifest."""

    def __init__(self, numbers: Numbers, truth: Truth) -> None:
        self._numbers = numbers
        self._truth = truth

    def advance(self, visit: Visit, at: datetime, kind: Kind, amount: int) -> Slip:
        """예약금 or 가수납: money without a document."""
        return Slip(
            key=self._numbers.settlement(),
            kind=kind,
            calc=_calc(visit),
            visit=visit,
            at=at,
            policy=visit.policy,
            special=visit.special,
            account=_NOTHING,
            paid=(amount, 0, 0),
        )

    def bill(self, visit: Visit, at: datetime, *, original: Slip | None = None, issued: bool = True) -> Slip:
        """계산서; without `issued` a draft that the patient never sees."""
        slip = self._slip(visit, at, Kind.BILL, original=original, issued=issued)
        self._note(slip)
        return slip

    def receipt(
        self,
        visit: Visit,
        at: datetime,
        *,
        original: Slip | None = None,
        issued: bool = True,
        calc: str = "",
        lines: Sequence[Line] | None = None,
        already: int = 0,
        unpaid: int = 0,
        excess: bool = False,
        hipass: bool = False,
    ) -> Slip:
        """수납. already: ⑨; unpaid: what the patient still owes; not `issued`: handed over later."""
        slip = self._slip(visit, at, Kind.RECEIPT, original, issued, calc, lines, excess)
        slip = replace(slip, already=already, hipass=hipass)
        slip = replace(slip, paid=_paid(slip, unpaid))
        self._note(slip)
        return slip

    def mirror(self, slip: Slip, at: datetime, *, resettles: bool) -> Slip:
        """취소: the same amounts with minus. Not `resettles`: for good."""
        if not resettles:
            self._end(slip)
        return replace(
            slip,
            key=self._numbers.settlement(),
            kind=Kind.MIRROR,
            at=at,
            original=slip,
            resettles=resettles,
            issued=at if slip.issued else None,
        )

    def settle_again(self, slip: Slip, at: datetime, policy: Policy, special: str | None) -> Slip:
        """재수납 of a receipt under another insurance."""
        lines = [charge.line for charge in slip.account.charges]
        charged = account(lines, policy, special, inpatient=slip.visit.inpatient)
        again = replace(
            slip,
            key=self._numbers.settlement(),
            kind=Kind.RESETTLEMENT,
            at=at,
            issued=at,
            receipt=self._numbers.receipt(),
            original=slip,
            policy=policy,
            special=special,
            account=charged,
            already=0,
            hipass=False,
        )
        again = replace(again, paid=_paid(again, 0))
        self._note(again)
        return again

    def hand_over(self, slip: Slip, at: datetime) -> Update:
        """The receipt is handed to the patient later than it was settled."""
        self._note(replace(slip, issued=at))
        return Update(schema.SETTLEMENTS, slip.key, {"PRT_DTM": f"{at:%Y%m%d%H%M%S}"})

    def close_for_good(self, mirror: Slip) -> Update:
        """일마감: a mirror whose new settlement never came becomes a refund."""
        assert mirror.original is not None
        self._end(mirror.original)
        return Update(schema.SETTLEMENTS, mirror.key, {"CNCL_GB": "1"})

    def _slip(
        self,
        visit: Visit,
        at: datetime,
        kind: Kind,
        original: Slip | None = None,
        issued: bool = True,
        calc: str = "",
        lines: Sequence[Line] | None = None,
        excess: bool = False,
    ) -> Slip:
        charged = account(
            visit.lines if lines is None else lines,
            visit.policy,
            visit.special,
            inpatient=visit.inpatient,
            excess=excess,
        )
        return Slip(
            key=self._numbers.settlement(),
            kind=kind,
            calc=calc or _calc(visit),
            visit=visit,
            at=at,
            policy=visit.policy,
            special=visit.special,
            account=charged,
            receipt=self._numbers.receipt(),
            issued=at if issued else None,
            original=original,
            until=f"{at:%Y%m%d}" if visit.inpatient else visit.day,
        )

    def _note(self, slip: Slip) -> None:
        """In the manifest: a document was handed out, in place of the one before it."""
        if slip.issued is None:
            return
        patient, original = slip.visit.patient.number, slip.original
        self._truth.issue(slip.document, patient, slip.facts())
        if original is not None and self._stands(original.document):
            self._truth.supersede(original.document, slip.document)
        if slip.kind is Kind.BILL:
            return
        facts = {"total": slip.account.total, "lines": len(slip.account.charges)}
        self._truth.issue(f"statement:{slip.key}", patient, facts)
        if original is not None and self._stands(f"statement:{original.key}"):
            self._truth.supersede(f"statement:{original.key}", f"statement:{slip.key}")

    def _end(self, slip: Slip) -> None:
        for document in (slip.document, f"statement:{slip.key}"):
            if self._stands(document):
                self._truth.withdraw(document)

    def _stands(self, document: str) -> bool:
        expected = self._truth.documents.get(document)
        return expected is not None and expected.state == "issued"


def _calc(visit: Visit) -> str:
    return "D" if visit.inpatient else visit.kind


def _paid(slip: Slip, unpaid: int) -> tuple[int, int, int]:
    """⑪: mostly by card; which means depends on the number only, so a day is the same each time."""
    paid = slip.due - min(unpaid, max(slip.due, 0))
    means = int(slip.key[-2:]) % 10
    if means == 7:
        return (0, paid, 0)
    if means == 8:
        return (0, 0, paid)
    if means == 9:
        half = paid // 2
        return (half, 0, paid - half)
    return (paid, 0, 0)
