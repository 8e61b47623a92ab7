"""The daily check: each day's health as a signed record, chained to the one before, so that none can be changed or
taken out of the middle unseen.

A record is a compact JWS (RFC 7515, ES256) in a file named after its Korean day. Its payload names the hash of the
record before; what the addresses answered is kept as they said it (they say nothing about anybody).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chain.clock import Clock
from chain.p256 import coordinates, kid_to_text, thumbprint
from network.monitor.errors import RecordRefused

TYPE = "saegim-daily-check+jws"
SUFFIX = ".jws"
_KOREA = timezone(timedelta(hours=9))
_PAGES = ("/readyz", "/health")
"""Oracle and backend answer the first, a watch agent the second."""
_TIMEOUT = 10.0
_LONGEST = 20_000


@dataclass(frozen=True)
class Checked:
    """What one address said. `status` is the HTTP status, 0 if nobody answered."""

    address: str
    status: int
    answer: Any

    @property
    def well(self) -> bool:
        """Answered, and without an alarm, a stage in trouble or a node that lags."""
        said = self.answer if isinstance(self.answer, dict) else {}
        troubled = bool(said.get("alarms")) or bool(said.get("problems"))
        return self.status == 200 and not troubled and said.get("node", "ok") == "ok"


@dataclass(frozen=True)
class Record:
    """One day's record, read and believed."""

    day: date
    sequence: int
    well: bool
    hash: str


def ask(address: str) -> Checked:
    """Ask one health address. Never raises: silence is a finding."""
    try:
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            for page in _PAGES:
                answer = client.get(f"{address.rstrip('/')}{page}")
                if answer.status_code != 404:
                    return Checked(address, answer.status_code, _content(answer))
    except httpx.HTTPError as error:
        return Checked(address, 0, type(error).__name__)
    return Checked(address, 404, None)


def _content(answer: httpx.Response) -> Any:
    if len(answer.content) > _LONGEST:
        return "too long"
    try:
        return answer.json()
    except ValueError:
        return "no JSON"


@dataclass(frozen=True)
class DailyChecks:
    """The records of one folder, signed by one key."""

    folder: Path
    key: ec.EllipticCurvePublicKey

    def verify(self) -> list[Record]:
        """Every record, oldest first. Raises RecordRefused at the first that is not to be believed."""
        found: list[Record] = []
        for path in self._paths():
            found.append(self._read(path, found[-1] if found else None))
        return found

    def missing(self, records: Sequence[Record]) -> list[date]:
        """Days between the first and the last record on which nobody checked."""
        days = {record.day for record in records}
        if not days:
            return []
        first, last = min(days), max(days)
        every = (first + timedelta(days=number) for number in range((last - first).days))
        return [day for day in every if day not in days]

    def add(
        self,
        key: ec.EllipticCurvePrivateKey,
        addresses: Sequence[str],
        clock: Clock,
        ask: Callable[[str], Checked] = ask,
    ) -> tuple[Record, list[Checked]]:
        """Check, and write today's record. Raises RecordRefused if there is one, or the chain so far is broken."""
        records = self.verify()
        now = clock()
        day = now.astimezone(_KOREA).date()
        if records and records[-1].day >= day:
            raise RecordRefused(day.isoformat(), "is there already; records are never replaced")
        checked = [ask(address) for address in addresses]
        before = records[-1] if records else None
        token = _sign(key, _payload(day, now, before, checked))
        self._write(day, token)
        return self._read(self._path(day), before), checked

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _path(self, day: date) -> Path:
        return self.folder / f"{day.isoformat()}{SUFFIX}"

    def _write(self, day: date, token: str) -> None:
        """On disk before it is spoken of, and never over another."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path(day), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, path: Path, before: Record | None) -> Record:
        token = path.read_text(encoding="ascii", errors="replace").strip()
        said = self._payload(path.stem, token)
        sequence = before.sequence + 1 if before else 1
        previous = before.hash if before else None
        for name, value in (("day", path.stem), ("sequence", sequence), ("previous", previous)):
            if said.get(name) != value:
                raise RecordRefused(path.stem, f"{name} does not follow from the record before")
        return Record(date.fromisoformat(path.stem), sequence, said.get("well") is True, _hash(token))

    def _payload(self, day: str, token: str) -> dict[str, Any]:
        try:
            date.fromisoformat(day)
            found = jws.deserialize_compact(token, _public(self.key), algorithms=["ES256"])
            said = json.loads(found.payload)
        except (JoseError, ValueError) as error:
            raise RecordRefused(day, "is not signed by this key") from error
        if found.headers().get("typ") != TYPE or not isinstance(said, dict):
            raise RecordRefused(day, "is no daily check")
        return said


def _payload(day: date, now: datetime, before: Record | None, checked: Sequence[Checked]) -> dict[str, Any]:
    return {
        "day": day.isoformat(),
        "at": now.isoformat(timespec="seconds"),
        "sequence": before.sequence + 1 if before else 1,
        "previous": before.hash if before else None,
        "well": all(each.well for each in checked),
        "checks": [
            {"address": each.address, "status": each.status, "well": each.well, "answer": each.answer}
            for each in checked
        ],
    }


def _sign(key: ec.EllipticCurvePrivateKey, payload: dict[str, Any]) -> str:
    kid = kid_to_text(thumbprint(*coordinates(key.public_key())))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    header = {"alg": "ES256", "typ": TYPE, "kid": kid}
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    return jws.serialize_compact(header, text.encode(), ECKey.import_key(pem))


def _public(key: ec.EllipticCurvePublicKey) -> ECKey:
    return ECKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
