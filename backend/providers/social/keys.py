"""A provider's signing keys (JWKS): kept for a day, fetched anew when a token names one that is not there.

Kakao asks its users not to fetch the list for each token; whoever sends tokens with made-up key names must not be able
to make us ask it without end, so it is fetched at most once a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from chain.clock import Clock

KEPT: Final = timedelta(days=1)
NOT_AGAIN: Final = timedelta(minutes=1)
_MOST_KEYS: Final = 50


class SigningKeys:
    """RSA keys by name. Thread-safe."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Clock) -> None:
        """fetch: the JWKS; what it raises comes out of `find`."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, RSAKey] = {}
        self._fetched: datetime | None = None

    def find(self, kid: str) -> RSAKey | None:
        """The key of this name, if the provider has it now."""
        with self._lock:
            now = self._clock()
            age = None if self._fetched is None else now - self._fetched
            if age is None or age > KEPT or (kid not in self._keys and age >= NOT_AGAIN):
                self._keys = _read(self._fetch())
                self._fetched = now
            return self._keys.get(kid)


def _read(jwks: Mapping[str, Any]) -> dict[str, RSAKey]:
    """Keys for signatures; those of other kinds, and broken ones, are left out."""
    listed = jwks.get("keys")
    found: dict[str, RSAKey] = {}
    for each in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(each, dict) or each.get("kty") != "RSA" or each.get("use", "sig") != "sig":
            continue
        kid = each.get("kid")
        try:
            key = RSAKey.import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(kid, str) and not key.is_private:
            found[kid] = key
    return found
