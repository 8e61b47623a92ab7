"""docs/console.md is true: its lines run in the ape console on real validators and give what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from network.folder import FIRST_RPC_PORT
from network.genesis import LOCAL_CHAIN_ID
from network.local import LocalNetwork

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^(?P<expression>\S.*?)  # → (?P<value>.+)$")
PRELUDE = """
def given(expression, value, expected):
    if repr(value) != expected:
        raise AssertionError(f"{expression} gives {value!r}, the page says {expected}")
"""


def session(page: str) -> str:
    """The page's code as one program in which each `# →` is checked."""
    lines = [PRELUDE]
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            found = SHOWN.match(line)
            if found:
                expression, value = found["expression"], found["value"]
                line = f"given({expression!r}, ({expression}), {value!r})"
            lines.append(line)
    return "\n".join(lines) + "\n"


def run_in_console(
    code: str, network: str, folder: Path, workplace: Path
) -> subprocess.CompletedProcess[str]:
    """Run a program in the console. It leaves the file `done` behind if it came to its end."""
    program = workplace / "session.py"
    program.write_text(f"{code}\nopen({str(workplace / 'done')!r}, 'w').close()\n", encoding="utf-8")
    command = f"exec(compile(open({str(program)!r}).read(), {str(program)!r}, 'exec'))"
    return subprocess.run(
        [str(Path(sys.executable).parent / "ape"), "console", "--network", network, "-c", command],
        cwd=ROOT,
        env={**os.environ, "SAEGIM_NETWORK": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_line_that_does_not_give_what_it_says_is_told() -> None:
    code = session("```python\nanswer = 6 * 7\nanswer  # → 41\n```\n")
    with pytest.raises(AssertionError, match="answer gives 42, the page says 41"):
        exec(compile(code, "page", "exec"), {})


def test_the_network_of_the_page_is_the_one_that_the_commands_start() -> None:
    config = yaml.safe_load((ROOT / "ape-config.yaml").read_text(encoding="utf-8"))
    assert config["node"]["saegim"]["poa"]["uri"] == f"http://127.0.0.1:{FIRST_RPC_PORT}"
    assert [entry["chain_id"] for entry in config["networks"]["custom"]] == [LOCAL_CHAIN_ID]


def test_every_line_of_the_page_gives_what_it_says(poa_network: LocalNetwork, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
    code = session(page)
    assert code.count("\ngiven(") >= 25
    choice = f"saegim:poa:{poa_network.rpc_urls[0]}"
    done = run_in_console(code, choice, poa_network.folder, tmp_path)
    assert (tmp_path / "done").exists(), f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def test_without_a_network_the_console_says_so_and_still_works(
    poa_network: LocalNetwork, tmp_path: Path
) -> None:
    choice = f"saegim:poa:{poa_network.rpc_urls[0]}"
    done = run_in_console("assert chain.blocks.head.number >= 0", choice, tmp_path / "nowhere", tmp_path)
    assert (tmp_path / "done").exists(), f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert "set SAEGIM_NETWORK to its folder" in done.stdout
