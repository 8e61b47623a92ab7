"""Verifications in memory, from asked-for to verified or failed. One per identifier; a verified one stays as it is."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from chain.clock import Clock
from sandbox.people import Person, person

LIFETIME: Final = timedelta(minutes=5)
_MOST_WRONG: Final = 5


class Mode(StrEnum):
    """What the telephone does by itself."""

    MANUAL = "manual"
    CONFIRM = "confirm"
    FAIL = "fail"
    EXPIRE = "expire"


class Refusal(Exception):
    """An error of the published protocol. `type`, `status`; pg: code and message of the agency behind PortOne."""

    def __init__(self, kind: str, status: int, pg: tuple[str, str] | None = None) -> None:
        self.type, self.status, self.pg = kind, status, pg
        super().__init__(kind)


@dataclass
class Verification:
    """One verification. customer: who was named in the request, if by API; person: who was verified."""

    id: str
    requested_at: datetime
    changed_at: datetime
    status: str = "READY"
    customer: dict[str, str] | None = None
    custom_data: str | None = None
    method: str | None = None
    person: Person | None = None
    approved: bool = False
    wrong: int = 0
    failure: tuple[str, str, str] | None = None

    @property
    def otp(self) -> str:
        """Six digits, made from the identifier; the telephone shows them."""
        return f"{int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 1_000_000:06d}"

    @property
    def tx_id(self) -> str:
        """The agency's own number."""
        return hashlib.sha256(b"tx" + self.id.encode()).hexdigest()[:32]


class Agency:
    """All verifications. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self.mode = Mode.MANUAL
        self.automatic_person = 1
        self._clock = clock
        self._lock = threading.RLock()
        self._all: dict[str, Verification] = {}

    def find(self, identifier: str) -> Verification:
        """The verification; one that nobody finished in time has failed. Raises Refusal."""
        with self._lock:
            found = self._all.get(identifier)
            if found is None:
                raise Refusal("IDENTITY_VERIFICATION_NOT_FOUND", 404)
            if found.status == "READY" and self._clock() > found.requested_at + LIFETIME:
                self._fail(found, "EXPIRED", "인증 시간이 지났습니다")
            return found

    def waiting(self) -> list[Verification]:
        """What the telephone has on its screen, newest first."""
        with self._lock:
            found = [self.find(name) for name in list(self._all)]
        return [each for each in reversed(found) if each.status == "READY"]

    def open_window(self, identifier: str) -> Verification:
        """The window opens. A failed one may be tried again, a verified one not. Raises Refusal."""
        with self._lock:
            opened = self._begin(identifier)
            if self.mode is Mode.CONFIRM:
                self._verify(opened, person(self.automatic_person))
            elif self.mode is Mode.FAIL:
                self._fail(opened, "CANCELED", "사용자가 취소했습니다")
            elif self.mode is Mode.EXPIRE:
                self._fail(opened, "EXPIRED", "인증 시간이 지났습니다")
            return opened

    def send(self, identifier: str, customer: dict[str, str], method: str, data: str | None) -> None:
        """Send the push or the text message to a person who exists. Raises Refusal."""
        with self._lock:
            before = self._all.get(identifier)
            if before is not None and before.status == "READY" and before.method is not None:
                raise Refusal("IDENTITY_VERIFICATION_ALREADY_SENT", 409)
            if method == "SMS" and len(customer.get("identityNumber", "")) != 7:
                raise Refusal("INVALID_REQUEST", 400)
            named = _named(customer)
            if named is None:
                raise Refusal("PG_PROVIDER", 502, ("M012", "가입 정보와 일치하지 않습니다"))
            sent = self._begin(identifier)
            sent.customer, sent.method, sent.custom_data, sent.person = customer, method, data, named
            sent.approved = self.mode is Mode.CONFIRM
            if self.mode in (Mode.FAIL, Mode.EXPIRE):
                self._fail(sent, "EXPIRED" if self.mode is Mode.EXPIRE else "CANCELED", "인증되지 않았습니다")

    def resend(self, identifier: str) -> None:
        """Send the text message again. Raises Refusal."""
        with self._lock:
            found = self._sent(identifier)
            if found.method != "SMS":
                raise Refusal("INVALID_REQUEST", 400)

    def confirm(self, identifier: str, otp: str | None) -> Verification:
        """The person says it is done. Raises Refusal."""
        with self._lock:
            found = self._sent(identifier)
            if found.status == "FAILED":
                raise Refusal("PG_PROVIDER", 502, (found.failure or ("", "FAILED", ""))[1:])
            if found.method == "APP" and not found.approved:
                raise Refusal("PG_PROVIDER", 502, ("M020", "앱에서 인증을 마쳐 주세요"))
            if found.method == "SMS" and otp != found.otp:
                self._wrong(found)
            assert found.person is not None
            self._verify(found, found.person)
            return found

    def approve(self, identifier: str, who: Person) -> Verification:
        """The tester confirms on the telephone or in the window. Raises Refusal."""
        with self._lock:
            found = self.find(identifier)
            if found.status != "READY":
                raise Refusal("INVALID_REQUEST", 400)
            if found.method is None:
                self._verify(found, who)
            else:
                found.approved = True
            return found

    def decline(self, identifier: str, code: str, why: str) -> Verification:
        """The tester says no. Raises Refusal."""
        with self._lock:
            found = self.find(identifier)
            if found.status != "READY":
                raise Refusal("INVALID_REQUEST", 400)
            self._fail(found, code, why)
            return found

    def _begin(self, identifier: str) -> Verification:
        before = self._all.get(identifier)
        if before is not None and before.status == "VERIFIED":
            raise Refusal("IDENTITY_VERIFICATION_ALREADY_VERIFIED", 409)
        now = self._clock()
        self._all[identifier] = Verification(identifier, now, now)
        return self._all[identifier]

    def _sent(self, identifier: str) -> Verification:
        found = self.find(identifier)
        if found.status == "VERIFIED":
            raise Refusal("IDENTITY_VERIFICATION_ALREADY_VERIFIED", 409)
        if found.method is None:
            raise Refusal("IDENTITY_VERIFICATION_NOT_SENT", 404)
        return found

    def _wrong(self, found: Verification) -> None:
        found.wrong += 1
        if found.wrong >= _MOST_WRONG:
            self._fail(found, "M031", "인증번호를 여러 번 틀렸습니다")
        raise Refusal("PG_PROVIDER", 502, ("M030", "인증번호가 다릅니다"))

    def _verify(self, found: Verification, who: Person) -> None:
        found.status, found.person, found.changed_at = "VERIFIED", who, self._clock()

    def _fail(self, found: Verification, code: str, message: str) -> None:
        found.status, found.changed_at = "FAILED", self._clock()
        found.failure = ("FAILURE", code, message)


def _named(customer: dict[str, str]) -> Person | None:
    """The person with this telephone, if the name and the front of the number are theirs."""
    phone = customer.get("phoneNumber", "")
    if not phone.startswith("0100000") or len(phone) != 11 or not phone[7:].isdigit() or int(phone[7:]) < 1:
        return None
    found = person(int(phone[7:]))
    front = customer.get("identityNumber")
    same = found.name == customer.get("name") and (front is None or front == found.resident[:7])
    return found if same else None
