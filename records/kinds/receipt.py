"""진료비 영수증: Form 6 after payment. The only kind that says that money was paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from records.errors import Problem
from records.kinds.base import Kind, Receiver, Rule, rule
from records.kinds.form6 import FORM6_RULES, Form6
from records.kinds.parts import Part
from records.labels import Always, Hideable, Label
from records.text import Code, DateText, SignedWon


class Payment(Part):
    """납부한 금액 ⑪ by means of payment, in won; below zero where earlier payments were refunded at
    discharge."""

    card: Annotated[SignedWon, Label("카드", "Card", "Form 6 ⑪")] = 0
    cash_receipt: Annotated[SignedWon, Label("현금영수증", "Cash with a cash receipt", "Form 6 ⑪")] = 0
    cash: Annotated[SignedWon, Label("현금", "Cash", "Form 6 ⑪")] = 0
    total: Annotated[SignedWon, Label("합계", "Sum", "Form 6 ⑪")]


@rule()
def payment_adds_up(record: Receipt) -> Iterator[Problem]:
    """⑪ is the sum of its means, none runs against ⑩, and what is neither paid nor due is stated."""
    paid = record.paid
    sign = -1 if record.due < 0 else 1
    for means in ("card", "cash_receipt", "cash"):
        if getattr(paid, means) * sign < 0:
            yield Problem(f"paid.{means}", "arithmetic", "a payment cannot have the opposite sign of ⑩")
    if paid.total != paid.card + paid.cash_receipt + paid.cash:
        yield Problem("paid.total", "arithmetic", "⑪ = card + cash receipt + cash does not hold")
    if paid.total * sign > record.due * sign:
        yield Problem("paid.total", "arithmetic", "⑪ cannot exceed ⑩")
    elif record.outstanding != record.due - paid.total:
        yield Problem("outstanding", "arithmetic", "unpaid = ⑩ − ⑪ does not hold")


class Receipt(Form6):
    """영수증: a settled Form 6."""

    RULES: ClassVar[tuple[Rule, ...]] = (*FORM6_RULES, payment_adds_up)

    settled_date: Annotated[DateText, Always("수납일자", "Date of payment", "A5")]
    paid: Annotated[Payment, Always("납부한 금액 ⑪", "Paid", "Form 6 ⑪")]
    outstanding: Annotated[SignedWon, Always("납부하지 않은 금액 ⑩−⑪", "Unpaid", "Form 6")] = 0
    cash_receipt_approval: Annotated[
        Code | None, Hideable("현금영수증 승인번호", "Cash receipt approval number", "Form 6")
    ] = None


RECEIPT = Kind(
    name="receipt",
    version=1,
    title=Label("진료비 영수증", "Receipt for treatment", "Form 6 (별지 제6호서식)"),
    model=Receipt,
    fhir="Invoice",
    must_see={
        Receiver.INSURER: frozenset(
            {"number", "patient.name", "visit_date", "period", "department", "patient_class", "rows"}
        ),
        Receiver.CERTIFICATE_RECEIVER: frozenset({"patient.name"}),
        Receiver.HOSPITAL: frozenset({"patient.name", "visit_date"}),
        Receiver.PHARMACY: frozenset(),
    },
    decoys={},
)
