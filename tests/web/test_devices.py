"""The pages of the hospital's devices in a real browser: a code is made, after a fresh proof; a device is looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from backend_world import World

from backend.staff.roles import Role
from tests.web.test_staff import BOTH, come_in, confirm_presence, later, looked_at, unexpected

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "devices"))

from machine import Machine

pytestmark = pytest.mark.web
__all__ = ["later"]

Site = tuple[World, str]


@BOTH
def test_a_code_is_made_by_whoever_proves_to_be_there(
    visitor: Callable[..., Any],
    site: Site,
    later: Callable[[timedelta], None],
    size: str,
    language: str,
) -> None:
    world, _ = site
    machine, gone = Machine(world), Machine(world)
    for each in (machine, gone):
        assert each.pair().status_code == 201
    machine.beat(paper="low", condition="fault", clockOffset=-7_200)
    gone.revoke()
    keeper = come_in(visitor, world, Role.INFORMATION, size, language)
    page = keeper.page
    page.click("a[href='/staff/devices']")
    page.click("summary")
    looked_at(keeper, "staff-devices", language)
    page.click("a[href='/staff/devices/new']")
    page.select_option("#kind", "board")
    page.fill("#name", "전광판 2")
    page.fill("#place", "본관 1층 원무과 앞")
    looked_at(keeper, "staff-device-new", language)
    later(timedelta(minutes=6))
    page.click("form[action='/staff/devices/new'] button")
    page.wait_for_selector("form[data-kind=get]")
    confirm_presence(keeper)
    page.wait_for_selector("form[data-passkey] [role=status]")
    assert (page.input_value("#kind"), page.input_value("#name")) == ("board", "전광판 2")
    page.click("form[action='/staff/devices/new'] button")
    code = page.text_content("output")
    looked_at(keeper, "staff-device-code", language)
    board = Machine(world)
    assert board.pair(code, kind="board").json()["name"] == "전광판 2"
    keeper.go(f"/staff/devices/{machine.id}", language)
    looked_at(keeper, "staff-device", language)
    page.select_option("#reason", "retired")
    page.click("form[action$='/revoke'] button")
    page.wait_for_function("!document.querySelector('#reason')")
    assert machine.whoami().json()["error"] == "DeviceRevoked"
    assert unexpected(keeper, "403") == []
    assert keeper.foreign == []
