"""The matrix: nothing for strangers, more papers never less, bands change at the birthday's midnight in Korea."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.family.matrix import (
    RULES,
    Band,
    Paper,
    Reason,
    Relation,
    Verdict,
    age,
    band_of,
    decide,
    needing_consent,
)
from backend.functions import Function
from backend.web.dates import KOREA

DOCUMENT = Path(__file__).parents[3] / "docs" / "family.md"
functions, bands, relations = st.sampled_from(Function), st.sampled_from(Band), st.sampled_from(Relation)
papers = st.frozensets(st.sampled_from(Paper))
births = st.dates(date(1950, 1, 1), date(2026, 1, 1))


@given(functions, bands, papers)
def test_a_stranger_is_allowed_nothing(function: Function, band: Band, shown: frozenset[Paper]) -> None:
    assert decide(function, band, Relation.NONE, shown).verdict is Verdict.NEVER


@given(functions, bands, relations, papers, papers)
def test_more_papers_never_allow_less(
    function: Function, band: Band, relation: Relation, some: frozenset[Paper], more: frozenset[Paper]
) -> None:
    fewer = decide(function, band, relation, some)
    assert decide(function, band, relation, some | more).verdict >= fewer.verdict


@given(functions, bands, relations)
def test_without_any_paper_nobody_is_allowed_anything(
    function: Function, band: Band, relation: Relation
) -> None:
    assert not decide(function, band, relation, ()).allowed


@given(functions, bands, relations, papers)
def test_what_is_missing_is_what_it_takes(
    function: Function, band: Band, relation: Relation, shown: frozenset[Paper]
) -> None:
    found = decide(function, band, relation, shown)
    whole = decide(function, band, relation, shown | found.missing)
    assert whole.missing == frozenset()
    assert whole.allowed is (found.reason not in (Reason.NO_RULE, Reason.DESK_DECIDES))


@given(functions, relations, papers)
def test_growing_up_takes_from_guardians_and_gives_them_nothing(
    function: Function, relation: Relation, shown: frozenset[Paper]
) -> None:
    if relation in (Relation.PARENT, Relation.COURT_GUARDIAN):
        child = [Band.UNDER_14, Band.FROM_14, Band.FROM_17]
        answers = [decide(function, band, relation, shown).verdict for band in child]
        assert answers == sorted(answers, reverse=True)


@pytest.mark.parametrize("band", [Band.FROM_14, Band.FROM_17])
@pytest.mark.parametrize("function", [Function.CLAIM, Function.SHARE, Function.SEE_ACCESSES, Function.EXPORT])
def test_from_14_on_what_binds_the_patient_is_the_patients_alone(band: Band, function: Function) -> None:
    for relation in Relation:
        assert decide(function, band, relation, frozenset(Paper)).verdict is Verdict.NEVER


def test_copies_are_never_given_without_the_desk() -> None:
    for band in Band:
        for relation in Relation:
            assert decide(Function.COPIES, band, relation, frozenset(Paper)).verdict <= Verdict.DESK


@given(births, st.sampled_from([14, 17, 19]))
def test_a_band_ends_at_the_birthdays_midnight_in_korea(born: date, years: int) -> None:
    leap = (born.month, born.day) == (2, 29)
    whole = datetime(born.year + years, 3, 1) if leap else datetime(born.year + years, born.month, born.day)
    if leap and years % 4 == 0:
        whole = datetime(born.year + years, 2, 29)
    birthday = whole.replace(tzinfo=KOREA).astimezone(UTC)
    assert age(born, birthday) == years
    assert age(born, birthday - timedelta(microseconds=1)) == years - 1
    assert band_of(born, birthday) is not band_of(born, birthday - timedelta(microseconds=1))


def test_midnight_is_koreas_not_the_servers() -> None:
    born = date(2012, 11, 24)
    assert band_of(born, datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC)) is Band.UNDER_14
    assert band_of(born, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)) is Band.FROM_14


def test_only_what_consent_decides_can_be_consented_to() -> None:
    assert needing_consent(Band.UNDER_14, Relation.PARENT) == ()
    assert Function.BOOK not in needing_consent(Band.FROM_14, Relation.PARENT)
    assert Function.READ in needing_consent(Band.FROM_14, Relation.PARENT)
    assert Function.COPIES not in needing_consent(Band.ADULT, Relation.CHILD)


def test_the_document_shows_exactly_this_matrix() -> None:
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| `([a-z-]+)` \| `([a-z-]+)` \| (here|desk) \| (.*) \|$",
        DOCUMENT.read_text("utf-8"),
        re.MULTILINE,
    )
    shown = {
        (band, relation, function): (place == "desk", set(re.findall(r"`([a-z-]+)`", needed)))
        for band, relation, function, place, needed in rows
    }
    declared = {
        tuple(map(str, cell)): (rule.desk, set(map(str, rule.papers))) for cell, rule in RULES.items()
    }
    assert len(rows) == len(shown)
    assert shown == declared
