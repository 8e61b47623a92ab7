"""Enrolment on a development node: what keys at hand allow, each step once, the rest named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from network.acceptances import Acceptances
from network.creation import make_keys
from network.decisions import Decisions
from network.dev import DevNetwork
from network.enrol import Enrolment, Step, voting_admins
from network.errors import PlanKeyUnknown, TransactionFailed
from network.keys import KeyRing
from network.plan import EnrolmentPlan
from network.registry import Action, Registry
from network.settle import deploy_contracts, quiet
from network.vouch import vouch


class Office:
    """A chain with contracts and founders but nobody enrolled, and key rings for different people."""

    def __init__(self, network: DevNetwork, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.transactor = network.site.transactor()
        deploy_contracts(network.site, self.transactor)
        address = network.deployment.address("InstitutionRegistry")
        self.registry = Registry(self.transactor.client, address)
        self.plan = network.plan
        self.said: list[str] = []

    def ring(self, *names: str) -> KeyRing:
        """A key ring with these of the network's keys; all of them if none is named."""
        if not names:
            return self.network.keys
        folder = self.folder / "-".join(names)
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy2(self.network.folder / "keys" / f"{name}.json", folder)
        return KeyRing(folder)

    def enrolment(self, plan: EnrolmentPlan | None = None, ring: KeyRing | None = None) -> Enrolment:
        return Enrolment(
            plan or self.plan,
            self.registry,
            ring or self.ring(),
            self.transactor,
            payer=self.network.keys.account("deployer"),
            say=self.said.append,
        )

    def addressed(self) -> EnrolmentPlan:
        """The plan as a reviewed file has it: with addresses and public keys."""
        keys, data = self.network.keys, self.plan.model_dump(by_alias=True)
        accept = Acceptances(self.registry, self.plan.chain_id, keys)
        for institution, planned in zip(data["institutions"], self.plan.institutions, strict=True):
            institution["kind"] = planned.kind.value
            for account in [institution["admin"], institution["validator"], *institution["operators"]]:
                if account is not None:
                    account["address"] = keys.account(account["key"]).address
            for operator, one in zip(institution["operators"], planned.operators, strict=True):
                operator["roles"] = [role.name for role in one.roles]
            for key, one_key in zip(institution["documentKeys"], planned.document_keys, strict=True):
                public = accept.document_key(one_key)
                key.update(purpose=one_key.purpose.name, x="0x" + public.x.hex(), y="0x" + public.y.hex())
        return EnrolmentPlan.model_validate(data)

    def nonces(self) -> dict[str, int]:
        names = ["deployer", *(one.admin.key for one in self.plan.institutions)]
        client = self.network.client()
        return {name: client.account(self.network.keys.account(name).address).nonce for name in names}


@pytest.fixture
def office(bare_chain: DevNetwork, tmp_path: Path) -> Office:
    return Office(bare_chain, tmp_path)


def founders(plan: EnrolmentPlan) -> EnrolmentPlan:
    return plan.model_copy(update={"institutions": plan.founders})


def without(plan: EnrolmentPlan, name: str, **changes: Any) -> EnrolmentPlan:
    """The plan with one institution changed."""
    institutions = [one.model_copy(update=changes) if one.name == name else one for one in plan.institutions]
    return plan.model_copy(update={"institutions": institutions})


def left(steps: list[Step]) -> dict[str, str]:
    return {step.what.split(" (")[0]: step.blocked for step in steps}


def test_with_nobodys_keys_nothing_is_done_and_everyone_is_named(office: Office) -> None:
    plan = founders(office.addressed())
    before = office.nonces()
    remaining = office.enrolment(plan, KeyRing(office.folder / "none")).run()
    assert office.nonces() == before
    assert {step.blocked.split(" ")[0] for step in remaining} == {
        "hospital-admin",
        "association-admin",
        "insurer-admin",
        "receiver-admin",
    }


def test_showing_the_steps_does_nothing(office: Office) -> None:
    before = office.nonces()
    assert len(office.enrolment(founders(office.plan)).steps()) == 6
    assert office.nonces() == before


def test_an_admin_without_the_operators_key_waits_for_its_acceptance(office: Office) -> None:
    plan = founders(office.addressed())
    remaining = left(office.enrolment(plan, office.ring("hospital-admin")).run())
    assert remaining["hospital: operator hospital-oracle"] == "the acceptance of hospital-oracle is missing"
    assert remaining["hospital: document key hospital-sign"] == "the proof of hospital-sign is missing"


def test_everyone_is_enrolled_once(office: Office) -> None:
    plan = founders(office.plan)
    assert office.enrolment(plan).run() == []
    keys = office.network.keys
    oracle = office.registry.operator(keys.account("hospital-oracle").address)
    assert (oracle.institution, oracle.roles, oracle.custodian) == (1, 2 | 4, 0)
    assert office.registry.key_owner(keys.document_key("hospital-sign")[1]) == 1
    before = office.nonces()
    assert office.enrolment(plan).run() == []
    assert office.nonces() == before


def test_signatures_in_the_file_stand_in_for_the_keys(office: Office) -> None:
    plan = founders(office.addressed())
    accept = Acceptances(office.registry, plan.chain_id, office.ring())
    hospital = plan.institution("hospital")
    lines = {
        key: dict(
            line.split(": ")
            for line in vouch(key, plan, office.registry, accept).replace('"', "").splitlines()
        )
        for key in ("hospital-oracle", "hospital-backend", "hospital-sign")
    }
    operators = [one.model_copy(update=lines[one.key]) for one in hospital.operators]
    document_keys = [one.model_copy(update=lines[one.key]) for one in hospital.document_keys]
    signed = without(plan, "hospital", operators=operators, document_keys=document_keys)
    remaining = left(office.enrolment(signed, office.ring("hospital-admin")).run())
    assert not [what for what in remaining if what.startswith("hospital")]


def test_a_signature_for_another_network_is_refused_by_the_contract(office: Office) -> None:
    plan = founders(office.plan)
    elsewhere = Acceptances(office.registry, 999, office.ring())
    hospital = plan.institution("hospital")
    forged = elsewhere.operator(hospital.operators[0], 1, 0, None)
    assert forged is not None
    operators = [hospital.operators[0].model_copy(update={"acceptance": "0x" + forged.hex()})]
    with pytest.raises(TransactionFailed, match="BadSignature"):
        office.enrolment(without(plan, "hospital", operators=operators)).run()


def test_there_is_nothing_to_vouch_for_an_unknown_key(office: Office) -> None:
    accept = Acceptances(office.registry, office.plan.chain_id, office.ring("hospital-admin"))
    with pytest.raises(PlanKeyUnknown):
        vouch("somebody", office.plan, office.registry, accept)
    with pytest.raises(PlanKeyUnknown):
        vouch("hospital-oracle", office.addressed(), office.registry, accept)


def test_changed_roles_are_a_new_mandate(office: Office) -> None:
    plan = founders(office.plan)
    office.enrolment(plan).run()
    hospital = plan.institution("hospital")
    fewer = hospital.operators[0].model_copy(update={"roles": hospital.operators[0].roles[:1]})
    office.enrolment(without(plan, "hospital", operators=[fewer])).run()
    oracle = office.network.keys.account("hospital-oracle").address
    assert office.registry.operator(oracle).roles == 2


def test_an_operator_without_coins_gets_its_quota(office: Office) -> None:
    client, oracle = office.network.client(), office.network.keys.account("hospital-oracle").address
    office.network.rpc("hardhat_setBalance", oracle, "0x0")
    office.enrolment(founders(office.plan)).run()
    assert client.account(oracle).balance == 10**18


def test_a_newcomer_is_admitted_by_vote_and_then_enrolled(office: Office) -> None:
    make_keys(office.network.keys, office.plan)
    assert office.enrolment(office.plan).run() == []
    partner = office.plan.institution("partner")
    assert office.registry.index_of(partner.chain_id_bytes) == 6
    assert len(office.registry.validators()) == 6
    desk = office.network.keys.account("partner-desk").address
    assert office.registry.operator(desk).institution == 6
    assert office.registry.proposal_count() == 1


def test_without_a_majority_the_proposal_waits_and_nobody_votes_twice(office: Office) -> None:
    minority = office.ring("hospital-admin", "city-admin", "partner-admin", "partner-desk", "validator-6")
    plan = office.addressed()
    for _ in range(2):
        remaining = left(office.enrolment(plan, minority).run())
        assert "partner: admission by vote" in remaining
        assert (office.registry.proposal_count(), office.registry.proposal(1).yes) == (1, 2)
    assert any("waits for 1 more votes" in line for line in office.said)
    office.enrolment(plan, office.ring("insurer-admin", "partner-admin")).run()
    assert office.registry.index_of(plan.institution("partner").chain_id_bytes) == 6


def test_a_decision_needs_at_least_one_voters_key(office: Office) -> None:
    decisions = Decisions(office.registry, office.transactor, {}, say=quiet)
    with pytest.raises(TransactionFailed, match="none of the voting members"):
        decisions.carry(Action.SET_VOTING, b"", "x")


def test_a_decision_of_a_past_electorate_is_proposed_anew(office: Office) -> None:
    admins = voting_admins(office.plan, office.registry, office.ring("hospital-admin"))
    payload = encode(("uint32", "bool", "address"), (5, False, "0x" + "00" * 20))
    stale = Decisions(office.registry, office.transactor, admins, say=quiet).carry(
        Action.SET_VOTING, payload, "x"
    )
    everyone = voting_admins(office.plan, office.registry, office.ring())
    other = encode(("uint32", "bool", "address"), (4, False, "0x" + "00" * 20))
    decisions = Decisions(office.registry, office.transactor, everyone, say=quiet)
    assert decisions.carry(Action.SET_VOTING, other, "y").executed
    fresh = decisions.carry(Action.SET_VOTING, payload, "x")
    assert fresh.executed
    assert fresh.proposal > stale.proposal
    assert len(office.registry.voting_members()) == 3


def test_a_sponsored_pharmacy_is_admitted_and_waits_its_day(office: Office, tmp_path: Path) -> None:
    keys = office.network.keys
    for name in ("pharmacy-1-admin", "pharmacy-1-counter"):
        keys.create_account(name)
    pharmacy = {
        "name": "pharmacy-1",
        "id": "saegim:sample-pharmacy-1",
        "kind": "pharmacy",
        "nameKo": "샘플약국",
        "nameEn": "Sample Pharmacy",
        "sponsor": "association",
        "custodial": True,
        "admin": {"key": "pharmacy-1-admin"},
        "operators": [
            {"key": "pharmacy-1-counter", "roles": ["dispense", "transfer"], "custodian": "association"}
        ],
    }
    added = type(office.plan.institutions[0]).model_validate(pharmacy)
    plan = office.plan.model_copy(update={"institutions": [*office.plan.founders, added]})
    waiting = left(office.enrolment(plan).run())
    assert "it acts from" in waiting["pharmacy-1: operators and keys"]
    office.network.rpc("evm_increaseTime", 86_400)
    office.network.mine()
    assert office.enrolment(plan).run() == []
    counter = office.registry.operator(keys.account("pharmacy-1-counter").address)
    assert (counter.institution, counter.custodian, counter.roles) == (6, 2, 32 | 8)
