"""Records as FHIR documents: they come back as they went, every field has its place, and R4 and KR Core are kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydantic import BaseModel

from bench.samples import SAMPLES, visit
from records import codes
from records.credential import IssuedCredential, present, verify
from records.errors import RecordError
from records.fhir import FhirInvalid, from_fhir, to_fhir
from records.fhir.bundle import MAPPINGS
from records.fhir.tables import fields_of
from records.kinds import BY_NAME, KINDS, Record, RecordInvalid, parse
from records.layout import Place, element_model, plan_of

ID = UUID("00000000-0000-4000-8000-000000000001")
Make = Callable[..., Record]


@pytest.fixture
def document(sample: Make, now: datetime) -> Callable[..., dict[str, Any]]:
    def make(kind: str, *, full: bool = True) -> dict[str, Any]:
        return wire(to_fhir(sample(kind, full=full), identifier=ID, timestamp=now))

    return make


def wire(document: dict[str, Any]) -> dict[str, Any]:
    """As it is after a journey as JSON text."""
    received: dict[str, Any] = json.loads(json.dumps(document, ensure_ascii=False))
    return received


def resources(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in document["entry"] if each["resource"]["resourceType"] == kind]


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every field that holds a value of its own, as the mapping tables spell it."""
    for name, info in model.model_fields.items():
        inner = [each for each in parts_of(info.annotation) if issubclass(each, BaseModel)]
        is_list = any(field.name == name and field.place is Place.ELEMENTS for field in plan_of(model))
        if is_list:
            yield from leaves(element_model(model, name), f"{prefix}{name}.*.")
        elif inner:
            yield from leaves(inner[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def parts_of(annotation: Any) -> list[type]:
    arguments = getattr(annotation, "__args__", (annotation,))
    return [each for each in arguments if isinstance(each, type)]


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_field_of_a_kind_has_its_place_and_no_place_is_idle(kind: str) -> None:
    mapped = list(fields_of(MAPPINGS[kind].table))
    expected = set(leaves(BY_NAME[kind].model))
    whole = {"period.start", "period.end"}  # mapped as one object
    assert set(mapped) == (expected - whole) | ({"period"} if expected & whole else set())


def test_every_kind_has_a_mapping() -> None:
    assert set(MAPPINGS) == {kind.name for kind in KINDS.values()}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("full", [False, True])
def test_a_record_comes_back_as_it_went(kind: str, full: bool, sample: Make, document: Any) -> None:
    assert from_fhir(document(kind, full=full)) == sample(kind, full=full)


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_field_travels_by_itself(kind: str, sample: Make, now: datetime, document: Any) -> None:
    """Take one optional field out of the full record: exactly that difference must arrive."""
    data = SAMPLES[kind](full=True)
    for name in BY_NAME[kind].model.model_fields:
        less = {field: value for field, value in data.items() if field != name}
        try:
            record = parse(kind, less)
        except RecordInvalid:
            continue
        assert from_fhir(wire(to_fhir(record, identifier=ID, timestamp=now))) == record
        assert record != sample(kind, full=True)


@pytest.mark.parametrize("insurance", codes.Insurance)
def test_every_insurance_travels(insurance: str, now: datetime) -> None:
    record = parse("visit", visit() | {"insurance": insurance})
    document = wire(to_fhir(record, identifier=ID, timestamp=now))
    assert from_fhir(document) == record
    urls = [each["url"] for each in resources(document, "Encounter")[0]["extension"]]
    is_national = codes.Insurance(insurance) in codes.HIRA_INSURANCE_CODES
    assert any(url.endswith("krcore-insuranceTypes") for url in urls) == is_national


@pytest.mark.parametrize("encounter_class", codes.EncounterClass)
def test_every_class_of_encounter_travels(encounter_class: str, now: datetime) -> None:
    record = parse("visit", visit(full=True) | {"encounter_class": encounter_class})
    document = wire(to_fhir(record, identifier=ID, timestamp=now))
    assert from_fhir(document) == record
    expected = {"outpatient": "AMB", "inpatient": "IMP", "emergency": "EMER"}[encounter_class]
    assert resources(document, "Encounter")[0]["class"]["code"] == expected


@pytest.mark.parametrize(
    "day", ["2026", "2026-03", "2026-03-05", "2026-03-05T09:30:00+09:00", "2026-03-05T00:30:00.5Z"]
)
def test_dates_keep_their_precision(day: str, now: datetime) -> None:
    record = parse("visit", visit() | {"visit_date": day})
    document = wire(to_fhir(record, identifier=ID, timestamp=now))
    assert resources(document, "Encounter")[0]["period"] == {"start": day}
    assert from_fhir(document) == record


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("full", [False, True])
def test_it_is_valid_r4(kind: str, full: bool, document: Any) -> None:
    made = document(kind, full=full)
    read = Bundle.model_validate_json(json.dumps(made))
    for entry, ours in zip(read.entry, made["entry"], strict=True):
        assert type(entry.resource).__name__ == ours["resource"]["resourceType"]
        assert type(entry.resource) is not dict


@pytest.mark.parametrize("kind", SAMPLES)
def test_it_is_a_whole_document(kind: str, document: Any) -> None:
    made = document(kind)
    assert made["type"] == "document"
    assert made["identifier"]["value"] == f"urn:uuid:{ID}"
    assert made["timestamp"].endswith("+00:00")
    assert made["entry"][0]["resource"]["resourceType"] == "Composition"
    addresses = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(addresses)) == len(addresses)
    assert set(references(made)) <= set(addresses)
    main = [entry["reference"] for entry in resources(made, "Composition")[0]["section"][0]["entry"]]
    kinds = {each["resource"]["resourceType"] for each in made["entry"] if each["fullUrl"] in main}
    assert kinds == {BY_NAME[kind].fhir}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("full", [False, True])
def test_kr_core_finds_what_it_demands(kind: str, full: bool, document: Any) -> None:
    made = document(kind, full=full)
    patient, organization = resources(made, "Patient")[0], resources(made, "Organization")[0]
    assert patient["identifier"][0]["system"]
    assert patient["identifier"][0]["value"]
    assert patient["name"][0]["text"]
    assert "gender" in patient or "_gender" in patient
    assert "birthDate" in patient or "_birthDate" in patient
    assert organization["identifier"][0] == {"system": codes.HIRA_INSTITUTION, "value": "11100001"}
    assert organization["type"][0]["coding"][0]["system"] == codes.HIRA_INSTITUTION_TYPE
    encounter = resources(made, "Encounter")[0]
    assert encounter["class"]["system"]
    assert encounter["period"]["start"]
    for doctor in resources(made, "Practitioner"):
        assert doctor["qualification"][0]["identifier"][0]["system"] == codes.MOHW_LICENCE
        assert {"value", "_value"} & doctor["qualification"][0]["identifier"][0].keys()


def test_a_diagnosis_is_a_kr_core_encounter_diagnosis(document: Any) -> None:
    conditions = resources(document("diagnosis"), "Condition")
    assert [each["code"]["coding"][0]["code"] for each in conditions] == ["E11.9", "I10.9", "K29.7"]
    for condition in conditions:
        assert condition["code"]["coding"][0]["system"] == codes.KCD8
        assert condition["code"]["coding"][0]["display"]
        assert condition["category"][0]["coding"][0] == {
            "system": codes.CONDITION_CATEGORY,
            "code": "진단",
            "display": "진단",
        }
        assert condition["recordedDate"] == "2026-03-05"
    assert conditions[2]["verificationStatus"]["coding"][0]["code"] == "provisional"


def test_a_bill_is_issued_and_a_receipt_balanced(document: Any) -> None:
    assert resources(document("bill"), "Invoice")[0]["status"] == "issued"
    assert resources(document("receipt", full=False), "Invoice")[0]["status"] == "balanced"
    assert resources(document("receipt", full=True), "Invoice")[0]["status"] == "issued"  # 500 won left


def test_price_components_carry_the_four_columns(document: Any) -> None:
    invoice = resources(document("receipt"), "Invoice")[0]
    assert len(invoice["lineItem"]) == 29
    for line in invoice["lineItem"]:
        assert [each["type"] for each in line["priceComponent"]] == ["base"] * 4
    total = sum(each["amount"]["value"] for line in invoice["lineItem"] for each in line["priceComponent"])
    assert invoice["totalGross"] == {"value": total, "currency": "KRW"}


def test_lines_may_arrive_in_any_order_of_entries(document: Any, sample: Make) -> None:
    made = document("statement")
    first, *rest = made["entry"]
    made["entry"] = [first, *reversed(rest)]
    assert from_fhir(made) == sample("statement", full=True)


@pytest.mark.parametrize("kind", ["receipt", "statement", "visit"])
def test_what_is_hidden_is_masked(
    kind: str, issued: Callable[..., IssuedCredential], keys: Any, now: datetime
) -> None:
    record = verify(present(issued(kind, full=True).compact, show=["department"]), keys, now=now).record
    made = wire(to_fhir(record, identifier=ID, timestamp=now))
    Bundle.model_validate_json(json.dumps(made))
    text = json.dumps(made, ensure_ascii=False)
    assert "홍길동" not in text
    assert "(가려짐)" not in text
    patient = resources(made, "Patient")[0]
    for element in (patient["_birthDate"], patient["_gender"], patient["name"][0]["_text"]):
        assert element["extension"][0]["valueCode"] == "masked"
    with pytest.raises(RecordError):
        from_fhir(made)


def test_the_same_document_twice_is_the_same_text(sample: Make, now: datetime) -> None:
    one, other = (to_fhir(sample("receipt"), identifier=ID, timestamp=now) for _ in range(2))
    assert json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("bundle", [None, [], {}, {"resourceType": "Patient"}, {"resourceType": "Bundle"}])
def test_what_is_no_document_is_refused(bundle: Any) -> None:
    with pytest.raises(FhirInvalid):
        from_fhir(bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.update(type="collection"),
        lambda made: made.update(entry=[]),
        lambda made: made["entry"].pop(0),
        lambda made: made["entry"].append({"resource": "x"}),
        lambda made: made["entry"].append(None),
        lambda made: made["entry"][0]["resource"]["type"]["coding"][0].update(code="urn:saegim:visit:9"),
        lambda made: made["entry"][0]["resource"].update(type=[]),
        lambda made: made["entry"][0]["resource"].pop("type"),
    ],
)
def test_a_broken_frame_is_refused(change: Callable[[dict[str, Any]], Any], document: Any) -> None:
    made = document("receipt")
    change(made)
    with pytest.raises(FhirInvalid):
        from_fhir(made)


def invoice_of(made: dict[str, Any]) -> dict[str, Any]:
    return resources(made, "Invoice")[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: invoice_of(made).pop("lineItem"),
        lambda made: invoice_of(made).update(lineItem="x"),
        lambda made: invoice_of(made).update(lineItem=["x"]),
        lambda made: invoice_of(made).update(identifier={"system": "x"}),
        lambda made: invoice_of(made).update(totalPriceComponent=5),
        lambda made: invoice_of(made).pop("totalPriceComponent"),
        lambda made: invoice_of(made)["totalPriceComponent"][5]["amount"].update(currency="USD"),
        lambda made: invoice_of(made)["totalPriceComponent"][5]["amount"].update(value=1.5),
        lambda made: invoice_of(made)["totalPriceComponent"][5]["amount"].update(value="1"),
        lambda made: invoice_of(made)["lineItem"][0]["priceComponent"][0]["amount"].update(value=-1),
        lambda made: invoice_of(made)["lineItem"][0]["priceComponent"][0]["amount"].update(value=7),
        lambda made: invoice_of(made)["lineItem"].pop(0),
        lambda made: resources(made, "Patient")[0].update(name=[{"text": "홍\x00길동"}]),
        lambda made: resources(made, "Patient")[0].update(name={"text": "홍길동"}),
        lambda made: resources(made, "Patient")[0].update(birthDate="1957-02-30"),
        lambda made: resources(made, "Encounter")[0]["class"].update(code="VR"),
        lambda made: resources(made, "Encounter")[0].update(period=7),
    ],
)
def test_broken_content_is_refused(change: Callable[[dict[str, Any]], Any], document: Any) -> None:
    made = document("receipt")
    change(made)
    with pytest.raises((FhirInvalid, RecordInvalid)):
        from_fhir(made)


def test_a_line_that_leads_nowhere_is_refused(document: Any) -> None:
    made = document("statement")
    invoice_of(made)["lineItem"][0]["chargeItemReference"]["reference"] = "urn:uuid:nowhere"
    with pytest.raises(FhirInvalid):
        from_fhir(made)
    patient = resources(made, "Patient")[0]["id"]
    invoice_of(made)["lineItem"][0]["chargeItemReference"]["reference"] = f"urn:uuid:{patient}"
    with pytest.raises(FhirInvalid):
        from_fhir(made)
    swapped = document("statement")
    lines = invoice_of(swapped)["lineItem"]
    lines[0]["chargeItemReference"], lines[3]["chargeItemReference"] = (
        copy.deepcopy(lines[3]["chargeItemReference"]),
        copy.deepcopy(lines[0]["chargeItemReference"]),
    )
    with pytest.raises(RecordInvalid):
        from_fhir(swapped)
