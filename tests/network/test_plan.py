"""The reviewed enrolment file: every kind of mistake is refused with its place; the files in deploy/ are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_utils.address import to_checksum_address

from network.creation import LOCAL_PLAN, advice, local_plan
from network.errors import PlanInvalid, ValidatorCountRefused
from network.geth import ROOT
from network.plan import EnrolmentPlan, Kind, Role

ADDRESS = to_checksum_address("0x" + "5a" * 20)


def good() -> dict[str, Any]:
    return {
        "version": 1,
        "chainId": 20200,
        "institutions": [
            {
                "name": "hospital",
                "id": "krnpi:11100001",
                "kind": "hospital",
                "nameKo": "샘플의료원",
                "nameEn": "Sample Medical Center",
                "founder": True,
                "admin": {"key": "hospital-admin", "address": ADDRESS},
                "validator": {"key": "validator-1"},
                "operators": [{"key": "hospital-oracle", "roles": ["anchor", "status"]}],
                "documentKeys": [
                    {
                        "key": "hospital-sign",
                        "purpose": "sign",
                        "validFrom": "2026-01-01T00:00:00+09:00",
                        "validUntil": "2030-01-01T00:00:00+09:00",
                    }
                ],
            },
            {
                "name": "association",
                "id": "saegim:association",
                "kind": "association",
                "nameKo": "샘플약사회",
                "nameEn": "Sample Association",
                "founder": True,
                "admin": {"key": "association-admin"},
            },
        ],
    }


def write(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "enrol.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, allow_unicode=True))
    return path


def hospital(data: dict[str, Any]) -> dict[str, Any]:
    return data["institutions"][0]


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "an unknown field": (lambda d: d.update(note="x"), "note: Extra inputs"),
    "an unknown field deep inside": (
        lambda d: hospital(d)["admin"].update(privateKey="0x1"),
        "privateKey: Extra",
    ),
    "another version": (lambda d: d.update(version=2), "version"),
    "no institutions": (lambda d: d.update(institutions=[]), "institutions"),
    "an address without a checksum": (
        lambda d: hospital(d)["admin"].update(address=ADDRESS.lower()),
        "admin.address: is no address with a correct checksum",
    ),
    "an address without quotes": (
        lambda d: hospital(d)["admin"].update(address=int(ADDRESS, 16)),
        "admin.address: put the address in quotes",
    ),
    "an unknown role": (
        lambda d: hospital(d)["operators"][0].update(roles=["boss"]),
        "roles.0: is none of admin",
    ),
    "no roles": (lambda d: hospital(d)["operators"][0].update(roles=[]), "operators.0.roles"),
    "an unknown kind": (lambda d: hospital(d).update(kind="clinic"), "kind"),
    "an identifier that is too long": (lambda d: hospital(d).update(id="x" * 33), "id"),
    "an identifier that is not ASCII": (lambda d: hospital(d).update(id="병원"), "id"),
    "a key name with a path in it": (lambda d: hospital(d)["admin"].update(key="../key"), "admin.key"),
    "a name used twice": (
        lambda d: d["institutions"][1].update(name="hospital"),
        "name hospital is used twice",
    ),
    "an identifier used twice": (lambda d: d["institutions"][1].update(id="krnpi:11100001"), "is used twice"),
    "a key used twice": (
        lambda d: d["institutions"][1]["admin"].update(key="hospital-admin"),
        "key hospital-admin is used twice",
    ),
    "an address used twice": (
        lambda d: d["institutions"][1]["admin"].update(address=ADDRESS),
        "is used twice",
    ),
    "a custodian that is not in the file": (
        lambda d: hospital(d)["operators"][0].update(custodian="nobody"),
        "hospital refers to nobody",
    ),
    "a sponsor that is not in the file": (
        lambda d: d["institutions"][1].update(founder=False, sponsor="nobody"),
        "association refers to nobody",
    ),
    "a sponsored founder": (
        lambda d: hospital(d).update(sponsor="association"),
        "is no founder and never votes",
    ),
    "a time without a zone": (
        lambda d: hospital(d)["documentKeys"][0].update(validFrom="2026-01-01T00:00:00"),
        "need a time zone",
    ),
    "a key that ends before it begins": (
        lambda d: hospital(d)["documentKeys"][0].update(validUntil="2025-01-01T00:00:00+09:00"),
        "validUntil must be later",
    ),
    "half a point": (lambda d: hospital(d)["documentKeys"][0].update(x="0x" + "11" * 32), "both x and y"),
    "a short coordinate": (
        lambda d: hospital(d)["documentKeys"][0].update(x="0x11", y="0x" + "11" * 32),
        "is not 0x and 32 bytes",
    ),
    "a signature of another length": (
        lambda d: hospital(d)["operators"][0].update(acceptance="0x" + "11" * 64),
        "acceptance",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_refused_with_their_place(tmp_path: Path, mistake: str) -> None:
    change, expected = MISTAKES[mistake]
    data = good()
    change(data)
    with pytest.raises(PlanInvalid) as caught:
        EnrolmentPlan.load(write(tmp_path, data))
    assert expected in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    data = good()
    hospital(data).update(kind="clinic")
    data["institutions"][1]["admin"].update(address="0x1")
    with pytest.raises(PlanInvalid) as caught:
        EnrolmentPlan.load(write(tmp_path, data))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "!!python/object:os.system {}", "\x00"])
def test_what_is_no_file_of_this_kind_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PlanInvalid):
        EnrolmentPlan.load(write(tmp_path, text))


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanInvalid, match="cannot be read"):
        EnrolmentPlan.load(tmp_path / "nothing.yaml")
    with pytest.raises(PlanInvalid):
        EnrolmentPlan.load(write(tmp_path, "a" * 1_000_001))


def test_a_mistake_never_shows_the_value(tmp_path: Path) -> None:
    data = good()
    hospital(data)["admin"]["privateKey"] = "0xsecret"
    with pytest.raises(PlanInvalid) as caught:
        EnrolmentPlan.load(write(tmp_path, data))
    assert "0xsecret" not in str(caught.value)


def test_a_good_file_is_read_as_the_contracts_take_it(tmp_path: Path) -> None:
    plan = EnrolmentPlan.load(write(tmp_path, good()))
    first = plan.institutions[0]
    assert first.chain_id_bytes == b"krnpi:11100001".ljust(32, b"\0")
    assert first.voting
    assert not plan.institutions[1].voting
    assert first.operators[0].mask == Role.ANCHOR | Role.STATUS == 6
    assert first.document_keys[0].period == (1767193200, 1893423600)
    assert [kind.number for kind in Kind] == [1, 2, 3, 4, 5, 6]


def test_the_example_in_deploy_is_a_good_file() -> None:
    plan = EnrolmentPlan.load(ROOT / "deploy" / "enrol.example.yaml")
    assert all(account.address is not None for account in plan.accounts())
    assert len([founder for founder in plan.founders if founder.voting]) == 5


@pytest.mark.parametrize(("validators", "founders", "voting"), [(4, 5, 4), (5, 5, 5), (6, 6, 6)])
def test_the_local_members_fit_the_number_of_validators(validators: int, founders: int, voting: int) -> None:
    plan = local_plan(validators, chain_id=77)
    assert plan.chain_id == 77
    assert [founder.name for founder in plan.founders][:5] == [
        "hospital",
        "association",
        "insurer",
        "receiver",
        "city",
    ]
    assert (len(plan.founders), sum(founder.voting for founder in plan.founders)) == (founders, voting)


@pytest.mark.parametrize("validators", [0, 1, 3, 7, 20])
def test_other_numbers_of_validators_are_refused(validators: int) -> None:
    with pytest.raises(ValidatorCountRefused, match="4 to 6"):
        local_plan(validators, chain_id=77, path=LOCAL_PLAN)


def test_an_even_number_is_explained_and_an_odd_one_is_not() -> None:
    assert advice(5) is None
    assert "two halves of 2" in str(advice(4))
    assert "than 5 do (2)" in str(advice(6))
