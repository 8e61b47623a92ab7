"""The commands that make and end accounts of the staff."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from backend_world import World
from colleague import Colleague

from backend.cli import parser
from backend.staff import commands
from backend.staff.roles import Role


class Terminal:
    """The administrator's terminal; what it prints."""

    def __init__(self, world: World, capsys: Any) -> None:
        self.world, self.capsys = world, capsys

    def run(self, *arguments: object) -> tuple[int, str]:
        given = parser().parse_args([str(each) for each in ("staff", *arguments)])
        code = int(given.run(self.world.settings, given))
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err


@pytest.fixture
def terminal(world: World, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(commands, "Services", SimpleNamespace(build=lambda settings: world.services))
    return Terminal(world, capsys)


def test_a_number_has_one_account_and_roles_are_those_of_the_hospital(terminal: Terminal) -> None:
    assert terminal.run("add", "--number", "S-1", "--role", "nursing")[0] == 0
    code, said = terminal.run("add", "--number", " S-1 ", "--role", "doctor")
    assert (code, "has an account already" in said) == (1, True)
    with pytest.raises(SystemExit):
        terminal.run("add", "--number", "S-2", "--role", "director")
    for command in ("code", "end"):
        assert terminal.run(command, uuid4())[0] == 1


def test_an_account_is_made_enrolled_given_a_new_code_and_ended(world: World, terminal: Terminal) -> None:
    staff, code = terminal.run("add", "--number", "S-1", "--role", "nursing")[1].split()
    nurse = Colleague(world, Role.NURSING)
    nurse.number, nurse.code = "S-1", code
    nurse.come_in()
    fresh = terminal.run("code", staff)[1].strip()
    again = Colleague(world, Role.NURSING)
    assert again.enrol("S-1", code).status_code == 401
    assert again.enrol("S-1", fresh.lower()).status_code == 303
    assert terminal.run("end", staff)[0] == 0
    assert nurse.client.get("/staff").status_code == 303
    assert again.client.get("/staff/enrol/passkey").status_code == 303
    listed = terminal.run("list")[1]
    assert f"{staff} 1 nursing      ended" in listed
    assert "S-1" not in listed
    assert terminal.run("code", staff)[0] == 1
