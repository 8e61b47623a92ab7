"""Verifications and errors as PortOne's REST API (version 1.16) writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.identity.state import Refusal, Verification


def verification(found: Verification, *, channel_key: str, live: bool) -> dict[str, Any]:
    """IdentityVerification: one of three forms by its status."""
    whole: dict[str, Any] = {
        "status": found.status,
        "id": found.id,
        "channel": _channel(channel_key, live),
        "requestedAt": moment(found.requested_at),
        "updatedAt": moment(found.changed_at),
        "statusChangedAt": moment(found.changed_at),
        "pgTxId": found.tx_id,
        "version": "V2",
    }
    if found.custom_data is not None:
        whole["customData"] = found.custom_data
    if found.status == "VERIFIED":
        return whole | _verified(found)
    whole["requestedCustomer"] = _requested(found)
    if found.failure is not None:
        reason, code, message = found.failure
        whole["failure"] = {"reason": reason, "pgCode": code, "pgMessage": message}
    return whole


def error(refusal: Refusal) -> dict[str, Any]:
    """An error's body: `type`, and what the agency behind said."""
    body: dict[str, Any] = {"type": refusal.type, "message": "sandbox"}
    if refusal.pg is not None:
        body["pgCode"], body["pgMessage"] = refusal.pg
    return body


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with nanoseconds, as PortOne answers."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def _verified(found: Verification) -> dict[str, Any]:
    who = found.person
    assert who is not None
    customer = {
        "name": who.name,
        "operator": who.operator,
        "phoneNumber": who.phone,
        "birthDate": who.birth.isoformat(),
        "gender": who.gender,
        "isForeigner": who.foreigner,
        "ci": who.ci,
        "di": who.di,
    }
    return {
        "verifiedCustomer": customer,
        "verifiedAt": moment(found.changed_at),
        "pgRawResponse": '{"RETURNCODE":"0000"}',
    }


def _requested(found: Verification) -> dict[str, str]:
    customer = found.customer or {}
    return {name: customer[name] for name in ("id", "name", "phoneNumber") if name in customer}


def _channel(key: str, live: bool) -> dict[str, str]:
    return {
        "type": "LIVE" if live else "TEST",
        "id": "channel-id-sandbox",
        "key": key,
        "name": "sandbox",
        "pgProvider": "DANAL",
        "pgMerchantId": "sandbox",
    }
