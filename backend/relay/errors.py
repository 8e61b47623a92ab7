"""How asking the relay ends when it does not end well. Codes and field names only, never a value of a person.

Each is also what a person may be told (`backend.errors.SaegimError`): an endpoint that lets one pass answers with a
page that says what to do. The exception's own text is for operators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.errors import SaegimError
from backend.web.i18n import N_


class RelayError(SaegimError):
    """Base of what the relay's client raises. text: for operators."""

    status = 503
    message = N_("병원 시스템에 물어보지 못했습니다.")
    remedy = N_("원무과 창구나 대표전화로 문의해 주세요. 아무것도 바뀌지 않았습니다.")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        return self.text


class RelayUnavailable(RelayError):
    """The relay or the hospital system behind it does not answer now; the same may be asked again later.

    cause: why, as a code.
    """

    status = 503
    message = N_("지금은 병원 시스템이 응답하지 않습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 급하면 원무과 창구나 대표전화로 문의해 주세요.")

    def __init__(self, operation: str, cause: str, *, wait: int = 30) -> None:
        self.operation = operation
        self.cause = cause
        self.wait = wait
        super().__init__(f"relay: {operation}: no answer now ({cause}); ask again later")

    @property
    def headers(self) -> Mapping[str, str]:
        """When it makes sense to come back, in seconds."""
        return {"retry-after": str(self.wait)}


class RelayRefused(RelayError):
    """The relay answered and refused. refusal: the relay's code; reason: more of it, or empty. Asking again does not
    help."""

    def __init__(self, operation: str, refusal: str, reason: str = "") -> None:
        self.operation = operation
        self.refusal = refusal
        self.reason = reason
        super().__init__(f"relay: {operation}: refused, {refusal}{f' ({reason})' if reason else ''}")


class NotOffered(RelayRefused):
    """This hospital's system does not offer what was asked."""

    status = 501
    message = N_("이 병원의 시스템은 아직 이 기능을 제공하지 않습니다.")
    remedy = N_("원무과 창구나 대표전화에서 같은 일을 하실 수 있습니다.")

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "not-offered")


class TooMuchAsked(RelayRefused):
    """There is more than an answer takes; a shorter period helps."""

    status = 413
    message = N_("한 번에 보여 드릴 수 있는 것보다 많습니다.")
    remedy = N_("기간을 줄여 다시 찾아 주세요.")

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "too-many-rows")


class RequestReused(RelayRefused):
    """A request number registered somebody else before; a new request needs a new one."""

    status = 409

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "request-reused")


class IdentityDiffers(RelayError):
    """The hospital has somebody else under this registration number. fields: which of name, birth_date, sex differ."""

    status = 409
    message = N_("병원에 등록된 분과 본인확인 내용이 다릅니다.")
    remedy = N_("신분증을 가지고 원무과 창구에서 확인해 주세요.")

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"the hospital's record differs in: {', '.join(self.fields)}")


class SeveralNumbers(RelayError):
    """The hospital has one person under several numbers (이중등록). count: how many."""

    status = 409
    message = N_("병원에 같은 분의 등록번호가 여러 개 있습니다.")
    remedy = N_("원무과 창구에서 등록번호를 하나로 합쳐 주세요.")

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"the hospital has {count} registration numbers of this person")


class PatientUnknown(RelayError):
    """The hospital knows no such registration number."""

    status = 404
    message = N_("병원에 없는 등록번호입니다.")
    remedy = N_("등록번호를 다시 확인해 주세요.")

    def __init__(self) -> None:
        super().__init__("the hospital knows no such registration number")


class RelayConfigInvalid(RelayError):
    """Settings or key file of the relay's client are missing or unsafe. path: the file, if it is one."""

    def __init__(self, problem: str, path: Path | None = None) -> None:
        self.path = path
        super().__init__(problem if path is None else f"{path}: {problem}")
