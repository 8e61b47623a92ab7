"""The mapping file of the fhir adapter: every mistake is named with its place, and names it gives are kept to."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import contract
import pytest
import yaml
from fhir_servers import MAPPING, Resource, sandbox_mapping
from fhir_world import World, good_resources

from oracle.adapters import make_adapter
from oracle.errors import NotConfigured
from oracle.his.fhir import FhirMapping
from oracle.his.fhir.elements import NAMES
from oracle.his.mapping import MappingInvalid

GOOD: dict[str, Any] = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def problems(tmp_path: Path, data: dict[str, Any]) -> str:
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(MappingInvalid) as raised:
        FhirMapping.load(file)
    return "\n".join(raised.value.problems)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("names", "urn:saegim:patient-nummer"), "x", "did you mean urn:saegim:patient-number"),
        (("codes", "stat"), {"values": "same"}, "codes.stat: not known; did you mean state"),
        (("codes", "kind"), None, "codes.kind: what its codes mean must be given"),
        (
            ("codes", "coverage"),
            {"values": {"1": "partly"}},
            "codes.coverage: unknown value partly; it may be",
        ),
        (("codes", "state"), {"values": {"finished": "done"}}, "entered-in-error must mean cancelled"),
        (("codes", "state"), {"values": "same"}, "entered-in-error must mean cancelled"),
        (("codes", "item"), {"systems": {"urn:x": {1: "consultation"}}}, "codes.item.systems.urn:x"),
        (("codes", "item"), {"system": {}}, "codes.item.system"),
        (("deletions",), "sometimes", "deletions"),
        (("conditions",), None, "conditions"),
        (("time_zone",), "Asia/Busan", "no such time zone"),
        (("institution", "number"), "1", "institution.number"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, place: tuple[str, ...], value: Any, told: str):
    data = copy.deepcopy(GOOD)
    *path, last = place
    inner = data
    for step in path:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    assert told in problems(tmp_path, data)


def test_all_mistakes_are_named_at_once(tmp_path: Path):
    data = copy.deepcopy(GOOD)
    del data["codes"]["kind"], data["codes"]["state"]
    data["names"] = {"urn:nothing": "x"}
    told = problems(tmp_path, data)
    assert all(each in told for each in ("codes.kind", "codes.state", "names.urn:nothing"))


def test_every_name_the_file_tells_of_can_be_changed():
    text = MAPPING.read_text(encoding="utf-8")
    assert {"urn:saegim:patient-number", "urn:saegim:fhir:settled-date", "urn:saegim:form6:amount"} <= NAMES
    for name in (
        "encounter",
        "original",
        "statement",
        "made-at",
        "cancelled-at",
        "rounding-unit",
        "coverage",
    ):
        assert name in text and f"urn:saegim:fhir:{name}" in NAMES


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return good_resources(tmp_path_factory.mktemp("good"))


def test_a_server_with_names_of_its_own_is_read_the_same(good: list[Resource]):
    names = {name: f"http://hospital.test/{number}" for number, name in enumerate(sorted(NAMES))}
    codes = dict(sandbox_mapping().codes)
    for field, code in codes.items():
        systems = {names.get(system, system): meanings for system, meanings in code.systems.items()}
        codes[field] = code.model_copy(update={"systems": systems})
    expected, theirs = World(good), World(_renamed(good, names))
    try:
        wanted, found = expected.read(), theirs.read(names=names, codes=codes)
        assert found.rejects == [] and found.records == wanted.records
        assert theirs.read().records == {}, "without the names nothing can be read"
    finally:
        expected.close()
        theirs.close()


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names.get(each, each)
            if key in ("system", "url") and isinstance(each, str)
            else _renamed(each, names)
            for key, each in value.items()
        }
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"base": "http://his.test/fhir", "token_file": "t"},
        {"base": "https://x.test", "token_file": "t", "mapping": "no"},
    ],
)
def test_unusable_settings_of_the_oracle_are_told(settings: dict[str, Any]):
    with pytest.raises(NotConfigured, match="ADAPTER_CONFIG"):
        make_adapter("fhir", settings, None, lambda: contract.NOON)  # type: ignore[arg-type]


def test_the_oracle_makes_the_adapter_by_name(tmp_path: Path):
    settings = {"base": "https://his.test/fhir", "token_file": str(tmp_path / "t")}
    adapter = make_adapter("fhir", settings, None, lambda: contract.NOON)  # type: ignore[arg-type]
    assert adapter.name == "fhir:sandbox"
