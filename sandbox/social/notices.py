"""Tells a service of a disconnected account, as Kakao and Naver publish it; written apart from the service's reader."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from datetime import datetime

import httpx
from Crypto.Cipher import AES
from Crypto.Util.Padding import pad

from sandbox.social.state import Client, Provider


def headers_and_fields(
    provider: Provider, account: int, now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """What is sent for an account."""
    if provider.name == "kakao":
        fields = {
            "app_id": provider.client.app_id,
            "user_id": provider.subject(account),
            "referrer_type": "UNLINK_FROM_APPS",
        }
        return {"authorization": f"KakaoAK {provider.client.admin_key}"}, fields
    return {}, naver_fields(provider.client, provider.subject(account), int(now.timestamp()))


def naver_fields(client: Client, subject: str, stamp: int) -> dict[str, str]:
    """Naver's form: the identifier sealed, the whole signed."""
    key = hashlib.md5(client.client_secret.encode()).digest()[:16]  # noqa: S324 - as Naver publishes it
    initial = os.urandom(16)
    sealed = initial + AES.new(key, AES.MODE_CBC, initial).encrypt(pad(subject.encode(), 16))
    identifier = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    text = f"clientId={client.client_id}&encryptUniqueId={identifier}&timestamp={stamp}"
    mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return {
        "clientId": client.client_id,
        "encryptUniqueId": identifier,
        "timestamp": str(stamp),
        "signature": base64.urlsafe_b64encode(mac).rstrip(b"=").decode(),
    }


def tell(provider: Provider, account: int) -> str:
    """Send it; what came of it, for the page."""
    url = provider.client.notice_url
    if url is None:
        return "연결 끊기 알림을 받을 주소가 등록되어 있지 않습니다."
    headers, fields = headers_and_fields(provider, account, provider.clock())
    try:
        answer = httpx.post(url, data=fields, headers=headers, timeout=3.0, trust_env=False)
    except httpx.HTTPError as error:
        return f"서비스가 응답하지 않습니다: {type(error).__name__}"
    return f"서비스의 응답: {answer.status_code}"
