"""Machines before a real backend: paired, heard, given new keys, revoked; with answers that get lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from station import Site, Station

from backend.devices import administration
from backend.devices.administration import By
from backend.devices.kinds import RevokeReason
from chain.db import writing
from kiosk import rotation
from kiosk.answers import Condition, Paper, Report
from kiosk.commands import main
from kiosk.errors import (
    AddressDiffers,
    BackendUnreachable,
    CodeRefused,
    KeyRefused,
    NotPaired,
    PairingLost,
)

ROOT = Path(__file__).parents[2]
Made = Callable[[str], Station]


def revoke(site: Site, device: str) -> None:
    with writing(site.world.services.database) as session:
        administration.revoke(session, By(), UUID(device), RevokeReason.TAMPERED, site.world.clock())


class Lossy(httpx.BaseTransport):
    """A network that loses what goes to one address: the request, or only its answer. Once."""

    def __init__(self, path: str, *, only_answer: bool) -> None:
        self.inner = httpx.HTTPTransport()
        self.path, self.only_answer, self.lost = path, only_answer, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        loses = not self.lost and request.url.path.endswith(self.path)
        if loses and not self.only_answer:
            self.lost = True
            raise httpx.ConnectError("lost", request=request)
        answer = self.inner.handle_request(request)
        if loses:
            self.lost = True
            answer.read()
            raise httpx.ReadTimeout("lost", request=request)
        return answer


class TestPairing:
    def test_a_wrong_code_leaves_no_record_and_the_same_key_may_try_again(self, station: Station) -> None:
        with pytest.raises(CodeRefused):
            station.pair("XXX-XXX-XXX")
        with pytest.raises(NotPaired):
            station.client()
        first = station.keys.current()
        station.pair()
        with station.client() as client:
            assert client.myself().key == first.thumbprint  # type: ignore[union-attr]

    def test_a_code_for_a_desk_makes_no_kiosk(self, site: Site, station: Station) -> None:
        code = site.code("desk")
        with pytest.raises(CodeRefused):
            station.pair(code)
        station.pair(code, kind="desk")

    def test_a_lost_answer_is_asked_for_again(self, site: Site, station: Station) -> None:
        code = site.code()
        station.transport = Lossy("/pairings", only_answer=True)
        with pytest.raises(BackendUnreachable):
            station.pair(code)
        station.pair(code)
        with station.client() as client:
            assert client.myself().name == "키오스크 1"

    def test_a_copied_key_cannot_be_paired_elsewhere(self, station: Station, stations: Made) -> None:
        station.pair()
        thief = stations("thief")
        thief.folder.mkdir()
        key = station.folder / "device-key.pem"
        (thief.folder / "device-key.pem").write_bytes(key.read_bytes())
        (thief.folder / "device-key.pem").chmod(0o600)
        revoke_after = station.client()
        revoke(station.site, revoke_after.myself().device)
        revoke_after.close()
        with pytest.raises(KeyRefused):
            thief.pair()

    def test_another_name_of_the_server_is_told(self, site: Site, station: Station) -> None:
        """Whoever stands between cannot pass a proof on: it names the address that the device meant."""
        other = site.server.replace("127.0.0.1", "localhost")
        station.site = Site(site.world, other)
        with pytest.raises(AddressDiffers, match=site.server):
            station.pair()


class TestRequests:
    def test_a_wrong_clock_is_allowed_for_and_told(self, station: Station) -> None:
        station.off = timedelta(days=-3_000)
        station.pair()
        with station.client() as client:
            beat = client.heartbeat(Report(Paper.FULL, Condition.READY))
            assert [do for do, _ in beat.todo] == ["set-clock"]
            assert abs(client.clock_offset - station.off) <= timedelta(seconds=2)
            rotation.rotate(client, station.keys)
            assert client.myself().heartbeat == timedelta(seconds=60)

    def test_a_revoked_device_is_told_at_once_and_comes_back_with_a_new_key(
        self, site: Site, station: Station
    ) -> None:
        station.pair()
        with station.client() as client:
            device = client.myself().device
            revoke(site, device)
            with pytest.raises(PairingLost):
                client.myself()
        with pytest.raises(KeyRefused):
            station.pair()
        station.pair(new_key=True)
        with station.client() as client:
            assert client.myself().device != device

    def test_a_wrong_code_does_not_cost_the_key_that_is_there(self, station: Station) -> None:
        station.pair()
        with pytest.raises(CodeRefused):
            station.pair("XXX-XXX-XXX", new_key=True)
        with station.client() as client:
            rotation.finish(client, station.keys)
            assert client.myself().name == "키오스크 1"

    def test_an_old_program_is_heard_but_not_served(
        self, site: Site, station: Station, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        station.pair()
        monkeypatch.setattr(site.world.settings, "client_least", "kiosk=9")
        with station.client() as client:
            assert [do for do, _ in client.heartbeat(Report()).todo] == ["update-now"]


class TestNewKeys:
    @pytest.mark.parametrize("only_answer", [False, True])
    def test_one_survives_what_gets_lost(self, station: Station, only_answer: bool) -> None:
        station.pair()
        old = station.keys.current()
        station.transport = Lossy("/self/key", only_answer=only_answer)
        with station.client() as client, pytest.raises(BackendUnreachable):
            rotation.rotate(client, station.keys)
        waiting = station.keys.next()
        assert waiting is not None
        with station.client() as client:
            rotation.finish(client, station.keys)
            assert client.myself().key == waiting.thumbprint
        assert station.keys.next() is None
        assert station.keys.current().thumbprint != old.thumbprint  # type: ignore[union-attr]
        with station.client() as client:
            assert client.myself().key == waiting.thumbprint

    def test_one_that_the_backend_refuses_leaves_the_other(self, station: Station, stations: Made) -> None:
        station.pair()
        other = stations("other")
        other.pair()
        taken = other.keys.current()
        assert taken is not None
        with station.client() as client:
            with pytest.raises(KeyRefused):
                client.rotate(taken)
            assert client.myself().name == "키오스크 1"

    def test_a_key_from_an_old_backup_is_refused_whatever_comes_next(self, station: Station) -> None:
        station.pair()
        old = station.keys.current()
        assert old is not None
        with station.client() as client:
            rotation.rotate(client, station.keys)
            client.key = old
            with pytest.raises(PairingLost):
                client.rotate(station.keys.create_next())
            assert client.key is old


class TestCommands:
    def test_a_machine_is_set_up_from_the_command_line(
        self, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = ["--folder", str(tmp_path / "kiosk")]
        assert main([*folder, "status"]) == 3
        assert "pair CODE --server URL" in capsys.readouterr().err
        assert main([*folder, "pair", "XXX-XXX-XXX", "--server", site.server]) == 3
        assert "CodeWrong" in capsys.readouterr().err
        assert main([*folder, "pair", site.code().lower(), "--server", site.server]) == 0
        first = capsys.readouterr().out
        assert "키오스크 1, 본관 1층" in first
        assert main([*folder, "rotate-key"]) == 0
        assert main([*folder, "status", "--paper", "low"]) == 0
        last = capsys.readouterr().out
        assert f"server    {site.server}" in last
        assert first.splitlines()[0] in last
        assert first.splitlines()[-1] not in last  # another key
        assert "PRIVATE" not in first + last

    def test_of_two_processes_with_one_code_one_wins(self, site: Site, tmp_path: Path) -> None:
        code = site.code()
        command = [sys.executable, "-m", "kiosk", "--folder"]
        racers = [
            subprocess.Popen(
                [*command, str(tmp_path / name), "pair", code, "--server", site.server],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("one", "two")
        ]
        said: list[Any] = [each.communicate(timeout=60) for each in racers]
        assert sorted(each.returncode for each in racers) == [0, 3]
        assert "CodeUsed" in next(err for (_, err), each in zip(said, racers, strict=True) if each.returncode)
