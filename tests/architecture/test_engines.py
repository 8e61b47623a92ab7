"""What only one consensus engine knows stays behind the engine: no names of Clique or QBFT elsewhere in the code.

Judged by the code's names and texts, not by its comments and docstrings. A file that must know an engine stands in the
table with the reason; one that no longer needs to must be taken out of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chain", "records", "oracle", "backend", "verifier", "kiosk", "network", "scripts")

TELLTALE = re.compile(
    r"besu|clique|qbft|ibft|bft_|_in_turn|difficulty|signer_list|getsigners|totaldifficulty|miner_|extra_data",
    re.I,
)

MAY_KNOW = {
    "chain/clique.py": "the engine",
    "chain/qbft.py": "the engine",
    "chain/qbft_extra.py": "the engine",
    "chain/engine.py": "gives the engine of a name",
    "chain/finality.py": "reason codes of all engines",
    "chain/headers.py": "fields of a header, and how a header says that it is hashed",
    "verifier/sentences_refusals.py": "sentences for the engines' reason codes",
    "network/besu.py": "writes the files of QBFT nodes",
    "network/cli_besu.py": "the command for that",
    "network/cli.py": "the command for that",
    "network/choose.py": "tells people which kinds of network there are",
    "network/creation.py": "makes the Clique network of this machine",
    "network/deploy.py": "fewest validators by engine",
    "network/errors.py": "says which geth Clique needs",
    "network/genesis.py": "first blocks of both engines",
    "network/local.py": "runs geth with Clique",
    "network/membership.py": "waits for Clique's votes",
    "network/rollout.py": "first block of a real Clique network",
    "network/signer.py": "signs Clique headers, and nothing else",
    "network/status.py": "looks at the Clique network of this machine",
    "network/watch/__main__.py": "lets an agent be told the engine",
    "network/watch/branches.py": "heals Clique",
    "network/watch/healing.py": "heals Clique",
    "network/watch/agent.py": "heals Clique alone",
    "network/watch/node_metrics.py": "is told the engine",
    "network/watch/node_view.py": "compares rival tips on Clique",
    "network/watch/own.py": "asks a node of either engine",
    "network/watch/voting.py": "casts Clique's votes",
}


def names(tree: ast.Module) -> Iterator[str]:
    """Names and texts of the code, less docstrings and other texts that stand alone."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword | ast.arg) and node.arg:
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def knows(path: Path) -> set[str]:
    return {name for name in names(ast.parse(path.read_text("utf-8"))) if TELLTALE.search(name)}


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_outside_the_table_knows_an_engine(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): sorted(knows(path))
        for path in sorted((ROOT / package).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in MAY_KNOW and knows(path)
    }
    assert not found


def test_the_table_names_nobody_in_vain() -> None:
    idle = [name for name in MAY_KNOW if not (ROOT / name).exists() or not knows(ROOT / name)]
    assert not idle
