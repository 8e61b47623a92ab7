"""The file about a network's nodes, where sockets go, and ports."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from network.errors import FolderUnfit, UnknownValidator
from network.manifest import FILE, MAX_SOCKET_PATH, Manifest, ValidatorEntry, socket_folder
from network.ports import choose_ports, is_free


def entry(index: int, **changes: object) -> ValidatorEntry:
    values = {
        "index": index,
        "institution": "hospital",
        "key": f"validator-{index}",
        "address": "0x" + "11" * 20,
        "node_id": "ab" * 64,
        "rpc_port": 20000 + index,
        "peer_port": 21000 + index,
        "agent_port": 22000 + index,
    }
    return ValidatorEntry.model_validate({**values, **changes})


def manifest(folder: Path) -> Manifest:
    return Manifest(
        chain_id=20193,
        period=1,
        genesis_hash="0x" + "aa" * 32,
        sockets=folder,
        founders=5,
        validators=[entry(1), entry(2)],
    )


def test_an_empty_folder_holds_no_network(tmp_path: Path) -> None:
    with pytest.raises(FolderUnfit, match="network up"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("change", [{"chain_id": "x"}, {"period": 0}, {"extra": 1}, {"validators": [{}]}])
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    data = json.loads(manifest(tmp_path).model_dump_json())
    (tmp_path / FILE).write_text(json.dumps({**data, **change}))
    with pytest.raises(FolderUnfit, match="damaged"):
        Manifest.load(tmp_path)


def test_it_reads_back_what_it_wrote(tmp_path: Path) -> None:
    manifest(tmp_path).save(tmp_path)
    assert Manifest.load(tmp_path) == manifest(tmp_path)


def test_an_unknown_validator_is_named_beside_the_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownValidator, match=r"no validator 9: there are 1, 2"):
        manifest(tmp_path).validator(9)


def test_addresses_follow_from_the_ports() -> None:
    one = entry(3)
    assert one.rpc_url == "http://127.0.0.1:20003"
    assert one.agent_url == "http://127.0.0.1:22003"
    assert one.enode == f"enode://{'ab' * 64}@127.0.0.1:21003?discport=0"


def test_sockets_stay_in_a_short_folder_and_leave_a_long_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    elsewhere = socket_folder(deep)
    try:
        assert not elsewhere.is_relative_to(deep)
        assert elsewhere.stat().st_mode & 0o077 == 0
        assert len(str(elsewhere / "validator-99.signer")) <= MAX_SOCKET_PATH
    finally:
        shutil.rmtree(elsewhere)
    short = Path("/tmp") / f"sg-{tmp_path.name[-8:]}"
    short.mkdir()
    try:
        assert socket_folder(short) == short / "sockets"
    finally:
        shutil.rmtree(short)


def test_ports_are_free_different_and_not_those_in_use() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert not is_free(port)
        chosen = choose_ports(5, preferred=port)
        assert len(set(chosen)) == 5
        assert port not in chosen


def test_a_free_run_of_ports_is_taken_as_preferred() -> None:
    run = next(start for start in range(41000, 42000, 10) if all(is_free(start + n) for n in range(3)))
    assert choose_ports(3, preferred=run) == [run, run + 1, run + 2]
    assert run + 1 not in choose_ports(3, preferred=run, taken=frozenset({run + 1}))
