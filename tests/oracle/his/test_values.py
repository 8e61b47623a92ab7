"""Reading what drivers hand over: every refusal has its reason, and no Korean is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.his.base import Reason
from oracle.his.values import BadValue, Convert, TextRules, coded, day, moment, quantity, text, when, won

SEOUL = ZoneInfo("Asia/Seoul")
RULES = TextRules()
NAME = text(RULES, 100)
KOREAN = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=20)


def refused(convert: Convert, value: Any) -> Reason:
    with pytest.raises(BadValue) as raised:
        convert(value)
    assert raised.value.__cause__ is None
    return raised.value.reason


@pytest.mark.parametrize("value", [1.5, True, [], {}, object(), date(2026, 1, 1)])
def test_what_is_no_text_is_refused(value: Any):
    assert refused(NAME, value) is Reason.NOT_TEXT


@pytest.mark.parametrize("value", [b"\xff\xfe\xff", b"\xb0", "\udcff\udcfe\udcff", "\ud800", "환자\ufffd"])
def test_bytes_of_no_encoding_are_refused(value: Any):
    assert refused(NAME, value) is Reason.TEXT_ENCODING


@pytest.mark.parametrize("value", ["가" * 101, "x" * 1_000_000, b"x" * 1_000_000, "가".encode("cp949") * 101])
def test_text_that_is_too_long_is_refused(value: Any):
    assert refused(NAME, value) is Reason.TEXT_TOO_LONG


@pytest.mark.parametrize(
    ("value", "expected"),
    [("환자0001", "환자0001"), ("  padded   ", "padded"), ("", None), ("   ", None), (10000001, "10000001")],
)
def test_text_is_taken_as_it_is_without_padding(value: Any, expected: str | None):
    assert NAME(value) == expected


@given(name=KOREAN)
def test_korean_survives_every_way_it_is_stored(name: str):
    stored = name.encode("cp949")
    assert NAME(name) == name
    assert NAME(name.encode()) == name
    try:
        stored.decode()
    except UnicodeDecodeError:
        assert NAME(stored) == name
        assert NAME(memoryview(stored)) == name
        assert NAME(stored.decode("utf-8", "surrogateescape")) == name


@given(name=KOREAN)
def test_korean_read_as_latin_1_is_mended_where_the_mapping_says_so(name: str):
    mending = text(TextRules(latin1="cp949"), 100)
    assert mending(name.encode("cp949").decode("latin-1")) == name
    assert mending(name) == name


def test_latin_1_is_left_alone_where_the_mapping_says_nothing():
    assert NAME("Müller") == "Müller"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "12,000",
        "1e3",
        "0x10",
        "٣",
        "12원",
        1.5,
        float("nan"),
        float("inf"),
        Decimal("0.1"),
        None,
        b"12",
        True,
    ],
)
def test_what_is_no_whole_number_is_refused(value: Any):
    assert refused(won, value) is Reason.NOT_A_NUMBER


@pytest.mark.parametrize("value", ["9" * 19, 10.0**18, Decimal(10) ** 18, Decimal("NaN")])
def test_numbers_beyond_any_amount_are_refused(value: Any):
    assert refused(won, value) is Reason.NOT_A_NUMBER


@pytest.mark.parametrize("value", [12_000, "12000", " 12000 ", 12_000.0, Decimal("12000.00")])
def test_a_whole_number_comes_in_many_types(value: Any):
    assert won(value) == 12_000


@given(value=st.integers(-(10**17), 10**17))
def test_amounts_of_either_sign_stay_exact(value: int):
    assert won(str(value)) == won(Decimal(value)) == won(value) == value


@pytest.mark.parametrize("value", ["", "half", float("nan"), Decimal("1e-19"), "1e999999", True, b"1"])
def test_what_is_no_quantity_is_refused(value: Any):
    assert refused(quantity, value) is Reason.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 3), (0.5, "0.5"), (Decimal("1.2500"), "1.2500"), ("2", "2")]
)
def test_quantities_keep_their_decimals(value: Any, expected: Any):
    assert quantity(value) == expected


@pytest.mark.parametrize(
    "value",
    ["20261332", "20260230", "2026-1-1", "2026112", "today", 0.5, b"20261124", "２０２６１１２４", True],
)
def test_a_date_that_does_not_exist_is_refused(value: Any):
    assert refused(day, value) is Reason.DATE_UNREAL


@pytest.mark.parametrize(
    "value", ["20261124", "2026-11-24", 20261124, date(2026, 11, 24), datetime(2026, 11, 24, 9), " 20261124 "]
)
def test_a_date_comes_in_many_types(value: Any):
    assert day(value) == "2026-11-24"


@pytest.mark.parametrize(
    "value", ["20261124", "20261124256000", "2026-11-24 24:00:00", "20261124090000x", 1.5]
)
def test_a_moment_that_does_not_exist_is_refused(value: Any):
    assert refused(moment(SEOUL), value) is Reason.DATE_UNREAL


@pytest.mark.parametrize(
    "value",
    [
        "20261124090000",
        "202611240900",
        "2026-11-24 09:00:00",
        "2026-11-24T09:00:00.000000",
        datetime(2026, 11, 24, 9),
        datetime(2026, 11, 24, 0, 0, tzinfo=UTC),
    ],
)
def test_a_moment_is_in_the_hospitals_zone_unless_it_names_its_own(value: Any):
    assert moment(SEOUL)(value) == datetime(2026, 11, 24, 9, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("20261124", "2026-11-24"), ("20261124093000", "2026-11-24T09:30:00+09:00"), ("", None)],
)
def test_a_visit_has_a_date_or_a_time(value: str, expected: str | None):
    assert when(SEOUL)(value) == expected


def test_blank_dates_are_none():
    assert day("  ") is None
    assert moment(SEOUL)("") is None


def test_an_unknown_code_is_refused_unless_the_rest_means_something():
    strict = coded(RULES, {"1": "bill"}, None, strict=True)
    loose = coded(RULES, {"1": True}, False, strict=False)
    assert (strict("1"), strict(b"1"), strict(1)) == ("bill", "bill", "bill")
    assert (loose("1"), loose("7")) == (True, False)
    assert refused(strict, "2") is Reason.CODE_UNMAPPED
    assert refused(loose, "1" * 100) is Reason.CODE_UNMAPPED


def test_a_truth_value_is_listed_as_a_code():
    night = coded(RULES, {"true": "night"}, None, strict=True)
    assert night(True) == "night"
    assert refused(night, False) is Reason.CODE_UNMAPPED
