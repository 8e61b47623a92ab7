"""Who a registration number is, as far as the insurer must be told: from the hospital, an account, or the desk."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from uuid import uuid4

from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility import repository
from backend.eligibility.errors import PatientNotHere, VisitFormInvalid
from backend.eligibility.models import EligibilityPatient
from backend.eligibility.noting import By, entry
from backend.eligibility.sealing import Insured, insured, seal
from backend.identity import service as identity
from backend.relay import service as relay
from backend.services import Services
from backend.vault import KeyDestroyed, Vault
from chain.db import reading, writing

NAME_LENGTH = 50
OLDEST = date(1850, 1, 1)
"""A birth date before it is a slip of the keyboard."""
_RESIDENT, _INSURANCE = (13,), range(8, 14)


def known(
    services: Services, session: Session, whose: ReadablePatientId
) -> tuple[EligibilityPatient, Insured]:
    """The patient's row and what it says. Raises PatientNotHere."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        raise PatientNotHere
    return row, insured(services.vault, row)


def ensure_known(services: Services, whose: ReadablePatientId) -> None:
    """A patient who is bound to an account is known by it, though no desk has asked yet. Raises PatientNotHere."""
    with reading(services.database) as session:
        if repository.patient(session, whose.hospital, whose.value) is not None:
            return
        account = account_of(services.vault, session, whose.hospital, whose.value)
    if account is None:
        raise PatientNotHere
    with writing(services.database) as session:
        make_known(services.vault, session, whose.hospital, whose.value, account, services.clock())


def at_desk(
    services: Services, whose: ReadablePatientId, number: str, by: By, typed: Insured | None
) -> EligibilityPatient:
    """The patient of a registration number at the desk's hospital, made known here if they are not yet.

    Name and birth date come from the hospital system where it can be asked, then from the account that is bound to
    the number, and from what the desk typed only where neither says.

    Raises:
        PatientNotHere: the hospital has no such number, or nobody knows whose it is.
    """
    with reading(services.database) as session:
        row = repository.patient(session, whose.hospital, whose.value)
        account = None if row else account_of(services.vault, session, whose.hospital, whose.value)
    if row is None:
        found = (
            _from_hospital(services, whose, number, by.id)
            or account
            or (Insured(typed.name, typed.birth) if typed is not None and typed.name else None)
        )
        if found is None:
            raise PatientNotHere
        with writing(services.database) as session:
            row = make_known(services.vault, session, whose.hospital, whose.value, found, services.clock())
    if typed is not None:
        add_numbers(services, whose, typed, by)
    return row


def make_known(
    vault: Vault, session: Session, hospital: int, patient: str, who: Insured, now: datetime
) -> EligibilityPatient:
    """The patient's row, with this content if it is new."""
    row_id = uuid4()
    sealed = seal(vault, row_id, who)
    row = EligibilityPatient(
        id=row_id,
        hospital=hospital,
        patient=patient,
        nonce=sealed.nonce,
        content=sealed.ciphertext,
        created_at=now,
    )
    kept = repository.add_patient(session, row)
    if kept.id != row_id:
        vault.destroy([row_id])
    return kept


def add_numbers(services: Services, whose: ReadablePatientId, typed: Insured, by: By) -> None:
    """Keep the numbers that the desk read from a card, in place of any before; a change is noted and looked up anew."""
    given = {
        name: value
        for name, value in (
            ("resident_number", typed.resident_number),
            ("insurance_number", typed.insurance_number),
        )
        if value is not None
    }
    if not given:
        return
    with writing(services.database) as session:
        row, before = known(services, session, whose)
        after = replace(before, **given)
        if after == before:
            return
        sealed = seal(services.vault, row.id, after)
        row.nonce, row.content = sealed.nonce, sealed.ciphertext
        repository.add(session, row)
        now = services.clock()
        repository.make_stale(session, row.id, now)
        line = entry(
            by, Action.CHANGE, ObjectKind.ELIGIBILITY, now, patient=whose.value, reason="insured-number"
        )
        audit.append(session, [line])


def account_of(vault: Vault, session: Session, hospital: int, patient: str) -> Insured | None:
    """The person whose account is bound to the patient; None where there is none."""
    person = identity.person_of_patient(session, hospital, patient)
    if person is None:
        return None
    try:
        profile = identity.profile(session, vault, person)
    except KeyDestroyed:
        return None
    return Insured(profile.name, profile.birth_date)


def is_own_hospital(services: Services, hospital: int) -> bool:
    """Whether relay and gateway are this hospital's: they are not asked about another one's patients."""
    own = services.settings.hospital_index
    first = next((each.index for each in services.node.trust.institutions if each.kind == "hospital"), None)
    return hospital == (first if own is None else own)


def _from_hospital(services: Services, whose: ReadablePatientId, number: str, actor: str) -> Insured | None:
    """As the hospital system has them; None where it cannot be asked. Raises PatientNotHere."""
    if not is_own_hospital(services, whose.hospital):
        return None
    try:
        client = relay.relay_client(services.settings, services.clock)
        if client is None:
            return None
        with closing(client):
            found = relay.at_the_visit(client, number, actor)
    except relay.PatientUnknown as error:
        raise PatientNotHere from error
    except relay.RelayError:
        return None
    return Insured(found.name, found.birth_date) if found.birth_date else None


def typed(name: str, birth: str, number: str, today: date) -> Insured | None:
    """What a desk typed; None if nothing.

    Args:
        number: resident number (13 digits) or health-insurance number (8 to 12); hyphens and spaces do not matter.

    Raises:
        VisitFormInvalid: what was typed does not fit.
    """
    name, birth = " ".join(name.split()), birth.strip()
    digits = "".join(number.split()).replace("-", "")
    if not (name or birth or digits):
        return None
    wrong = []
    if (name or birth) and not (0 < len(name) <= NAME_LENGTH and name.isprintable()):
        wrong.append("name")
    if (name or birth) and not _is_past_day(birth, today):
        wrong.append("birth")
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) in _INSURANCE):
        wrong.append("insured")
    if wrong:
        raise VisitFormInvalid(where=", ".join(wrong))
    resident = len(digits) in _RESIDENT
    return Insured(
        name,
        birth,
        resident_number=digits if resident else None,
        insurance_number=digits if digits and not resident else None,
    )


def _is_past_day(text: str, today: date) -> bool:
    try:
        return len(text) == len("2020-01-01") and OLDEST <= date.fromisoformat(text) <= today
    except ValueError:
        return False
