"""Encounters and their Conditions as the rows of `oracle.his.streams.VisitStream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource
from oracle.his.fhir.elements import DIAGNOSIS_ELEMENTS, ENTRY, RESOURCE, VISIT_ELEMENTS
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.reading import Nodes, RowReader
from oracle.his.fhir.references import follow, ids_of, reference_in, same_patient
from oracle.his.fields import DIAGNOSIS, VISIT, Field
from oracle.his.rows import BadRow, Fields, add_detail

_ATTENDING = "ATND"
OF_DIAGNOSES: Final = {name: field for name, field in VISIT.items() if name not in ("number", "insurance")}
"""What a diagnosis document says of its visit."""


class Encounters:
    """One row for each Encounter."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo, known: Mapping[str, Field] = VISIT) -> None:
        self._reader = RowReader(VISIT_ELEMENTS, known, mapping, zone)

    def by_key(self, pool: Pool, keys: Iterable[str]) -> Iterator[tuple[str, Fields | BadRow]]:
        """See `HeadSource`."""
        wanted = list(keys)
        pool.load("Encounter", wanted)
        found = {key: each for key in wanted if (each := pool.get("Encounter", key)) is not None}
        good = [each for each in found.values() if not isinstance(each, BadRow)]
        pool.load("Patient", ids_of(pool, good, "subject", "Patient"))
        pool.load("Practitioner", [id_ for each in good for id_ in _doctor_ids(pool, each)])
        for key, each in found.items():
            yield key, each if isinstance(each, BadRow) else self._row(pool, each)

    def referring(self, pool: Pool, keys: Iterable[str]) -> Iterator[tuple[str, Fields | BadRow]]:
        """See `HeadSource`: no visit refers to another."""
        return iter(())

    def _row(self, pool: Pool, encounter: Resource) -> Fields | BadRow:
        try:
            nodes = {"Encounter": encounter, "Patient": _patient(pool, encounter)}
            state = self._reader.one("state", nodes)
            if state == "cancelled":  # whatever else is wrong with it does not matter any more
                return {"state": state, "patient_number": self._reader.one("patient_number", nodes)}
            return self._reader.read({**nodes, **_doctor(pool, encounter)})
        except BadRow as bad:
            return bad


class Diagnoses:
    """The Conditions that an Encounter lists, in its order."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._reader = RowReader(DIAGNOSIS_ELEMENTS, DIAGNOSIS, mapping, zone)
        self._categories = mapping.conditions

    def of(self, pool: Pool, keys: Iterable[str]) -> Mapping[str, list[Fields] | BadRow]:
        """See `DetailSource`."""
        encounters = {key: each for key in keys if isinstance(each := pool.get("Encounter", key), dict)}
        load_conditions(pool, encounters.values())
        return {key: self._rows(pool, each) for key, each in encounters.items()}

    def _rows(self, pool: Pool, encounter: Resource) -> list[Fields] | BadRow:
        rows: list[Fields] | BadRow = []
        for entry in _listed(encounter):
            fields = self._entry(pool, encounter, entry)
            rows = rows if fields is None else add_detail(rows, fields)
        return rows

    def _entry(self, pool: Pool, encounter: Resource, entry: Resource) -> Fields | BadRow | None:
        try:
            condition = follow(pool, reference_in(entry.get("condition")), "Condition", "diagnosis.condition")
            same_patient(pool, encounter, condition, "condition.subject")
            nodes: Nodes = {ENTRY: entry, RESOURCE: condition}
            if not self._counts(condition) or self._reader.one("certainty", nodes) is None:
                return None
            return self._reader.read(nodes)
        except BadRow as bad:
            return bad

    def _counts(self, condition: Resource) -> bool:
        """Whether a Condition is a diagnosis of the visit: by its category, if it has one."""
        concepts = condition.get("category")
        codings = [
            coding
            for concept in (concepts if isinstance(concepts, list) else ())
            for coding in ((concept.get("coding") or ()) if isinstance(concept, dict) else ())
            if isinstance(coding, dict)
        ]
        named = {f"{coding.get('system')}|{coding.get('code')}" for coding in codings}
        return not named or bool(named & self._categories)


def load_conditions(pool: Pool, encounters: Iterable[Resource]) -> None:
    """Load the Conditions that these Encounters list."""
    entries = [entry for each in encounters for entry in _listed(each)]
    pool.load("Condition", ids_of(pool, entries, "condition", "Condition"))


def _listed(encounter: Resource) -> list[Resource]:
    listed = encounter.get("diagnosis")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _patient(pool: Pool, encounter: Resource) -> Resource:
    return follow(pool, reference_in(encounter.get("subject")), "Patient", "subject")


def _participants(encounter: Resource) -> list[Resource]:
    """The participants that are people, those who attend first."""
    listed = encounter.get("participant")
    found = [each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict)]
    return sorted((each for each in found if each.get("individual")), key=lambda each: not _attends(each))


def _attends(participant: Resource) -> bool:
    types = participant.get("type")
    codings = [
        coding
        for each in (types if isinstance(types, list) else ())
        for coding in ((each.get("coding") or ()) if isinstance(each, dict) else ())
    ]
    return any(isinstance(coding, dict) and coding.get("code") == _ATTENDING for coding in codings)


def _doctor_ids(pool: Pool, encounter: Resource) -> list[str]:
    return ids_of(pool, _participants(encounter)[:1], "individual", "Practitioner")


def _doctor(pool: Pool, encounter: Resource) -> dict[str, Any]:
    first = next(iter(_participants(encounter)), None)
    if first is None:
        raise BadRow(Reason.MISSING, "participant")
    return {"Practitioner": follow(pool, reference_in(first["individual"]), "Practitioner", "participant")}
