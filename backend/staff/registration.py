"""What the registration desk (원무) does besides the first binding: documents of foreigners, newborns, 이중등록.

Each act is one transaction with its line in the log, under every registration number it is about, so that the patient
reads of it. The hospital system is asked before, outside any transaction. Who does it has proved within the last
minutes to be at the screen; StaffStepUpRequired otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.identity import foreigners, merge, newborns, numbers, recovery
from backend.identity import service as identity
from backend.identity.errors import AccountsDiffer, DocumentDiffers
from backend.identity.merge import DeskReason
from backend.identity.newborns import Birth
from backend.relay import service as relay
from backend.services import Services
from backend.staff.desk import NOT_CONFIGURED, SAME, account_of, compare, number_of
from backend.staff.errors import (
    AccountUnknown,
    NotCompared,
    NotMergedThere,
    NotTheirNumber,
    NumberUnknown,
)
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn, need_proof
from chain.db import reading, writing

HOSPITAL_MERGED = "hospital-merged-numbers"


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
            _held(session, person)
            others = foreigners.seen(
                session, services.vault, person, paper.number, paper.born, by=who.staff, now=now
            )
            bound = identity.bind(session, person, who.hospital, patient, now)
            _log(services, session, who, Action.LINK, patient, f"document-seen.{compared}", bound.id)
    except DocumentDiffers:
        _refused(services, who, Action.LINK, ObjectKind.IDENTITY, person, "document-differs")
        raise
    return others


def entry_code(services: Services, who: StaffSignedIn, account: str, document: str) -> str:
    """A code to come back with for whoever has lost their passkey and has no Korean telephone.

    Raises:
        AccountUnknown: no such account. DocumentDiffers: the document was not seen before at this person's hand.
    """
    need_proof(who)
    person, now = account_of(account), services.clock()
    try:
        with writing(services.database) as session:
            _held(session, person)
            if not foreigners.is_of(session, services.vault, person, document):
                raise DocumentDiffers
            code = recovery.entry_code(session, person, who.staff, now)
            line = entry(Action.CHANGE, now, who.address, staff=who.staff, which=person, reason="entry-code")
            audit.append(session, [line])
    except DocumentDiffers:
        _refused(services, who, Action.CHANGE, ObjectKind.ACCOUNT, person, "document-differs")
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
        _log(services, session, who, Action.CREATE, patient, f"newborn.{compared}", made)
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
        _log(services, session, who, Action.CHANGE, patient, f"birth-reported.{compared}", account)


def _compared_child(
    services: Services, who: StaffSignedIn, number: str, name: str | None, born: date, gender: str
) -> str:
    """The hospital's record of the child; the name is compared only where there is one, the sex where it is known."""
    with _client(services) as client:
        if client is None:
            return NOT_CONFIGURED
        found, _ = _asked(client, number, who)
    entered = relay.Known(name or found.name, born.isoformat(), found.sex if gender == "unknown" else gender)
    if differing := relay.differences(entered, found):
        codes = "-".join(differing).replace("_", "-")
        patient = services.vault.blind_index(number)
        _refused(services, who, Action.LINK, ObjectKind.REGISTRATION, None, f"relay.differs-{codes}", patient)
        raise NotTheirNumber
    return SAME


# --- two accounts


def merge_accounts(services: Services, who: StaffSignedIn, one: str, other: str, reason: str) -> UUID:
    """Two accounts of one human become one; the one that survives.

    Raises:
        AccountUnknown: there is none of such a number. AccountsDiffer: they cannot be one human's.
    """
    need_proof(who)
    accounts, now = (account_of(one), account_of(other)), services.clock()
    if reason not in set(DeskReason):
        raise AccountsDiffer(reason="no-reason")
    decision = merge.Decision(reason, who.address, who.staff)
    try:
        with writing(services.database) as session:
            for each in accounts:
                _held(session, each)
            away, kept = merge.decide(session, services.vault, *accounts, decision, now)
    except AccountsDiffer as error:
        code = str(error.parameters["reason"])
        _refused(services, who, Action.MERGE, ObjectKind.ACCOUNT, accounts[0], code)
        raise
    merge.forget(services.vault, away)
    return kept


# --- two numbers


@dataclass(frozen=True, slots=True)
class Registered:
    """One registration number that the hospital has of a person, and the account bound to it, if any."""

    number: str
    account: UUID | None
    former: bool


def look_up(services: Services, who: StaffSignedIn, number: str) -> Sequence[Registered]:
    """Every number that the hospital system has of whoever has this one.

    Raises:
        NumberMissing, NumberUnknown. NotCompared: the hospital system cannot be asked, or there is no relay.
    """
    need_proof(who)
    number = number_of(number)
    with _client(services) as client:
        if client is None:
            raise NotCompared
        _, found = _asked(client, number, who)
    now, rows = services.clock(), []
    with writing(services.database) as session:
        for each in found:
            patient = services.vault.blind_index(each)
            account = identity.holder_of(session, who.hospital, patient)
            former = numbers.present_of(session, who.hospital, patient) != patient
            rows.append(Registered(each, account, former))
        line = entry(
            Action.LIST,
            now,
            who.address,
            staff=who.staff,
            what=ObjectKind.REGISTRATION,
            patient=services.vault.blind_index(number),
            reason="double-registration",
        )
        audit.append(session, [line])
    return rows


def follow(services: Services, who: StaffSignedIn, former: str, present: str) -> None:
    """The hospital system has merged two numbers: ours follow, the former one's documents stay the person's.

    Raises:
        NumberMissing, NumberSame, NumberOfAnother, NumberUnknown, NotCompared.
        NotTheirNumber: the hospital has two people under them. NotMergedThere: it has not merged them yet.
    """
    need_proof(who)
    gone, left = number_of(former), number_of(present)
    compared = _compared_numbers(services, who, gone, left)
    old, new = services.vault.blind_index(gone), services.vault.blind_index(left)
    with writing(services.database) as session:
        numbers.follow(session, who.hospital, old, new, HOSPITAL_MERGED, services.clock())
        for patient in (old, new):
            _log(services, session, who, Action.CHANGE, patient, f"{HOSPITAL_MERGED}.{compared}", "")


def _compared_numbers(services: Services, who: StaffSignedIn, gone: str, left: str) -> str:
    """Raises what `follow` says."""
    with _client(services) as client:
        if client is None:
            return NOT_CONFIGURED
        found, listed = _asked(client, left, who)
        if gone in listed:
            raise NotMergedThere
        try:
            before, _ = _asked(client, gone, who)
        except NumberUnknown:
            before = _as_we_know(services, who, gone)
    if differing := relay.differences(before, found):
        codes = "-".join(differing).replace("_", "-")
        patient = services.vault.blind_index(left)
        _refused(
            services, who, Action.CHANGE, ObjectKind.REGISTRATION, None, f"relay.differs-{codes}", patient
        )
        raise NotTheirNumber
    return SAME


def _as_we_know(services: Services, who: StaffSignedIn, number: str) -> relay.Known:
    """Whose a number was that the hospital has no more. Raises NumberUnknown where nobody knows."""
    with reading(services.database) as session:
        holder = identity.holder_of(session, who.hospital, services.vault.blind_index(number))
        if holder is None:
            raise NumberUnknown
        known = identity.profile(session, services.vault, holder)
    return relay.Known(known.name, known.birth_date, known.gender)


# --- what they share


def _held(session: Session, person: UUID) -> None:
    if not identity.is_active(session, person):
        raise AccountUnknown


@contextmanager
def _client(services: Services) -> Iterator[relay.RelayClient | None]:
    try:
        client = relay.relay_client(services.settings, services.clock)
    except relay.RelayError as error:
        raise NotCompared from error
    if client is None:
        yield None
        return
    with closing(client):
        yield client


def _asked(client: relay.RelayClient, number: str, who: StaffSignedIn) -> tuple[relay.Known, list[str]]:
    try:
        return relay.numbers_of(client, number, str(who.staff))
    except relay.PatientUnknown as error:
        raise NumberUnknown from error
    except relay.RelayError as error:
        raise NotCompared from error


def _log(
    services: Services,
    session: Session,
    who: StaffSignedIn,
    action: Action,
    patient: str,
    reason: str,
    which: UUID | str,
) -> None:
    """One line about a registration, in the caller's transaction; last."""
    line = entry(
        action,
        services.clock(),
        who.address,
        staff=who.staff,
        what=ObjectKind.REGISTRATION,
        which=which,
        patient=patient,
        reason=reason,
    )
    audit.append(session, [line])


def _refused(
    services: Services,
    who: StaffSignedIn,
    action: Action,
    what: ObjectKind,
    which: UUID | None,
    reason: str,
    patient: str | None = None,
) -> None:
    """A refusal, in a transaction of its own."""
    line = entry(
        action,
        services.clock(),
        who.address,
        staff=who.staff,
        what=what,
        which=which or "",
        patient=patient,
        reason=reason,
        refused=True,
    )
    audit.record(services.database, [line])
