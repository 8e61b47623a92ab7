"""What a device tells of itself, what it is told, and what the metrics say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from backend_world import World
from joserfc.jwk import ECKey
from machine import Machine
from sqlalchemy.exc import OperationalError

from backend.devices import health, repository
from backend.devices.models import PairedDevice
from chain.db import reading


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("health")) as made:
        made.settings.limits = "pairing=off, guess-address=off"
        yield made


def todo(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["do"] for each in answer.json()["todo"]]


def row_of(world: World, device: Machine) -> PairedDevice:
    with reading(world.services.database) as session:
        found = repository.device(session, UUID(device.id))
        assert found is not None
        session.expunge(found)
        return found


class TestHeartbeat:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"version": "new"},
            {"version": ""},
            {"paper": "some"},
            {"condition": None},
            {"clockOffset": 10**12},
            {"patient": "MARKED-PATIENT-77"},
        ],
    )
    def test_what_is_not_of_its_form_is_refused_and_not_repeated(
        self, world: World, device: Machine, wrong: dict[str, Any]
    ) -> None:
        answer = device.beat(**wrong)
        assert answer.status_code == 422
        assert "MARKED" not in answer.text
        assert row_of(world, device).version is None

    def test_a_machine_in_order_has_nothing_to_do(self, device: Machine) -> None:
        answer = device.beat()
        assert todo(answer) == []
        assert answer.json()["nextInSeconds"] == 60

    def test_a_wrong_clock_is_to_be_set(self, device: Machine) -> None:
        assert todo(device.beat(clockOffset=31)) == ["set-clock"]
        assert todo(device.beat(clockOffset=-31)) == ["set-clock"]
        assert todo(device.beat(clockOffset=30)) == []

    def test_an_old_program_is_heard_and_told(
        self, world: World, device: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world.settings, "client_least", "kiosk=0.2")
        monkeypatch.setattr(world.settings, "client_recommended", "kiosk=0.3")
        assert todo(device.beat(version="0.1.9")) == ["update-now"]
        assert todo(device.beat(version="0.2")) == ["update"]
        assert todo(device.beat(version="0.3.0")) == []
        told = device.whoami().json()["settings"]
        assert (told["leastVersion"], told["recommendedVersion"]) == ("0.2", "0.3")

    def test_an_old_key_is_to_be_replaced(self, world: World, device: Machine) -> None:
        world.late += timedelta(days=365, minutes=1)
        assert todo(device.beat()) == ["rotate-key"]
        new = ECKey.generate_key("P-256")
        assert device.rotate(new).status_code == 200
        device.key = new
        assert todo(device.beat()) == []

    def test_words_are_in_the_language_asked_for(self, device: Machine) -> None:
        said = device.beat(clockOffset=-90).json()["todo"][0]["say"]
        device.client.headers["accept-language"] = "en"
        assert said == "기기의 시계가 맞지 않습니다. 시계를 맞춰 주세요."
        assert device.beat(clockOffset=-90).json()["todo"][0]["say"].startswith("The device's clock")


def test_last_seen_moves_once_a_minute_whatever_is_asked(world: World, device: Machine) -> None:
    first = row_of(world, device).seen_at
    world.late += timedelta(seconds=59)
    device.whoami()
    device.beat()
    assert row_of(world, device).seen_at == first
    world.late += timedelta(seconds=1)
    device.whoami()
    assert row_of(world, device).seen_at == first + timedelta(seconds=60)


class TestMetrics:
    def lines(self, world: World) -> dict[str, float]:
        text = world.client.get("/metrics").text
        found = (
            line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("saegim_backend_device")
        )
        return {name: float(value) for name, value in found}

    def test_devices_by_state_and_how_long_each_was_silent(self, world: World) -> None:
        board, quiet, gone = (Machine(world) for _ in range(3))
        board.pair(board.new_code(kind="board"), kind="board")
        quiet.pair(quiet.new_code(kind="board"), kind="board")
        gone.pair(gone.new_code(kind="board"), kind="board")
        gone.revoke()
        world.late += timedelta(minutes=5)
        board.beat(paper="empty")
        found = self.lines(world)
        states = {
            state: found.get(f'saegim_backend_devices{{kind="board",state="{state}"}}')
            for state in ("connected", "lost", "needs-hands", "revoked")
        }
        assert states == {"connected": None, "lost": 1, "needs-hands": 1, "revoked": 1}
        silent = 'saegim_backend_device_silent_seconds{{device="{}",kind="board"}}'
        assert found[silent.format(quiet.id)] == 300
        assert found[silent.format(board.id)] == 0
        assert silent.format(gone.id) not in found

    def test_no_database_is_no_error(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

        monkeypatch.setattr(repository, "devices", broken)
        assert list(health.metrics(world.services)) == []
        assert world.client.get("/metrics").status_code == 200
