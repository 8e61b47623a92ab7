"""Every word that desk and patient may read is there."""

from __future__ import annotations

from backend.eligibility import words
from backend.eligibility.departments import NAMES
from backend.eligibility.models import Exempt, How, VisitState
from backend.eligibility.rules import Place, Reason
from backend.providers.eligibility import Cover
from records.codes import DEPARTMENTS


def test_every_code_has_its_words() -> None:
    tables = (
        (words.HOW, How),
        (words.EXEMPT, Exempt),
        (words.COVER, Cover),
        (words.REASONS, Reason),
        (words.PLACES, Place),
        (words.STATES, VisitState),
    )
    for table, codes in tables:
        assert set(table) == set(codes)


def test_departments_are_those_of_the_documents() -> None:
    assert NAMES == DEPARTMENTS
