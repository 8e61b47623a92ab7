"""Patients at the API, in a process of their own: `python -m bench.api_load PLAN.json` prints what they saw.

A closed loop: each user does one thing, waits for the answer, thinks, does the next. Think times are drawn from an
exponential distribution, so that the load offered is users / (think time + time to answer).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.soft_key import SoftKey

MIX = {
    "my records": 30,
    "one document, checked": 15,
    "its bundle": 10,
    "accesses": 10,
    "family": 10,
    "rename a device": 5,
    "verify a bundle": 10,
    "follow a share link": 5,
    "sign in": 5,
}
"""What is done, by weight. "sign in" is a ceremony of two requests; renaming opens the page of devices first."""
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_LONGEST = 60.0


class Seen:
    """Seconds by kind, and what went wrong by kind."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: dict[str, int] = defaultdict(int)
        self.counting = False

    def note(self, kind: str, seconds: float, problem: str | None) -> None:
        if self.counting:
            self.seconds[kind].append(seconds)
            if problem is not None:
                self.errors[f"{kind}: {problem}"] += 1


class User:
    """One person at their browser, whose requests fall on the processes in turn."""

    def __init__(self, plan: dict[str, Any], seed: dict[str, Any], number: int, seen: Seen) -> None:
        self.seen, self.seed, self.site = seen, seed, plan["site"]
        self.turn = count(number)
        self.urls: list[str] = plan["urls"]
        # Everybody at their own address, as a reverse proxy on this machine would say: limits count by address.
        address = f"198.18.{number // 250}.{number % 250 + 1}"
        headers = {"origin": self.site, "x-forwarded-for": address}
        self.client = httpx.AsyncClient(timeout=_LONGEST, headers=headers)
        private = load_pem_private_key(seed["private"].encode(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        self.key = SoftKey(
            self.site, "localhost", key=private, credential_id=bytes.fromhex(seed["credential"])
        )
        self.key.user = UUID(seed["person"]).bytes
        self.random = random.Random(number)
        self.token, self.bundle = "", b""
        self.acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "my records": lambda: self.ask("my records", "GET", "/api/v1/me/documents"),
            "one document, checked": lambda: self.ask("one document, checked", "GET", self._document()),
            "its bundle": self.fetch_bundle,
            "accesses": lambda: self.ask("accesses", "GET", "/api/v1/me/accesses"),
            "family": lambda: self.ask("family", "GET", "/api/v1/me/family"),
            "rename a device": self.rename,
            "verify a bundle": self.verify,
            "follow a share link": lambda: self.ask("follow a share link", "GET", seed["link"]),
            "sign in": self.sign_in,
        }

    def _document(self) -> str:
        return f"/me/documents/{self.random.choice(self.seed['documents'])}"

    async def ask(
        self, kind: str, method: str, path: str, expected: int = 200, **more: Any
    ) -> httpx.Response:
        url = self.urls[next(self.turn) % len(self.urls)]
        headers = {"x-form-token": self.token, **more.pop("headers", {})}
        started = time.perf_counter()
        try:
            answer = await self.client.request(method, url + path, headers=headers, **more)
        except httpx.HTTPError as error:
            self.seen.note(kind, time.perf_counter() - started, type(error).__name__)
            return httpx.Response(599)
        problem = None if answer.status_code == expected else str(answer.status_code)
        self.seen.note(kind, time.perf_counter() - started, problem)
        if found := _TOKEN.search(answer.text) if "html" in answer.headers.get("content-type", "") else None:
            self.token = found[1]
        return answer

    async def sign_in(self) -> None:
        self.client.cookies.clear()
        await self.ask("a page", "GET", "/sign-in")
        options = await self.ask("sign in: options", "POST", "/api/v1/sign-in/options")
        if options.status_code == 200:
            answer = {"answer": self.key.get(options.json())}
            await self.ask("sign in", "POST", "/api/v1/sign-in", json=answer)

    async def rename(self) -> None:
        await self.ask("a page", "GET", "/me/devices")
        name = {"name": f"전화 {self.random.randrange(100)}"}
        await self.ask("rename a device", "PATCH", f"/api/v1/me/passkeys/{self.seed['passkey']}", json=name)

    async def fetch_bundle(self) -> None:
        answer = await self.ask("its bundle", "GET", f"{self._document()}/bundle")
        self.bundle = answer.content if answer.status_code == 200 else self.bundle

    async def verify(self) -> None:
        if not self.bundle:
            await self.fetch_bundle()
        kind = {"content-type": "application/vnd.saegim.proof+cbor"}
        await self.ask("verify a bundle", "POST", "/api/v1/verifications", content=self.bundle, headers=kind)

    async def play(self, think: float, until: float) -> None:
        await asyncio.sleep(self.random.uniform(0, think))
        await self.sign_in()
        while time.monotonic() < until:
            await asyncio.sleep(self.random.expovariate(1 / think))
            await self.acts[self.random.choices(list(MIX), list(MIX.values()))[0]]()
        await self.client.aclose()


class BareUser(User):
    """Asks the comparison for its one answer."""

    async def play(self, think: float, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(self.random.expovariate(1 / think))
            await self.ask("bare", "GET", "/")
        await self.client.aclose()


async def play(plan: dict[str, Any]) -> dict[str, Any]:
    """Everybody at once; what they saw after the first `warm` seconds."""
    seen, kind = Seen(), BareUser if plan["bare"] else User
    users = [kind(plan, seed, number, seen) for number, seed in enumerate(plan["users"])]
    began = time.monotonic()
    until = began + plan["warm"] + plan["seconds"]
    playing = [asyncio.create_task(user.play(plan["think"], until)) for user in users]
    await asyncio.sleep(plan["warm"])
    seen.counting, started = True, time.monotonic()
    await asyncio.sleep(plan["seconds"])
    seen.counting, spent = False, time.monotonic() - started
    await asyncio.gather(*playing)
    return {"seconds": spent, "taken": seen.seconds, "errors": seen.errors}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(json.loads(Path(sys.argv[1]).read_text("utf-8"))))))
