"""A new key in place of the present one, so that neither a lost answer nor a power cut leaves the device outside."""

from __future__ import annotations

from kiosk.client import DeviceClient
from kiosk.keys import KeyStore


def rotate(client: DeviceClient, keys: KeyStore) -> None:
    """Make a new key, have the backend take it, use it.

    The new key is kept first. Whatever stops this half way is mended by `finish`: the backend knows either key, and
    both are at hand until it has been found to know the new one.
    """
    client.rotate(keys.next() or keys.create_next())
    keys.promote()


def finish(client: DeviceClient, keys: KeyStore) -> None:
    """Finish a change of keys that was stopped half way, if there was one. At the start of every process."""
    if keys.next() is not None:
        rotate(client, keys)
