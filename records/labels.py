"""What a field is called on paper, and whether its holder may leave it out of a presentation.

A `Label` sits in a field's ``Annotated`` metadata, so a kind's file reads as the description of its form:

    visit_date: Annotated[DateText, Hideable("진료일자", "Date of visit", "Form 6")]

`Always` and `Hideable` say which fields a presentation must carry and which the patient chooses
(RFC 9901 calls the latter selectively disclosable).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """Names of a field: ko as printed on the form, en for English readers, form where the field is
    defined."""

    ko: str
    en: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class Always(Label):
    """A field that every presentation shows."""


@dataclass(frozen=True, slots=True)
class Hideable(Label):
    """A field that has its own disclosure: the patient decides whether a receiver sees it.

    On a sequence, each element has its own disclosure and is shown whole or not at all.
    """


@dataclass(frozen=True, slots=True)
class Parts(Label):
    """An object that is always there and whose own fields carry the labels that decide."""
