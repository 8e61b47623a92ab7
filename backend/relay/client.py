"""What the backend asks the oracle's relay: a method for each operation of docs/relay.md, with its typed answer."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from backend.relay.shapes import (
    AppointmentsFound,
    BillsFound,
    Health,
    MergedInto,
    NumberIssued,
    NumbersFound,
    PatientRead,
    ResultsFound,
    SessionsFound,
)
from backend.relay.tokens import RelayTokens
from backend.relay.transport import MOST_BYTES, Errand, Gates, Question, RelayHttp

__all__ = ["MOST_BYTES", "Errand", "Known", "RelayClient"]

VERSION: Final = "/relay/v1"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody as the hospital or the app knows them. birth_date: YYYY-MM-DD or None."""

    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str = field(repr=False)


class RelayClient:
    """One relay. Thread-safe; opens no connection until it is used.

    Every method raises RelayUnavailable (ask again later), NotOffered (this hospital never answers it), RelayRefused.
    gates: shared by the clients of one process.
    """

    def __init__(
        self,
        url: str,
        tokens: RelayTokens,
        *,
        gates: Gates | None = None,
        timeout: timedelta = timedelta(seconds=5),
        context: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        gates = gates or Gates(tokens.clock)
        self._http = RelayHttp(url, tokens, gates, timeout=timeout, context=context, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def patient(self, number: str, errand: Errand) -> Known:
        """Who is registered under a number. Raises PatientUnknown."""
        found = self._http.ask(_about("patients.read", number, errand), PatientRead)
        return Known(found.name, found.birth_date, found.sex)

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        """Every registration number of a person."""
        person = _person(who)
        question = _post("registrations.search", errand, {"person": person}, person)
        return self._http.ask(question, NumbersFound).numbers

    def register(self, who: Known, request: UUID, errand: Errand) -> str:
        """A new registration number (신규등록), issued by the hospital system.

        request: made once for one registration, and sent again until there is an answer: however often, it is one
        registration. Raises RequestReused.
        """
        person = _person(who)
        content = {"request": str(request), "person": person}
        question = _post("registrations.create", errand, {"person": person}, content)
        return self._http.ask(question, NumberIssued).number

    def merged_into(self, number: str, errand: Errand) -> str | None:
        """Under which number the patient of a number goes on; None: it was not merged."""
        return self._http.ask(_about("registrations.merged", number, errand), MergedInto).number

    def sessions(
        self, department: str, doctor: str | None, first: date, last: date, errand: Errand
    ) -> SessionsFound:
        """A department's sessions and their free times, 31 days at the most; about nobody. Raises TooMuchAsked."""
        content = {"department": department, **_days(first, last)}
        content |= {} if doctor is None else {"doctor": doctor}
        return self._http.ask(_post("schedules.search", errand, {}, content), SessionsFound)

    def appointments(self, number: str, first: date, last: date, errand: Errand) -> AppointmentsFound:
        """A patient's bookings, 366 days at the most. Raises TooMuchAsked."""
        question = _about("appointments.of", number, errand, **_days(first, last))
        return self._http.ask(question, AppointmentsFound)

    def results(self, number: str, first: date, last: date, errand: Errand) -> ResultsFound:
        """A patient's released results, 366 days at the most. Raises TooMuchAsked."""
        return self._http.ask(_about("results.of", number, errand, **_days(first, last)), ResultsFound)

    def bills(self, number: str, errand: Errand) -> BillsFound:
        """A patient's bills as they stand. Raises TooMuchAsked."""
        return self._http.ask(_about("bills.of", number, errand), BillsFound)

    def health(self, actor: str) -> Health:
        """What the relay says of the hospital system."""
        return self._http.ask(Question("health", "GET", f"{VERSION}/health", Errand("health", actor)), Health)


def _about(operation: str, number: str, errand: Errand, **more: str) -> Question:
    """A question about one patient."""
    return _post(operation, errand, {"patient": number}, {"number": number, **more})


def _post(operation: str, errand: Errand, whom: Mapping[str, Any], content: Mapping[str, Any]) -> Question:
    path = f"{VERSION}/{operation.replace('.', '/')}"
    return Question(operation, "POST", path, errand, whom, content)


def _person(who: Known) -> dict[str, str | None]:
    return {"name": who.name, "birthDate": who.birth_date, "sex": who.sex}


def _days(first: date, last: date) -> dict[str, str]:
    return {"from": first.isoformat(), "until": last.isoformat()}
