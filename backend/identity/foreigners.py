"""Sign-up without a Korean telephone: name and document as typed, believed by nobody until the desk has seen it.

Such an account is 예비등록 and nothing more: no number is bound to it, no record can be read with it, it acts for
nobody. The number of the document is sealed under a key of its own and erased with the account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.eligibility.periods import age_on
from backend.identity import foreign_numbers, notices, repository, service
from backend.identity.consents import Consent
from backend.identity.errors import DocumentDiffers, ForeignFormInvalid
from backend.identity.models import ForeignPaper, NoticeKind, PaperKind, Person
from backend.identity.service import Profile
from backend.vault import KeyDestroyed, Sealed, Vault
from backend.web.dates import KOREA

GENDERS = {"M": "male", "F": "female", "X": "unknown"}
"""As a passport says it."""
_OLDEST = 130


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, checked for its form."""

    name: str
    born: date
    gender: str
    nationality: str
    kind: PaperKind
    number: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a document. seen: whether the desk has had it in hand."""

    kind: PaperKind
    nationality: str
    masked: str
    seen: bool


def read(fields: Mapping[str, str], now: datetime) -> Typed:
    """The form's fields.

    Raises:
        ForeignFormInvalid: which fields do not fit; "check-digit" alone when only that is odd and nobody insists.
    """
    born, kind = _day(fields["born"]), fields["kind"]
    surname, given = foreign_numbers.name(fields["surname"]), foreign_numbers.name(fields["given"])
    today = now.astimezone(KOREA).date()
    number: str | None = None
    if kind == PaperKind.PASSPORT:
        number = foreign_numbers.passport(fields["number"])
    elif kind == PaperKind.REGISTRATION and born is not None:
        number = foreign_numbers.card(fields["number"], born)
    gender = GENDERS.get(fields["gender"])
    fits = {
        "surname": surname is not None,
        "given": given is not None or not fields["given"].strip(),
        "born": born is not None and born <= today and age_on(born, today) <= _OLDEST,
        "gender": gender is not None,
        "nationality": fields["nationality"] in dict(foreign_numbers.countries("en")),
        "kind": kind in set(PaperKind),
        "number": number is not None,
    }
    if wrong := [field for field, right in fits.items() if not right]:
        raise ForeignFormInvalid(where=", ".join(wrong))
    assert surname is not None
    assert born is not None
    assert gender is not None
    assert number is not None
    _card_fits(kind, number, gender, sure=bool(fields["sure"]))
    whole = f"{surname} {given}" if given else surname
    return Typed(whole, born, gender, fields["nationality"], PaperKind(kind), number)


def _card_fits(kind: str, number: str, gender: str, *, sure: bool) -> None:
    if kind != PaperKind.REGISTRATION:
        return
    if gender != "unknown" and not foreign_numbers.card_is_of(number, gender):
        raise ForeignFormInvalid(where="gender, number")
    if not sure and not foreign_numbers.check_digit_holds(number):
        raise ForeignFormInvalid(where="check-digit")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if len(text.strip()) == len("2020-01-01") else None
    except ValueError:
        return None


def sign_up(
    session: Session,
    vault: Vault,
    typed: Typed,
    consents: Mapping[str, Consent],
    hospitals: Sequence[int],
    now: datetime,
) -> UUID:
    """A new account that nobody has checked. Whether the document is known already is not said to who typed it.

    Raises:
        ConsentMissing: not everything was agreed to that must be.
    """
    who = Profile(typed.name, typed.born.isoformat(), typed.gender, "", foreigner=True)
    person = service.create(session, vault, who, consents, now)
    paper, content = uuid4(), {"number": typed.number, "nationality": typed.nationality}
    sealed = vault.seal_many({paper: json.dumps(content).encode()})[paper]
    session.add(
        ForeignPaper(
            id=paper,
            person_id=person,
            kind=typed.kind,
            number_index=number_index(vault, typed.kind, typed.nationality, typed.number),
            nonce=sealed.nonce,
            sealed=sealed.ciphertext,
            created_at=now,
        )
    )
    for hospital in hospitals:
        service.choose_hospital(session, person, hospital, now)
    return person


def number_index(vault: Vault, kind: PaperKind, nationality: str, number: str) -> str:
    """What is searched in place of a document's number; passports of two countries may have the same."""
    country = nationality if kind is PaperKind.PASSPORT else "KR"
    return vault.blind_index(f"paper:{kind}:{country}:{number}")


def shown(session: Session, vault: Vault, person: UUID) -> list[Shown]:
    """A person's documents as they may see them: never the whole number."""
    found = []
    for each in repository.papers(session, person):
        try:
            content = json.loads(vault.open(each.id, Sealed(each.nonce, each.sealed)))
        except KeyDestroyed:
            continue
        masked = foreign_numbers.masked(content["number"])
        found.append(Shown(PaperKind(each.kind), content["nationality"], masked, each.seen_at is not None))
    return found


# --- the first visit


def seen(
    session: Session,
    vault: Vault,
    person: UUID,
    number: str,
    born: date | None,
    *,
    by: UUID,
    now: datetime,
) -> list[UUID]:
    """The desk has the person and the document before it; other accounts that named the same document.

    Args:
        number, born: as the desk reads them from the document, so that two people have read them.

    Raises:
        DocumentDiffers: it is not what was named at sign-up.
    """
    paper = _named(session, vault, person, number)
    known = service.profile(session, vault, person)
    if paper is None or born is None or known.birth_date != born.isoformat():
        raise DocumentDiffers
    paper.seen_at, paper.seen_by = now, by
    session.add(paper)
    row = session.get_one(Person, person)
    row.identity_checked_at = now
    session.add(row)
    session.flush()
    notices.tell(session, person, NoticeKind.IDENTITY_CHECKED, now)
    same = repository.papers_of_number(session, paper.number_index)
    others = {each.person_id for each in same} - {person}
    return [each for each in sorted(others) if service.is_active(session, each)]


def is_of(session: Session, vault: Vault, person: UUID, number: str) -> bool:
    """Whether a number is that of a document which the desk has seen at this person's hand before."""
    paper = _named(session, vault, person, number)
    return paper is not None and paper.seen_at is not None


def _named(session: Session, vault: Vault, person: UUID, number: str) -> ForeignPaper | None:
    """The person's document with this number, if it is one of theirs."""
    typed = "".join(number.upper().split()).replace("-", "")
    for each in repository.papers(session, person):
        try:
            content = json.loads(vault.open(each.id, Sealed(each.nonce, each.sealed)))
        except KeyDestroyed:
            continue
        kind = PaperKind(each.kind)
        if number_index(vault, kind, content["nationality"], typed) == each.number_index:
            return each
    return None
