"""What must hold for any document: arithmetic is decided by sums alone, and every journey keeps every field."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.samples import department, institution, visit
from records.canonical import canonical_json, content_digest
from records.codes import EncounterClass, FeeItem, RevenueClass
from records.credential import CredentialError, Issuer, IssuerKey, issue, present, verify
from records.errors import RecordInvalid
from records.fhir import from_fhir, to_fhir
from records.kinds import Receipt, parse
from records.layout import hideable
from records.partial import disclosed, hidden_fields

ID = UUID("00000000-0000-4000-8000-000000000002")
won = st.integers(0, 10**8)
words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20).filter(
    lambda text: text.isprintable()
)
days = st.dates().map(lambda day: f"{day:%4Y-%m-%d}".rjust(10, "0"))
fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def receipts(draw: st.DrawFn) -> dict[str, Any]:
    """Any receipt that keeps the form's arithmetic."""
    items = draw(st.lists(st.sampled_from(list(FeeItem)), min_size=1, unique=True))
    columns = ("patient", "insurer", "full", "uncovered")
    rows = [{"item": str(item)} | {name: draw(won) for name in columns} for item in items]
    sums = {name: sum(row[name] for row in rows) for name in columns}
    unit = draw(st.sampled_from([1, 10, 100]))
    cut = sums["patient"] % unit
    taken = draw(st.sampled_from([0, cut]))
    sums |= {"patient": sums["patient"] - cut, "insurer": sums["insurer"] + taken}
    excess = draw(st.integers(0, sums["patient"]))
    patient_total = sums["patient"] - excess + sums["full"] + sums["uncovered"]
    already = draw(st.integers(0, patient_total * 2))
    due = patient_total - already
    paid = draw(st.integers(min(due, 0), max(due, 0)))
    encounter = draw(st.sampled_from(EncounterClass))
    inpatient = encounter is EncounterClass.INPATIENT
    return {
        "institution": institution(),
        "number": draw(st.from_regex(r"[0-9]{6}-[0-9]{6}", fullmatch=True)),
        "encounter_class": str(encounter),
        "stay": draw(st.sampled_from(["discharge", "interim"])) if inpatient else None,
        "issued_date": draw(days),
        "patient": {"number": draw(st.from_regex(r"[0-9]{8}", fullmatch=True)), "name": draw(words)},
        "visit_date": draw(days)[: draw(st.sampled_from([4, 7, 10]))],
        "period": dict(zip(("start", "end"), sorted((draw(days), draw(days))), strict=True)),
        "department": department(full=draw(st.booleans())),
        "patient_class": draw(words),
        "revenue_class": str(draw(st.sampled_from(RevenueClass))),
        "note": draw(st.none() | words),
        "night": draw(st.booleans()),
        "rows": rows,
        "rounding": {"unit": unit, "patient": -cut, "insurer": taken},
        "totals": sums,
        "ceiling_excess": excess,
        "total": sum(sums.values()),
        "insurer_total": sums["insurer"] + excess,
        "patient_total": patient_total,
        "already_paid": already,
        "due": due,
        "settled_date": draw(days),
        "paid": {"cash": paid, "total": paid},
        "outstanding": due - paid,
    }


def normal(word: str) -> bool:
    try:
        parse("visit", visit() | {"patient_class": word})
    except RecordInvalid:
        return False
    return True


@fixed
@given(data=receipts())
def test_a_receipt_whose_sums_hold_is_taken_and_survives_every_journey(
    data: dict[str, Any],
    key: IssuerKey,
    issuer: Issuer,
    keys: Callable[[str], ec.EllipticCurvePublicKey],
    now: datetime,
) -> None:
    if not all(map(normal, (data["patient"]["name"], data["patient_class"], data["note"] or "x"))):
        with pytest.raises(RecordInvalid):
            parse("receipt", data)
        return
    record = parse("receipt", data)
    assert parse("receipt", record.model_dump(mode="json")) == record
    assert from_fhir(json.loads(json.dumps(to_fhir(record, identifier=ID, timestamp=now)))) == record
    verified = verify(issue(record, issuer=issuer, key=key, iat=now).compact, keys, now=now)
    assert verified.record == record
    assert not verified.hidden


NUMBERS = [
    ("total",),
    ("insurer_total",),
    ("patient_total",),
    ("due",),
    ("outstanding",),
    ("already_paid",),
    ("ceiling_excess",),
    *(("totals", column) for column in ("patient", "insurer", "full", "uncovered")),
    *(("rows", 0, column) for column in ("patient", "insurer", "full", "uncovered")),
    *(("rounding", column) for column in ("patient", "insurer")),
    ("paid", "cash"),
    ("paid", "card"),
    ("paid", "total"),
]


@fixed
@given(data=receipts(), place=st.sampled_from(NUMBERS), by=st.integers(-(10**6), 10**6).filter(bool))
def test_no_number_of_a_receipt_can_change_alone(
    data: dict[str, Any], place: tuple[str | int, ...], by: int
) -> None:
    """Whatever single amount is altered, and by how much: some sum no longer holds."""
    data["patient"]["name"] = data["patient_class"] = "홍길동"
    data["note"] = None
    node: Any = data
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = node.get(place[-1], 0) + by
    with pytest.raises(RecordInvalid) as caught:
        parse("receipt", data)
    assert caught.value.problems


@fixed
@given(hide=st.sets(st.sampled_from(sorted(hideable(Receipt)))))
def test_any_choice_shows_exactly_what_it_leaves(
    hide: set[str],
    issued: Callable[..., Any],
    sample: Callable[..., Any],
    keys: Callable[[str], ec.EllipticCurvePublicKey],
    now: datetime,
) -> None:
    shown = present(issued("receipt", full=True).compact, hide=hide)
    verified = verify(shown, keys, now=now)
    lists = {path for path in hide if path == "rows"}
    assert verified.hidden == (hide - lists) | {f"{path}.*" for path in lists}
    assert hidden_fields(verified.record) == hide - lists
    expected = disclosed(sample("receipt", full=True))
    found = disclosed(verified.record)
    for path in hideable(Receipt):
        there, here = dig(expected, path), dig(found, path)
        assert here == (([] if path in lists else None) if path in hide else there)
    assert found["total"] == expected["total"]


def dig(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return data


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=15,
)


@fixed
@given(value=json_values)
def test_canonical_text_reads_back_as_the_value(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@fixed
@given(data=json_values)
def test_anything_given_to_parse_is_a_record_or_a_typed_refusal(data: Any) -> None:
    with pytest.raises(RecordInvalid):
        parse("receipt", data)


@fixed
@given(value=json_values, field=st.sampled_from(sorted(Receipt.model_fields)))
def test_anything_in_a_field_is_taken_or_named(value: Any, field: str, sample: Callable[..., Any]) -> None:
    data = sample("receipt", full=True).model_dump(mode="json") | {field: value}
    try:
        record = parse("receipt", data)
    except RecordInvalid:
        return
    assert content_digest(parse("receipt", record.model_dump(mode="json"))) == content_digest(record)


@fixed
@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_no_credential(
    text: str, keys: Callable[[str], ec.EllipticCurvePublicKey], now: datetime
) -> None:
    for compact in (text, text + "~", f"{text}.{text}.{text}~"):
        with pytest.raises(CredentialError):
            verify(compact, keys, now=now)
