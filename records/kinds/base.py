"""What every kind of document has: a model with rules, a name and version, and what each receiver must
see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from records.errors import Problem
from records.kinds.parts import Institution, Part
from records.labels import Label, Parts


class Receiver(StrEnum):
    """Who may be handed a document, as far as it decides what they must see of it."""

    INSURER = "insurer"
    PHARMACY = "pharmacy"
    CERTIFICATE_RECEIVER = "certificate-receiver"
    HOSPITAL = "hospital"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule over several fields.

    needs: top-level fields it reads; it is skipped where one of them is hidden, for then nothing can be said.
    check: yields a problem for each place that breaks it.
    """

    needs: frozenset[str]
    check: Callable[[Any], Iterable[Problem]]

    def applies(self, hidden: frozenset[str]) -> bool:
        """Whether everything the rule reads is disclosed."""
        return not any(path.split(".", 1)[0] in self.needs for path in hidden)


def rule(*needs: str) -> Callable[[Callable[[Any], Iterable[Problem]]], Rule]:
    """Make a checking function a `Rule` that reads these fields."""
    return lambda check: Rule(frozenset(needs), check)


class Record(Part):
    """A typed medical document. Validation checks types and rules of the form alike, so a record keeps
    both."""

    RULES: ClassVar[tuple[Rule, ...]] = ()

    institution: Annotated[Institution, Parts("요양기관", "Issuing institution", "Form 6")]

    @model_validator(mode="after")
    def _keep_rules(self, info: ValidationInfo) -> Self:
        hidden: frozenset[str] = (info.context or {}).get("hidden", frozenset())
        problems = [problem for each in self.RULES if each.applies(hidden) for problem in each.check(self)]
        if problems:
            raise PydanticCustomError("rules", "rules of the form are broken", {"problems": problems})
        return self


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    name: how code and the relay speak of it; title: Korean and English; form: where the form is defined.
    version: grows when a field changes meaning; an old version stays readable for ever.
    must_see: for each receiver, paths that a presentation to it must carry beside what is always visible. A
    path to
        a sequence means every element of it; with ``.+`` at the end, at least one.
    decoys: for a sequence whose length would tell something by itself, the size its digests are padded to a
        multiple of.
    fhir: the FHIR resource that carries it.
    """

    name: str
    version: int
    title: Label
    model: type[Record]
    fhir: str
    must_see: Mapping[Receiver, frozenset[str]]
    decoys: Mapping[str, int]

    @property
    def vct(self) -> str:
        """Type of the credential: names the kind and its version."""
        return f"urn:saegim:{self.name}:{self.version}"
