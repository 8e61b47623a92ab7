"""CI (연계정보) as a look-up key: the same person is found again, and nobody can be recognised by what is stored."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

CI_LENGTH: Final = 88
_CI_BYTES: Final = 64
_KEY_BYTES: Final = 32
_DOMAIN: Final = b"saegim/ci/v1\x00"


class CiInvalid(Exception):
    """Not 88 characters of Base64 for 64 bytes. The value is not repeated."""


class LookupKeyInvalid(Exception):
    """The key has fewer than 32 bytes."""


def is_ci(text: str) -> bool:
    """88 characters of standard Base64 that hold 64 bytes."""
    if len(text) != CI_LENGTH:
        return False
    try:
        return len(base64.b64decode(text, validate=True)) == _CI_BYTES
    except (binascii.Error, ValueError):
        return False


def ci_lookup(ci: str, key: bytes) -> str:
    """HMAC-SHA256 of a CI under the institution's own key, as 64 hexadecimal digits: what is stored and searched.

    Keyed, because a CI is the same at every service of the country: a plain hash could be looked up in any leak.

    Raises CiInvalid, LookupKeyInvalid.
    """
    if len(key) < _KEY_BYTES:
        raise LookupKeyInvalid(f"the key needs {_KEY_BYTES} random bytes")
    if not is_ci(ci):
        raise CiInvalid("not a CI: 88 characters of Base64 are expected")
    return hmac.digest(key, _DOMAIN + ci.encode("ascii"), "sha256").hex()
