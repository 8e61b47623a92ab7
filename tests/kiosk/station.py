"""A backend and what its staff do; a machine with its folder, its clock and its network."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import httpx
from backend_world import World

from backend.devices import administration
from backend.devices.administration import By
from backend.devices.kinds import DeviceKind
from chain.db import writing
from kiosk import pairing
from kiosk.client import DeviceClient
from kiosk.keys import FileKeys


class Site:
    """The backend, and what its staff do."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server

    def code(self, kind: str = "kiosk") -> str:
        services = self.world.services
        with writing(services.database) as session:
            made = administration.make_code(
                session,
                services.vault,
                By(),
                hospital=1,
                kind=DeviceKind(kind),
                name="키오스크 1",
                place="본관 1층",
                now=services.clock(),
            )
        return made.text


class Station:
    """One machine with its folder. `off`: how far its clock is ahead; `transport`: what lies between it and us."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.keys = FileKeys(folder)
        self.off = timedelta(0)
        self.transport: httpx.BaseTransport | None = None

    def clock(self) -> datetime:
        return self.site.world.clock() + self.off

    def pair(self, code: str | None = None, **how: object) -> None:
        pairing.pair(
            self.folder,
            self.keys,
            code or self.site.code(),
            self.site.server,
            clock=self.clock,
            transport=self.transport,
            **how,  # type: ignore[arg-type]
        )

    def client(self) -> DeviceClient:
        return pairing.connect(self.folder, self.keys, clock=self.clock, transport=self.transport)
