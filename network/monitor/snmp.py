"""Messages as SNMP notifications: version 2c or 3, TRAP or INFORM, objects of deploy/monitoring/SAEGIM-MIB.txt."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    Integer32,
    NotificationType,
    ObjectIdentity,
    OctetString,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    send_notification,
    usmAesCfb128Protocol,
    usmHMAC192SHA256AuthProtocol,
)

from chain.clock import Clock
from network.monitor.alerts import Message
from network.monitor.errors import NotDelivered

RAISED, CLEARED = "1.0.1", "1.0.2"
OBJECTS: Mapping[str, str] = {
    "saegimAlertName": "1.1.1",
    "saegimAlertSeverity": "1.1.2",
    "saegimAlertIdentity": "1.1.3",
    "saegimAlertSource": "1.1.4",
    "saegimAlertSummaryKo": "1.1.5",
    "saegimAlertSummaryEn": "1.1.6",
    "saegimAlertSince": "1.1.7",
    "saegimAlertRunbook": "1.1.8",
}
"""Object of the MIB → its place below the enterprise, in the order in which a notification carries them."""

SEVERITIES: Mapping[str, int] = {"critical": 1, "warning": 2, "info": 3}
_OTHER = 4

_TIMEOUT, _RETRIES = 2.0, 2


@dataclass(frozen=True)
class SnmpUser:
    """Who speaks. Version 2c has a community, version 3 a user with two passphrases."""

    version: str
    name: str
    """Community, or user."""
    auth: str = ""
    privacy: str = ""

    def credentials(self) -> CommunityData | UsmUserData:
        """As pysnmp wants them."""
        if self.version == "2c":
            return CommunityData(self.name, mpModel=1)  # noqa: S508 - many control rooms know nothing newer
        return UsmUserData(
            self.name,
            authKey=self.auth,
            privKey=self.privacy,
            authProtocol=usmHMAC192SHA256AuthProtocol,
            privProtocol=usmAesCfb128Protocol,
        )


class SnmpChannel:
    """One receiver. Used from one thread; `inform` waits for its acknowledgement."""

    def __init__(
        self, target: str, user: SnmpUser, enterprise: int, clock: Clock, *, inform: bool, machine: str
    ) -> None:
        host, _, port = target.rpartition(":")
        self.name = f"snmp {target}"
        self._place, self._user, self._inform = (host, int(port)), user, inform
        self._root = f"1.3.6.1.4.1.{enterprise}"
        self._loop = asyncio.new_event_loop()
        self._engine = SnmpEngine(OctetString(engine_id(enterprise, machine)))
        self._start(clock)

    def _start(self, clock: Clock) -> None:
        """Number of boots: minutes since 1970. It grows with every start, as receivers demand, and needs no file."""
        (boots,) = self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineBoots")
        boots.syntax = boots.syntax.clone(int(clock().timestamp()) // 60)
        self.boots = int(boots.syntax)

    def send(self, message: Message) -> None:
        """Send one notification. Raises NotDelivered if it could not be sent or an INFORM was not acknowledged."""
        try:
            problem = self._loop.run_until_complete(self._send(message))
        except (PySnmpError, OSError) as error:
            raise NotDelivered(self.name, type(error).__name__) from error
        if problem:
            raise NotDelivered(self.name, problem)

    async def _send(self, message: Message) -> str:
        target = await UdpTransportTarget.create(self._place, timeout=_TIMEOUT, retries=_RETRIES)
        kind = f"{self._root}.{RAISED if message.raised else CLEARED}"
        notification = NotificationType(ObjectIdentity(kind)).add_varbinds(
            *((f"{self._root}.{place}", value) for place, value in self._values(message))
        )
        how = "inform" if self._inform else "trap"
        context = ContextData()
        answer = await send_notification(
            self._engine, self._user.credentials(), target, context, how, notification
        )
        return "not acknowledged" if answer[0] or answer[1] else ""

    def _values(self, message: Message) -> list[tuple[str, OctetString | Integer32]]:
        texts = {
            "saegimAlertName": message.name,
            "saegimAlertIdentity": message.identity,
            "saegimAlertSource": message.source,
            "saegimAlertSummaryKo": message.summary_ko,
            "saegimAlertSummaryEn": message.summary_en,
            "saegimAlertSince": message.since,
            "saegimAlertRunbook": message.runbook,
        }
        severity = Integer32(SEVERITIES.get(message.severity, _OTHER))
        return [
            (f"{place}.0", OctetString(_fitting(texts[name])) if name in texts else severity)
            for name, place in OBJECTS.items()
        ]

    def close(self) -> None:
        """End the engine and its loop."""
        self._engine.close_dispatcher()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))  # lets them take note
        self._loop.close()


def engine_id(enterprise: int, machine: str) -> bytes:
    """The relay's own SNMP engine id (RFC 3411, SnmpEngineID): the enterprise, format 5, and the machine's name."""
    head = (enterprise | 0x80000000).to_bytes(4, "big") + b"\x05"
    return head + hashlib.sha256(machine.encode()).digest()[:8]


def secret(path: Path | None, otherwise: str = "") -> str:
    """The one line of a secret's file. Raises OSError."""
    return otherwise if path is None else path.read_text(encoding="utf-8").strip()


def _fitting(text: str) -> bytes:
    """UTF-8, at most 255 bytes, never cut in the middle of a character."""
    return text.encode()[:255].decode("utf-8", "ignore").encode()
