"""One member of the staff before the backend: their browser, their passkey, their number and code."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID, uuid4

from backend_world import World
from httpx import Response
from visitor import Browser

from backend.staff import sessions
from backend.staff.roles import Role
from chain.db import writing


class Colleague(Browser):
    """A `Browser` at the staff's door."""

    def __init__(self, world: World, role: Role, hospital: int = 1) -> None:
        super().__init__(world)
        self.number, self.role = f"STAFF-{uuid4().hex[:6]}", role
        with writing(world.services.database) as session:
            self.id, self.code = sessions.add(
                session, world.services.vault, self.number, role, hospital, world.clock()
            )

    def enrol(self, number: str | None = None, code: str | None = None) -> Response:
        """With number and code."""
        self.open("/staff/enrol")
        return self.send("/staff/enrol", number=number or self.number, code=code or self.code)

    def register(self, **wrong: Any) -> Response:
        """The passkey, after `enrol`."""
        self.open("/staff/enrol/passkey")
        options = self.ask("POST", "/staff/passkeys/options")
        assert options.status_code == 200, options.text
        for field, value in wrong.items():
            setattr(self.key, field, value)
        return self.ask("POST", "/staff/passkeys", {"answer": self.key.create(options.json())})

    def come_in(self) -> Self:
        assert self.enrol().status_code == 303
        assert self.register().status_code == 204
        assert self.open("/staff").status_code == 200
        return self

    def staff_sign_in(self, **wrong: Any) -> Response:
        """With the passkey; `wrong` changes the answer."""
        self.open("/staff/sign-in")
        options = self.ask("POST", "/staff/sign-in/options").json()
        for field, value in wrong.items():
            setattr(self.key, field, value)
        return self.ask("POST", "/staff/sign-in", {"answer": self.key.get(options)})

    def leave(self) -> None:
        self.open("/staff")
        assert self.send("/staff/sign-out").status_code == 303

    def break_glass(self, number: str = "MARKED-PATIENT-77", reason: str = "의식 없음, 응급실") -> Response:
        self.open("/staff/emergency")
        return self.send("/staff/emergency", number=number, reason=reason)

    def new_code(self) -> str:
        with writing(self.world.services.database) as session:
            return sessions.new_code(session, UUID(str(self.id)), self.world.clock())

    def end(self) -> None:
        with writing(self.world.services.database) as session:
            sessions.end(session, self.id, self.world.clock())
