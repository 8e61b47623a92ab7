"""The first block: what geth makes of it is what is computed here."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from network.genesis import clique_genesis, extra_data, genesis_hash, vanity_tag, write_genesis

ONE, TWO = "0x" + "12" * 20, "0x" + "ab" * 20
ALLOC = {"0x" + "34" * 20: 10**20, "0x" + "35" * 20: 10**24, "0x" + "56" * 20: 1}
OF_GETH = "0xb71712004413de7ee2ea73f321d1c1b515bc918debff22a205ae40dccb4bde02"
"""The hash that geth 1.13.15 gives the first block below (`eth.getBlock(0).hash` after `geth init`)."""


def genesis(**changes: object) -> dict[str, object]:
    given_values = {
        "chain_id": 20193,
        "period": 1,
        "validators": [ONE, TWO],
        "alloc": ALLOC,
        "timestamp": 1_800_000_000,
    }
    return clique_genesis(**{**given_values, **changes})  # type: ignore[arg-type]


def test_the_hash_is_the_one_that_geth_computes() -> None:
    assert genesis_hash(genesis()) == OF_GETH


def test_the_hash_names_the_validators_and_the_balances() -> None:
    assert genesis_hash(genesis(validators=[ONE])) != OF_GETH
    assert genesis_hash(genesis(alloc={**ALLOC, TWO: 5})) != OF_GETH
    assert genesis_hash(genesis(timestamp=1_800_000_001)) != OF_GETH


@given(st.permutations([ONE, TWO, "0x" + "00" * 19 + "01"]))
def test_the_order_in_which_validators_are_given_does_not_matter(order: list[str]) -> None:
    extra = extra_data(order)
    assert len(extra) == 32 + 3 * 20 + 65
    assert extra[32:92] == bytes(19) + b"\x01" + bytes.fromhex("12" * 20) + bytes.fromhex("ab" * 20)


def test_every_fork_to_london_is_in_force_and_none_later() -> None:
    config = genesis()["config"]
    assert isinstance(config, dict)
    assert config["londonBlock"] == 0
    assert not {"shanghaiTime", "cancunTime", "terminalTotalDifficulty", "arrowGlacierBlock"} & set(config)
    assert config["clique"] == {"period": 1, "epoch": 30000}


def test_the_tag_is_32_ascii_characters_of_the_hash() -> None:
    assert vanity_tag(OF_GETH) == "b71712004413de7ee2ea73f321d1c1b5"
    assert len(vanity_tag(OF_GETH.upper().replace("0X", "0x")).encode("ascii")) == 32


def test_the_file_reads_back_to_the_same_block(tmp_path: Path) -> None:
    path = tmp_path / "genesis.json"
    write_genesis(path, genesis())
    assert genesis_hash(json.loads(path.read_text())) == OF_GETH
