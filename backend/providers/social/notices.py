"""Notices that a person disconnected their account at the provider's, or closed it there.

Kakao, "연결 해제 웹훅" (GET or POST, `Authorization: KakaoAK {admin key}`; app_id, user_id, referrer_type; wants 200
within three seconds whatever came of it). Naver, developers' guide 4.4 "연결 끊기 알림" (POST form; clientId,
encryptUniqueId, timestamp, signature; wants 204): the key is the MD5 of the client secret, the signature HMAC-SHA256,
the identifier AES-128-CBC. MD5 and CBC are Naver's choice, not ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from backend.providers.social.port import Notice, NoticeRefused

KAKAO_REASONS: Final = frozenset(
    {
        "ACCOUNT_DELETE",
        "FORCED_ACCOUNT_DELETE",
        "UNLINK_FROM_ADMIN",
        "UNLINK_FROM_APPS",
        "INCOMPLETE_SIGN_UP",
    }
)
TOLERANCE: Final = timedelta(minutes=5)
_KAKAO_USER: Final = re.compile(r"[0-9]{1,32}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_BLOCK: Final = 16
_LONGEST: Final = 512


def kakao(admin_key: str, app_id: str) -> Callable[[Notice, datetime], str]:
    """Reads Kakao's notices. There is no signature and no time: the admin key is all, and a replay finds no link."""

    def read(notice: Notice, now: datetime) -> str:
        given, fields = notice.authorization, notice.fields
        if not hmac.compare_digest(given.encode(), f"KakaoAK {admin_key}".encode()):
            raise NoticeRefused("kakao", "key")
        if fields.get("app_id") != app_id:
            raise NoticeRefused("kakao", "app")
        if fields.get("referrer_type") not in KAKAO_REASONS:
            raise NoticeRefused("kakao", "reason")
        user = fields.get("user_id", "")
        if _KAKAO_USER.fullmatch(user) is None:
            raise NoticeRefused("kakao", "user")
        return user

    return read


def naver(client_id: str, client_secret: str) -> Callable[[Notice, datetime], str]:
    """Reads Naver's notices."""
    key = hashlib.md5(client_secret.encode(), usedforsecurity=False).digest()

    def read(notice: Notice, now: datetime) -> str:
        fields = notice.fields
        sealed, stamp = fields.get("encryptUniqueId", ""), fields.get("timestamp", "")
        if fields.get("clientId") != client_id:
            raise NoticeRefused("naver", "client")
        text = f"clientId={client_id}&encryptUniqueId={sealed}&timestamp={stamp}"
        signature = _decoded(fields.get("signature", ""))
        if not hmac.compare_digest(signature, hmac.digest(key, text.encode(), "sha256")):
            raise NoticeRefused("naver", "signature")
        if not _timely(stamp, now):
            raise NoticeRefused("naver", "time")
        return _opened(_decoded(sealed), key)

    return read


def _timely(stamp: str, now: datetime) -> bool:
    if _SECONDS.fullmatch(stamp) is None:
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= TOLERANCE


def _opened(sealed: bytes, key: bytes) -> str:
    if len(sealed) < 2 * _BLOCK or len(sealed) % _BLOCK:
        raise NoticeRefused("naver", "identifier")
    decryptor = Cipher(AES128(key), CBC(sealed[:_BLOCK])).decryptor()
    unpadder = PKCS7(8 * _BLOCK).unpadder()
    try:
        padded = decryptor.update(sealed[_BLOCK:]) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode("ascii")
    except ValueError:
        raise NoticeRefused("naver", "identifier") from None


def _decoded(text: str) -> bytes:
    """Base64, either alphabet, with or without padding; empty for what is none."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    if len(plain) > _LONGEST:
        return b""
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
