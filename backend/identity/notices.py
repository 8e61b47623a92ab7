"""What an account's owner is told about it, until they say that they have read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.identity import repository
from backend.identity.models import AccountNotice, NoticeKind
from backend.identity.sessions import SignedIn
from backend.web.dates import minute
from backend.web.i18n import N_, Message, translate

MOST = 10

TEXTS: dict[NoticeKind, Message] = {
    NoticeKind.KNOWN_ACCOUNT: N_(
        "이미 가입하신 분입니다. 계정을 새로 만들지 않고, 쓰시던 계정으로 들어왔습니다."
    ),
    NoticeKind.PHONE_CHANGED: N_("계정의 휴대전화번호가 새 번호로 바뀌었습니다."),
    NoticeKind.RECOVERED: N_(
        "휴대전화 본인 확인으로 계정을 되찾아, 다른 모든 기기에서 로그아웃했습니다. 본인이 한 일이 아니라면 "
        "병원에 바로 알려 주세요."
    ),
    NoticeKind.KEYS_REMOVED: N_(
        "잃어버린 기기의 패스키를 지웠습니다. 그 기기로는 더 이상 들어올 수 없습니다."
    ),
    NoticeKind.MERGED: N_(
        "같은 분의 두 계정을 하나로 합쳤습니다. 등록번호, 문서, 패스키, 가족 관계가 이 계정으로 옮겨졌습니다."
    ),
    NoticeKind.NUMBER_CHANGED: N_(
        "병원이 이중등록을 정리해 등록번호를 하나로 합쳤습니다. 이전 번호의 문서도 그대로 볼 수 있습니다."
    ),
    NoticeKind.IDENTITY_CHECKED: N_("원무과가 신분증을 확인하고 병원 등록번호를 이 계정에 연결했습니다."),
    NoticeKind.NEWBORN_REGISTERED: N_("원무과가 아기를 등록하고 보호자로 연결했습니다."),
    NoticeKind.NEWBORN_NAMED: N_("출생신고에 따라 아기의 이름을 바꾸었습니다."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, in the reader's language."""

    at: str
    said: str


def tell(session: Session, person: UUID, kind: NoticeKind, now: datetime, *, by: UUID | None = None) -> None:
    """Note something for the account's owner. `by`: the session that did it. One that waits already is moved on."""
    waiting = repository.unread_notices(session, person, MOST, kind=kind)
    if waiting and kind is NoticeKind.KNOWN_ACCOUNT:
        waiting[0].at = now
        session.add(waiting[0])
        return
    session.add(AccountNotice(id=uuid4(), person_id=person, kind=kind, at=now, session_id=by))
    session.flush()


def unread(session: Session, who: SignedIn) -> list[Told]:
    """What this session has not said to have read, newest first."""
    return [Told(minute(each.at), translate(TEXTS[NoticeKind(each.kind)])) for each in _shown(session, who)]


def read(session: Session, who: SignedIn, now: datetime) -> None:
    """They have read what is shown to them."""
    for each in _shown(session, who):
        each.read_at = now
        session.add(each)


def _shown(session: Session, who: SignedIn) -> Sequence[AccountNotice]:
    """All but what this session has done itself: that waits for the others, and this one cannot hide it from them."""
    waiting = repository.unread_notices(session, who.person, MOST)
    return [each for each in waiting if each.session_id is None or each.session_id != who.session]
