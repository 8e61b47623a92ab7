"""What the registration desk (원무) does besides the first binding: documents of foreigners, newborns, 이중등록.

Each act is one transaction with its line in the log, under every registration number it is about, so that the patient
reads of it. The hospital system is asked before, outside any transaction. Who does it has proved within the last
minutes to be at the screen; StaffStepUpRequired otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility.checks import seen_at_first_visit
from backend.eligibility.service import How
from backend.identity import foreigners, merge, newborns, recovery
from backend.identity import service as identity
from backend.identity.errors import AccountsDiffer, DocumentDiffers
from backend.identity.merge import DeskReason
from backend.identity.newborns import Birth
from backend.relay import service as relay
from backend.services import Services
from backend.staff.asking import asked, client_of, held, held_here, log, refused
from backend.staff.desk import NOT_CONFIGURED, SAME, account_of, compare, number_of
from backend.staff.errors import AccountUnknown, NotTheirNumber
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn, need_proof
from chain.db import reading, writing

# --- foreigners


@dataclass(frozen=True, slots=True)
class InHand:
    """What the desk reads from the document before it. born: None for what is no date."""

    number: str
    born: date | None


def see_document(
    services: Services, who: StaffSignedIn, account: str, paper: InHand, number: str
) -> list[UUID]:
    """Identity checked by the document in hand, and bound; other accounts that named the same document.

    Raises:
        AccountUnknown, NumberMissing: what was typed leads nowhere.
        DocumentDiffers: the document is not what was named at sign-up; the refusal is in the log.
        NotTheirNumber, NumberUnknown, NotCompared: the hospital's record is another's, none, or out of reach.
        AlreadyBound: the number or the account is bound otherwise.
    """
    need_proof(who)
    person, number = account_of(account), number_of(number)
    compared, _ = compare(services, who, person, number)
    now, patient = services.clock(), services.vault.blind_index(number)
    try:
        with writing(services.database) as session:
            held(session, person)
            others = foreigners.seen(
                session, services.vault, person, paper.number, paper.born, by=who.staff, now=now
            )
            bound = identity.bind(session, person, who.hospital, patient, now)
            how = _shown_by(services, session, person)
            seen_at_first_visit(session, services.vault, who.hospital, patient, who.staff, now, how)
            log(services, session, who, Action.LINK, patient, f"document-seen.{compared}", bound.id)
    except DocumentDiffers:
        refused(services, who, Action.LINK, ObjectKind.IDENTITY, person, "document-differs")
        raise
    return others


def _shown_by(services: Services, session: Session, person: UUID) -> How:
    """Which kind of document the desk has had in hand."""
    seen = [each.kind for each in foreigners.shown(session, services.vault, person) if each.seen]
    return How.PASSPORT if "passport" in seen else How.RESIDENCE_CARD


def entry_code(services: Services, who: StaffSignedIn, account: str, document: str) -> str:
    """A code to come back with for whoever has lost their passkey and has no Korean telephone.

    Raises:
        AccountUnknown: no such account, or none that has chosen this hospital.
        DocumentDiffers: the document was not seen before at this person's hand.
    """
    need_proof(who)
    person, now = account_of(account), services.clock()
    try:
        with writing(services.database) as session:
            held_here(session, person, who.hospital)
            if not foreigners.is_of(session, services.vault, person, document):
                raise DocumentDiffers
            code = recovery.entry_code(session, person, who.staff, now)
            line = entry(Action.CHANGE, now, who.address, staff=who.staff, which=person, reason="entry-code")
            audit.append(session, [line])
    except (AccountUnknown, DocumentDiffers) as error:
        why = "document-differs" if isinstance(error, DocumentDiffers) else "account-unknown"
        refused(services, who, Action.CHANGE, ObjectKind.ACCOUNT, person, why)
        raise
    return code


# --- newborns


def register_newborn(services: Services, who: StaffSignedIn, mother: str, child: str, birth: Birth) -> UUID:
    """The child under its mother's registration; its account.

    Raises:
        NumberMissing, MotherUnknown, NewbornFormInvalid, AlreadyBound.
        NotTheirNumber, NumberUnknown, NotCompared: the hospital has another birth date or sex under the number.
    """
    need_proof(who)
    mothers, number = number_of(mother), number_of(child)
    compared = _compared_child(services, who, number, None, birth.born, birth.gender)
    now, patient = services.clock(), services.vault.blind_index(number)
    with writing(services.database) as session:
        guardian = newborns.mother_of(session, who.hospital, services.vault.blind_index(mothers))
        made, tie = newborns.register(
            session,
            services.vault,
            mother=guardian,
            number=(who.hospital, patient),
            birth=birth,
            by=who.staff,
            now=now,
        )
        log(services, session, who, Action.CREATE, patient, f"newborn.{compared}", made)
        line = entry(
            Action.DELEGATE,
            now,
            who.address,
            staff=who.staff,
            what=ObjectKind.DELEGATION,
            which=tie,
            patient=patient,
            reason="guardian.parent",
        )
        audit.append(session, [line])
    return made


def rename_newborn(
    services: Services, who: StaffSignedIn, child: str, name: str, issued: date | None
) -> None:
    """출생신고 후 정보 변경: the name that the hospital has under the child's number by now.

    Raises:
        NumberMissing, NewbornUnknown, NewbornFormInvalid.
        NotTheirNumber, NumberUnknown, NotCompared: the hospital has another name, or none, or is out of reach.
    """
    need_proof(who)
    number = number_of(child)
    now, patient = services.clock(), services.vault.blind_index(number)
    with reading(services.database) as session:
        account = newborns.of_number(session, who.hospital, patient)
        known = identity.profile(session, services.vault, account)
    born = date.fromisoformat(known.birth_date)
    compared = _compared_child(services, who, number, name, born, known.gender)
    with writing(services.database) as session:
        newborns.rename(session, services.vault, account, name, issued, now)
        log(services, session, who, Action.CHANGE, patient, f"birth-reported.{compared}", account)


def _compared_child(
    services: Services, who: StaffSignedIn, number: str, name: str | None, born: date, gender: str
) -> str:
    """The hospital's record of the child; the name is compared only where there is one, the sex where it is known."""
    with client_of(services, who) as client:
        if client is None:
            return NOT_CONFIGURED
        found, _ = asked(client, number, who)
    entered = relay.Known(name or found.name, born.isoformat(), found.sex if gender == "unknown" else gender)
    if differing := relay.differences(entered, found):
        codes = "-".join(differing).replace("_", "-")
        patient = services.vault.blind_index(number)
        refused(services, who, Action.LINK, ObjectKind.REGISTRATION, None, f"relay.differs-{codes}", patient)
        raise NotTheirNumber
    return SAME


# --- two accounts


def merge_accounts(services: Services, who: StaffSignedIn, one: str, other: str, reason: str) -> UUID:
    """Two accounts of one human become one; the one that survives.

    Raises:
        AccountUnknown: there is none of such a number that has chosen this hospital.
        AccountsDiffer: they cannot be one human's.
    """
    need_proof(who)
    accounts, now = (account_of(one), account_of(other)), services.clock()
    if reason not in set(DeskReason):
        raise AccountsDiffer(reason="no-reason")
    decision = merge.Decision(reason, who.address, who.staff)
    try:
        with writing(services.database) as session:
            for each in accounts:
                held_here(session, each, who.hospital)
            away, kept = merge.decide(session, services.vault, *accounts, decision, now)
    except (AccountsDiffer, AccountUnknown) as error:
        code = str(error.parameters["reason"]) if isinstance(error, AccountsDiffer) else "account-unknown"
        refused(services, who, Action.MERGE, ObjectKind.ACCOUNT, accounts[0], code)
        raise
    merge.forget(services.vault, away)
    return kept
