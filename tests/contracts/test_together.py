"""The three contracts together: what an institution's fate in the registry means for documents and transfers."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.contracts.frame import ADMIN, ANCHOR, STATUS, TRANSFER, Refused, answer, events, some_tree
from tests.contracts.institutions.world import (
    CITY,
    HOSPITAL,
    INSURER,
    RECEIVER,
    Action,
    Kind,
    Standing,
    name32,
)
from tests.contracts.network import Network

ACTIVE = 1
EARLY, LATE = some_tree("early"), some_tree("late")
DOC, NEXT = EARLY.ref(EARLY.levels[0][0]), LATE.ref(LATE.levels[0][0])
ID, MAC, CIPHER = (keccak(text=text) for text in ("id", "mac", "cipher"))


@pytest.fixture
def anchored(network: Network) -> Network:
    network.documents.anchor(EARLY.root, 4, sender=network.oracle)
    network.world.pass_time(1)
    network.documents.anchor(LATE.root, 4, sender=network.oracle)
    return network


def retire(network: Network, *, successor: int) -> None:
    network.world.decide(Action.SET_STANDING, HOSPITAL, Standing.RETIRED, 0)
    network.world.decide(Action.SET_SUCCESSOR, HOSPITAL, successor)


def test_the_directory_names_all_three(network: Network) -> None:
    registry, now = network.world.registry, network.world.now
    for name, contract in (
        ("InstitutionRegistry", registry),
        ("DocumentRegistry", network.documents),
        ("TransferLedger", network.ledger),
    ):
        assert registry.contractAt(name32(name), now) == contract.address


def test_both_ask_the_registry(network: Network) -> None:
    assert network.documents.registry() == network.world.registry.address
    assert network.ledger.registry() == network.world.registry.address


def test_an_admin_alone_neither_anchors_nor_sends(network: Network) -> None:
    admin = network.world.admins[HOSPITAL]
    refused = answer(network.documents.anchor, EARLY.root, 4, sender=admin)
    assert refused == Refused("NotAuthorized", (admin.address, ANCHOR))
    refused = answer(network.ledger.send, ID, INSURER, keccak(MAC), CIPHER, sender=admin)
    assert refused == Refused("NotAuthorized", (admin.address, TRANSFER))


def test_an_operator_cannot_annul_what_it_withdrew_but_its_admin_can(anchored: Network) -> None:
    documents = anchored.documents
    documents.withdraw(HOSPITAL, DOC, 1, sender=anchored.oracle)
    refused = answer(documents.annul, HOSPITAL, DOC[1], sender=anchored.oracle)
    assert refused == Refused("NotAuthorized", (anchored.oracle.address, ADMIN))
    documents.annul(HOSPITAL, DOC[1], sender=anchored.world.admins[HOSPITAL])
    assert documents.status(HOSPITAL, DOC).state == ACTIVE


def test_a_revoked_operator_does_nothing_more(anchored: Network) -> None:
    world = anchored.world
    receipt = world.registry.revokeOperator(anchored.oracle, 0, sender=world.admins[HOSPITAL])
    ended = world.registry.operator(anchored.oracle)
    refused = answer(anchored.documents.withdraw, HOSPITAL, DOC, 1, sender=anchored.oracle)
    assert refused == Refused("OperatorEnded", (anchored.oracle.address, ended.since, receipt.timestamp))


def test_batches_of_a_compromised_time_are_reaffirmed_by_another_operator(anchored: Network) -> None:
    world = anchored.world
    world.registry.revokeOperator(anchored.oracle, world.now, sender=world.admins[HOSPITAL])
    world.add_operator(HOSPITAL, world.accounts[8], STATUS)
    receipt = anchored.documents.reaffirm([EARLY.root], sender=world.accounts[8])
    assert anchored.documents.batch(HOSPITAL, EARLY.root).reaffirmedAt == receipt.timestamp
    refused = answer(anchored.documents.reaffirm, [LATE.root], sender=anchored.oracle)
    assert refused is not None
    assert refused.name == "AccountCompromised"


def test_a_suspended_hospital_does_nothing_and_its_documents_stay(anchored: Network) -> None:
    anchored.world.decide(Action.SET_STANDING, HOSPITAL, Standing.SUSPENDED, 0)
    suspended = Refused("InstitutionNotActive", (HOSPITAL, Standing.SUSPENDED))
    documents, ledger = anchored.documents, anchored.ledger
    assert answer(documents.anchor, keccak(b"new"), 4, sender=anchored.oracle) == suspended
    assert answer(documents.withdraw, HOSPITAL, DOC, 1, sender=anchored.oracle) == suspended
    assert answer(ledger.send, ID, INSURER, keccak(MAC), CIPHER, sender=anchored.backend) == suspended
    assert answer(ledger.send, ID, HOSPITAL, keccak(MAC), CIPHER, sender=anchored.insurer) == suspended
    assert documents.status(HOSPITAL, DOC).state == ACTIVE


def test_the_successor_of_a_retired_hospital_marks_its_documents(anchored: Network) -> None:
    world, documents = anchored.world, anchored.documents
    city = world.accounts[8]
    world.add_operator(CITY, city, STATUS)
    before = answer(documents.withdraw, HOSPITAL, DOC, 1, sender=city)
    assert before == Refused("NotIssuer", (HOSPITAL, CITY))
    retire(anchored, successor=CITY)
    assert events(documents.amend(HOSPITAL, DOC, NEXT, 1, sender=city)) == [
        ("Amended", HOSPITAL, DOC[1], NEXT[1], 1)
    ]
    documents.withdraw(HOSPITAL, NEXT, 7, sender=city)
    documents.annul(HOSPITAL, NEXT[1], sender=world.admins[CITY])
    gone = answer(documents.withdraw, HOSPITAL, NEXT, 1, sender=anchored.oracle)
    assert gone == Refused("InstitutionNotActive", (HOSPITAL, Standing.RETIRED))


def test_a_pharmacy_that_still_waits_receives_nothing(network: Network) -> None:
    world = network.world
    pharmacy = world.sponsor(world.accounts[9], "krnpi:31100001")
    arguments = (ID, pharmacy, keccak(MAC), CIPHER)
    waiting = answer(network.ledger.send, *arguments, sender=network.backend)
    assert waiting is not None
    assert waiting.name == "NotYetActive"
    world.pass_time(25 * 3600)
    assert answer(network.ledger.send, *arguments, sender=network.backend) is None


def test_a_pharmacy_whose_key_the_association_keeps_answers_by_that_key(network: Network) -> None:
    world = network.world
    pharmacy = world.sponsor(world.accounts[9], "krnpi:31100001", custodial=True)
    world.pass_time(25 * 3600)
    keeper = world.accounts[10]
    world.add_operator(pharmacy, keeper, TRANSFER, custodian=2)
    network.ledger.send(ID, pharmacy, keccak(MAC), CIPHER, sender=network.backend)
    receipt = network.ledger.acknowledge(ID, MAC, sender=keeper)
    assert events(receipt) == [("Acknowledged", ID)]


def test_a_new_member_anchors_from_its_first_day(network: Network) -> None:
    world = network.world
    index = world.admit(world.accounts[9], "krnpi:11100009", Kind.HOSPITAL)
    world.add_operator(index, world.accounts[10], ANCHOR)
    receipt = network.documents.anchor(EARLY.root, 4, sender=world.accounts[10])
    assert events(receipt) == [("Anchored", index, EARLY.root, 4)]
    assert index == RECEIVER + 2
