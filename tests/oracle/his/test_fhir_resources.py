"""What resources mean: corrections, ends, deletions, and reading Saegim's own export."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import contract
import pytest
from fhir_servers import Resource
from fhir_world import World, extension, good_resources

from oracle.his.base import Action
from oracle.his.fhir.elements import (
    DIAGNOSIS_ELEMENTS,
    FORM_ROW_ELEMENTS,
    LINE_ELEMENTS,
    SETTLEMENT_ELEMENTS,
    VISIT_ELEMENTS,
    Elements,
)
from oracle.his.fhir.lookup import finder
from records.fhir import FhirInvalid, to_fhir
from records.fhir.paths import get
from records.fhir.systems import extension as extension_place

Spoil = Callable[[World], Any]
DELETED_AT = "2026-11-24T04:00:00.000Z"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return good_resources(tmp_path_factory.mktemp("good"))


@pytest.fixture
def world(good: list[Resource]) -> Iterator[World]:
    world = World(good)
    yield world
    world.close()


def visit(world: World) -> Resource:
    return world.the("Encounter")


def condition(world: World) -> Resource:
    return world.the("Condition")


def receipt(world: World) -> Resource:
    return world.the("Invoice", world.receipt)


def stay_link(world: World) -> Resource:
    return extension(receipt(world), "encounter")["valueReference"]


def remove(world: World, kind: str, key: str) -> Resource:
    return world.shelf.resources.pop((kind, key))


def reference(resource: Resource, to: str) -> None:
    resource["reference"] = to


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_a_condition_that_is_none_any_more_is_left_out(world: World, status: str):
    before = world.read().records[f"diagnosis:{world.visit}"]
    listed = visit(world)["diagnosis"]
    extra = world.copy(condition(world), "extra")
    extra["code"]["text"] = "기타"
    listed.append({"condition": {"reference": "Condition/extra"}, "rank": 2})
    assert len(world.read().records[f"diagnosis:{world.visit}"].diagnoses) == len(before.diagnoses) + 1
    extra["verificationStatus"]["coding"][0]["code"] = status
    assert world.read().records[f"diagnosis:{world.visit}"] == before


def test_a_problem_list_is_no_diagnosis_of_the_visit(world: World):
    extra = world.copy(condition(world), "extra")
    category = "http://terminology.hl7.org/CodeSystem/condition-category"
    extra["category"] = [{"coding": [{"system": category, "code": "problem-list-item"}]}]
    visit(world)["diagnosis"].append({"condition": {"reference": "Condition/extra"}, "rank": 2})
    names = [each.name for each in world.read().records[f"diagnosis:{world.visit}"].diagnoses]
    assert len(names) == len(visit(world)["diagnosis"]) - 1


def test_a_condition_that_changes_alone_makes_the_diagnosis_anew(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    condition(world)["code"]["text"] = "고친 이름"
    changed = world.touch(condition(world))
    later = contract.Reader()
    contract.read_all(adapter, later, cursor)
    document = later.issued[f"diagnosis:{world.visit}"]
    assert document.changed_at == datetime.fromisoformat(changed["meta"]["lastUpdated"])
    assert document.revision != reader.issued[f"diagnosis:{world.visit}"].revision


def test_a_stay_may_stand_on_the_server(world: World):
    before = world.read().issued[f"receipt:{world.receipt}"].revision
    (stay,) = receipt(world).pop("contained")
    world.touch({**stay, "id": "the-stay"})
    reference(stay_link(world), f"{world.server.base}/Encounter/the-stay")
    assert world.read().issued[f"receipt:{world.receipt}"].revision == before


def test_a_receipt_corrected_in_place_is_a_new_revision(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    receipt(world)["contained"][0]["location"] = [{"location": {"display": "501호"}}]
    world.touch(receipt(world))
    contract.read_all(adapter, reader, cursor)
    assert len(reader.revisions[f"receipt:{world.receipt}", Action.ISSUE]) == 2
    assert reader.records[f"receipt:{world.receipt}"].ward == "501호"
    assert reader.state(f"receipt:{world.receipt}") == "issued"


def test_a_draft_is_no_document_until_it_is_issued(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    receipt(world)["status"] = "draft"
    cursor = contract.read_all(adapter, reader)
    assert not {key for key in reader.records if key.startswith(("receipt", "statement"))}
    receipt(world)["status"] = "balanced"
    world.touch(receipt(world))
    contract.read_all(adapter, reader, cursor)
    assert reader.state(f"receipt:{world.receipt}") == "issued"


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_status_that_ends_a_receipt_takes_it_and_its_statement_back(world: World, status: str):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    receipt(world)["status"] = status
    ended = world.touch(receipt(world))["meta"]["lastUpdated"]
    contract.read_all(adapter, reader, cursor)
    for kind in ("receipt", "statement"):
        assert reader.state(f"{kind}:{world.receipt}") == "withdrawn"
        assert reader.cancelled[f"{kind}:{world.receipt}"].changed_at == datetime.fromisoformat(ended)
    assert reader.rejects == []


def test_a_receipt_says_itself_when_it_was_cancelled(world: World):
    receipt(world)["status"] = "cancelled"
    said = {"url": "urn:saegim:fhir:cancelled-at", "valueDateTime": "2026-11-24T15:00:00+09:00"}
    receipt(world)["extension"].append(said)
    world.touch(receipt(world))
    at = world.read().cancelled[f"receipt:{world.receipt}"].changed_at
    assert at == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def test_what_never_was_right_is_never_issued(world: World):
    receipt(world)["status"] = "entered-in-error"
    receipt(world).pop("lineItem")
    reader = world.read()
    assert f"receipt:{world.receipt}" not in reader.issued
    assert reader.state(f"receipt:{world.receipt}") == "withdrawn"


def test_a_cancelled_receipt_with_a_successor_is_replaced(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    receipt(world)["status"] = "cancelled"
    world.touch(receipt(world))
    new = world.copy(receipt(world), "new-receipt")
    new["status"], new["date"] = "balanced", "2026-11-24T12:30:00+09:00"
    new["type"]["coding"][0]["code"] = "6"
    original = {"reference": f"Invoice/{world.receipt}"}
    new["extension"].append({"url": "urn:saegim:fhir:original", "valueReference": original})
    contract.read_all(adapter, reader, cursor)
    assert reader.state(f"receipt:{world.receipt}") == "superseded"
    assert reader.replaced_by[f"receipt:{world.receipt}"] == "receipt:new-receipt"
    assert reader.cancelled == {}


def test_a_visit_entered_in_error_is_taken_back_whatever_else_is_wrong(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    visit(world)["status"] = "entered-in-error"
    visit(world).pop("participant")
    visit(world).pop("serviceType")
    world.touch(visit(world))
    contract.read_all(adapter, reader, cursor)
    assert {reader.state(f"{kind}:{world.visit}") for kind in ("visit", "diagnosis")} == {"withdrawn"}


def delete(world: World, kind: str, key: str, *, keep: bool = True) -> None:
    """Delete as an R4 server does: gone from searches, a DELETE in both histories."""
    resource = remove(world, kind, key)
    entry = {
        "request": {"method": "DELETE", "url": f"{kind}/{key}"},
        "response": {"lastModified": DELETED_AT},
    }
    world.shelf.history.setdefault(kind, []).insert(0, entry)
    world.shelf.history[f"{kind}/{key}/_history"] = [entry, *([{"resource": resource}] if keep else [])]


@pytest.mark.parametrize(
    ("kind", "suffix", "taken"),
    [
        ("Invoice", "", {"receipt", "statement"}),
        ("Invoice", "-S", {"statement"}),
        ("Encounter", "", {"visit", "diagnosis"}),
    ],
    ids=["receipt", "statement", "visit"],
)
def test_what_is_deleted_is_taken_back(world: World, kind: str, suffix: str, taken: set[str]):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    delete(world, kind, (world.receipt if kind == "Invoice" else world.visit) + suffix)
    contract.read_all(adapter, reader, cursor)
    states = {key.partition(":")[0]: reader.state(key) for key in reader.issued}
    assert {each for each, state in states.items() if state == "withdrawn"} == taken
    at = {document.changed_at for document in reader.cancelled.values()}
    assert at == {datetime.fromisoformat(DELETED_AT)}
    assert reader.rejects == []


def test_a_deleted_condition_leaves_the_diagnosis_to_a_person(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    delete(world, "Condition", condition(world)["id"])
    contract.read_all(adapter, reader, cursor)
    (reject,) = reader.rejects
    assert (reject.source_key, reject.reason_code) == (f"diagnosis:{world.visit}", "reference-broken")


def test_a_deletion_whose_page_was_lost_is_found_again(world: World):
    adapter = world.adapter()
    cursor = contract.read_all(adapter, contract.Reader())
    delete(world, "Encounter", world.visit)
    for _ in range(3):
        page = adapter.read(cursor, 40)
        assert {document.action for document in page.documents} == {Action.CANCEL}
    quiet = contract.Reader()
    contract.read_all(adapter, quiet, page.next_cursor)
    assert quiet.seen == 0


def test_a_deletion_without_an_earlier_version_waits_for_a_person(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    delete(world, "Encounter", world.visit, keep=False)
    contract.read_all(adapter, reader, cursor)
    assert [(each.source_key, each.reason_code) for each in reader.rejects] == [
        (f"visit:{world.visit}", "gone")
    ]


def test_the_history_is_asked_no_more_often_than_agreed(world: World):
    adapter, reader = world.adapter(deletions_seconds=30), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    cursor = contract.read_all(adapter, reader, cursor)
    world.shelf.asked.clear()
    for _ in range(4):
        world.now += timedelta(seconds=10)
        cursor = contract.read_all(adapter, reader, cursor)
    asked = [path for _, path, _ in world.shelf.asked if path == "Invoice/_history"]
    assert len(asked) == 1


def test_a_deleted_document_is_found_when_it_is_read_again(world: World):
    delete(world, "Invoice", world.receipt)
    page = world.adapter().reread([f"receipt:{world.receipt}", "receipt:never-was"])
    assert {(d.source_key, d.action) for d in page.documents} == {
        (f"receipt:{world.receipt}", Action.CANCEL),
        (f"statement:{world.receipt}", Action.CANCEL),
    }


def on_a_shelf(world: World, record: Any, key: str, kind: str) -> None:
    """The resources of an exported document as a server holds them: with ids, and what the bundle said by itself."""
    exported = to_fhir(record, identifier=UUID(int=7), timestamp=contract.NOON)
    resources = {each["resource"]["id"]: each["resource"] for each in exported["entry"]}
    text = copy.deepcopy(resources)
    for resource in text.values():
        _address(resource, {id_: f"{each['resourceType']}/{id_}" for id_, each in resources.items()})
        if resource["resourceType"] not in ("Composition", "Organization"):
            world.touch(resource)
    encounter = next(each for each in text.values() if each["resourceType"] == "Encounter")
    encounter["status"] = "finished"
    for invoice in (each for each in text.values() if each["resourceType"] == "Invoice"):
        invoice["type"] = {"coding": [{"system": "urn:saegim:settlement-kind", "code": kind}]}
        invoice.setdefault("extension", []).append(
            {
                "url": "urn:saegim:fhir:encounter",
                "valueReference": {"reference": f"Encounter/{encounter['id']}"},
            }
        )


def _address(value: Any, addresses: dict[str, str]) -> None:
    """Turn references within a document bundle into references on a server."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            value["reference"] = addresses[value["reference"].removeprefix("urn:uuid:")]
        for each in value.values():
            _address(each, addresses)
    elif isinstance(value, list):
        for each in value:
            _address(each, addresses)


@pytest.mark.parametrize("kind", ["visit", "diagnosis", "receipt", "bill"])
def test_what_saegim_exports_can_be_read(world: World, kind: str):
    if kind == "bill":
        receipt(world)["type"]["coding"][0]["code"] = "3"
    number = world.visit if kind in ("visit", "diagnosis") else world.receipt
    record = world.read().records[f"{kind}:{number}"]
    world.shelf.resources.clear()
    on_a_shelf(world, record, number, kind)
    reader = world.read()
    assert record in [found for key, found in reader.records.items() if key.startswith(f"{kind}:")]


def test_the_lines_of_an_exported_statement_can_be_read(world: World):
    record = world.read().records[f"statement:{world.receipt}"]
    paper = receipt(world)
    on_a_shelf(world, record, world.receipt, "statement")
    exported = next(
        each
        for (kind, key), each in world.shelf.resources.items()
        if kind == "Invoice" and key not in (world.receipt, f"{world.receipt}-S")
    )
    exported["subject"] = paper["subject"]
    for charge_item in (each for (kind, _), each in world.shelf.resources.items() if kind == "ChargeItem"):
        charge_item["subject"] = paper["subject"]
    link = {"reference": f"Invoice/{world.receipt}"}
    exported["extension"].append({"url": "urn:saegim:fhir:receipt", "valueReference": link})
    extension(paper, "statement")["valueReference"]["reference"] = f"Invoice/{exported['id']}"
    assert world.read().records[f"statement:{world.receipt}"] == record


def outcome_of(read: Callable[[], Any]) -> Any:
    """What is found, or that the shape is wrong."""
    try:
        return read()
    except FhirInvalid:
        return "invalid"


@pytest.mark.parametrize(
    "elements",
    [VISIT_ELEMENTS, DIAGNOSIS_ELEMENTS, SETTLEMENT_ELEMENTS, FORM_ROW_ELEMENTS, LINE_ELEMENTS],
)
def test_a_place_is_read_as_the_export_means_it(good: list[Resource], elements: Elements):
    twice = copy.deepcopy(good)
    for resource in twice:
        for name in ("extension", "identifier", "totalPriceComponent", "priceComponent"):
            # a second entry of the same name, and entries that are none, come behind the first
            resource[name] = [7, {}, *resource.get(name, []), *copy.deepcopy(resource.get(name, []))]
            for entry in resource[name][-1:]:
                entry.update(value="second", amount={"value": -1}) if isinstance(entry, dict) else None
    lines = [line for each in good if each["resourceType"] == "Invoice" for line in each["lineItem"]]
    found = 0
    for _, place in (element for places in elements.values() for element in places):
        for resource in (*good, *twice, *lines):
            expected = outcome_of(lambda r=resource, p=place: get(r, p))
            assert outcome_of(lambda r=resource, p=place: finder(p)(r, {})) == expected
            found += expected not in (None, "invalid")
    assert found > 0


@pytest.mark.parametrize("listed", [{}, "x", 7, {"url": "urn:saegim:fhir:visit-date"}])
def test_a_list_that_is_none_is_told(listed: Any):
    place = extension_place("visit-date", "valueDateTime")
    with pytest.raises(FhirInvalid):
        finder(place)({"extension": listed}, {})
