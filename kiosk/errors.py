"""What can go wrong between a device and the backend, by the mend it needs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class KioskError(Exception):
    """Base of the device's errors. `remedy`: what to do next, for whoever stands at the machine."""

    remedy: ClassVar[str] = "try again; if it stays, tell the information department"


class KeyUnusable(KioskError):
    """The device's key cannot be used. `path`: which file; `reason`: why."""

    remedy = "restore the file with mode 600, or make a new key with `pair --new-key` and a new code"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotPaired(KioskError):
    """The device has not been paired yet, or its record of it is gone."""

    remedy = "pair it: `python -m kiosk pair CODE --server URL`"


class ServerUnsafe(KioskError):
    """The server's address is no https address, and not on this machine either. `server`: it."""

    remedy = "use the https address that the hospital's pages have"

    def __init__(self, server: str) -> None:
        super().__init__(f"{server} is not an https address")
        self.server = server


class AuthorityUnusable(KioskError):
    """The file of the authority that vouches for the server cannot be read. `path`: it."""

    remedy = "give the PEM file of the hospital's authority with --ca"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} holds no certificate that can be read")
        self.path = path


class BackendUnreachable(KioskError):
    """No answer came, so nothing is known of what became of the request. `kind`: of the failure."""

    remedy = "check network and address; the request may be sent again"

    def __init__(self, kind: str) -> None:
        super().__init__(f"the backend does not answer ({kind})")
        self.kind = kind


class AnswerMalformed(KioskError):
    """Something answered that is not the backend. `status`: HTTP."""

    remedy = "check the address: something else answers there"

    def __init__(self, status: int) -> None:
        super().__init__(f"the answer (status {status}) is not the backend's")
        self.status = status


class Refused(KioskError):
    """The backend refused. `error`: its stable code; `status`: HTTP; `detail` and `advice`: its words for people."""

    def __init__(self, status: int, error: str, detail: str, advice: str) -> None:
        super().__init__(f"{error}: {detail} {advice}".strip())
        self.status = status
        self.error = error
        self.detail = detail
        self.advice = advice


class PairingLost(Refused):
    """The backend does not know this device or has revoked it: it must be paired anew, with a new key."""

    remedy = "get a code from the information department, then `pair CODE --server URL --new-key`"


class CodeRefused(Refused):
    """The pairing code is wrong, over, used, or for another kind of machine."""

    remedy = "get a new code from the information department"


class KeyRefused(Refused):
    """The key was paired before, or another took its place."""

    remedy = "make a new key: `pair CODE --server URL --new-key`"


class ClockWrong(Refused):
    """The machine's clock is off, and stayed so after the backend told the time. `offset`: seconds it is ahead."""

    remedy = "set the machine's clock (NTP)"

    def __init__(self, refused: Refused, offset: int) -> None:
        super().__init__(refused.status, refused.error, refused.detail, refused.advice)
        self.offset = offset


class AddressDiffers(Refused):
    """The backend knows itself by another address than the one this device uses."""

    remedy = "pair with the address that the backend names"


class TooOld(Refused):
    """This program is older than the backend answers."""

    remedy = "update the program"


class TooMany(Refused):
    """Too many requests. `retry_after`: seconds."""

    remedy = "wait a little"

    def __init__(self, refused: Refused, retry_after: int) -> None:
        super().__init__(refused.status, refused.error, refused.detail, refused.advice)
        self.retry_after = retry_after
