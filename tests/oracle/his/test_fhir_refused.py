"""Resources that can not be mapped: each refused for its own reason, and nothing else with it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fhir_servers import Resource, bundle, ok
from fhir_world import World, extension, good_resources

from oracle.his.fhir.http import Limits

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


def certainty(world: World) -> Resource:
    return condition(world)["verificationStatus"]["coding"][0]


def receipt(world: World) -> Resource:
    return world.the("Invoice", world.receipt)


def statement(world: World) -> Resource:
    return world.the("Invoice", f"{world.receipt}-S")


def charge(world: World) -> Resource:
    return world.the("ChargeItem")


def price(world: World) -> Resource:
    return receipt(world)["totalPriceComponent"][0]["amount"]


def form_row(world: World) -> Resource:
    return receipt(world)["lineItem"][0]["chargeItemCodeableConcept"]["coding"][0]


def stay_link(world: World) -> Resource:
    return extension(receipt(world), "encounter")["valueReference"]


def seen_at(world: World) -> Resource:
    return extension(visit(world), "visit-date")


def remove(world: World, kind: str, key: str) -> Resource:
    return world.shelf.resources.pop((kind, key))


def deep(levels: int) -> Any:
    nested: Any = "x"
    for _ in range(levels):
        nested = [nested]
    return nested


def reference(resource: Resource, to: str) -> None:
    resource["reference"] = to


SPOILT: dict[str, tuple[Spoil, str, str]] = {
    "no patient": (lambda w: remove(w, "Patient", w.the("Patient")["id"]), "visit", "reference-broken"),
    "patient on another server": (
        lambda w: reference(visit(w)["subject"], "http://other.test/fhir/Patient/1"),
        "visit",
        "reference-broken",
    ),
    "patient is a group": (lambda w: reference(visit(w)["subject"], "Group/1"), "visit", "reference-broken"),
    "no subject": (lambda w: visit(w).pop("subject"), "visit", "missing"),
    "no doctor": (lambda w: visit(w).pop("participant"), "visit", "missing"),
    "unknown status": (lambda w: visit(w).update(status="done"), "visit", "code-unmapped"),
    "status is a number": (lambda w: visit(w).update(status=7), "visit", "code-unmapped"),
    "unknown class": (lambda w: visit(w)["class"].update(code="VR"), "visit", "code-unmapped"),
    "no class": (lambda w: visit(w).pop("class"), "visit", "missing"),
    "no department": (lambda w: visit(w)["serviceType"].pop("coding"), "visit", "missing"),
    "extension is no list": (lambda w: visit(w).update(extension={"url": "x"}), "visit", "not-a-row"),
    "name is no text": (lambda w: w.the("Patient")["name"][0].update(text=["x"]), "visit", "not-text"),
    "no such day": (lambda w: seen_at(w).update(valueDateTime="2026-02-30"), "visit", "date-unreal"),
    "no zone": (lambda w: seen_at(w).update(valueDateTime="2026-11-24T10:00:00"), "visit", "date-unreal"),
    "nested too deeply": (lambda w: visit(w).update(text=deep(60)), "visit", "too-large"),
    "no such condition": (
        lambda w: reference(visit(w)["diagnosis"][0]["condition"], "Condition/none"),
        "diagnosis",
        "reference-broken",
    ),
    "condition of another": (
        lambda w: reference(condition(w)["subject"], "Patient/999"),
        "diagnosis",
        "foreign-patient",
    ),
    "unknown verification": (lambda w: certainty(w).update(code="sure"), "diagnosis", "code-unmapped"),
    "verification of another system": (
        lambda w: certainty(w).update(system="urn:x"),
        "diagnosis",
        "code-unmapped",
    ),
    "rank below one": (lambda w: visit(w)["diagnosis"][0].update(rank=0), "diagnosis", "code-unmapped"),
    "no disease": (lambda w: condition(w).pop("code"), "diagnosis", "missing"),
    "no type": (lambda w: receipt(w).pop("type"), "receipt", "missing"),
    "no invoice status": (lambda w: receipt(w).pop("status"), "receipt", "missing"),
    "unknown invoice status": (lambda w: receipt(w).update(status="paid"), "receipt", "code-unmapped"),
    "no date": (lambda w: receipt(w).pop("date"), "receipt", "missing"),
    "no number": (lambda w: receipt(w).pop("identifier"), "receipt", "missing"),
    "dollars": (lambda w: price(w).update(currency="USD"), "receipt", "code-unmapped"),
    "half a won": (lambda w: price(w).update(value=100.5), "receipt", "not-a-number"),
    "amount is true": (lambda w: price(w).update(value=True), "receipt", "not-a-number"),
    "amount of 4,000 digits": (lambda w: price(w).update(value=10**4000), "receipt", "not-a-number"),
    "no such stay": (lambda w: reference(stay_link(w), "#none"), "receipt", "reference-broken"),
    "stay is not there": (lambda w: reference(stay_link(w), "Encounter/none"), "receipt", "reference-broken"),
    "unknown form row": (lambda w: form_row(w).update(code="99"), "receipt", "code-unmapped"),
    "no rows": (lambda w: receipt(w).pop("lineItem"), "receipt", "no-detail"),
    "no statement": (lambda w: remove(w, "Invoice", f"{w.receipt}-S"), "statement", "reference-broken"),
    "statement of another": (
        lambda w: reference(statement(w)["subject"], "Patient/999"),
        "statement",
        "foreign-patient",
    ),
    "no such charge": (
        lambda w: reference(statement(w)["lineItem"][0]["chargeItemReference"], "ChargeItem/none"),
        "statement",
        "reference-broken",
    ),
    "charge of another": (
        lambda w: reference(charge(w)["subject"], "Patient/999"),
        "statement",
        "foreign-patient",
    ),
    "code of an unknown list": (
        lambda w: charge(w)["code"]["coding"][0].update(system="urn:x"),
        "statement",
        "code-unmapped",
    ),
    "too many lines": (
        lambda w: statement(w).update(lineItem=statement(w)["lineItem"][:1] * 2001),
        "statement",
        "too-many-details",
    ),
}


@pytest.mark.parametrize(("spoil", "kind", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_what_can_not_be_mapped_is_refused_and_the_rest_is_read(
    world: World, spoil: Spoil, kind: str, reason: str
):
    assert {each.partition(":")[0] for each in world.read().records} == {
        "visit",
        "diagnosis",
        "receipt",
        "statement",
    }
    other = world.copy(world.the("Patient"), "other-patient")
    encounter = world.copy(visit(world), "other-visit")
    encounter["subject"], encounter["diagnosis"] = {"reference": f"Patient/{other['id']}"}, []
    spoil(world)
    reader = world.read()
    key = f"{kind}:{world.visit if kind in ('visit', 'diagnosis') else world.receipt}"
    assert (key, reason) in {(each.source_key, each.reason_code) for each in reader.rejects}
    assert key not in reader.records
    assert "visit:other-visit" in reader.records
    for reject in reader.rejects:
        assert reject.detail.isascii() and len(reject.detail) < 100


def test_a_resource_beyond_all_bounds_is_refused_alone(world: World):
    world.shelf.slim = True
    world.copy(visit(world), "huge")["text"] = {"div": "x" * 400_000}
    world.copy(visit(world), "after-it")
    reader = world.read(limits=Limits(most_bytes=200_000))
    assert ("visit:huge", "too-large") in {(each.source_key, each.reason_code) for each in reader.rejects}
    assert {f"visit:{world.visit}", "visit:after-it"} <= reader.records.keys()


def test_a_resource_nested_beyond_what_can_be_parsed_is_refused_alone(world: World):
    nested = "[" * 200_000

    def intercept(method: str, path: str, asked: dict[str, list[str]]):
        if path == "Encounter/_search" and "deep" in asked.get("_id", [""])[0].split(","):
            return 200, {}, f'{{"resourceType":"Bundle","type":"searchset","entry":{nested}'.encode()
        return None

    world.copy(visit(world), "deep")
    world.copy(visit(world), "after-it")
    world.shelf.intercept = intercept
    reader = world.read()
    assert ("visit:deep", "too-large") in {(each.source_key, each.reason_code) for each in reader.rejects}
    assert {f"visit:{world.visit}", "visit:after-it"} <= reader.records.keys()


def test_one_id_with_two_contents_is_ambiguous(world: World):
    twin = copy.deepcopy(visit(world))
    twin["status"] = "cancelled"

    def intercept(method: str, path: str, asked: dict[str, list[str]]):
        if path != "Encounter/_search" or "_id" not in asked:
            return None
        return ok(bundle("searchset", [{"resource": visit(world)}, {"resource": twin}]))

    world.shelf.intercept = intercept
    assert (f"visit:{world.visit}", "key-ambiguous") in world.reasons()


def test_entries_of_another_type_or_without_a_usable_id_are_refused(world: World):
    stamp = visit(world)["meta"]

    def intercept(method: str, path: str, asked: dict[str, list[str]]):
        if path != "Encounter/_search" or "_id" in asked:
            return None
        entries = [
            {"resource": {"resourceType": "Patient", "id": "1", "meta": stamp}},
            {"resource": {"resourceType": "Encounter", "id": "no/id", "meta": stamp}},
            {"resource": {"resourceType": "Encounter", "id": "no-stamp"}},
            {"resource": visit(world)},
        ]
        return ok(bundle("searchset", entries))

    world.shelf.intercept = intercept
    reader = world.read()
    assert [each.reason_code for each in reader.rejects].count("key-invalid") >= 1
    assert ("visit:no-stamp", "stamp-invalid") in {(r.source_key, r.reason_code) for r in reader.rejects}
    assert f"visit:{world.visit}" in reader.records
