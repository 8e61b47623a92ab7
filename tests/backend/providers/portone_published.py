"""What PortOne publishes of its identity verification (REST API V2, version 1.16.0, January 2026), in our own words.

For each object: its fields, `!` where required, and what they hold: `text`, `day`, `moment`, `flag`, a name of another
object, or the values there are. Nothing else is published, so nothing else may be sent or relied on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

OPERATORS: Final = ("SKT", "KT", "LGU", "SKT_MVNO", "KT_MVNO", "LGU_MVNO")

_COMMON: Final = {
    "id!": "text",
    "channel": "Channel",
    "customData": "text",
    "requestedAt!": "moment",
    "updatedAt!": "moment",
    "statusChangedAt!": "moment",
    "version!": ("V1", "V2"),
}

OBJECTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "READY": {**_COMMON, "status!": ("READY",), "requestedCustomer!": "Requested", "pgTxId": "text"},
    "FAILED": {
        **_COMMON,
        "status!": ("FAILED",),
        "requestedCustomer!": "Requested",
        "failure!": "Failure",
        "pgTxId": "text",
    },
    "VERIFIED": {
        **_COMMON,
        "status!": ("VERIFIED",),
        "verifiedCustomer!": "Customer",
        "verifiedAt!": "moment",
        "pgTxId!": "text",
        "pgRawResponse!": "text",
    },
    "Requested": {
        "id": "text",
        "name": "text",
        "phoneNumber": "text",
        "birthYear": "text",
        "birthMonth": "text",
        "birthDay": "text",
    },
    "Customer": {
        "id": "text",
        "name!": "text",
        "operator": OPERATORS,
        "phoneNumber": "text",
        "birthDate": "day",
        "gender": ("MALE", "FEMALE", "OTHER"),
        "isForeigner": "flag",
        "ci": "text",
        "di": "text",
    },
    "Failure": {"reason": "text", "pgCode": "text", "pgMessage": "text"},
    "Channel": {
        "type!": ("LIVE", "TEST"),
        "id": "text",
        "key": "text",
        "name": "text",
        "pgProvider!": "text",
        "pgMerchantId!": "text",
    },
    "Send": {
        "storeId": "text",
        "channelKey!": "text",
        "customer!": "SendCustomer",
        "customData": "text",
        "bypass": "object",
        "operator!": OPERATORS,
        "method!": ("SMS", "APP"),
    },
    "SendCustomer": {
        "id": "text",
        "name!": "text",
        "phoneNumber!": "text",
        "identityNumber": "text",
        "ipAddress!": "text",
    },
    "Confirm": {"storeId": "text", "otp": "text"},
    "Error": {"type!": "text", "message": "text"},
    "PgError": {"type!": ("PG_PROVIDER",), "message": "text", "pgCode!": "text", "pgMessage!": "text"},
}

ERRORS: Final[Mapping[str, int]] = {
    "INVALID_REQUEST": 400,
    "MAX_TRANSACTION_COUNT_REACHED": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "CHANNEL_NOT_FOUND": 404,
    "IDENTITY_VERIFICATION_NOT_FOUND": 404,
    "IDENTITY_VERIFICATION_NOT_SENT": 404,
    "IDENTITY_VERIFICATION_ALREADY_SENT": 409,
    "IDENTITY_VERIFICATION_ALREADY_VERIFIED": 409,
    "PG_PROVIDER": 502,
}
"""Error types and their statuses."""

# An answer as published, filled with a made-up person. CI: 88 characters.
EXAMPLE: Final[dict[str, Any]] = {
    "status": "VERIFIED",
    "id": "identity-verification-39ecfa97",
    "channel": {
        "type": "LIVE",
        "id": "channel-id-1",
        "key": "channel-key-1",
        "name": "danal",
        "pgProvider": "DANAL",
        "pgMerchantId": "A010002002",
    },
    "verifiedCustomer": {
        "id": "customer-1",
        "name": "가상환자01",
        "operator": "LGU_MVNO",
        "phoneNumber": "01000000000",
        "birthDate": "1999-02-28",
        "gender": "OTHER",
        "isForeigner": True,
        "ci": "A" * 86 + "==",
        "di": "B" * 64,
    },
    "customData": "{}",
    "requestedAt": "2026-11-24T02:59:00.123456789Z",
    "updatedAt": "2026-11-24T03:00:00Z",
    "statusChangedAt": "2026-11-24T12:00:00+09:00",
    "verifiedAt": "2026-11-24T12:00:00.123456789+09:00",
    "pgTxId": "202611240001",
    "pgRawResponse": "{}",
    "version": "V2",
}


def faults(value: Any, kind: Any, where: str = "") -> list[str]:
    """Where a value is not as published; empty: it is."""
    if isinstance(kind, tuple):
        return [] if value in kind else [f"{where}: {value!r}"]
    if kind in OBJECTS:
        return _object_faults(value, OBJECTS[kind], where)
    return [] if _holds(value, kind) else [f"{where}: no {kind}"]


def _object_faults(value: Any, fields: Mapping[str, Any], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    kinds = {name.rstrip("!"): kind for name, kind in fields.items()}
    found = [f"{where}.{name}: not published" for name in value if name not in kinds]
    found += [f"{where}.{n[:-1]}: missing" for n in fields if n.endswith("!") and n[:-1] not in value]
    for name, inner in value.items():
        found += faults(inner, kinds[name], f"{where}.{name}") if name in kinds else []
    return found


def _holds(value: Any, kind: str) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "object":
        return isinstance(value, dict)
    if not isinstance(value, str):
        return False
    try:
        if kind == "day":
            date.fromisoformat(value)
        if kind == "moment":
            return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
    return True
