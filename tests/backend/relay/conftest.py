"""A backend whose oracle runs a relay over a real socket, before a hospital that knows its people."""

from __future__ import annotations

import sqlite3
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "oracle" / "relay"))
sys.path.insert(0, str(Path(__file__).parents[1] / "identity"))

from backend_world import World
from relay_world import RelayWorld
from sqlmodel import select
from visitor import Browser

from backend.audit.models import AuditEvent
from backend.identity import commands
from backend.identity.models import Registration, RegistrationState
from chain.db import reading

NUMBER = "MARKED-77"


class Hospital(RelayWorld):
    """The relay's side, by the real clock, as commands use it."""

    def register(self, number: str, name: str, born: str = "19900101", sex: str = "F") -> None:
        with sqlite3.connect(self.hospital_url.removeprefix("sqlite:///")) as connection:
            connection.execute(
                'INSERT INTO "PPTNTM" ("PT_NO", "PT_NM", "BRTH_YMD", "SEX_GB") VALUES (?, ?, ?, ?)',
                (number, name, born, sex),
            )

    @property
    def url(self) -> str:
        host, port = self.server.address
        return f"http://{host}:{port}"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    folder = tmp_path / "hospital"
    folder.mkdir()
    with Hospital(folder) as made:
        made.now = datetime.now(UTC)
        yield made


class Desk:
    """Somebody at the desk who binds the one account there is."""

    def __init__(self, world: World, hospital: Hospital, folder: Path, capsys: Any) -> None:
        self.world, self.capsys = world, capsys
        key = folder / "hospital" / "service-key.pem"
        self.settings = world.settings.model_copy(update={"relay_url": hospital.url, "service_key_file": key})
        world.agency.knows("01000000001", name="가상환자01", number=1)
        browser = Browser(world)
        assert browser.sign_up().status_code == 303
        self.person = UUID(browser.ask("GET", "/me").json()["person"])

    def bind(self, number: str = NUMBER, without: str | None = None, at: int = 1) -> tuple[int, str]:
        """Exit code, and what was printed."""
        given = Namespace(person=self.person, number=number, hospital=at, without_relay=without)
        code = commands.bind_person(self.settings, given)
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def bound(self) -> bool:
        with reading(self.world.services.database) as session:
            states = session.execute(select(Registration.state)).scalars().all()
        return RegistrationState.BOUND in states

    def noted(self) -> list[tuple[str, str | None]]:
        """Outcome and reason of the lines about binding."""
        with reading(self.world.services.database) as session:
            lines = session.execute(select(AuditEvent).order_by("number")).scalars().all()
        return [(str(line.outcome), line.reason) for line in lines if str(line.action) == "link"]


@pytest.fixture
def desk(
    world: World, hospital: Hospital, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr(commands, "Services", SimpleNamespace(build=lambda settings: world.services))
    return Desk(world, hospital, tmp_path, capsys)
