"""Errors of the devices. Each tells the machine, by its name, which mend it needs; docs/devices.md has the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from backend.errors import NotFound, SaegimError, Unauthenticated
from backend.web.i18n import N_


class DeviceRefused(Unauthenticated):
    """A request that no device of ours has proved to be its own. `reason`: the log's code."""

    reason: ClassVar[str] = "refused"

    @property
    def headers(self) -> Mapping[str, str]:
        """RFC 9110 section 11.6.1: how to come in."""
        return {"www-authenticate": f'Device error="{self.code}"'}


class ProofMissing(DeviceRefused):
    """No `Authorization: Device …`."""

    reason = "proof-missing"
    message = N_("기기의 서명이 없습니다.")
    remedy = N_("등록된 기기에서 요청해 주세요.")


class ProofMalformed(DeviceRefused):
    """No proof of this form, or its signature does not hold. `part`: what of it."""

    reason = "proof-malformed"
    message = N_("기기의 서명을 확인하지 못했습니다. (%(part)s)")
    remedy = N_("기기 프로그램을 업데이트해 주세요. 계속되면 기기를 다시 등록해 주세요.")


class DeviceUnknown(DeviceRefused):
    """No device has this key."""

    reason = "key-unknown"
    message = N_("등록되지 않은 기기입니다.")
    remedy = N_("정보 부서에서 등록 코드를 받아 기기를 등록해 주세요.")


class DeviceRevoked(DeviceRefused):
    """The device was revoked."""

    reason = "device-revoked"
    message = N_("등록이 해지된 기기입니다.")
    remedy = N_("다시 쓰려면 기기에서 새 키를 만들고 정보 부서에서 등록 코드를 받아 주세요.")


class KeyReplaced(DeviceRefused):
    """The device has another key by now."""

    reason = "key-replaced"
    message = N_("더 이상 쓰지 않는 키로 서명했습니다.")
    remedy = N_("기기에 보관된 새 키로 다시 요청해 주세요.")


class ProofStale(DeviceRefused):
    """The proof was made too long ago or in the future. The answer carries our time, to mend the clock by."""

    reason = "proof-stale"
    message = N_("기기의 시계가 서버와 %(seconds)s초 다릅니다. 서버 시각: %(time)s")
    remedy = N_("기기의 시계를 맞춘 뒤 다시 시도해 주세요.")

    def __init__(self, *, seconds: int, time: str, epoch: int) -> None:
        """`seconds`: how far the proof is ahead of us; `epoch`: our time in seconds since 1970."""
        super().__init__(seconds=seconds, time=time)
        self.epoch = epoch

    @property
    def headers(self) -> Mapping[str, str]:
        return {**super().headers, "saegim-time": str(self.epoch)}


class ProofReplayed(DeviceRefused):
    """The proof was used before."""

    reason = "proof-replayed"
    message = N_("이미 사용한 서명입니다.")
    remedy = N_("요청마다 새로 서명해 주세요.")


class ProofForAnotherAddress(DeviceRefused):
    """The proof was made for another address."""

    reason = "proof-other-address"
    message = N_("다른 주소를 위한 서명입니다.")
    remedy = N_("기기에 설정한 서버 주소가 %(server)s 인지 확인해 주세요.")


class ProofForAnotherMethod(DeviceRefused):
    """The proof was made for another method."""

    reason = "proof-other-method"
    message = N_("다른 방법의 요청을 위한 서명입니다.")
    remedy = N_("요청마다 새로 서명해 주세요.")


class ProofForAnotherBody(DeviceRefused):
    """The proof was made for another body."""

    reason = "proof-other-body"
    message = N_("다른 내용을 위한 서명입니다.")
    remedy = N_("보내는 내용 그대로를 서명해 주세요. 중간에서 내용이 바뀌었을 수 있습니다.")


# --- pairing


class CodeWrong(DeviceRefused):
    """No code that waits is this one. Whether another begins like it is not said."""

    reason = "code-wrong"
    message = N_("등록 코드가 맞지 않습니다.")
    remedy = N_("코드를 다시 확인해 주세요. 몇 번 틀리면 코드를 새로 받아야 합니다.")


class CodeExpired(DeviceRefused):
    """The ten minutes are over."""

    reason = "code-expired"
    message = N_("등록 코드의 시간이 지났습니다.")
    remedy = N_("정보 부서에서 새 코드를 받아 주세요. 코드는 10분 동안 쓸 수 있습니다.")


class CodeUsed(DeviceRefused):
    """A device was paired with it."""

    reason = "code-used"
    message = N_("이미 사용한 등록 코드입니다.")
    remedy = N_("이 기기가 쓴 것이 아니라면 정보 부서에 바로 알리고 새 코드를 받아 주세요.")


class CodeEnded(DeviceRefused):
    """It was withdrawn, or tried wrongly too often."""

    reason = "code-ended"
    message = N_("취소되었거나 여러 번 틀려 끝난 등록 코드입니다.")
    remedy = N_("정보 부서에서 새 코드를 받아 주세요.")


class CodeForAnotherKind(SaegimError):
    """The code is for a machine of another kind; it stays as it is."""

    status = 409
    message = N_("다른 종류의 기기를 위한 등록 코드입니다. (%(kind)s)")
    remedy = N_("맞는 종류의 기기에서 쓰거나 정보 부서에서 새 코드를 받아 주세요.")


class KeyAlreadyPaired(SaegimError):
    """A key is paired once, whatever became of its device."""

    status = 409
    message = N_("이미 등록된 적이 있는 키입니다.")
    remedy = N_("기기에서 새 키를 만들어 주세요. 다른 기기의 키를 옮겨 쓸 수 없습니다.")


# --- the staff's side


class DeviceNotFound(NotFound):
    """No such device or code, or another hospital's."""


class DescriptionMissing(SaegimError):
    """A device without name or place cannot be found when it must be."""

    status = 422
    message = N_("기기의 이름과 놓인 곳을 적어 주세요.")
    remedy = N_("이름은 40자, 놓인 곳은 60자까지 적을 수 있습니다.")


class AlreadyRevoked(SaegimError):
    """The device was revoked before."""

    status = 409
    message = N_("이미 해지된 기기입니다.")
    remedy = N_("기기 목록을 새로 열어 주세요.")
