"""The desks of a hospital behind an R4 server: Patient, Schedule, Slot, Appointment, DiagnosticReport, Invoice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from chain.clock import Clock
from oracle.his.asking import DESK_SECONDS
from oracle.his.base import HisMalformed, HisUnavailable, Reason
from oracle.his.desk import Asked
from oracle.his.desk_fields import Question
from oracle.his.fhir.bundles import Resource, entries_of, good_id, pages, too_deep
from oracle.his.fhir.desk_rows import Cells
from oracle.his.fhir.http import Asked as Parameters
from oracle.his.fhir.http import FhirHttp, NotThere, Unreadable
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.rows import BadRow, Fields
from records.fhir.systems import LOCAL_DEPARTMENT, PATIENT_NUMBER

BILL: Final = "urn:saegim:settlement-kind|bill-now"
"""`type` of the Invoices that are an account as it now stands."""
REQUEST: Final = "urn:saegim:registration-request"
"""System of the identifier that makes a registration the same one when it is asked for again."""
_SCHEDULES_AT_ONCE: Final = 50
_PAGE: Final = "100"


class FhirSource:
    """Asks an R4 server. The constructor opens no connection."""

    def __init__(self, mapping: FhirMapping, http: FhirHttp, clock: Clock) -> None:
        self._mapping = mapping
        self._http = http
        self._clock = clock
        self._cells = Cells(mapping)
        self._asks: dict[Question, Callable[[Asked, int], Iterator[Fields | BadRow]]] = {
            Question.PATIENT: self._patient,
            Question.BORN: self._born,
            Question.MERGED: self._merged,
            Question.REGISTER: self._register,
            Question.SESSIONS: self._sessions,
            Question.APPOINTMENTS: self._appointments,
            Question.RESULTS: self._results,
            Question.BILLS: self._bills,
        }

    @property
    def name(self) -> str:
        """See `DeskSource`."""
        return self._http.name

    @property
    def offers(self) -> frozenset[Question]:
        """See `DeskSource`."""
        return self._mapping.desk

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        """See `DeskSource`."""
        found: list[Fields | BadRow] = []
        try:
            for row in self._asks[question](asked, most):
                found.append(row)
                if len(found) >= most:
                    break
        except Unreadable as error:
            remedy = "Raise most_megabytes, or ask the server's team for smaller pages."
            raise HisMalformed(self.name, f"an answer can not be read: {error.why}", remedy) from error
        except NotThere as error:
            remedy = "Leave out of `desk` what the server does not offer."
            raise HisMalformed(self.name, f"the server has nothing to ask for {question}", remedy) from error
        return found

    def check(self) -> None:
        """See `DeskSource`."""
        for _ in self._resources("Patient", {"identifier": f"{self._named(PATIENT_NUMBER)}|0"}, 1):
            pass

    def close(self) -> None:
        """See `DeskSource`."""
        self._http.close()

    # --- questions

    def _patient(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        for resource in self._numbered(asked["number"]):
            if self._replaced_by(resource) is None:
                yield self._cells.reading(self._cells.person, resource)

    def _born(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        for resource in self._resources("Patient", {"birthdate": asked["birth_date"]}, most):
            yield self._cells.reading(self._cells.person, resource)

    def _merged(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        for resource in self._numbered(asked["number"]):
            other = self._replaced_by(resource)
            if other is not None:
                surviving = self._http.get(f"Patient/{other}", what="reading a patient")
                number = self._cells.reading(lambda each: {"number": self._cells.number(each)}, surviving)
                if isinstance(number, BadRow):
                    yield number
                else:
                    yield {"number": asked["number"], "surviving": number["number"]}

    def _register(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        identifier = {"system": self._named(REQUEST), "value": asked["request"]}
        resource = {
            "resourceType": "Patient",
            "identifier": [identifier],
            "name": [{"text": asked["name"]}],
            "gender": asked["sex"],
            "birthDate": asked["birth_date"],
        }
        unless = f"identifier={identifier['system']}|{identifier['value']}"
        made = self._http.create("Patient", resource, unless=unless, what="registering a patient")
        yield self._cells.reading(self._cells.person, made)

    def _sessions(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        question: dict[str, str | list[str]] = {
            "specialty": f"{self._named(LOCAL_DEPARTMENT)}|{asked['department']}",
            "date": _between(asked),
        }
        if asked.get("doctor"):
            question["actor"] = f"Practitioner/{asked['doctor']}"
        schedules = list(self._resources("Schedule", question, most))
        slots = self._slots([each["id"] for each in schedules if good_id(each.get("id"))])
        for each in schedules:
            below = slots.get(str(each.get("id")), [])
            yield self._cells.reading(self._cells.session, each, below)

    def _slots(self, schedules: list[str]) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for start in range(0, len(schedules), _SCHEDULES_AT_ONCE):
            part = ",".join(f"Schedule/{id_}" for id_ in schedules[start : start + _SCHEDULES_AT_ONCE])
            for slot in self._resources("Slot", {"schedule": part}, 10_000):
                try:
                    of = self._cells.reference(slot, ("schedule",), "slots")
                except BadRow:
                    continue
                found.setdefault(of or "", []).append(slot)
        return found

    def _appointments(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        yield from self._of_patient(
            "Appointment",
            asked,
            {"date": _between(asked)},
            most,
            ("participant",),
            lambda each, whose, _: self._cells.appointment(each, whose),
        )

    def _results(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        question: dict[str, str | list[str]] = {
            "date": _between(asked),
            "_include": "DiagnosticReport:result",
        }
        yield from self._of_patient(
            "DiagnosticReport",
            asked,
            question,
            most,
            ("subject",),
            lambda each, whose, below: self._cells.result(each, _observations(each, below), whose),
        )

    def _bills(self, asked: Asked, most: int) -> Iterator[Fields | BadRow]:
        yield from self._of_patient(
            "Invoice",
            asked,
            {"type": BILL},
            most,
            ("subject",),
            lambda each, whose, _: self._cells.bill(each, whose),
        )

    # --- resources

    def _of_patient(
        self,
        kind: str,
        asked: Asked,
        question: dict[str, str | list[str]],
        most: int,
        subject: tuple[str, ...],
        read: Callable[[Resource, str, dict[str, Resource]], Fields],
    ) -> Iterator[Fields | BadRow]:
        """Rows of what the server has of one patient; a resource of somebody else is given with their id."""
        for patient in self._numbered(asked["number"]):
            id_ = good_id(patient.get("id"))
            if id_ is None:
                continue
            below: dict[str, Resource] = {}
            for each in list(self._resources(kind, {**question, "patient": f"Patient/{id_}"}, most, below)):
                whose = asked["number"] if id_ in _subjects(each, subject) else "?"
                yield self._cells.reading(read, each, whose, below)

    def _numbered(self, number: str) -> list[Resource]:
        """Who has this registration number, two at the most."""
        system = self._named(PATIENT_NUMBER)
        return list(self._resources("Patient", {"identifier": f"{system}|{number}"}, 2))

    def _resources(
        self, kind: str, question: Parameters, most: int, included: dict[str, Resource] | None = None
    ) -> Iterator[Resource]:
        """What a search finds, page by page; resources of other types that come along go to `included`."""
        what, left, started = f"searching {kind}", most, self._clock()
        for page in pages(self._http, kind, {**question, "_count": _PAGE}, what):
            if self._clock() - started > timedelta(seconds=DESK_SECONDS):
                raise HisUnavailable(self.name, f"{what} (its pages take too long)")
            for entry in entries_of(self._http, page.bundle, "searchset", what):
                resource = entry.get("resource")
                if not isinstance(resource, dict) or too_deep(resource):
                    continue
                if resource.get("resourceType") == kind and left > 0:
                    left -= 1
                    yield resource
                elif included is not None and isinstance(resource.get("id"), str):
                    included[f"{resource.get('resourceType')}/{resource['id']}"] = resource
            if left <= 0:
                return

    def _replaced_by(self, patient: Resource) -> str | None:
        """The id of the patient under whom this one goes on."""
        links = patient.get("link")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("type") == "replaced-by":
                try:
                    return self._cells.reference(link, ("other",), "surviving")
                except BadRow:
                    return None
        return None

    def _named(self, system: str) -> str:
        """The server's own name of a system."""
        return self._mapping.names.get(system, system)


def _between(asked: Asked) -> list[str]:
    return [f"ge{asked['from']}", f"le{asked['until']}"]


def _subjects(resource: Resource, element: tuple[str, ...]) -> set[str]:
    """Ids of the Patients that a resource is about."""
    found = resource.get(element[0])
    references = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    named = [each.get("actor", each) for each in references if isinstance(each, dict)]
    written = [str(each.get("reference", "")) for each in named if isinstance(each, dict)]
    return {each.rpartition("/")[2] for each in written if "Patient/" in each}


def _observations(report: Resource, included: dict[str, Resource]) -> list[Any]:
    """The Observations that a report lists, contained or found beside it. Raises BadRow for one that is not there."""
    contained = report.get("contained")
    known = {
        f"#{each.get('id')}": each
        for each in (contained if isinstance(contained, list) else ())
        if isinstance(each, dict)
    }
    listed = report.get("result")
    found = []
    for each in listed if isinstance(listed, list) else ():
        reference = str(each.get("reference")) if isinstance(each, dict) else ""
        observation: Any = known.get(reference) or included.get(reference)
        if observation is None:
            raise BadRow(Reason.REFERENCE_BROKEN, "values")
        found.append(observation)
    return found
