"""One browser before the backend: keeps cookies, sends form tokens, has an authenticator."""

from __future__ import annotations

import re
from typing import Any

from backend_world import World
from fastapi.testclient import TestClient
from httpx import Response

from sandbox.soft_key import SoftKey

SITE = "http://testserver"
REQUIRED = ["terms", "privacy", "health"]
PHONE = {"name": "가상환자01", "birth": "9001012", "operator": "SKT", "method": "SMS"}


class Browser:
    """A person's browser. `key`: their telephone."""

    def __init__(self, world: World) -> None:
        self.client = TestClient(world.app, raise_server_exceptions=False, follow_redirects=False)
        self.world = world
        self.key = SoftKey(SITE, "testserver")
        self.token = ""

    def open(self, path: str, **options: Any) -> Response:
        """A page; its form token is kept for the next form."""
        answer = self.client.get(path, **options)
        assert answer.status_code < 500, answer.text
        if found := re.search(r'name="form_token" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    def send(self, path: str, **fields: Any) -> Response:
        """A form."""
        return self.client.post(path, data={"form_token": self.token, **fields})

    def ask(self, method: str, path: str, body: Any = None) -> Response:
        """The API, as a page's script does."""
        headers = {"x-form-token": self.token}
        return self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    # --- whole ways

    def sign_up(self, phone: str = "01000000001", **wish: Any) -> Response:
        """By telephone, from the form to the end; the last answer."""
        self.open("/sign-up")
        sent = self.send("/sign-up", **{"consent": REQUIRED, "hospital": ["1"], **wish})
        assert sent.status_code == 303, sent.text
        step = sent.headers["location"]
        self.open(step)
        assert self.send(step, phone=phone, **PHONE).status_code == 303
        self.open(f"{step}/confirm")
        return self.send(f"{step}/confirm", otp=self.world.agency.otp)

    def add_passkey(self, name: str = "내 휴대전화") -> Response:
        """Register this browser's authenticator."""
        self.open("/me/devices")
        options = self.ask("POST", "/me/passkeys/options").json()
        return self.ask("POST", "/me/passkeys", {"answer": self.key.create(options), "name": name})

    def sign_in(self, **wrong: Any) -> Response:
        """With the authenticator; `wrong` changes the answer."""
        self.open("/sign-in")
        options = self.ask("POST", "/sign-in/options").json()
        for field, value in wrong.items():
            setattr(self.key, field, value)
        return self.ask("POST", "/sign-in", {"answer": self.key.get(options)})

    def sign_out(self) -> None:
        self.open("/me/devices")
        assert self.send("/sign-out").status_code == 303
