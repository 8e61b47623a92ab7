"""What the page takes from the Python verifier at build time, and what it sets by itself but must set alike."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from typing import Annotated

import pytest
from node_verifier import PAGE
from pydantic import AfterValidator, BaseModel

from records.kinds import KINDS
from records.labels import Always
from verifier import sentences
from verifier.page_data import page_data
from verifier.page_kinds import PageDataError, _fields

DATA = page_data()


def test_every_sentence_is_there_and_none_speaks_of_the_command_line():
    assert set(DATA["sentences"]) == sentences.codes()
    for pair in DATA["sentences"].values():
        assert not any("--" in sentence for sentence in pair)


def test_the_pages_own_words_have_the_places_that_the_verifier_fills():
    for code, pair in DATA["sentences"].items():
        theirs = sentences.sentence(code)
        filled = [set(re.findall(r"\{\w+\}", sentence)) for sentence in (*pair, *theirs)]
        assert filled[0] | filled[1] <= filled[2] | filled[3], code


def test_every_kind_is_there_with_every_field():
    assert set(DATA["kinds"]) == set(KINDS)
    for vct, kind in KINDS.items():
        assert [field["name"] for field in DATA["kinds"][vct]["fields"]] == list(kind.model.model_fields)


@pytest.mark.parametrize(
    ("annotation", "what"),
    [(float, "values of type 'float'"), (Annotated[str, AfterValidator(str.upper)], "the check 'str.upper'")],
)
def test_a_field_that_the_page_was_not_taught_stops_the_build(annotation, what):
    class Model(BaseModel):
        field: Annotated[annotation, Always("항목", "Field")]

    with pytest.raises(PageDataError) as error:
        _fields(Model, {})
    assert error.value.what == what


def test_limits_are_those_of_the_python_verifier(node_verifier):
    limits = node_verifier.ask()["limits"]
    assert len(limits) == 20
    for name, value in limits.items():
        module, _, constant = name.rpartition(".")
        expected = getattr(import_module(module), constant)
        assert (name, value) == (
            name,
            expected.total_seconds() if isinstance(expected, timedelta) else expected,
        )


def test_the_page_has_words_in_both_languages_for_all_it_says():
    texts = (PAGE / "src" / "page" / "texts.js").read_text("utf-8")
    known = set(re.findall(r"^  (\w+): \[", texts, re.MULTILINE))
    sources = [path.read_text("utf-8") for path in (PAGE / "src" / "page").glob("*.js")]
    said = set(re.findall(r'say\("(\w+)"', "".join(sources)))
    said |= set(re.findall(r'data-text="(\w+)"', (PAGE / "index.html").read_text("utf-8")))
    families = ("verdict_", "question_", "outcome_", "reader_")
    assert said <= known
    assert {name for name in known - said if not name.startswith(families)} == {"chooseTrust", "changeTrust"}
    assert {name.removeprefix("reader_") for name in known if name.startswith("reader_")} == {
        "auto",
        *DATA["readers"],
    }
