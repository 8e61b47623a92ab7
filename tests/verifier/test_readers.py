"""Readers and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from verifier import Reader, UnknownReader, parse_freshness
from verifier.readers import limit_for
from verifier.times import duration_text, korean_time


@pytest.mark.parametrize("text", ["", "pharmacist", "10", "-5m", "1.5h", "5w", "10m ", "٣d", "9999999d"])
def test_what_is_neither_reader_nor_duration(text):
    with pytest.raises(UnknownReader) as caught:
        parse_freshness(text)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("prescription", timedelta(minutes=10)),
        ("claim", timedelta(hours=24)),
        ("certificate", timedelta(days=7)),
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("400d", timedelta(days=400)),
    ],
)
def test_limits(text, limit):
    assert limit_for(parse_freshness(text), "receipt") == limit


def test_by_default_the_kind_of_document_decides():
    assert limit_for(None, "prescription") == Reader.PRESCRIPTION.limit
    assert limit_for(None, "receipt") == Reader.CERTIFICATE.limit
    assert limit_for(None, None) == Reader.CERTIFICATE.limit


@pytest.mark.parametrize(
    ("seconds", "ko", "en"),
    [
        (0, "0초", "0 seconds"),
        (60, "1분", "1 minute"),
        (86_400, "24시간", "24 hours"),
        (7 * 86_400, "7일", "7 days"),
        (90, "90초", "90 seconds"),
    ],
)
def test_durations_in_words(seconds, ko, en):
    duration = timedelta(seconds=seconds)
    assert (duration_text(duration, "ko"), duration_text(duration, "en")) == (ko, en)


def test_times_are_korean():
    assert korean_time(datetime(2026, 3, 5, 23, 30, tzinfo=UTC)) == "2026-03-06 08:30:00 (KST)"
    assert korean_time(datetime.max.replace(tzinfo=UTC)) == "9999-12-31"
