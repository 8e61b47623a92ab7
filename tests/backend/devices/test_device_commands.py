"""`python -m backend devices …`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from backend_world import World
from machine import Machine

from backend.cli import parser
from backend.devices import commands


@pytest.fixture
def run(world: World, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(commands, "Services", SimpleNamespace(build=lambda settings: world.services))

    def run(*arguments: object) -> tuple[int, str]:
        given = parser().parse_args([str(each) for each in ("devices", *arguments)])
        code = int(given.run(world.settings, given))
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_what_is_wrong_is_told_in_one_line(run: Any) -> None:
    assert run("revoke", uuid4(), "--reason", "lost") == (1, "no such device\n")
    code, said = run("code", "--kind", "kiosk", "--name", " ", "--place", "x")
    assert (code, said.startswith("name and place are wanted")) == (1, True)
    for wrong in (("revoke", uuid4(), "--reason", "because"), ("code", "--kind", "toaster")):
        with pytest.raises(SystemExit):
            run(*wrong)


def test_a_code_is_made_used_listed_and_its_device_revoked(run: Any, machine: Machine) -> None:
    code, said = run("code", "--kind", "desk", "--name", "창구 3", "--place", "본관", "--hospital", 2)
    assert code == 0
    made = machine.pair(said.strip(), kind="desk")
    assert (made.status_code, made.json()["hospital"]) == (201, 2)
    machine.beat(paper="full")
    listed = run("list")[1]
    assert f"{machine.id} 2 desk  paired" in listed
    assert "0.1.0 full ready | 본관 | 창구 3" in listed
    assert run("revoke", machine.id, "--reason", "replaced") == (0, f"{machine.id} is revoked: replaced\n")
    assert machine.whoami().json()["error"] == "DeviceRevoked"
    assert run("revoke", machine.id, "--reason", "lost") == (1, "this device was revoked before\n")
    assert "revoked" in run("list")[1]
    last = machine.row(
        "SELECT actor_kind, actor_id, reason FROM audit_event WHERE outcome = 'allowed' ORDER BY number DESC"
    )
    assert last == ("system", "command-line", "revoked.replaced")
