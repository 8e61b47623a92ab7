"""One text for one content (RFC 8785)."""

from __future__ import annotations

from typing import Any

import pytest

from bench.samples import receipt
from records.canonical import NotCanonical, canonical_json, content_digest
from records.kinds import parse


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, False, None]}, '{"a":[true,false,null],"b":1}'),
        ({}, "{}"),
        ([], "[]"),
        ((1, -2, 0), "[1,-2,0]"),
        ('€$\x0f\nA\'B"\\"/', r'"€$\u000f\nA' + "'" + r'B\"\\\"/"'),  # the text of RFC 8785 section 3.2.2
        ("\x7f\u2028", '"\x7f\u2028"'),
        (9007199254740991, "9007199254740991"),
    ],
)
def test_values_have_their_canonical_text(value: Any, text: str) -> None:
    assert canonical_json(value) == text.encode()


def test_members_are_sorted_by_utf16_as_in_the_rfc() -> None:
    # RFC 8785 section 3.2.3: the emoji (a surrogate pair) sorts before the ligature at U+FB33
    members = {"\u20ac": 0, "\r": 1, "\ufb33": 2, "1": 3, "\U0001f600": 4, "\x80": 5, "\xf6": 6}
    text = canonical_json(members).decode()
    assert [text.index(f":{at}") for at in (1, 3, 5, 6, 0, 4, 2)] == sorted(
        text.index(f":{at}") for at in range(7)
    )


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), b"x", {1: 2}, {"a": {2.5}}, "\ud800", {"\ud800": 1}, object()],
)
def test_what_has_no_canonical_text_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_nesting_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_the_digest_depends_on_content_not_on_order() -> None:
    data = receipt()
    assert content_digest(data) == content_digest(dict(reversed(data.items())))
    assert content_digest(data) != content_digest(data | {"total": data["total"] + 1})
    assert len(content_digest(data)) == 64


def test_a_record_has_the_digest_of_its_data() -> None:
    record = parse("receipt", receipt())
    assert content_digest(record) == content_digest(record.model_dump(mode="json"))
