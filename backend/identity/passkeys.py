"""Ceremonies of passkeys: register, sign in, prove again to be there. A challenge is answered once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.identity import repository
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
from backend.identity.errors import LastPasskey, PasskeyKnown, PasskeyNotFound, PasskeyRefused
from backend.identity.models import Ceremony, Passkey, Purpose
from backend.tokens import digest_of

TIME_TO_ANSWER = timedelta(minutes=5)
LONGEST_NAME = 40


def begin(
    session: Session,
    server: AuthenticationServer,
    purpose: Purpose,
    now: datetime,
    person: UUID | None = None,
) -> Options:
    """Options for the browser, and a challenge noted. `person`: whose, but for SIGN_IN."""
    challenge = new_challenge()
    noted = Ceremony(
        challenge_digest=digest_of(challenge),
        purpose=purpose,
        person_id=person,
        expires_at=now + TIME_TO_ANSWER,
    )
    repository.add_ceremony(session, noted)
    known = [key.credential_id for key in repository.passkeys(session, person)] if person else []
    if purpose is Purpose.REGISTER:
        assert person is not None
        # The name is shown by the browser in its list of passkeys; it must lead to nobody.
        return server.creation_options(person, f"Saegim {str(person)[:8]}", challenge, known)
    return server.request_options(challenge, known)


def register(
    session: Session, server: AuthenticationServer, person: UUID, answer: Answer, name: str, now: datetime
) -> Passkey:
    """Keep a new authenticator of `person`.

    Raises:
        PasskeyRefused: the answer does not hold, or answers no challenge of this person.
        PasskeyKnown: it is registered already.
    """
    try:
        challenge = _take(session, answer, Purpose.REGISTER, person, now)
        made = server.created(answer, challenge)
    except AnswerRefused as error:
        raise PasskeyRefused(reason=error.reason) from error
    if repository.passkey_of_credential(session, made.credential_id) is not None:
        raise PasskeyKnown
    passkey = Passkey(
        id=uuid4(),
        person_id=person,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        synced=made.synced,
        name=name.strip()[:LONGEST_NAME] or "Passkey",
        created_at=now,
    )
    repository.add_passkey(session, passkey)
    return passkey


def check(
    session: Session,
    server: AuthenticationServer,
    answer: Answer,
    purpose: Purpose,
    now: datetime,
    person: UUID | None = None,
) -> Passkey:
    """The authenticator that answered, its counter moved on. `person`: who must have answered (STEP_UP).

    Raises:
        PasskeyRefused: with the reason; the challenge counts as used all the same.
    """
    try:
        challenge = _take(session, answer, purpose, person, now)
        passkey = repository.passkey_of_credential(session, credential_id_of(answer))
        if passkey is None or passkey.removed_at is not None:
            raise AnswerRefused("passkey-unknown")
        if person is not None and passkey.person_id != person:
            raise AnswerRefused("passkey-of-another")
        known = KnownKey(passkey.public_key, passkey.sign_count, passkey.synced)
        count = server.asserted(answer, challenge, known)
    except AnswerRefused as error:
        raise PasskeyRefused(reason=error.reason) from error
    repository.used_passkey(session, passkey.id, count, now)
    return passkey


def rename(session: Session, person: UUID, passkey: UUID, name: str) -> None:
    """Raises PasskeyNotFound."""
    own = _own(session, person, passkey)
    own.name = name.strip()[:LONGEST_NAME] or own.name
    session.add(own)


def remove(session: Session, person: UUID, passkey: UUID, now: datetime) -> None:
    """The authenticator no longer lets anyone in.

    Raises:
        PasskeyNotFound: not one of this person's.
        LastPasskey: it is the only one.
    """
    own = _own(session, person, passkey)
    if len(repository.passkeys(session, person)) == 1:
        raise LastPasskey
    own.removed_at = now
    session.add(own)


def of(session: Session, person: UUID) -> Sequence[Passkey]:
    """A person's authenticators, oldest first."""
    return repository.passkeys(session, person)


def _own(session: Session, person: UUID, passkey: UUID) -> Passkey:
    found = repository.passkey(session, passkey)
    if found is None or found.person_id != person or found.removed_at is not None:
        raise PasskeyNotFound
    return found


def _take(session: Session, answer: Answer, purpose: Purpose, person: UUID | None, now: datetime) -> bytes:
    """The noted challenge that `answer` answers, used up. Raises AnswerRefused."""
    challenge = challenge_of(answer)
    if not repository.take_ceremony(session, digest_of(challenge), purpose, person, now):
        raise AnswerRefused("challenge-unknown")
    return challenge
