"""Following a server's lists: instants shared by many, links that expire, circle, lead away, or are out of order."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta

import contract
import pytest
from fhir_servers import Resource, Served, Shelf, bundle, ok
from fhir_world import World, good_resources

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.fhir.http import Limits

Asked = dict[str, list[str]]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return good_resources(tmp_path_factory.mktemp("good"))


@pytest.fixture
def world(good: list[Resource]) -> Iterator[World]:
    world = World(good)
    yield world
    world.close()


def visits(world: World, many: int, *, at_once: bool) -> set[str]:
    """Many visits of an hour ago, of one instant or each of its own, the last id first; gives their documents' keys."""
    stamp = None
    for number in reversed(range(many)):
        made = world.copy(world.the("Encounter"), f"many-{number:03d}")
        made["diagnosis"] = []
        stamp = stamp if stamp and at_once else made["meta"]
        made["meta"] = dict(stamp)
    world.now += timedelta(hours=1)
    return {f"visit:many-{number:03d}" for number in range(many)}


@pytest.mark.parametrize("at_once", [True, False], ids=["one instant", "an instant each"])
@pytest.mark.parametrize("most", [1, 7, 100])
@pytest.mark.parametrize("limit", [6, 40])
def test_every_resource_is_read_however_a_list_is_cut(world: World, at_once: bool, most: int, limit: int):
    world.shelf.most = most
    wanted = visits(world, 25, at_once=at_once)
    reader = contract.Reader()
    contract.read_all(world.adapter(), reader, limit=limit)
    assert wanted <= reader.records.keys()
    assert len(reader.revisions) == len(reader.records)


def test_one_instant_is_read_on_in_the_middle_after_a_restart(world: World):
    world.shelf.most = 4
    wanted, reader, cursor, more = visits(world, 25, at_once=True), contract.Reader(), None, True
    while more:
        page = world.adapter().read(cursor, 6)
        reader.take(page)
        cursor, more = page.next_cursor, page.more
    assert wanted <= reader.records.keys()


def test_resources_of_the_instant_last_read_that_come_later_are_found(world: World):
    visits(world, 5, at_once=True)
    world.now -= timedelta(hours=1)
    adapter, reader = world.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    twin = copy.deepcopy(world.the("Encounter", "many-000"))
    for key in ("aaa-before", "zzz-behind"):
        world.shelf.put({**twin, "id": key})
    contract.read_all(adapter, reader, cursor)
    assert {"visit:aaa-before", "visit:zzz-behind"} <= reader.records.keys()


def test_a_link_that_has_expired_begins_the_list_again_and_loses_nothing(world: World):
    world.shelf.most = 4
    wanted, expired = visits(world, 25, at_once=True), []

    def intercept(method: str, path: str, asked: Asked):
        if path.startswith("page/") and len(expired) < 1:
            expired.append(path)
            return 410, {}, b'{"resourceType":"OperationOutcome","issue":[{"code":"expired"}]}'
        return None

    world.shelf.intercept = intercept
    assert wanted <= world.read().records.keys()
    assert expired


def test_links_that_always_expire_are_told_and_nothing_is_passed_over(world: World):
    world.shelf.most = 4
    wanted = visits(world, 25, at_once=True)
    adapter = world.adapter()
    world.shelf.intercept = lambda method, path, asked: (410, {}, b"{}") if path.startswith("page/") else None
    with pytest.raises(HisUnavailable, match="pages expire"):
        contract.read_all(adapter, contract.Reader())
    world.shelf.intercept = lambda method, path, asked: None
    assert wanted <= world.read().records.keys()


def with_next(world: World, url: str) -> None:
    """Every list of Encounters has this next link."""

    def intercept(method: str, path: str, asked: Asked):
        if not path.startswith(("Encounter/_search", "page/round")):
            return None
        found = bundle("searchset", [{"resource": world.the("Encounter")}])
        return ok({**found, "link": [{"relation": "next", "url": url}]})

    world.shelf.intercept = intercept


@pytest.mark.parametrize("where", ["page/round", "{base}/page/round", "?_getpages=1"])
def test_a_circle_of_links_is_told(world: World, where: str):
    with_next(world, where.format(base=world.server.base))
    if where.startswith("?"):
        world.shelf.intercept = _root_too(world)
    with pytest.raises(HisMalformed, match="do not come to an end") as raised:
        world.adapter().read(None, 40)
    assert raised.value.remedy
    assert len(world.shelf.asked) < 20


def _root_too(world: World):
    """HAPI's links are the base address itself with a query."""

    def intercept(method: str, path: str, asked: Asked):
        if path != "Encounter/_search" and "_getpages" not in asked:
            return None
        found = bundle("searchset", [{"resource": world.the("Encounter")}])
        return ok({**found, "link": [{"relation": "next", "url": f"{world.server.base}/?_getpages=1"}]})

    return intercept


def test_no_other_host_is_asked_nor_given_the_token(world: World):
    other = Served(Shelf())
    try:
        with_next(world, f"{other.base}/page/round")
        with pytest.raises(HisMalformed, match="leads to another address"):
            world.adapter().read(None, 40)
        assert other._app.asked == []
    finally:
        other.stop()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/fhir/page/round",
        "http://user@{host}/fhir/page/round",
        "https://{host}/fhir/page/round",
        "//elsewhere.test/fhir/page",
        "http://{host}/other/page",
        "../admin",
        "file:///etc/passwd",
    ],
)
def test_a_link_out_of_the_server_is_refused(world: World, url: str):
    host = world.server.base.removeprefix("http://").removesuffix("/fhir")
    with_next(world, url.format(host=host))
    with pytest.raises(HisMalformed, match="leads to another address"):
        world.adapter().read(None, 40)


@pytest.mark.parametrize("order", ["newest first", "any", "bound ignored"])
def test_a_server_that_does_not_keep_the_order_is_told(world: World, order: str):
    visits(world, 5, at_once=False)
    listed = sorted(
        (each for (kind, _), each in world.shelf.resources.items() if kind == "Encounter"),
        key=lambda each: each["meta"]["lastUpdated"],
    )
    adapter = world.adapter()
    if order == "bound ignored":
        cursor = contract.read_all(adapter, contract.Reader())
    else:
        listed, cursor = listed[::-1] if order == "newest first" else listed[2:] + listed[:2], None

    def intercept(method: str, path: str, asked: Asked):
        listing = path == "Encounter/_search" and "_id" not in asked
        return ok(bundle("searchset", [{"resource": each} for each in listed])) if listing else None

    world.shelf.intercept = intercept
    with pytest.raises(HisMalformed, match="order of its changes") as raised:
        adapter.read(cursor, 40)
    assert "_lastUpdated" in raised.value.remedy


def test_what_only_informs_is_no_entry_and_what_failed_stops_the_page(world: World):
    severity = "warning"

    def intercept(method: str, path: str, asked: Asked):
        if path != "Encounter/_search":
            return None
        issue = {"severity": severity, "code": "incomplete", "diagnostics": "환자0001"}
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        entries = [
            {"resource": world.the("Encounter")},
            {"resource": outcome, "search": {"mode": "outcome"}},
        ]
        return ok(bundle("searchset", entries))

    world.shelf.intercept = intercept
    reader = world.read()
    assert f"visit:{world.visit}" in reader.records and reader.rejects == []
    severity = "error"
    with pytest.raises(HisMalformed, match="in full") as raised:
        world.adapter().read(None, 40)
    assert "incomplete" in str(raised.value) and "환자" not in str(raised.value)


def test_fewer_are_listed_where_a_server_sends_whole_resources(world: World):
    wanted = visits(world, 40, at_once=False)
    for number in range(40):
        world.the("Encounter", f"many-{number:03d}")["text"] = {"div": "x" * 4_000}
    honest = world.shelf.search

    def counted(kind: str, asked: Asked) -> list[Resource]:
        world.shelf.most = int(asked["_count"][0])
        return honest(kind, asked)

    world.shelf.search = counted  # type: ignore[method-assign]
    assert wanted <= world.read(limits=Limits(most_bytes=60_000)).records.keys()


def test_what_belongs_to_a_page_is_read_in_bulk(world: World):
    visits(world, 60, at_once=False)
    world.shelf.asked.clear()
    adapter = world.adapter(deletions="none")
    adapter.read(None, 200)
    assert len(world.shelf.asked) <= 16


def test_no_address_names_a_patient_or_a_document(world: World):
    world.read()
    for method, path, _ in world.shelf.asked:
        assert method == "POST" or path.endswith("_history")
        assert world.visit not in path and world.receipt not in path


def test_a_late_resource_is_found_within_the_overlap(world: World):
    adapter, reader = world.adapter(), contract.Reader()
    world.touch(world.the("Encounter"))
    cursor = contract.read_all(adapter, reader)
    late = world.copy(world.the("Encounter"), "late")
    moment = world.now - timedelta(seconds=6)
    late["meta"] = {"versionId": "1", "lastUpdated": moment.isoformat(timespec="milliseconds")}
    contract.read_all(adapter, reader, cursor)
    assert "visit:late" in reader.records
