"""The mapping file of the adapter `fhir`: what the hospital's server calls things, and what its codes mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Literal, TypeAlias

from pydantic import Field, StrictStr

from oracle.his import fields
from oracle.his.desk_fields import Question
from oracle.his.fhir.elements import DESK_NAMES, NAMES
from oracle.his.mapping import HospitalMapping, Part
from oracle.his.settlement import RowKind
from records.codes import CodeList, Coverage, EncounterClass, FeeItem, Insurance, LicenceKind, RevenueClass
from records.kinds.diagnosis import Certainty

STATEMENT: Final = "statement"
"""What `kind` may mean beside the cashier's acts: an Invoice that itemises a receipt."""

Meanings: TypeAlias = dict[StrictStr, StrictStr | None] | Literal["same"]
"""What each code means; ``same``: the codes are Saegim's own words."""

ALLOWED: Final[Mapping[str, tuple[object, ...]]] = {
    "state": ("open", "done", "cancelled"),
    "encounter_class": tuple(EncounterClass),
    "patient_sex": ("male", "female", "other", "unknown"),
    "insurance": tuple(Insurance),
    "doctor_licence_kind": tuple(LicenceKind),
    "certainty": (*Certainty, None),
    "kind": (*RowKind, STATEMENT, None),
    "stay": ("interim", "discharge", None),
    "revenue_class": tuple(RevenueClass),
    "item": tuple(FeeItem),
    "code_list": tuple(CodeList),
    "coverage": tuple(Coverage),
}
"""By coded field: what its codes may mean. None: the entry or the Invoice is left out."""


class Code(Part):
    """How a coded field is read. values: of an element that holds a code alone. systems: of a CodeableConcept, by
    the system of its coding; of several codings the first with a system listed here counts."""

    values: Meanings = Field(default_factory=dict)
    systems: dict[StrictStr, Meanings] = Field(default_factory=dict)

    def meanings(self) -> Iterator[object]:
        """Everything a code may mean here."""
        for each in (self.values, *self.systems.values()):
            if isinstance(each, dict):
                yield from each.values()


class FhirMapping(HospitalMapping):
    """A hospital's FHIR server.

    names: Saegim's name of a system or extension: the server's, where they differ. codes: by coded field.
    conditions: categories of Condition (``system|code``) that are a visit's diagnoses; a Condition without category
        is one if its Encounter lists it. original_parameter: the server's own search parameter for the Invoice that
        an Invoice refers to; without it the Invoices of the same patients are searched. deletions: how deleted
        resources are found. deletions_seconds: how often. desk: what the relay may ask the server.
    """

    KNOWN: ClassVar[Mapping[str, Mapping[str, fields.Field]]] = {}

    names: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    codes: dict[StrictStr, Code]
    conditions: frozenset[StrictStr]
    original_parameter: StrictStr | None = None
    deletions: Literal["history", "none"] = "history"
    deletions_seconds: int = Field(default=10, ge=0, le=86_400)
    desk: frozenset[Question] = frozenset()

    def problems(self) -> Iterator[str]:
        """Names and codes that are not known, and coded fields without a meaning."""
        known = NAMES | DESK_NAMES
        yield from (f"names.{name}: {_near(name, known)}" for name in sorted(self.names.keys() - known))
        yield from (
            f"codes.{name}: {_near(name, ALLOWED)}" for name in sorted(self.codes.keys() - ALLOWED.keys())
        )
        state = self.codes.get("state", Code()).values
        if "state" in self.codes and (state == "same" or state.get("entered-in-error") != "cancelled"):
            yield "codes.state: entered-in-error must mean cancelled"
        for name, allowed in ALLOWED.items():
            if name not in self.codes:
                yield f"codes.{name}: what its codes mean must be given"
                continue
            wrong = sorted({str(each) for each in self.codes[name].meanings() if each not in allowed})
            if wrong:
                may = ", ".join(str(each) for each in allowed if each is not None)
                yield f"codes.{name}: unknown value {', '.join(wrong)}; it may be {may}"


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return "not known" + (f"; did you mean {near[0]}?" if near else "")
