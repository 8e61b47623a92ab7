"""Whose registration number it is: the hospital's record of the child beside what the guardian typed.

Without it one wrong digit would open a stranger's record. Outside any transaction that writes: the relay is on the
network.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from backend.audit.terms import Action
from backend.family import repository
from backend.family.desk import DeskRefusal, DeskRefused
from backend.family.models import TieState
from backend.family.noting import Clerk, note
from backend.family.standing import subject
from backend.relay import service as relay
from backend.services import Services
from chain.db import reading, writing

SAME: Final = "relay.same"
WITHOUT: Final = ("relay-down", "hospital-system-down", "not-offered", "papers-seen")
"""Why somebody goes on without the comparison; noted."""
SEXES: Final = ("female", "male")


class ChildDiffers(Exception):
    """The hospital's record of the number is not the child's. `fields`: in which, never how."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"the hospital's record of this number differs in: {', '.join(fields)}")
        self.fields = tuple(fields)


def compare(
    services: Services,
    client: relay.RelayClient,
    tie_id: UUID,
    number: str,
    *,
    sex: str | None,
    actor: str,
    by: Clerk | None = None,
) -> str:
    """How they were compared, as a code for the log.

    Args:
        sex: as the certificate says; None: it does not, or nobody read it.

    Raises:
        ChildDiffers: noted; nothing else has changed.
        DeskRefused: no such guardianship waits.
        RelayError: the number is unknown, or the hospital could not be asked.
    """
    with reading(services.database) as session:
        tie = repository.tie(session, tie_id)
        known = subject(session, services.vault, tie) if tie and tie.state == TieState.ASKED else None
    if known is None:
        raise DeskRefused(DeskRefusal.NOT_WAITING)
    found = relay.at_first_visit(client, number, actor)
    given = relay.Known(known.name, known.born.isoformat(), sex or found.sex)
    if differing := relay.differences(given, found):
        _note(services, tie_id, number, differing, by)
        raise ChildDiffers(differing)
    return SAME


def _note(services: Services, tie_id: UUID, number: str, differing: list[str], by: Clerk | None) -> None:
    codes = "-".join(differing).replace("_", "-")
    patient = services.vault.blind_index(number)
    with writing(services.database) as session:
        tie = repository.tie(session, tie_id)
        assert tie is not None
        reason = f"relay.differs-{codes}"
        note(
            session,
            Action.DELEGATE,
            services.clock(),
            tie,
            by,
            reason=reason,
            patients=[patient],
            refused=True,
        )
