"""Two registration numbers of one person (이중등록): what the hospital system has, and following what it has merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.identity import numbers
from backend.identity import service as identity
from backend.relay import service as relay
from backend.services import Services
from backend.staff.asking import asked, client_of, log, refused
from backend.staff.desk import NOT_CONFIGURED, SAME, number_of
from backend.staff.errors import NotCompared, NotMergedThere, NotTheirNumber, NumberUnknown
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn, need_proof
from chain.db import reading, writing

HOSPITAL_MERGED = "hospital-merged-numbers"
MERGED_THERE = "relay.merged"
"""The hospital system itself has said so."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One registration number that the hospital has of a person, and the account bound to it, if any."""

    number: str
    account: UUID | None
    former: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the hospital has. goes_on: the number into which it has merged the one that was looked up."""

    rows: Sequence[Registered]
    goes_on: str | None


def look_up(services: Services, who: StaffSignedIn, number: str) -> Found:
    """Every number that the hospital system has of whoever has this one, or had it before a merger.

    Raises:
        NumberMissing, NumberUnknown. NotCompared: the hospital system cannot be asked, or there is no relay.
    """
    need_proof(who)
    number = number_of(number)
    with client_of(services, who) as client:
        if client is None:
            raise NotCompared
        goes_on = _goes_on(client, number, who)
        _, listed = asked(client, goes_on or number, who)
    now, rows = services.clock(), []
    with writing(services.database) as session:
        for each in sorted({*listed, number}):
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
    return Found(rows, goes_on)


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
            log(services, session, who, Action.CHANGE, patient, f"{HOSPITAL_MERGED}.{compared}", "")


def _compared_numbers(services: Services, who: StaffSignedIn, gone: str, left: str) -> str:
    """Raises what `follow` says."""
    with client_of(services, who) as client:
        if client is None:
            return NOT_CONFIGURED
        found, listed = asked(client, left, who)
        said = _goes_on(client, gone, who)
        if said is None and gone in listed:
            raise NotMergedThere
        before = _as_it_was(services, client, who, gone) if said is None else found
    differing = {*relay.differences(before, found), *_differing_holders(services, who, (gone, left), found)}
    if (said is not None and said != left) or differing:
        codes = "-".join(sorted(differing)).replace("_", "-") or "number"
        patient = services.vault.blind_index(left)
        refused(
            services, who, Action.CHANGE, ObjectKind.REGISTRATION, None, f"relay.differs-{codes}", patient
        )
        raise NotTheirNumber
    return SAME if said is None else MERGED_THERE


def _differing_holders(
    services: Services, who: StaffSignedIn, numbers: Sequence[str], found: relay.Known
) -> set[str]:
    """In what the accounts that have these numbers differ from the hospital's record: a wrong merger opens nothing."""
    differing = set[str]()
    with reading(services.database) as session:
        for each in numbers:
            holder = identity.holder_of(session, who.hospital, services.vault.blind_index(each))
            if holder is not None:
                known = identity.profile(session, services.vault, holder)
                own = relay.Known(known.name, known.birth_date, known.gender)
                differing |= set(relay.differences(own, found))
    return differing


def _as_it_was(services: Services, client: relay.RelayClient, who: StaffSignedIn, number: str) -> relay.Known:
    """Whose a number is or was, by the hospital or else by us. Raises NumberUnknown where nobody knows."""
    try:
        return asked(client, number, who)[0]
    except NumberUnknown:
        return _as_we_know(services, who, number)


def _goes_on(client: relay.RelayClient, number: str, who: StaffSignedIn) -> str | None:
    """What the hospital says of a merger; None too where its system does not say."""
    try:
        return relay.goes_on_as(client, number, str(who.staff))
    except (relay.NotOffered, relay.PatientUnknown):
        return None
    except relay.RelayError as error:
        raise NotCompared from error


def _as_we_know(services: Services, who: StaffSignedIn, number: str) -> relay.Known:
    """Whose a number was that the hospital has no more. Raises NumberUnknown where nobody knows."""
    with reading(services.database) as session:
        holder = identity.holder_of(session, who.hospital, services.vault.blind_index(number))
        if holder is None:
            raise NumberUnknown
        known = identity.profile(session, services.vault, holder)
    return relay.Known(known.name, known.birth_date, known.gender)
