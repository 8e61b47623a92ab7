"""진료비 계산서: Form 6 before payment. Has no field for a payment, and its own type, so it never passes as
a receipt."""

from __future__ import annotations

from typing import ClassVar

from records.kinds.base import Kind, Receiver, Rule
from records.kinds.form6 import FORM6_RULES, Form6
from records.labels import Label


class Bill(Form6):
    """계산서: what is owed. ⑨ may be above zero (an earlier interim payment), ⑪ does not exist."""

    RULES: ClassVar[tuple[Rule, ...]] = FORM6_RULES


BILL = Kind(
    name="bill",
    version=1,
    title=Label("진료비 계산서", "Bill for treatment (unpaid)", "Form 6 (별지 제6호서식)"),
    model=Bill,
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
