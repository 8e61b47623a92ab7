"""What a web service answers: lists that go nowhere are noticed, and a bad row takes no other with it."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from web_canned import (
    JSON,
    VISIT,
    Answer,
    adapter_before,
    answering,
    mapping_of,
    read_until_refused,
    refused,
    rows_of,
)
from web_harness import MAPPINGS

from oracle.his.base import HisMalformed
from oracle.his.webservice import WebMapping

# Paging that goes nowhere


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_list_that_leads_in_circles_is_noticed(length: int):
    def respond(_: str, query: dict[str, str]) -> Answer:
        place = (int(query.get("after", "0")) + 1) % length
        row = {**VISIT, "VST_NO": f"V{place}"}
        return rows_of(row, more=True, since="2026-11-24T11:00:00", after=str(place))

    assert "does not move on" in read_until_refused(respond)


def test_a_list_that_repeats_its_rows_under_ever_new_tokens_is_noticed():
    tokens = count()
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"token": "{token}"}, "rows": "rows"},
        paging={"style": "token", "more": "more", "next": {"token": "next.token"}},
    )
    respond = lambda *_: rows_of(VISIT, more=True, token=str(next(tokens)))  # noqa: E731
    assert "does not move on" in read_until_refused(respond, mapping)


def test_a_list_that_has_no_rows_and_always_more_is_noticed():
    tokens = count()
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"token": "{token}"}, "rows": "rows"},
        paging={"style": "token", "more": "more", "next": {"token": "next.token"}},
    )
    respond = lambda *_: rows_of(more=True, token=str(next(tokens)))  # noqa: E731
    assert "does not move on" in read_until_refused(respond, mapping)


def test_numbered_pages_that_are_all_the_same_are_noticed():
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"from": "{since}", "no": "{page}"}, "rows": "rows"},
        paging={"style": "page", "most_rows": 2},
    )
    rows = [{**VISIT, "VST_NO": "V1"}, {**VISIT, "VST_NO": "V2"}]
    assert "does not move on" in read_until_refused(answering(rows_of(*rows)), mapping)


def test_numbered_pages_out_of_order_are_refused():
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"from": "{since}", "no": "{page}"}, "rows": "rows"},
        paging={"style": "page", "most_rows": 2},
    )
    rows = [VISIT, {**VISIT, "VST_NO": "V2", "CHG_DT": "2026-11-23T11:00:00"}]
    assert "order" in refused(answering(rows_of(*rows)), HisMalformed, mapping)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_numbered_pages_pass_over_no_row_of_whatever_stamps(size: int):
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"from": "{since}", "no": "{page}"}, "rows": "rows"},
        paging={"style": "page", "most_rows": size, "stamp": "compact"},
    )
    seconds = [1, 1, 1, 2, 3, 3, 4, 4, 4, 4, 4, 5, 6, 6, 9]
    rows = [
        {**VISIT, "VST_NO": f"V{n}", "CHG_DT": f"2026-11-24T11:00:{second:02d}.{n:06d}"}
        for n, second in enumerate(seconds)
    ]

    def respond(_: str, query: dict[str, str]) -> Answer:
        since = query.get("from", "0")
        beyond = [row for row in rows if f"202611241100{row['CHG_DT'][17:19]}" >= since]
        first = (int(query["no"]) - 1) * size
        return rows_of(*beyond[first : first + size])

    with adapter_before(respond, mapping) as adapter:
        cursor, found, more = None, [], True
        while more:
            page = adapter.read(cursor, 50)
            found += [document.source_key for document in page.documents]
            cursor, more = page.next_cursor, page.more
    assert found == [f"visit:V{n}" for n in range(len(rows))]


@pytest.mark.parametrize("token", ["x" * 5_000, "a\r\nX-Injected: 1", {"deep": 1}, ["x"]])
def test_a_token_that_can_not_be_sent_back_is_refused(token: Any):
    refused(answering(rows_of(VISIT, more=True, since=token, after="V1")), HisMalformed)


def test_a_token_that_expired_begins_the_round_again():
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"token": "{token}"}, "rows": "rows"},
        paging={"style": "token", "next": {"token": "next.token"}},
    )
    first, second = {**VISIT, "VST_NO": "V1"}, {**VISIT, "VST_NO": "V2"}
    forgotten = iter([True])

    def respond(_: str, query: dict[str, str]) -> Answer:
        if "token" not in query:
            return rows_of(first, token="next")
        if next(forgotten, False):
            return 410, JSON, b"{}"
        return rows_of(second)

    with adapter_before(respond, mapping) as adapter:
        cursor, found, more = None, [], True
        while more:
            page = adapter.read(cursor, 5)
            found += [document.source_key for document in page.documents]
            cursor, more = page.next_cursor, page.more
    assert found == ["visit:V1", "visit:V2"]


def test_tokens_that_never_work_are_malformed():
    mapping = mapping_of(
        changes={"path": "/visits", "query": {"token": "{token}"}, "rows": "rows"},
        paging={"style": "token", "next": {"token": "next.token"}},
    )
    respond = lambda _, query: (400, JSON, b"{}") if "token" in query else rows_of(VISIT, token="t")  # noqa: E731
    assert "status 400" in read_until_refused(respond, mapping)


# Rows


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (7, "not-a-row"),
        ("text", "not-a-row"),
        (None, "not-a-row"),
        ([VISIT], "not-a-row"),
        ({}, "key-invalid"),
        ({**VISIT, "VST_NO": None}, "key-invalid"),
        ({**VISIT, "VST_NO": {"a": 1}}, "key-invalid"),
        ({**VISIT, "VST_NO": "V\ud800"}, "key-invalid"),
        ({**VISIT, "VST_NO": "W\ufffd"}, "key-invalid"),
        ({**VISIT, "CHG_DT": None}, "stamp-invalid"),
        ({**VISIT, "CHG_DT": "yesterday"}, "stamp-invalid"),
        ({**VISIT, "CHG_DT": "0001-01-01T00:00:00"}, "stamp-invalid"),
        ({**VISIT, "CHG_DT": ["2026"]}, "stamp-invalid"),
        ({**VISIT, "PT_NM": None}, "missing"),
        ({**VISIT, "PT_NM": {"first": "환자"}}, "not-text"),
        ({**VISIT, "PT_NM": "\ud800"}, "text-encoding"),
        ({**VISIT, "PT_NM": "환자\ufffd"}, "text-encoding"),
        ({**VISIT, "PT_NM": "환" * 10_000}, "text-too-long"),
        ({**VISIT, "MED_DTM": 1e300}, "date-unreal"),
        ({**VISIT, "MED_DTM": True}, "date-unreal"),
        ({**VISIT, "STAT_GB": float("nan")}, "code-unmapped"),
        ({**VISIT, "STAT_GB": []}, "not-text"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, str) else "row",
)
def test_a_bad_row_is_rejected_and_the_others_are_read(row: Any, reason: str):
    good = {**VISIT, "VST_NO": "V9"}
    with adapter_before(answering(rows_of(row, good))) as adapter:
        page = adapter.read(None, 50)
        assert [document.source_key for document in page.documents] == ["visit:V9"]
        assert [reject.reason_code for reject in page.rejects] == [reason]
        for reject in page.rejects:
            assert (reject.source_key + reject.detail).isascii()
        assert adapter.read(page.next_cursor, 50).rejects == []


def test_a_number_of_a_million_digits_is_one_bad_row():
    long = json.dumps({**VISIT, "PT_NO": 0}).replace('"PT_NO": 0', '"PT_NO": ' + "9" * 100_000)
    body = f'{{"rows": [{long}, {json.dumps({**VISIT, "VST_NO": "V9"})}], "more": false}}'.encode()
    with adapter_before(answering((200, JSON, body))) as adapter:
        page = adapter.read(None, 50)
    assert "visit:V9" in [document.source_key for document in page.documents]


def test_one_key_with_two_contents_in_one_answer_is_rejected():
    answer = rows_of(VISIT, {**VISIT, "PT_NO": "10000002"})
    with adapter_before(answering(answer)) as adapter:
        page = adapter.read(None, 50)
    assert {reject.reason_code for reject in page.rejects} == {"key-ambiguous"}
    assert page.documents == []


def test_of_a_key_that_changed_twice_the_later_row_counts():
    later = {**VISIT, "CHG_DT": "2026-11-24T11:30:00", "PT_NO": "10000002"}
    with adapter_before(answering(rows_of(VISIT, later))) as adapter:
        numbers = {document.patient_number for document in adapter.read(None, 50).documents}
    assert numbers == {"10000002"}


def test_a_mapping_that_pages_otherwise_goes_on_from_the_stamp():
    first = {**VISIT, "VST_NO": "V1"}
    with adapter_before(
        answering(rows_of(first, more=True, since="2026-11-24 11:00", after="V1"))
    ) as adapter:
        cursor = adapter.read(None, 50).next_cursor
    pages = mapping_of(
        changes={"path": "/visits", "query": {"from": "{since}", "no": "{page}"}, "rows": "rows"},
        paging={"style": "page", "stamp": "compact"},
    )
    with adapter_before(answering(rows_of()), pages) as adapter:
        adapter.read(cursor, 50)
        assert adapter.vendor.asked == [("/visits", {"no": "1"})]


def test_keys_of_padded_columns_are_the_keys_without_padding():
    mapping = WebMapping.load(MAPPINGS / "mapping.rest.yaml")
    stamp = "2026-11-24T11:00:00"
    row = {"SUNAP_NO": "1   ", "ORG_SUNAP_NO": None, "CHG_DT": stamp}
    refers = {"SUNAP_NO": "2   ", "ORG_SUNAP_NO": "1   ", "CHG_DT": stamp}

    def respond(path: str, query: dict[str, str]) -> Answer:
        if path.endswith("by-original"):
            return rows_of(*([refers] if query["numbers"] == "1" else []))
        return 200, JSON, json.dumps(row).encode()

    with adapter_before(respond, mapping) as adapter:
        rejects = adapter.reread(["receipt:1"]).rejects
    assert {reject.source_key for reject in rejects} == {"receipt:1", "receipt:2"}


@pytest.mark.parametrize("key", ["..", ".", "a/../../secret?x=1", "a,b", "#", "%2e%2e", "가\u2028나"])
def test_a_strange_key_never_leads_to_another_address(key: str):
    with adapter_before(answering((404, JSON, b"{}"))) as adapter:
        assert adapter.reread([f"visit:{key}"]).documents == []
        for path, query in adapter.vendor.asked:
            assert path == f"/visits/{key}" and query == {}


def test_rows_that_refer_to_others_than_asked_for_are_left_out():
    """A vendor whose service does not know the parameter answers with all it has."""
    mapping = WebMapping.load(MAPPINGS / "mapping.rest.yaml")
    asked = {"SUNAP_NO": "1", "ORG_SUNAP_NO": None, "CHG_DT": "2026-11-24T11:00:00"}
    others = [{"SUNAP_NO": str(n), "ORG_SUNAP_NO": str(n + 1)} for n in range(2, 200)]

    def respond(path: str, _: dict[str, str]) -> Answer:
        return rows_of(*others) if path.endswith("by-original") else (200, JSON, json.dumps(asked).encode())

    with adapter_before(respond, mapping) as adapter:
        page = adapter.reread(["receipt:1"])
        assert page.documents == []
        assert [path for path, _ in adapter.vendor.asked] == ["/receipts/1", "/receipts/by-original"]
