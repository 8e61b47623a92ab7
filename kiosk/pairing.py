"""A machine becomes a device: its key is made, the code is spent, what it is now is kept."""

from __future__ import annotations

from pathlib import Path

import httpx

from chain.clock import Clock, utc_now
from kiosk.answers import Myself
from kiosk.client import DeviceClient, origin_of
from kiosk.errors import CodeRefused, KeyRefused, NotPaired, Refused
from kiosk.keys import KeyStore
from kiosk.record import Pairing


def pair(
    folder: Path,
    keys: KeyStore,
    code: str,
    server: str,
    *,
    kind: str = "kiosk",
    new_key: bool = False,
    ca_file: str | None = None,
    clock: Clock = utc_now,
    transport: httpx.BaseTransport | None = None,
) -> Myself:
    """Pair this machine and keep the record of it.

    Where an earlier try was answered into the void, the backend knows the key already: then that pairing is kept.

    Args:
        new_key: leave the present key and its pairing, once this one has been paired.

    Raises:
        CodeRefused, KeyRefused, ServerUnsafe, BackendUnreachable, KeyUnusable.
    """
    origin = origin_of(server)
    fresh = keys.current() is not None and new_key
    key = keys.create_next() if fresh else keys.current() or keys.create()
    with DeviceClient(origin, key, kind=kind, clock=clock, ca_file=ca_file, transport=transport) as client:
        try:
            client.pair(code, kind)
            myself = client.myself()
        except (CodeRefused, KeyRefused) as refused:
            myself = _known(client, refused)
    if fresh:
        keys.promote()
    Pairing(origin, myself.device, myself.kind, myself.hospital, ca_file).save(folder)
    return myself


def _known(client: DeviceClient, refused: Refused) -> Myself:
    try:
        return client.myself()
    except Refused:
        raise refused from None


def connect(
    folder: Path,
    keys: KeyStore,
    *,
    clock: Clock = utc_now,
    transport: httpx.BaseTransport | None = None,
) -> DeviceClient:
    """A client for the pairing that was kept. Raises NotPaired, KeyUnusable."""
    known, key = Pairing.load(folder), keys.current()
    if key is None:
        raise NotPaired("the device's key is gone")
    return DeviceClient(
        known.server, key, kind=known.kind, clock=clock, ca_file=known.ca_file, transport=transport
    )
