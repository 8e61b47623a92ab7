"""The log's vocabulary: stable codes, and what each of them means in plain Korean and English.

A code that was ever written stays: lines are kept for years and their hash covers the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What the actor's identifier identifies."""

    PERSON = "person"
    STAFF = "staff"
    INSTITUTION = "institution"
    DEVICE = "device"
    ORACLE = "oracle"
    SYSTEM = "system"
    NOBODY = "nobody"


class Outcome(StrEnum):
    """Whether it happened."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class Action(StrEnum):
    """What was done, or tried."""

    READ = "read"
    LIST = "list"
    DOWNLOAD = "download"
    PRINT = "print"
    SHARE = "share"
    SHARE_ENDED = "share-ended"
    SEND = "send"
    CREATE = "create"
    CHANGE = "change"
    LINK = "link"
    MERGE = "merge"
    ERASE = "erase"
    EXPORT = "export"
    SIGN_UP = "sign-up"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    SIGN_IN_REFUSED = "sign-in-refused"
    LOCK_OUT = "lock-out"
    STEP_UP = "step-up"
    CONSENT = "consent"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    DELEGATE = "delegate"
    DELEGATION_ENDED = "delegation-ended"
    BREAK_GLASS = "break-glass"
    BREAK_GLASS_REVIEW = "break-glass-review"
    PRUNE = "prune"


class ObjectKind(StrEnum):
    """What it was done to."""

    RECORD = "record"
    RECORDS = "records"
    DOCUMENT = "document"
    RECEIPT = "receipt"
    STATEMENT = "statement"
    BILL = "bill"
    DIAGNOSIS = "diagnosis"
    VISIT = "visit"
    PRESCRIPTION = "prescription"
    RESULT = "result"
    REFERRAL = "referral"
    APPOINTMENT = "appointment"
    PAYMENT = "payment"
    CLAIM = "claim"
    SHARE_LINK = "share-link"
    ACCOUNT = "account"
    PASSKEY = "passkey"
    SOCIAL_SIGN_IN = "social-sign-in"
    DEVICE = "device"
    CONSENT = "consent"
    DELEGATION = "delegation"
    IDENTITY = "identity"
    ELIGIBILITY = "eligibility"
    REGISTRATION = "registration"
    AUDIT_LOG = "audit-log"
    AUDIT_CHECKPOINT = "audit-checkpoint"


def object_kind_of(vct: str) -> ObjectKind:
    """The kind of a document by its type, `urn:saegim:receipt:1`; DOCUMENT for a kind without a word of its own."""
    name = vct.split(":")[2] if vct.startswith("urn:saegim:") else ""
    return ObjectKind(name) if name in set(ObjectKind) else ObjectKind.DOCUMENT


@dataclass(frozen=True, slots=True)
class Both:
    """One text in the two languages."""

    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Telling:
    """How an action is told. `{what}` is the object; `{what:을}` puts the Korean particle that fits behind it."""

    done: Both
    refused: Both


def _tell(ko: str, ko_refused: str, en: str, en_refused: str) -> Telling:
    return Telling(Both(ko, en), Both(ko_refused, en_refused))


TELLINGS: dict[Action, Telling] = {
    Action.READ: _tell(
        "{what:을} 열람했습니다",
        "{what:을} 열람하려 했으나 거절되었습니다",
        "viewed {what}",
        "tried to view {what} and was refused",
    ),
    Action.LIST: _tell(
        "{what}의 목록을 보았습니다",
        "{what}의 목록을 보려 했으나 거절되었습니다",
        "saw the list of {what}",
        "tried to see the list of {what} and was refused",
    ),
    Action.DOWNLOAD: _tell(
        "{what:을} 내려받았습니다",
        "{what:을} 내려받으려 했으나 거절되었습니다",
        "downloaded {what}",
        "tried to download {what} and was refused",
    ),
    Action.PRINT: _tell(
        "{what:을} 인쇄했습니다",
        "{what:을} 인쇄하려 했으나 거절되었습니다",
        "printed {what}",
        "tried to print {what} and was refused",
    ),
    Action.SHARE: _tell(
        "{what:을} 공유했습니다",
        "{what:을} 공유하려 했으나 거절되었습니다",
        "shared {what}",
        "tried to share {what} and was refused",
    ),
    Action.SHARE_ENDED: _tell(
        "{what}의 공유를 끝냈습니다",
        "{what}의 공유를 끝내려 했으나 거절되었습니다",
        "stopped sharing {what}",
        "tried to stop sharing {what} and was refused",
    ),
    Action.SEND: _tell(
        "{what:을} 보냈습니다",
        "{what:을} 보내려 했으나 거절되었습니다",
        "sent {what}",
        "tried to send {what} and was refused",
    ),
    Action.CREATE: _tell(
        "{what:을} 새로 기록했습니다",
        "{what:을} 새로 기록하려 했으나 거절되었습니다",
        "recorded {what}",
        "tried to record {what} and was refused",
    ),
    Action.CHANGE: _tell(
        "{what:을} 변경했습니다",
        "{what:을} 변경하려 했으나 거절되었습니다",
        "changed {what}",
        "tried to change {what} and was refused",
    ),
    Action.LINK: _tell(
        "{what:을} 계정에 연결했습니다",
        "{what:을} 계정에 연결하려 했으나 거절되었습니다",
        "linked {what} to the account",
        "tried to link {what} to the account and was refused",
    ),
    Action.MERGE: _tell(
        "{what:을} 같은 분의 것과 하나로 합쳤습니다",
        "{what:을} 하나로 합치려 했으나 거절되었습니다",
        "merged {what} with the other one of the same person",
        "tried to merge {what} and was refused",
    ),
    Action.ERASE: _tell(
        "{what:을} 삭제했습니다",
        "{what:을} 삭제하려 했으나 거절되었습니다",
        "erased {what}",
        "tried to erase {what} and was refused",
    ),
    Action.EXPORT: _tell(
        "{what:을} 파일로 내보냈습니다",
        "{what:을} 파일로 내보내려 했으나 거절되었습니다",
        "exported {what}",
        "tried to export {what} and was refused",
    ),
    Action.SIGN_UP: _tell(
        "회원으로 가입했습니다",
        "회원으로 가입하려 했으나 거절되었습니다",
        "signed up",
        "tried to sign up and was refused",
    ),
    Action.SIGN_IN: _tell(
        "로그인했습니다", "로그인하려 했으나 거절되었습니다", "signed in", "tried to sign in and was refused"
    ),
    Action.SIGN_OUT: _tell(
        "로그아웃했습니다",
        "로그아웃하려 했으나 거절되었습니다",
        "signed out",
        "tried to sign out and was refused",
    ),
    Action.SIGN_IN_REFUSED: _tell(
        "로그인하려 했으나 거절되었습니다",
        "로그인하려 했으나 거절되었습니다",
        "tried to sign in and was refused",
        "tried to sign in and was refused",
    ),
    Action.LOCK_OUT: _tell(
        "여러 번 틀려 잠시 차단되었습니다",
        "여러 번 틀려 잠시 차단되었습니다",
        "was locked out for a while after wrong answers",
        "was locked out for a while after wrong answers",
    ),
    Action.STEP_UP: _tell(
        "본인임을 다시 확인했습니다",
        "본인임을 다시 확인하려 했으나 거절되었습니다",
        "confirmed the identity again",
        "tried to confirm the identity again and was refused",
    ),
    Action.CONSENT: _tell(
        "{what}에 동의했습니다",
        "{what}에 동의하려 했으나 거절되었습니다",
        "consented to {what}",
        "tried to consent to {what} and was refused",
    ),
    Action.CONSENT_WITHDRAWN: _tell(
        "{what}에 대한 동의를 철회했습니다",
        "{what}에 대한 동의를 철회하려 했으나 거절되었습니다",
        "withdrew the consent to {what}",
        "tried to withdraw the consent to {what} and was refused",
    ),
    Action.DELEGATE: _tell(
        "{what:을} 맡겼습니다",
        "{what:을} 맡기려 했으나 거절되었습니다",
        "granted {what}",
        "tried to grant {what} and was refused",
    ),
    Action.DELEGATION_ENDED: _tell(
        "{what:을} 끝냈습니다",
        "{what:을} 끝내려 했으나 거절되었습니다",
        "ended {what}",
        "tried to end {what} and was refused",
    ),
    Action.BREAK_GLASS: _tell(
        "응급 등의 사유를 적고 {what:을} 긴급 열람했습니다",
        "응급 등의 사유를 적고 {what:을} 긴급 열람하려 했으나 거절되었습니다",
        "viewed {what} by emergency access, giving a reason",
        "tried to view {what} by emergency access and was refused",
    ),
    Action.BREAK_GLASS_REVIEW: _tell(
        "{what}에 대한 긴급 열람을 사후 검토했습니다",
        "{what}에 대한 긴급 열람을 사후 검토하려 했으나 거절되었습니다",
        "reviewed the emergency access to {what}",
        "tried to review the emergency access to {what} and was refused",
    ),
    Action.PRUNE: _tell(
        "보존 기간이 지난 접근 기록을 정리했습니다",
        "보존 기간이 지난 접근 기록을 정리하려 했으나 거절되었습니다",
        "removed lines of the access log whose retention had ended",
        "tried to remove old lines of the access log and was refused",
    ),
}

SOME_ACTION = _tell(
    "{what}에 접근했습니다",
    "{what}에 접근하려 했으나 거절되었습니다",
    "used {what}",
    "tried to use {what} and was refused",
)
"""For a code that this version does not know."""

OBJECTS: dict[ObjectKind, Both] = {
    ObjectKind.RECORD: Both("기록", "a record"),
    ObjectKind.RECORDS: Both("진료 기록", "medical records"),
    ObjectKind.DOCUMENT: Both("문서", "a document"),
    ObjectKind.RECEIPT: Both("진료비 영수증", "a receipt for medical costs"),
    ObjectKind.STATEMENT: Both("진료비 세부산정내역", "an itemised statement of medical costs"),
    ObjectKind.BILL: Both("진료비 계산서", "a bill for medical costs"),
    ObjectKind.VISIT: Both("진료이력", "a visit"),
    ObjectKind.DIAGNOSIS: Both("진단내역", "a diagnosis record"),
    ObjectKind.PRESCRIPTION: Both("처방전", "a prescription"),
    ObjectKind.RESULT: Both("검사 결과", "test results"),
    ObjectKind.REFERRAL: Both("진료의뢰서", "a referral letter"),
    ObjectKind.APPOINTMENT: Both("진료 예약", "an appointment"),
    ObjectKind.PAYMENT: Both("결제 내역", "a payment"),
    ObjectKind.CLAIM: Both("보험 청구", "an insurance claim"),
    ObjectKind.SHARE_LINK: Both("공유 링크", "a share link"),
    ObjectKind.ACCOUNT: Both("계정 정보", "the account"),
    ObjectKind.PASSKEY: Both("패스키", "a passkey"),
    ObjectKind.SOCIAL_SIGN_IN: Both("소셜 로그인", "a social sign-in"),
    ObjectKind.DEVICE: Both("기기", "a device"),
    ObjectKind.CONSENT: Both("정보 제공", "the release of information"),
    ObjectKind.DELEGATION: Both("대리 권한", "a right to act on the patient's behalf"),
    ObjectKind.IDENTITY: Both("본인확인 정보", "the identity check"),
    ObjectKind.ELIGIBILITY: Both("건강보험 자격", "the insurance eligibility"),
    ObjectKind.REGISTRATION: Both("병원 등록번호", "the hospital registration"),
    ObjectKind.AUDIT_LOG: Both("접근 기록", "the access log"),
    ObjectKind.AUDIT_CHECKPOINT: Both("접근 기록의 보존 경계", "a checkpoint of the access log"),
}

ACTORS: dict[ActorKind, Both] = {
    ActorKind.PERSON: Both("다른 회원", "another account holder"),
    ActorKind.STAFF: Both("병원 직원", "a member of the hospital's staff"),
    ActorKind.INSTITUTION: Both("다른 기관", "another institution"),
    ActorKind.DEVICE: Both("병원 기기", "a device of the hospital"),
    ActorKind.ORACLE: Both("병원 중계 서버", "the hospital's relay server"),
    ActorKind.SYSTEM: Both("시스템", "the system"),
    ActorKind.NOBODY: Both("신원을 알 수 없는 사람", "somebody who did not sign in"),
}
"""What an actor is called when nothing better is known of them."""

ROLES: dict[str, Both] = {
    "guardian": Both("보호자", "your guardian"),
    "delegate": Both("대리인", "your delegate"),
}
"""What a person is called who used somebody else's record, by the first word of the line's reason."""

YOURSELF = Both("본인", "you")
