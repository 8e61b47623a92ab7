"""Who of the staff is in this browser: accounts, enrolment codes, passkeys, sessions."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.identity.authenticator import (
    Answer,
    AnswerRefused,
    AuthenticationServer,
    KnownKey,
    Options,
    challenge_of,
    credential_id_of,
    new_challenge,
)
from backend.staff import repository
from backend.staff.errors import (
    EnrolmentRefused,
    StaffKnown,
    StaffPasskeyRefused,
    StaffStepUpRequired,
    StaffUnknown,
)
from backend.staff.models import (
    StaffCeremony,
    StaffMember,
    StaffPasskey,
    StaffPurpose,
    StaffSession,
    StaffState,
)
from backend.staff.roles import LIMITS, Role
from backend.tokens import digest_of
from backend.vault import Vault

PROOF_LASTS = timedelta(minutes=5)
"""How long a proof of presence counts before a binding or an emergency access."""
TIME_TO_ENROL = timedelta(minutes=10)
TIME_TO_ANSWER = timedelta(minutes=5)
CODE_LASTS = timedelta(days=1)
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StaffSignedIn:
    """A member of the staff in a session that holds.

    Attributes:
        enrolling: may register a passkey and nothing else.
        proven: has proved to be there within the last minutes.
    """

    staff: UUID
    role: Role
    hospital: int
    token_digest: str
    enrolling: bool
    proven: bool = False
    address: str = ""


def add(
    session: Session, vault: Vault, number: str, role: Role, hospital: int, now: datetime
) -> tuple[UUID, str]:
    """A new account and its enrolment code. Raises StaffKnown."""
    index = number_index(vault, hospital, number)
    if repository.member_of_number(session, index) is not None:
        raise StaffKnown
    made = StaffMember(id=uuid4(), number_index=index, hospital=hospital, role=role, created_at=now)
    session.add(made)
    session.flush()
    return made.id, new_code(session, made.id, now)


def number_index(vault: Vault, hospital: int, number: str) -> str:
    """What is stored of a staff number."""
    return vault.blind_index(f"staff:{hospital}:{number.strip()}")


def new_code(session: Session, staff_id: UUID, now: datetime) -> str:
    """A code to register a passkey with, good once and for a day; the one before is void. Raises StaffUnknown."""
    member = _active(session, staff_id)
    code = base64.b32encode(secrets.token_bytes(10)).decode()
    member.code_digest, member.code_expires_at = digest_of(code), now + CODE_LASTS
    session.add(member)
    session.flush()
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def end(session: Session, staff_id: UUID, now: datetime) -> None:
    """Nobody comes in with this account any more. Raises StaffUnknown."""
    member = _active(session, staff_id)
    member.state, member.code_digest, member.code_expires_at = StaffState.ENDED, None, None
    session.add(member)
    for passkey in repository.passkeys(session, staff_id):
        passkey.removed_at = now
        session.add(passkey)
    repository.end_logins(session, staff_id, now)


def _active(session: Session, staff_id: UUID) -> StaffMember:
    member = repository.member(session, staff_id)
    if member is None or member.state != StaffState.ACTIVE:
        raise StaffUnknown(str(staff_id))
    return member


# --- the first passkey


def enrol(session: Session, vault: Vault, number: str, code: str, now: datetime) -> tuple[UUID, str]:
    """Whose code it is, and the token of a session that may register a passkey. Raises EnrolmentRefused."""
    given = digest_of("".join(code.split()).replace("-", "").upper())
    member = repository.member_of_code(session, given)
    if member is None or member.state != StaffState.ACTIVE:
        raise EnrolmentRefused
    if not hmac.compare_digest(member.number_index, number_index(vault, member.hospital, number)):
        raise EnrolmentRefused
    if not repository.take_code(session, member.id, given, now):
        raise EnrolmentRefused
    return member.id, _open(session, member.id, now, enrolling=True)


def creation_options(
    session: Session, server: AuthenticationServer, who: StaffSignedIn, now: datetime
) -> Options:
    """Options for the browser; the name in its list of passkeys leads to nobody."""
    challenge = _noted(session, StaffPurpose.REGISTER, now, who.staff)
    known = [key.credential_id for key in repository.passkeys(session, who.staff)]
    return server.creation_options(who.staff, f"Saegim staff {str(who.staff)[:8]}", challenge, known)


def register(
    session: Session, server: AuthenticationServer, who: StaffSignedIn, answer: Answer, now: datetime
) -> str:
    """Keep the authenticator in place of any before; the token of the session that it opens.

    Whoever gets a new code has lost the old device: it lets nobody in any more, and sessions end.

    Raises:
        StaffPasskeyRefused: the answer does not hold.
    """
    try:
        made = server.created(answer, _taken(session, answer, StaffPurpose.REGISTER, who.staff, now))
    except AnswerRefused as error:
        raise StaffPasskeyRefused(reason=error.reason) from error
    if repository.passkey(session, made.credential_id) is not None:
        raise StaffPasskeyRefused(reason="passkey-known")
    for old in repository.passkeys(session, who.staff):
        old.removed_at = now
        session.add(old)
    session.add(
        StaffPasskey(
            id=uuid4(),
            staff_id=who.staff,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            synced=made.synced,
            created_at=now,
        )
    )
    repository.end_logins(session, who.staff, now)
    return _open(session, who.staff, now, enrolling=False)


# --- signing in


def request_options(session: Session, server: AuthenticationServer, now: datetime) -> Options:
    """Options for the browser."""
    return server.request_options(_noted(session, StaffPurpose.SIGN_IN, now, None), [])


def sign_in(
    session: Session, server: AuthenticationServer, answer: Answer, now: datetime
) -> tuple[UUID, str]:
    """Who answered and the new session's token. Raises StaffPasskeyRefused; the challenge counts as used."""
    passkey = _answered(session, server, answer, StaffPurpose.SIGN_IN, None, now)
    return passkey.staff_id, _open(session, passkey.staff_id, now, enrolling=False)


def step_up_options(
    session: Session, server: AuthenticationServer, who: StaffSignedIn, now: datetime
) -> Options:
    """Options for the browser: one of their own authenticators."""
    known = [key.credential_id for key in repository.passkeys(session, who.staff)]
    return server.request_options(_noted(session, StaffPurpose.STEP_UP, now, who.staff), known)


def step_up(
    session: Session, server: AuthenticationServer, who: StaffSignedIn, answer: Answer, now: datetime
) -> None:
    """They have proved to be there. Raises StaffPasskeyRefused; the challenge counts as used."""
    _answered(session, server, answer, StaffPurpose.STEP_UP, who.staff, now)
    repository.proven(session, who.token_digest, now)


def need_proof(who: StaffSignedIn) -> None:
    """Before what a colleague at an open screen must not do. Raises StaffStepUpRequired."""
    if not who.proven:
        raise StaffStepUpRequired


def _answered(
    session: Session,
    server: AuthenticationServer,
    answer: Answer,
    purpose: StaffPurpose,
    staff_id: UUID | None,
    now: datetime,
) -> StaffPasskey:
    """The authenticator that answered, its counter moved on; `staff_id`: whose it must be."""
    try:
        challenge = _taken(session, answer, purpose, staff_id, now)
        passkey = repository.passkey(session, credential_id_of(answer))
        if passkey is None or passkey.removed_at is not None:
            raise AnswerRefused("passkey-unknown")
        if staff_id is not None and passkey.staff_id != staff_id:
            raise AnswerRefused("passkey-of-another")
        known = KnownKey(passkey.public_key, passkey.sign_count, passkey.synced)
        passkey.sign_count = server.asserted(answer, challenge, known)
    except AnswerRefused as error:
        raise StaffPasskeyRefused(reason=error.reason) from error
    session.add(passkey)
    return passkey


def find(session: Session, token: str | None, now: datetime) -> tuple[StaffSignedIn | None, bool]:
    """Who the token lets in, if anyone, and whether it is time to note that the session was used."""
    row = repository.login(session, digest_of(token)) if token else None
    if row is None or row.ended_at is not None:
        return None, False
    member = repository.member(session, row.staff_id)
    if member is None or member.state != StaffState.ACTIVE:
        return None, False
    role = Role(member.role)
    longest = TIME_TO_ENROL if row.enrolling else LIMITS[role].longest
    if now - row.seen_at > LIMITS[role].idle or now - row.created_at > longest:
        return None, False
    proven = row.proven_at is not None and now - row.proven_at <= PROOF_LASTS
    found = StaffSignedIn(member.id, role, member.hospital, row.token_digest, row.enrolling, proven)
    return found, now - row.seen_at >= _NOTED_EVERY


def note_seen(session: Session, found: StaffSignedIn, now: datetime) -> None:
    """The session was used."""
    repository.seen(session, found.token_digest, now)


def sign_out(session: Session, found: StaffSignedIn, now: datetime) -> None:
    """End this session."""
    repository.end_logins(session, found.staff, now, only=found.token_digest)


def _open(session: Session, staff_id: UUID, now: datetime, *, enrolling: bool) -> str:
    token = secrets.token_urlsafe(32)
    row = StaffSession(
        token_digest=digest_of(token),
        staff_id=staff_id,
        enrolling=enrolling,
        created_at=now,
        seen_at=now,
        proven_at=None if enrolling else now,
    )
    session.add(row)
    session.flush()
    return token


def _noted(session: Session, purpose: StaffPurpose, now: datetime, staff_id: UUID | None) -> bytes:
    challenge = new_challenge()
    row = StaffCeremony(
        challenge_digest=digest_of(challenge),
        purpose=purpose,
        staff_id=staff_id,
        expires_at=now + TIME_TO_ANSWER,
    )
    session.add(row)
    session.flush()
    return challenge


def _taken(
    session: Session, answer: Answer, purpose: StaffPurpose, staff_id: UUID | None, now: datetime
) -> bytes:
    challenge = challenge_of(answer)
    if not repository.take_ceremony(session, digest_of(challenge), purpose, staff_id, now):
        raise AnswerRefused("challenge-unknown")
    return challenge
