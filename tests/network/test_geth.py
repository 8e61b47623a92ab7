"""Finding geth, and saying plainly why it cannot be built. `go` and `geth` are small scripts here."""

from __future__ import annotations

from pathlib import Path

import pytest

from network import geth
from network.errors import BuildFailed, GethMissing, GethUnfit


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but what the test puts into this folder, which is on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(geth, "TOOLS", tmp_path / "tools")
    monkeypatch.setenv("PATH", str(programs))
    return programs


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    path.chmod(0o755)


def test_nothing_found_says_where_it_looked(bare: Path) -> None:
    with pytest.raises(GethMissing, match="make setup") as caught:
        geth.find_geth()
    assert caught.value.searched == (".tools/bin", "PATH")


@pytest.mark.parametrize("version", ["1.14.12-stable", "1.12.2-stable", "1.130.0"])
def test_other_lines_are_unfit(bare: Path, version: str) -> None:
    script(bare / "geth", "echo Geth", f"echo Version: {version}")
    with pytest.raises(GethUnfit, match=r"only 1\.13 seals") as caught:
        geth.find_geth()
    assert caught.value.version == version


def test_a_geth_that_does_not_run_is_unfit(bare: Path) -> None:
    script(bare / "geth", "exit 3")
    with pytest.raises(GethUnfit, match="unknown"):
        geth.find_geth()


def test_the_tools_folder_comes_before_path(bare: Path) -> None:
    script(bare / "geth", "echo Version: 1.14.0")
    script(geth.TOOLS / "geth", "echo Version: 1.13.15-stable")
    assert geth.find_geth() == geth.TOOLS / "geth"


def test_building_without_go_says_so(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="Go is not on PATH"):
        geth.build_geth(tmp_path / "out", say=lambda text: None)


def test_building_with_an_old_go_says_so(bare: Path, tmp_path: Path) -> None:
    script(bare / "go", "echo go1.19.4")
    with pytest.raises(BuildFailed, match=r"Go 1\.19 is too old"):
        geth.build_geth(tmp_path / "out", say=lambda text: None)


def test_a_failed_build_shows_the_compilers_last_lines(bare: Path, tmp_path: Path) -> None:
    script(bare / "go", 'if [ "$1" = env ]; then echo go1.26.0; else echo "no such host" >&2; exit 1; fi')
    with pytest.raises(BuildFailed, match="no such host"):
        geth.build_geth(tmp_path / "out", say=lambda text: None)


@pytest.mark.parametrize(
    ("version", "flagged"), [("go1.22.1", False), ("go1.23.0", True), ("go1.26.8", True)]
)
def test_the_linker_flag_is_given_only_to_a_go_that_knows_it(
    bare: Path, tmp_path: Path, version: str, flagged: bool
) -> None:
    script(
        bare / "go",
        f'if [ "$1" = env ]; then echo {version}; exit 0; fi',
        f'echo "$@" > {tmp_path}/arguments',
        'echo made > "$GOBIN/geth"',
    )
    said: list[str] = []
    made = geth.build_geth(tmp_path / "out", say=said.append)
    assert made.read_text() == "made\n"
    arguments = (tmp_path / "arguments").read_text()
    assert ("-checklinkname=0" in arguments) is flagged
    assert geth.PACKAGE in arguments
    assert any("building geth 1.13.15" in line for line in said)
