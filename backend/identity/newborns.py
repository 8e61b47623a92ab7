"""Newborns: registered by the desk under the mother's registration, before there is a name or an own number.

The child has an account that nobody signs in to; it holds the hospital's number, so that the guardians see its
documents. After 출생신고 the desk enters the name. From 14 on the child signs up alone, and the two are merged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from backend.family import newborn as family
from backend.family.desk import DeskRefused
from backend.family.newborn import Child
from backend.identity import notices, numbers, repository, service
from backend.identity.errors import MotherUnknown, NewbornFormInvalid, NewbornUnknown
from backend.identity.models import Newborn, NoticeKind
from backend.identity.service import Profile
from backend.vault import Vault
from backend.web.dates import KOREA

REGISTERED_WITHIN: Final = timedelta(days=92)
"""Later than this the child has a name, and a guardian asks with the family certificate as for any other."""
ORDERS: Final = range(1, 7)
GENDERS: Final = ("female", "male", "unknown")
LONGEST_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Birth:
    """What the desk enters. order: 1 for an only child or the first of several; several: whether there are more."""

    born: date
    gender: str
    order: int = 1
    several: bool = False


def called(mother: str, birth: Birth) -> str:
    """What a child without a name is called on its bracelet and in the hospital system: "산모이름 아기"."""
    return f"{mother} 아기{birth.order if birth.several else ''}"


def mother_of(session: Session, hospital: int, patient: str) -> UUID:
    """Whose registration number it is: an account whose owner was checked. Raises MotherUnknown."""
    held = repository.registration_of_patient(
        session, hospital, numbers.present_of(session, hospital, patient)
    )
    if held is None or not service.is_active(session, held.person_id):
        raise MotherUnknown
    if not service.is_checked(session, held.person_id):
        raise MotherUnknown
    return held.person_id


def register(
    session: Session,
    vault: Vault,
    *,
    mother: UUID,
    number: tuple[int, str],
    birth: Birth,
    by: UUID,
    now: datetime,
) -> tuple[UUID, UUID]:
    """The child's account, bound to the hospital's number, and its mother's guardianship; both ids.

    Args:
        number: hospital and `patient_index` of the child's own registration number.

    Raises:
        NewbornFormInvalid: a field does not fit. AlreadyBound: the number is somebody's.
    """
    _check(now, birth)
    hospital, patient = number
    name = called(service.profile(session, vault, mother).name, birth)
    who = Profile(name, birth.born.isoformat(), birth.gender, "", foreigner=False)
    child = service.add_person(session, vault, who, now)
    service.bind_number(session, child, hospital, patient, now)
    tie = family.begin(session, vault, mother, Child(hospital, patient, name, birth.born), now)
    session.add(Newborn(person_id=child, tie_id=tie, registered_at=now, registered_by=by))
    session.flush()
    notices.tell(session, mother, NoticeKind.NEWBORN_REGISTERED, now)
    return child, tie


def _check(now: datetime, birth: Birth) -> None:
    today = now.astimezone(KOREA).date()
    fits = {
        "born": today - REGISTERED_WITHIN <= birth.born <= today,
        "gender": birth.gender in GENDERS,
        "order": birth.order in ORDERS,
    }
    if wrong := [field for field, right in fits.items() if not right]:
        raise NewbornFormInvalid(where=", ".join(wrong))


def of_number(session: Session, hospital: int, patient: str) -> UUID:
    """The account of a child that was registered here. Raises NewbornUnknown."""
    held = repository.registration_of_patient(
        session, hospital, numbers.present_of(session, hospital, patient)
    )
    if held is None or session.get(Newborn, held.person_id) is None:
        raise NewbornUnknown
    return held.person_id


def rename(
    session: Session, vault: Vault, child: UUID, name: str, issued: date | None, now: datetime
) -> UUID:
    """The birth was reported: the child has its name; the guardian's tie goes on by the family certificate.

    The guardianship's id is returned.

    Raises:
        NewbornUnknown: no such child. NewbornFormInvalid: the name does not fit, or the certificate is too old.
    """
    row, name = session.get(Newborn, child), " ".join(name.split())
    if row is None:
        raise NewbornUnknown
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise NewbornFormInvalid(where="name")
    try:
        guardians = family.rename(session, vault, row.tie_id, name, issued, now)
    except DeskRefused as error:
        raise NewbornFormInvalid(where=f"certificate ({error.reason})") from error
    kept = service.profile(session, vault, child)
    service.reseal(session, vault, child, replace(kept, name=name))
    row.named_at = now
    session.add(row)
    session.flush()
    for each in guardians:
        notices.tell(session, each, NoticeKind.NEWBORN_NAMED, now)
    return row.tie_id
