"""Who else may do what with a patient's records: function × age × relation × papers, declared and pure.

What no rule names is never allowed. `docs/family.md` shows the table with its sources; a test holds the two together.
Ages are 만 나이 as the Civil Act counts them (민법 제158조, 제160조): reached on the birthday, at midnight in Korea;
who was born on 29 February reaches it on 1 March of a common year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from backend.functions import Function
from backend.web.dates import KOREA


class Band(StrEnum):
    """The patient's age."""

    UNDER_14 = "under-14"
    FROM_14 = "14-16"
    FROM_17 = "17-18"
    ADULT = "adult"
    """19 and more (민법 제4조)."""


class Relation(StrEnum):
    """What the one who acts is to the patient."""

    NONE = "none"
    PARENT = "parent"
    COURT_GUARDIAN = "court-guardian"
    """미성년후견인, 성년후견인: appointed by a court."""
    SPOUSE = "spouse"
    CHILD = "child"
    SIBLING = "sibling"
    OTHER = "other"


class Paper(StrEnum):
    """What the hospital's desk has seen, or the patient has given."""

    FAMILY_CERTIFICATE = "family-certificate"
    """가족관계증명서, issued within three months."""
    GUARDIAN_REGISTER = "guardian-register"
    """후견등기사항증명서."""
    ACTOR_ID = "actor-id"
    """Identity card of the one who acts."""
    PATIENT_ID = "patient-id"
    """Identity card of the patient."""
    POWER_OF_ATTORNEY = "power-of-attorney"
    """위임장 (의료법 시행규칙 별지 제9호의3서식)."""
    PATIENT_CONSENT = "patient-consent"
    """The patient's own consent: with a proof of presence here, or handwritten (별지 제9호의2서식)."""
    BIRTH_RECORD = "birth-record"
    """분만기록: the child was born in this hospital, of this mother. Stands for the family certificate until the
    birth should have been reported and a certificate can be had."""


class Verdict(IntEnum):
    """The answer, from less to more."""

    NEVER = 0
    DESK = 1
    """Not here: a person at the desk looks at the papers."""
    CONSENT = 2
    """As soon as the patient consents."""
    ALLOWED = 3


class Reason(StrEnum):
    """Why."""

    NO_RULE = "no-rule"
    DESK_DECIDES = "desk-decides"
    PAPERS_MISSING = "papers-missing"
    CONSENT_MISSING = "consent-missing"
    RULE_MET = "rule-met"


@dataclass(frozen=True, slots=True)
class Rule:
    """What it takes. `desk`: the papers are looked at each time, whatever was shown before."""

    papers: frozenset[Paper]
    desk: bool = False

    @property
    def consent(self) -> bool:
        """Whether the patient's own consent is among what it takes."""
        return Paper.PATIENT_CONSENT in self.papers


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, its reason, and the papers it still takes."""

    verdict: Verdict
    reason: Reason
    missing: frozenset[Paper] = frozenset()

    @property
    def allowed(self) -> bool:
        """Whether it may be done now."""
        return self.verdict is Verdict.ALLOWED


_SEE: Final = (Function.LIST, Function.READ, Function.DOWNLOAD, Function.RESULTS)
_ERRANDS: Final = (Function.BOOK, Function.PAY)
_DELEGATES: Final = (Relation.PARENT, Relation.SPOUSE, Relation.CHILD)
_FARTHER: Final = (Relation.SIBLING, Relation.OTHER)
_SHOWN_BY: Final = {
    Relation.PARENT: frozenset({Paper.FAMILY_CERTIFICATE, Paper.ACTOR_ID}),
    Relation.COURT_GUARDIAN: frozenset({Paper.GUARDIAN_REGISTER, Paper.ACTOR_ID}),
}
GUARDIANS: Final = tuple(_SHOWN_BY)
"""Who may ask for a child."""
DELEGATES: Final = (*_DELEGATES, *_FARTHER)
"""Whom an adult may name."""

Cell = tuple[Band, Relation, Function]


def _declared() -> Iterable[tuple[Cell, Rule]]:
    own, paper = frozenset({Paper.PATIENT_CONSENT}), Paper.PATIENT_ID
    for relation, shown in _SHOWN_BY.items():
        for function in (*_SEE, *_ERRANDS, Function.PRESCRIPTION, Function.CLAIM, Function.SHARE):
            yield (Band.UNDER_14, relation, function), Rule(shown)
        yield (Band.UNDER_14, relation, Function.SEE_ACCESSES), Rule(shown)
        for function in _ERRANDS:
            yield (Band.FROM_14, relation, function), Rule(shown)
            yield (Band.FROM_17, relation, function), Rule(shown)
        for function in (*_SEE, Function.PRESCRIPTION):
            yield (Band.FROM_14, relation, function), Rule(shown | own)
            yield (Band.FROM_17, relation, function), Rule(shown | own | {paper})
        yield (Band.UNDER_14, relation, Function.COPIES), Rule(shown, desk=True)
        yield (Band.FROM_14, relation, Function.COPIES), Rule(shown | own, desk=True)
        yield (Band.FROM_17, relation, Function.COPIES), Rule(shown | own | {paper}, desk=True)
    for relation in _DELEGATES:
        for function in (*_SEE, *_ERRANDS):
            yield (Band.ADULT, relation, function), Rule(own)
    for relation in _FARTHER:
        for function in _ERRANDS:
            yield (Band.ADULT, relation, function), Rule(own)
        for function in _SEE:
            yield (Band.ADULT, relation, function), Rule(own | {Paper.POWER_OF_ATTORNEY})
    family = own | {paper, Paper.ACTOR_ID, Paper.FAMILY_CERTIFICATE}
    attorney = own | {paper, Paper.ACTOR_ID, Paper.POWER_OF_ATTORNEY}
    for function in (Function.COPIES, Function.PRESCRIPTION):
        for relation in _DELEGATES:
            yield (Band.ADULT, relation, function), Rule(family, desk=True)
        for relation in _FARTHER:
            yield (Band.ADULT, relation, function), Rule(attorney, desk=True)
    for function in (*_SEE, *_ERRANDS, Function.COPIES, Function.PRESCRIPTION):
        shown = _SHOWN_BY[Relation.COURT_GUARDIAN]
        yield (Band.ADULT, Relation.COURT_GUARDIAN, function), Rule(shown, desk=True)


RULES: Final[Mapping[Cell, Rule]] = dict(_declared())
"""The whole matrix."""

BIRTH_RECORD_LASTS: Final = timedelta(days=92)
"""출생신고 is due within a month (가족관계등록법 제44조); as long as a certificate is young, the birth is."""


def counting(papers: frozenset[Paper], born: date, now: datetime) -> frozenset[Paper]:
    """The papers that count at a moment: a birth record is a family certificate while the child is newborn."""
    young = now.astimezone(KOREA).date() - born <= BIRTH_RECORD_LASTS
    return papers | {Paper.FAMILY_CERTIFICATE} if young and Paper.BIRTH_RECORD in papers else papers


SENSITIVE_DEPARTMENTS: Final = frozenset({"03", "10", "15", "81", "84"})
"""HIRA 진료과목: psychiatry, obstetrics and gynaecology, urology, and their Korean-medicine kin (한방부인과,
한방신경정신과). From 14 on guardians do not see their documents, whatever the child has consented to."""


def decide(function: Function, band: Band, relation: Relation, papers: Collection[Paper]) -> Decision:
    """What somebody may do. More papers never allow less."""
    rule = RULES.get((band, relation, function))
    if rule is None:
        return Decision(Verdict.NEVER, Reason.NO_RULE)
    missing = rule.papers - frozenset(papers)
    if rule.desk:
        return Decision(Verdict.DESK, Reason.DESK_DECIDES, missing)
    if missing - {Paper.PATIENT_CONSENT}:
        return Decision(Verdict.DESK, Reason.PAPERS_MISSING, missing)
    if missing:
        return Decision(Verdict.CONSENT, Reason.CONSENT_MISSING, missing)
    return Decision(Verdict.ALLOWED, Reason.RULE_MET)


def needing_consent(band: Band, relation: Relation) -> tuple[Function, ...]:
    """What a patient of this age can consent to here, for somebody in this relation."""
    return tuple(
        function
        for function in Function
        if (rule := RULES.get((band, relation, function))) is not None and rule.consent and not rule.desk
    )


def age(born: date, now: datetime) -> int:
    """만 나이 in Korea at a moment, in whole years; negative before the birth."""
    today = now.astimezone(KOREA).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def band_of(born: date, now: datetime) -> Band:
    """The band of a patient born on a day, at a moment."""
    years = age(born, now)
    if years < 14:
        return Band.UNDER_14
    if years < 17:
        return Band.FROM_14
    return Band.FROM_17 if years < 19 else Band.ADULT


def hides_sensitive(band: Band, relation: Relation, *, delegated: bool) -> bool:
    """Whether documents of sensitive departments are kept from who acts; an adult who delegates decides alone."""
    return not delegated and band is not Band.UNDER_14 and relation is not Relation.NONE
