"""Registration numbers of one person at one hospital (이중등록). The hospital system is their master.

One number is the person's present one and stands in the registration; former ones lead to it, so that documents that
were issued under them stay the same person's to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from backend.identity import notices, repository
from backend.identity.errors import NumberOfAnother, NumberSame
from backend.identity.models import NoticeKind, NumberLink

Number = tuple[int, str]
"""Hospital and `patient_index`."""


def present_of(session: Session, hospital: int, patient: str) -> str:
    """The number that a number leads to: itself, unless it is a former one."""
    known = session.get(NumberLink, (hospital, patient))
    return known.present if known is not None else patient


def with_former(session: Session, numbers: Sequence[Number]) -> list[Number]:
    """These numbers, each with its former ones behind it."""
    found = list(numbers)
    for hospital, patient in numbers:
        found += [(hospital, each) for each in repository.former_numbers(session, hospital, patient)]
    return found


def all_of(session: Session, hospital: int, patient: str) -> list[Number]:
    """Every number of whoever has this one, former or present."""
    return with_former(session, [(hospital, present_of(session, hospital, patient))])


def link(session: Session, hospital: int, former: str, present: str, reason: str, now: datetime) -> None:
    """`former` leads to `present` from now on, and so does whatever led to `former`."""
    repository.drop_link(session, hospital, present)  # the other way round, should it have been so
    repository.repoint_links(session, hospital, former, present)
    known = session.get(NumberLink, (hospital, former))
    if known is None:
        known = NumberLink(hospital=hospital, former=former, present=present, since=now, reason=reason)
    known.present, known.since, known.reason = present, now, reason
    session.add(known)
    session.flush()


def follow(
    session: Session, hospital: int, former: str, present: str, reason: str, now: datetime
) -> UUID | None:
    """The hospital system has merged `former` into `present`: the registration follows; whose it is, if anyone's.

    Raises:
        NumberSame: it is one number.
        NumberOfAnother: two accounts hold them; they are one human's only once somebody has said so (merge them).
    """
    target = present_of(session, hospital, present)
    if former == present or (target == former and present_of(session, hospital, former) == present):
        raise NumberSame
    held = repository.registration_of_patient(session, hospital, present_of(session, hospital, former))
    other = repository.registration_of_patient(session, hospital, target)
    if held is not None and other is not None and held.person_id != other.person_id:
        raise NumberOfAnother
    if held is not None and held.patient != present:
        held.patient = present
        session.add(held)
        session.flush()
    link(session, hospital, former, present, reason, now)
    owner = held or other
    if owner is None:
        return None
    notices.tell(session, owner.person_id, NoticeKind.NUMBER_CHANGED, now)
    return owner.person_id
