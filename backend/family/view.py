"""The family page's rows, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from backend.family import matrix, repository
from backend.family.matrix import Band, Paper, Relation, Verdict
from backend.family.models import Notice, NoticeKind, Tie, TieState
from backend.family.standing import band_now, consent_of, decide, papers_of, subject
from backend.functions import Function
from backend.identity.service import SignedIn, patients_of, profile
from backend.services import Services
from backend.vault import KeyDestroyed
from backend.web.dates import day, minute
from backend.web.i18n import N_, Message, translate

NOTICES = 20

RELATIONS: dict[Relation, Message] = {
    Relation.NONE: N_("관계 없음"),
    Relation.PARENT: N_("부모"),
    Relation.COURT_GUARDIAN: N_("법원이 정한 후견인"),
    Relation.SPOUSE: N_("배우자"),
    Relation.CHILD: N_("자녀"),
    Relation.SIBLING: N_("형제자매"),
    Relation.OTHER: N_("그 밖의 대리인"),
}
FUNCTIONS: dict[Function, Message] = {
    Function.LIST: N_("문서 목록 보기"),
    Function.READ: N_("문서 열람"),
    Function.DOWNLOAD: N_("문서 내려받기"),
    Function.EXPORT: N_("전체 내보내기"),
    Function.SEE_ACCESSES: N_("열람 기록 보기"),
    Function.BOOK: N_("진료 예약"),
    Function.PAY: N_("진료비 결제"),
    Function.RESULTS: N_("검사 결과 보기"),
    Function.COPIES: N_("기록 사본과 증명서"),
    Function.PRESCRIPTION: N_("처방전"),
    Function.CLAIM: N_("보험 청구 동의"),
    Function.SHARE: N_("문서 공유"),
}
PAPERS: dict[Paper, Message] = {
    Paper.FAMILY_CERTIFICATE: N_("가족관계증명서(3개월 이내)"),
    Paper.GUARDIAN_REGISTER: N_("후견등기사항증명서(3개월 이내)"),
    Paper.ACTOR_ID: N_("신청하는 분의 신분증"),
    Paper.PATIENT_ID: N_("환자의 신분증"),
    Paper.POWER_OF_ATTORNEY: N_("자필 위임장"),
    Paper.PATIENT_CONSENT: N_("환자 본인의 동의"),
    Paper.BIRTH_RECORD: N_("이 병원의 분만기록"),
}
_STATES: dict[TieState, Message] = {
    TieState.ASKED: N_("원무과 확인을 기다리고 있습니다"),
    TieState.ACTIVE: N_("이용할 수 있습니다"),
    TieState.REFUSED: N_("확인되지 않았습니다"),
    TieState.ENDED: N_("끝났습니다"),
}
_NOTICES: dict[NoticeKind, Message] = {
    NoticeKind.GUARDIAN_CONFIRMED: N_("%(who)s님이 병원의 확인을 받아 보호자로 등록되었습니다."),
    NoticeKind.DELEGATE_ACCEPTED: N_("%(who)s님이 대리 코드를 입력해 대리인이 되었습니다."),
    NoticeKind.PAPERS_ADDED: N_("%(who)s님의 서류를 원무과가 추가로 확인했습니다."),
    NoticeKind.CONSENT_ASKED: N_(
        "만 14세가 되어 %(who)s님은 이제 동의 없이 진료 문서를 볼 수 없습니다. 동의할지 정해 주세요."
    ),
    NoticeKind.CONSENT_GIVEN: N_("%(who)s님의 열람에 동의했습니다."),
    NoticeKind.CONSENT_WITHDRAWN: N_("%(who)s님의 열람에 대한 동의를 철회했습니다."),
    NoticeKind.ENDED: N_("%(who)s님의 보호자 또는 대리인 권한이 끝났습니다."),
}


@dataclass(frozen=True, slots=True)
class Cared:
    """Somebody the reader acts for, or has asked to."""

    id: UUID
    name: str
    relation: str
    said: str
    active: bool
    can: list[str]
    with_consent: list[str]
    at_desk: list[str]
    papers: list[str]
    until: str

    @property
    def lists(self) -> bool:
        """Whether the documents can be opened now."""
        return translate(FUNCTIONS[Function.LIST]) in self.can


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who acts for the reader.

    choices: what the reader may consent to, with whether it is; empty where there is nothing to choose.
    """

    id: UUID
    name: str
    relation: str
    delegated: bool
    can: list[str]
    choices: list[tuple[str, str, bool]]
    until: str


@dataclass(frozen=True, slots=True)
class Told:
    """One notice."""

    at: str
    said: str


@dataclass(frozen=True, slots=True)
class FamilyView:
    """The whole page."""

    cared: list[Cared]
    acting: list[Acting]
    notices: list[Told]


def family(services: Services, session: Session, who: SignedIn) -> FamilyView:
    """Both sides of a person's ties, and what they are told."""
    now, patients = services.clock(), patients_of(session, who.person)
    notices = repository.notices(session, who.person, patients, NOTICES)
    cared = (_cared(services, session, tie, now) for tie in repository.of_actor(session, who.person))
    acting = (_acting(services, session, tie, now) for tie in repository.over(session, who.person, patients))
    return FamilyView(
        cared=[each for each in cared if each is not None],
        acting=[each for each in acting if each is not None],
        notices=[_told(services, session, each) for each in notices],
    )


def _cared(services: Services, session: Session, tie: Tie, now: datetime) -> Cared | None:
    known = subject(session, services.vault, tie)
    band = band_now(session, services.vault, tie, now)
    active = tie.state == TieState.ACTIVE
    if known is None or (active and band is None):
        return None
    band = band or matrix.band_of(known.born, now)
    papers = matrix.counting(papers_of(tie), known.born, now)
    by = _by_verdict(tie, band, papers, consent_of(tie, known, now)) if active else {}
    wanted = set[Paper]() if active else set(_needed(band, Relation(tie.relation)))
    for _, missing in by.values():
        wanted |= missing
    return Cared(
        id=tie.id,
        name=known.name,
        relation=translate(RELATIONS[Relation(tie.relation)]),
        said=translate(_STATES[TieState(tie.state)]),
        active=active,
        can=_labels(by, Verdict.ALLOWED),
        with_consent=_labels(by, Verdict.CONSENT),
        at_desk=_labels(by, Verdict.DESK),
        papers=[translate(PAPERS[paper]) for paper in Paper if paper in wanted],
        until=day(tie.ends_at) if tie.ends_at else "",
    )


def _by_verdict(
    tie: Tie, band: Band, papers: frozenset[Paper], consented: frozenset[Function]
) -> dict[Function, tuple[Verdict, frozenset[Paper]]]:
    decided = {each: decide(band, Relation(tie.relation), papers, consented, each) for each in Function}
    return {function: (found.verdict, found.missing) for function, found in decided.items()}


def _labels(by: dict[Function, tuple[Verdict, frozenset[Paper]]], verdict: Verdict) -> list[str]:
    return [translate(FUNCTIONS[function]) for function, found in by.items() if found[0] is verdict]


def _needed(band: Band, relation: Relation) -> Iterable[Paper]:
    rule = matrix.RULES.get((band, relation, Function.LIST))
    return rule.papers if rule is not None else ()


def _acting(services: Services, session: Session, tie: Tie, now: datetime) -> Acting | None:
    band, known = band_now(session, services.vault, tie, now), subject(session, services.vault, tie)
    if band is None or known is None:
        return None
    relation, delegated = Relation(tie.relation), tie.grantor_id is not None
    consented = consent_of(tie, known, now)
    can = [] if delegated or band is Band.UNDER_14 else matrix.needing_consent(band, relation)
    by = _by_verdict(tie, band, matrix.counting(papers_of(tie), known.born, now), consented)
    return Acting(
        id=tie.id,
        name=_name(services, session, tie.actor_id),
        relation=translate(RELATIONS[relation]),
        delegated=delegated,
        can=_labels(by, Verdict.ALLOWED),
        choices=[(each.value, translate(FUNCTIONS[each]), each in consented) for each in can],
        until=day(tie.ends_at) if tie.ends_at else "",
    )


def _name(services: Services, session: Session, person: UUID) -> str:
    try:
        return profile(session, services.vault, person).name
    except KeyDestroyed:
        return translate("탈퇴한 회원")


def _told(services: Services, session: Session, notice: Notice) -> Told:
    tie = repository.tie(session, notice.tie_id)
    who = _name(services, session, tie.actor_id) if tie is not None else ""
    return Told(minute(notice.at), translate(_NOTICES[NoticeKind(notice.kind)], {"who": who}))
