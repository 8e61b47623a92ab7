"""From R4 resources to the rows of a desk's answers: where each field lies, and what R4's own codes mean.

The places are written down in `mapping.yaml`; a server that names a system or an extension otherwise says so there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource, good_id
from oracle.his.fhir.elements import VISIT_ELEMENTS, renamed
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.reading import instant, whole_won
from oracle.his.rows import BadRow, Fields
from oracle.his.values import BadValue, TextRules, text
from records.fhir.errors import FhirInvalid
from records.fhir.paths import Item, Place, get
from records.fhir.systems import LOCAL_DEPARTMENT, PRICE, extension

_FULL_DAY: Final = len("2026-11-24")
_FIRST: Final = Item({})
_APPOINTMENT: Final = {
    "proposed": "booked",
    "pending": "booked",
    "booked": "booked",
    "waitlist": "booked",
    "arrived": "arrived",
    "checked-in": "arrived",
    "fulfilled": "done",
    "cancelled": "cancelled",
    "noshow": "no-show",
}
_INVOICE: Final = {"issued": "open", "balanced": "settled", "cancelled": "cancelled", "draft": "changing"}
_REPORTED: Final = frozenset({"final", "amended", "corrected", "appended"})
_RULES: Final = {each: each for each in ("at-once", "after-visit", "by-doctor")}
_FLAGS: Final = {
    "N": "normal",
    "L": "low",
    "H": "high",
    "LL": "critical-low",
    "HH": "critical-high",
    "A": "abnormal",
    "AA": "abnormal",
}
_SHARES: Final = ("patient", "insurer", "full", "uncovered")
_SUMS: Final = ("total", "patient_total", "already_paid", "due", "paid")


@dataclass(frozen=True, slots=True)
class Cells:
    """Reads values of one server's resources. Each raises BadRow with the field's name."""

    mapping: FhirMapping

    def at(self, resource: Any, place: Place, name: str) -> Any:
        """What stands at a place, or None."""
        try:
            return get(resource, renamed(place, self.mapping.names))
        except FhirInvalid:
            raise BadRow(Reason.NOT_A_ROW, name) from None

    def text(self, resource: Any, place: Place, name: str, longest: int = 100) -> str:
        """Text that must be there."""
        found = self.text_or_not(resource, place, name, longest)
        if found is None:
            raise BadRow(Reason.MISSING, name)
        return found

    def text_or_not(self, resource: Any, place: Place, name: str, longest: int = 100) -> str | None:
        """Text that may be missing."""
        rules = TextRules(self.mapping.text.binary, self.mapping.text.latin1)
        found = self.at(resource, place, name)
        if found is not None and not isinstance(found, str):
            raise BadRow(Reason.NOT_TEXT, name)
        read: str | None = self.converted(text(rules, longest), found, name)
        return read

    def moment(self, resource: Any, place: Place, name: str) -> datetime | None:
        """An instant, in UTC."""
        found: datetime | None = self.converted(instant, self.at(resource, place, name), name)
        return found

    def must(self, found: Any, name: str) -> Any:
        """What must not be missing."""
        if found is None:
            raise BadRow(Reason.MISSING, name)
        return found

    def code(self, resource: Any, place: Place, name: str, meanings: Mapping[str, str]) -> str | None:
        """What a code means; None where there is none."""
        found = self.at(resource, place, name)
        if found is None:
            return None
        if not isinstance(found, str) or found not in meanings:
            raise BadRow(Reason.CODE_UNMAPPED, name)
        return meanings[found]

    def converted(self, convert: Callable[[Any], Any], value: Any, name: str) -> Any:
        """A value read, unless it is missing."""
        try:
            return None if value is None else convert(value)
        except BadValue as bad:
            raise BadRow(bad.reason, name) from None

    def id(self, resource: Any, name: str = "id") -> str:
        """The resource's own id."""
        found = good_id(self.at(resource, ("id",), name))
        if found is None:
            raise BadRow(Reason.KEY_INVALID, name)
        return found

    def reference(self, resource: Any, place: Place, name: str) -> str | None:
        """The id at the end of a reference; None where there is none."""
        found = self.text_or_not(resource, (*place, "reference"), name, 300)
        return None if found is None else found.partition("/_history")[0].rpartition("/")[2]

    def reading(self, read: Callable[..., Fields], *given: Any) -> Fields | BadRow:
        """A row as `read` makes it of what is given, or what is wrong with it."""
        try:
            return read(*given)
        except BadRow as bad:
            return bad

    # --- rows

    def person(self, resource: Resource) -> Fields:
        """Patient."""
        born = self.text_or_not(resource, ("birthDate",), "birth_date")
        sexes = {each: each for each in ("male", "female", "other", "unknown")}
        return {
            "number": self.number(resource),
            "name": self.text(resource, ("name", _FIRST, "text"), "name"),
            "birth_date": born if born is not None and len(born) == _FULL_DAY else None,
            "sex": self.code(resource, ("gender",), "sex", sexes),
        }

    def number(self, resource: Resource) -> str:
        """Patient: the registration number."""
        (element,) = VISIT_ELEMENTS["patient_number"]
        return self.text(resource, element.place, "number")

    def session(self, schedule: Resource, slots: list[Resource]) -> Fields:
        """Schedule, with its Slots."""
        times = [
            {
                "at": self.must(self.moment(each, ("start",), "at"), "at"),
                "free": self._free(each),
            }
            for each in slots
        ]
        seats = self.at(schedule, extension("seats", "valueInteger"), "total")
        return {
            "id": self.id(schedule),
            "start": self.must(self.moment(schedule, ("planningHorizon", "start"), "start"), "start"),
            "end": self.must(self.moment(schedule, ("planningHorizon", "end"), "end"), "end"),
            "state": "open" if self.at(schedule, ("active",), "state") is not False else "closed",
            "total": len(times) if seats is None else self.converted(whole_won, seats, "total"),
            **self._department(schedule, ("specialty", _FIRST)),
            **self._doctor(schedule, "actor", ()),
            "slots": times,
        }

    def _free(self, slot: Resource) -> int:
        seats = self.at(slot, extension("free-seats", "valueInteger"), "free")
        free = self.at(slot, ("status",), "free") == "free"
        found: int = 1 if seats is None else self.converted(whole_won, seats, "free")
        return found if free else 0

    def appointment(self, resource: Resource, whose: str) -> Fields:
        """Appointment of the patient whose registration number is `whose`."""
        at = self.must(self.moment(resource, ("start",), "at"), "at")
        state = self.must(self.code(resource, ("status",), "state", _APPOINTMENT), "state")
        return {
            "id": self.id(resource),
            "patient_number": whose,
            "session": self.reference(resource, extension("session", "valueReference"), "session"),
            "at": at,
            "state": state,
            "preparation": self.text_or_not(resource, ("patientInstruction",), "preparation", 2_000),
            **self._department(resource, ("specialty", _FIRST)),
            **self._doctor(resource, "participant", ("actor",)),
        }

    def result(self, report: Resource, observations: list[Resource], whose: str) -> Fields:
        """DiagnosticReport, with its Observations. What is not final, or not released, has no `released`."""
        final = self.at(report, ("status",), "released") in _REPORTED
        released = self.moment(report, extension("released", "valueDateTime"), "released")
        return {
            "id": self.id(report),
            "patient_number": whose,
            "code": self.text(report, ("code", "coding", _FIRST, "code"), "code"),
            "name": self._named(report, "name"),
            "visit": self.reference(report, ("encounter",), "visit"),
            "taken": self.moment(report, ("effectiveDateTime",), "taken"),
            "released": released if final else None,
            "rule": self.must(
                self.code(report, extension("release-rule", "valueCode"), "rule", _RULES), "rule"
            ),
            "values": [self._value(each) for each in observations],
        }

    def _value(self, observation: Resource) -> Fields:
        measured = self.at(observation, ("valueQuantity", "value"), "value")
        value = (
            self.text(observation, ("valueString",), "value", 2_000) if measured is None else str(measured)
        )
        flag = ("interpretation", _FIRST, "coding", _FIRST, "code")
        return {
            "code": self.text_or_not(observation, ("code", "coding", _FIRST, "code"), "code"),
            "name": self._named(observation, "name"),
            "value": value,
            "unit": self.text_or_not(observation, ("valueQuantity", "unit"), "unit"),
            "range": self.text_or_not(observation, ("referenceRange", _FIRST, "text"), "range"),
            "flag": self.code(observation, flag, "flag", _FLAGS),
        }

    def bill(self, invoice: Resource, whose: str) -> Fields:
        """Invoice of type `bill`: an account as it now stands."""
        number = ("identifier", Item({"system": "urn:saegim:bill-number"}), "value")
        return {
            "id": self.text(invoice, number, "id"),
            "version": self.text(invoice, ("meta", "versionId"), "version"),
            "patient_number": whose,
            "visit": self.must(
                self.reference(invoice, extension("encounter", "valueReference"), "visit"), "visit"
            ),
            "visit_date": self.text(invoice, extension("visit-date", "valueDate"), "visit_date"),
            "made": self.must(self.moment(invoice, ("date",), "made"), "made"),
            "state": self.must(self.code(invoice, ("status",), "state", _INVOICE), "state"),
            **self._department(invoice, extension("department", "valueCodeableConcept")),
            **dict(self._amounts(invoice, "totalPriceComponent", "base", _SHARES)),
            **dict(self._amounts(invoice, "totalPriceComponent", "informational", _SUMS)),
            "items": [self._item(each) for each in self._list(invoice, "lineItem", "items")],
        }

    def _item(self, line: Resource) -> Fields:
        shares = dict(self._amounts(line, "priceComponent", "base", _SHARES))
        return {"item": self._fee_item(line), **shares}

    def _fee_item(self, line: Resource) -> str:
        codings = self.at(line, ("chargeItemCodeableConcept", "coding"), "item")
        known = self.mapping.codes["item"].systems
        for coding in codings if isinstance(codings, list) else ():
            meanings = known.get(str(coding.get("system"))) if isinstance(coding, Mapping) else None
            code = coding.get("code") if meanings is not None else None
            if isinstance(code, str):
                meant = code if meanings == "same" else dict(meanings or {}).get(code)
                if meant is not None:
                    return str(meant)
        raise BadRow(Reason.CODE_UNMAPPED, "item")

    def _amounts(
        self, resource: Resource, element: str, kind: str, names: tuple[str, ...]
    ) -> Iterator[tuple[str, int]]:
        """Price components by their code; one that is missing is nothing."""
        for name in names:
            coding = {"system": PRICE, "code": name.replace("_", "-")}
            component = Item({"type": kind, "code": {"coding": [coding]}})
            amount = self.at(resource, (element, component, "amount"), name)
            yield name, 0 if amount is None else self.converted(whole_won, amount, name)

    def _department(self, resource: Resource, place: Place) -> Fields:
        code = (*place, "coding", Item({"system": LOCAL_DEPARTMENT}), "code")
        return {
            "department": self.text(resource, code, "department"),
            "department_name": self.text(resource, (*place, "text"), "department_name"),
        }

    def _doctor(self, resource: Resource, element: str, inner: Place) -> Fields:
        """The first Practitioner in a list of references."""
        for each in self._list(resource, element, "doctor"):
            named = self.text_or_not(each, (*inner, "reference"), "doctor", 300) or ""
            if "Practitioner/" in named:
                display = self.text_or_not(each, (*inner, "display"), "doctor_name")
                return {"doctor": self.reference(each, inner, "doctor"), "doctor_name": display}
        return {"doctor": None, "doctor_name": None}

    def _named(self, resource: Resource, name: str) -> str:
        """The text of `code`, or else what its first coding shows."""
        written = self.text_or_not(resource, ("code", "text"), name)
        return written or self.text(resource, ("code", "coding", _FIRST, "display"), name)

    def _list(self, resource: Resource, element: str, name: str) -> list[Any]:
        found = self.at(resource, (element,), name)
        if found is not None and not isinstance(found, list):
            raise BadRow(Reason.NOT_A_ROW, name)
        return found or []
