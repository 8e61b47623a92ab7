"""What the cashier's rows mean: faults first, then every story, then any rows at all in any order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.his.base import Action, Reason
from oracle.his.settlement import (
    LONGEST_CHAIN,
    Act,
    Fault,
    Interpretation,
    Ref,
    RowKind,
    SettlementRow,
    interpret,
)

NINE = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
AMOUNTS = (1_000, 2_000)


def row(
    key: str,
    kind: RowKind = RowKind.RECEIPT,
    *,
    minute: int = 0,
    original: str | None = None,
    issued: bool = True,
    resettles: bool | None = None,
    patient: str = "1",
    amounts: tuple[int, ...] = AMOUNTS,
    before_history: bool = False,
) -> SettlementRow:
    if kind is RowKind.MIRROR and amounts == AMOUNTS:
        amounts = tuple(-amount for amount in amounts)
    at = NINE + timedelta(minutes=minute)
    return SettlementRow(key, kind, issued, at, patient, original, resettles, amounts, before_history)


def meaning(*rows: SettlementRow, changed: Iterable[str] | None = None) -> Interpretation:
    table = {each.key: each for each in rows}
    return interpret(table, list(table) if changed is None else list(changed))


def said(found: Interpretation) -> list[str]:
    """Acts in words: issue receipt:2 for receipt:1, cancel receipt:1."""
    return [_words(act) for act in found.acts]


def _words(act: Act) -> str:
    instead = f" for {act.replaces.source_key}" if act.replaces else ""
    return f"{act.action} {act.document.source_key}{instead}"


def only_fault(found: Interpretation) -> Fault:
    (fault,) = found.faults
    return fault


# What means nothing


def test_a_mirror_of_a_row_that_is_not_there_is_a_fault_about_that_row():
    fault = only_fault(meaning(row("2", RowKind.MIRROR, original="1", resettles=False)))
    assert (fault.document, fault.reason) == (Ref("receipt", "1"), Reason.MIRROR_WITHOUT_ORIGINAL)


def test_a_mirror_that_names_no_original_is_a_fault():
    fault = only_fault(meaning(row("2", RowKind.MIRROR, resettles=False)))
    assert (fault.document, fault.reason) == (Ref("receipt", "2"), Reason.MIRROR_WITHOUT_ORIGINAL)


@pytest.mark.parametrize(
    "amounts", [(-1_000, -1_999), (1_000, 2_000, 0), (-1_000,), ()], ids=["part", "plus", "fewer", "none"]
)
def test_a_mirror_of_other_amounts_cancels_nothing(amounts: tuple[int, ...]):
    found = meaning(row("1"), row("2", RowKind.MIRROR, original="1", resettles=False, amounts=amounts))
    assert said(found) == ["issue receipt:1"]
    assert only_fault(found).reason is Reason.MIRROR_MISMATCH


def test_a_mirror_of_another_patients_receipt_cancels_nothing():
    found = meaning(row("1"), row("2", RowKind.MIRROR, original="1", resettles=False, patient="2"))
    assert said(found) == ["issue receipt:1"]
    assert only_fault(found).reason is Reason.ORIGINAL_UNSUITABLE


def test_a_mirror_of_a_mirror_is_a_fault():
    found = meaning(
        row("1"),
        row("2", RowKind.MIRROR, original="1", resettles=True),
        row("3", RowKind.MIRROR, original="2", resettles=False),
    )
    assert only_fault(found).document == Ref("receipt", "3")


@pytest.mark.parametrize(
    ("kind", "original"),
    [
        (RowKind.RESETTLEMENT, RowKind.BILL),
        (RowKind.RECEIPT, RowKind.RECEIPT),
        (RowKind.RECEIPT, RowKind.MIRROR),
        (RowKind.BILL, RowKind.RECEIPT),
    ],
)
def test_a_document_can_not_follow_just_anything(kind: RowKind, original: RowKind):
    found = meaning(row("1", original), row("2", kind, original="1", minute=1))
    assert Fault(
        Ref("bill" if kind is RowKind.BILL else "receipt", "2"), Reason.ORIGINAL_UNSUITABLE, "x"
    ) in [Fault(fault.document, fault.reason, "x") for fault in found.faults]


def test_a_receipt_that_replaces_another_patients_is_a_fault():
    found = meaning(row("1"), row("2", RowKind.RESETTLEMENT, original="1", patient="2", minute=1))
    assert said(found) == ["issue receipt:1"]
    assert only_fault(found).reason is Reason.ORIGINAL_UNSUITABLE


def test_a_second_successor_of_a_receipt_is_a_fault_until_the_first_is_cancelled():
    rows = [
        row("1"),
        row("2", RowKind.RESETTLEMENT, original="1", minute=1),
        row("3", RowKind.RESETTLEMENT, original="1", minute=2),
    ]
    found = meaning(*rows)
    assert said(found) == ["issue receipt:1", "issue receipt:2 for receipt:1"]
    assert only_fault(found).reason is Reason.SECOND_SUCCESSOR
    mirror = row("4", RowKind.MIRROR, original="2", resettles=True, minute=2)
    after = meaning(*rows, mirror, changed=["4"])
    assert said(after) == ["issue receipt:2 for receipt:1", "issue receipt:3 for receipt:2"]
    assert after.faults == []


@pytest.mark.parametrize("others", [(), ("2",), ("2", "3")], ids=["itself", "two", "three"])
def test_references_that_go_in_a_circle_are_faults(others: tuple[str, ...]):
    ring = ("1", *others)
    rows = [
        row(key, RowKind.RESETTLEMENT, original=ring[place - 1], minute=place)
        for place, key in enumerate(ring)
    ]
    found = meaning(*rows)
    assert found.acts == []
    assert {fault.reason for fault in found.faults} == {Reason.CHAIN_BROKEN}
    assert len(found.faults) == len(ring)


def test_a_chain_may_be_long_but_not_endless():
    rows = [row("0")]
    for number in range(1, LONGEST_CHAIN + 2):
        key, before = str(number), str(number - 1)
        rows.append(row(f"m{number}", RowKind.MIRROR, original=before, resettles=True, minute=number))
        rows.append(row(key, RowKind.RESETTLEMENT, original=before, minute=number))
    found = meaning(*rows)
    assert f"issue receipt:{LONGEST_CHAIN - 1} for receipt:{LONGEST_CHAIN - 2}" in said(found)
    assert {fault.reason for fault in found.faults} == {Reason.CHAIN_BROKEN}


# What means nothing to the patient, and is no fault


@pytest.mark.parametrize("kind", [RowKind.DEPOSIT, RowKind.PROVISIONAL])
def test_money_without_a_document_is_no_document_nor_is_its_mirror(kind: RowKind):
    found = meaning(row("1", kind), row("2", RowKind.MIRROR, original="1", resettles=False))
    assert (found.acts, found.faults) == ([], [])


@pytest.mark.parametrize("kind", [RowKind.BILL, RowKind.RECEIPT, RowKind.RESETTLEMENT])
def test_what_was_not_handed_out_is_no_document_nor_is_its_end(kind: RowKind):
    found = meaning(row("1", kind, issued=False), row("2", RowKind.MIRROR, original="1", resettles=False))
    assert (found.acts, found.faults) == ([], [])


def test_a_mirror_of_what_lies_before_the_views_means_nothing():
    mirror = row("2", RowKind.MIRROR, original="1", resettles=False, before_history=True)
    found = meaning(mirror)
    assert (found.acts, found.faults) == ([], [])


def test_a_mirror_made_in_order_to_settle_anew_cancels_nothing_by_itself():
    found = meaning(row("1"), row("2", RowKind.MIRROR, original="1", resettles=True, minute=1))
    assert said(found) == ["issue receipt:1"]


# The stories


def test_a_receipt_replaces_the_bill_it_settles():
    found = meaning(row("1", RowKind.BILL), row("2", RowKind.RECEIPT, original="1", minute=1))
    assert said(found) == ["issue bill:1", "issue receipt:2 for bill:1"]


def test_a_receipt_skips_drafts_back_to_the_bill_that_was_handed_out():
    found = meaning(
        row("1", RowKind.BILL),
        row("2", RowKind.BILL, original="1", issued=False, minute=1),
        row("3", RowKind.RECEIPT, original="2", minute=2),
    )
    assert said(found) == ["issue bill:1", "issue receipt:3 for bill:1"]


def test_a_receipt_after_a_provisional_payment_replaces_nothing():
    found = meaning(row("1", RowKind.PROVISIONAL), row("2", RowKind.RECEIPT, original="1", minute=1))
    assert said(found) == ["issue receipt:2"]


def test_a_cancelled_receipt_is_issued_and_cancelled_in_this_order():
    found = meaning(row("1"), row("2", RowKind.MIRROR, original="1", resettles=False))
    assert said(found) == ["issue receipt:1", "cancel receipt:1"]


def test_a_cancellation_is_never_earlier_than_what_it_cancels():
    found = meaning(row("1", minute=9), row("2", RowKind.MIRROR, original="1", resettles=False, minute=2))
    assert [act.at for act in found.acts] == [NINE + timedelta(minutes=9)] * 2


def test_a_cancelled_bill_is_cancelled_as_a_bill():
    found = meaning(row("1", RowKind.BILL), row("2", RowKind.MIRROR, original="1", resettles=False))
    assert said(found) == ["issue bill:1", "cancel bill:1"]


def test_settling_anew_replaces_and_does_not_cancel():
    found = meaning(
        row("1"),
        row("2", RowKind.MIRROR, original="1", resettles=True, minute=1),
        row("3", RowKind.RESETTLEMENT, original="1", minute=1),
    )
    assert said(found) == ["issue receipt:1", "issue receipt:3 for receipt:1"]


def test_a_new_receipt_does_not_replace_one_that_was_cancelled_for_good():
    found = meaning(
        row("1"),
        row("2", RowKind.MIRROR, original="1", resettles=False, minute=1),
        row("3", RowKind.RESETTLEMENT, original="1", minute=2),
    )
    assert said(found) == ["issue receipt:1", "cancel receipt:1", "issue receipt:3"]


def test_a_bill_paid_again_after_a_refund_is_replaced_once():
    found = meaning(
        row("1", RowKind.BILL),
        row("2", RowKind.RECEIPT, original="1", minute=1),
        row("3", RowKind.MIRROR, original="2", resettles=False, minute=2),
        row("4", RowKind.RECEIPT, original="1", minute=3),
    )
    assert said(found) == [
        "issue bill:1",
        "issue receipt:2 for bill:1",
        "cancel receipt:2",
        "issue receipt:4",
    ]


def test_a_bill_paid_again_is_replaced_by_the_second_receipt_if_that_is_seen_first():
    rows = [row("1", RowKind.BILL), row("4", RowKind.RECEIPT, original="1", minute=3)]
    assert said(meaning(*rows)) == ["issue bill:1", "issue receipt:4 for bill:1"]


def test_a_new_receipt_of_a_receipt_that_is_not_there_names_it_all_the_same():
    found = meaning(row("3", RowKind.RESETTLEMENT, original="1"))
    assert said(found) == ["issue receipt:3 for receipt:1"]


def test_two_equal_mirrors_say_the_same_as_one():
    found = meaning(
        row("1"),
        row("2", RowKind.MIRROR, original="1", resettles=False, minute=1),
        row("3", RowKind.MIRROR, original="1", resettles=False, minute=1),
    )
    assert set(said(found)) == {"issue receipt:1", "cancel receipt:1"}
    assert found.faults == []


def test_a_hospital_that_does_not_say_why_it_mirrors_is_understood_by_what_follows():
    mirror = row("2", RowKind.MIRROR, original="1", minute=1)
    again = row("3", RowKind.RESETTLEMENT, original="1", minute=2)
    assert said(meaning(row("1"), mirror)) == ["issue receipt:1", "cancel receipt:1"]
    assert said(meaning(row("1"), mirror, again)) == ["issue receipt:1", "issue receipt:3 for receipt:1"]


def test_only_what_may_have_changed_is_told():
    rows = [row("1"), row("2", RowKind.MIRROR, original="1", resettles=False, minute=1), row("9")]
    assert said(meaning(*rows, changed=["2"])) == ["cancel receipt:1"]
    assert said(meaning(*rows, changed=["9"])) == ["issue receipt:9"]
    assert said(meaning(*rows, changed=["1"])) == ["issue receipt:1", "cancel receipt:1"]


# Anything at all

KEYS = st.sampled_from("abcdef")
ANY_ROW = st.builds(
    row,
    key=KEYS,
    kind=st.sampled_from(RowKind),
    minute=st.integers(0, 5),
    original=st.none() | KEYS | st.just("z"),
    issued=st.booleans(),
    resettles=st.sampled_from([True, False, None]),
    patient=st.sampled_from("12"),
    before_history=st.booleans(),
)
ANY_ROWS = st.lists(ANY_ROW, max_size=8, unique_by=lambda each: each.key)


@given(rows=ANY_ROWS)
def test_any_rows_are_interpreted_without_contradiction(rows: list[SettlementRow]):
    found = meaning(*rows)
    known = {each.key for each in rows}
    issued = [act.document for act in found.acts if act.action is Action.ISSUE]
    replaced = {act.document: act.replaces for act in found.acts if act.replaces}
    assert len(issued) == len(set(issued))
    assert {act.document.key for act in found.acts} <= known
    assert {fault.document.key for fault in found.faults} <= known | {"z"} | {r.original for r in rows}
    for document in replaced:
        steps, current = 0, document
        while current in replaced and steps <= len(rows):
            current, steps = replaced[current], steps + 1
        assert steps <= len(rows), "documents replace each other in a circle"


@given(rows=ANY_ROWS, data=st.data())
def test_a_part_of_the_rows_says_nothing_that_the_whole_does_not(
    rows: list[SettlementRow], data: st.DataObject
):
    table = {each.key: each for each in rows}
    changed = data.draw(st.sets(st.sampled_from(sorted(table)))) if table else set()
    whole, part = interpret(table, list(table)), interpret(table, changed)
    assert [act for act in whole.acts if act in part.acts] == part.acts
    assert all(fault in whole.faults for fault in part.faults)


@st.composite
def histories(draw: st.DrawFn) -> list[SettlementRow]:
    """A well-kept book: bills, receipts, mirrors and new settlements of one visit, in the order they happened."""
    rows: list[SettlementRow] = []
    minute = 0

    def add(kind: RowKind, original: str | None = None, resettles: bool | None = None) -> str:
        nonlocal minute
        minute += 1
        key = f"{minute:02d}"
        rows.append(row(key, kind, original=original, resettles=resettles, minute=minute))
        return key

    last: str | None = None
    for _ in range(draw(st.integers(0, 2))):
        last = add(RowKind.BILL, last)
    current = add(RowKind.RECEIPT, last)
    for _ in range(draw(st.integers(0, 3))):
        add(RowKind.MIRROR, current, resettles=True)
        current = add(RowKind.RESETTLEMENT, current)
    if draw(st.booleans()):
        add(RowKind.MIRROR, current, resettles=False)
    return rows


@given(rows=histories(), data=st.data())
def test_a_well_kept_book_reads_the_same_in_whatever_order_its_rows_appear(
    rows: list[SettlementRow], data: st.DataObject
):
    visible: dict[str, SettlementRow] = {}
    told: set[tuple[Action, Ref, Ref | None]] = set()
    for each in data.draw(st.permutations(rows)):
        visible[each.key] = each
        told.update((act.action, act.document, act.replaces) for act in interpret(visible, [each.key]).acts)
    whole = meaning(*rows)
    assert whole.faults == []
    assert _ends(told) == _ends({(act.action, act.document, act.replaces) for act in whole.acts})


def _ends(told: set[tuple[Action, Ref, Ref | None]]) -> dict[Ref, str]:
    """How each document ends: withdrawn, else replaced, else issued."""
    ends = {document: "issued" for action, document, _ in told if action is Action.ISSUE}
    ends.update((replaced, f"replaced by {by}") for _, by, replaced in told if replaced is not None)
    ends.update((document, "withdrawn") for action, document, _ in told if action is Action.CANCEL)
    return ends
