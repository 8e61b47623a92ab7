"""What light proofs and the chain's limits rely on: names and shapes in storage, one slot each, code size."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak

from scripts.solidity import compile_standard, gather, own_sources
from tests.contracts.institutions.keys import add_key, test_key
from tests.contracts.institutions.world import ANCHOR, ASSOCIATION, CITY, Action, World

CODE_LIMIT, INIT_LIMIT = 24_576, 49_152
"""EIP-170 and EIP-3860, in bytes."""


@pytest.fixture(scope="module")
def layout() -> dict[str, Any]:
    """The compiler's storage layout of the registry."""
    output = compile_standard(gather(own_sources()), outputs=["storageLayout"])
    found: dict[str, Any] = output["contracts"]["contracts/InstitutionRegistry.sol"]["InstitutionRegistry"]
    return found["storageLayout"]


def variable(layout: dict[str, Any], label: str) -> Any:
    (found,) = [each for each in layout["storage"] if each["label"] == label]
    return found


def stored(world: World, layout: dict[str, Any], label: str, kind: str, key: Any) -> int:
    """The word that a mapping holds under a key."""
    slot = keccak(encode([kind, "uint256"], [key, int(variable(layout, label)["slot"])]))
    return int(world.chain.provider.web3.eth.get_storage_at(world.registry.address, slot).hex(), 16)


def unpacked(layout: dict[str, Any], label: str, word: int) -> list[int]:
    """The members of the struct that a mapping holds, from its word."""
    struct = layout["types"][layout["types"][variable(layout, label)["type"]]["value"]]
    assert struct["numberOfBytes"] == "32", f"{label} holds more than a slot"
    members = []
    for member in struct["members"]:
        size = int(layout["types"][member["type"]]["numberOfBytes"])
        members.append(word >> 8 * member["offset"] & (1 << 8 * size) - 1)
    return members


def test_an_institution_is_one_word(world: World, registry: Any, layout: Any) -> None:
    world.decide(Action.SET_STANDING, CITY, 4, world.now)
    world.decide(Action.SET_SUCCESSOR, CITY, ASSOCIATION)
    word = stored(world, layout, "_institutions", "uint32", CITY)
    assert unpacked(layout, "_institutions", word) == [int(each) for each in registry.institution(CITY)[1]]
    number = stored(world, layout, "_institutionIds", "uint32", CITY)
    assert number.to_bytes(32, "big") == registry.institution(CITY)[0]


def test_an_operator_is_one_word(world: World, registry: Any, free: Any, layout: Any) -> None:
    world.add_operator(CITY, free(0), ANCHOR)
    registry.revokeOperator(free(0), world.now, sender=world.admins[CITY])
    word = stored(world, layout, "_operators", "address", free(0).address)
    assert unpacked(layout, "_operators", word) == list(registry.operator(free(0)))


def test_a_key_is_one_word(world: World, registry: Any, layout: Any) -> None:
    key = test_key(1)
    add_key(world, key)
    registry.compromiseKey(key.kid, world.now, 1, sender=world.admins[1])
    word = stored(world, layout, "_keys", "bytes32", key.kid)
    assert unpacked(layout, "_keys", word) == list(registry.key(key.kid))


def test_a_proposal_is_one_word(world: World, registry: Any, layout: Any) -> None:
    proposal = world.passed(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 7)
    world.vote(proposal, CITY, yes=False)
    word = stored(world, layout, "_proposals", "uint256", proposal)
    assert unpacked(layout, "_proposals", word) == [int(each) for each in registry.proposal(proposal)[0]]


def test_validator_sets_are_where_proofs_look(world: World, registry: Any, layout: Any) -> None:
    epoch = variable(layout, "_validatorEpoch")
    assert epoch["offset"] == 0
    assert layout["types"][epoch["type"]]["numberOfBytes"] == "4"
    assert [each["slot"] for each in layout["storage"]].count(epoch["slot"]) == 1
    word = world.chain.provider.web3.eth.get_storage_at(registry.address, int(epoch["slot"]))
    assert int(word.hex(), 16) == registry.validatorEpoch()
    found = stored(world, layout, "_validatorSetHash", "uint32", 1)
    assert found.to_bytes(32, "big") == registry.validatorSetHash(1)


def test_the_code_fits_a_contract_and_leaves_room(project: Any) -> None:
    kind = project.InstitutionRegistry.contract_type
    deployed = len(bytes.fromhex(str(kind.runtime_bytecode.bytecode).removeprefix("0x")))
    created = len(bytes.fromhex(str(kind.deployment_bytecode.bytecode).removeprefix("0x")))
    assert deployed <= CODE_LIMIT - 1_000
    assert created <= INIT_LIMIT - 4_000, "the arguments of the constructor need room too"
