"""Whose log of accesses a signed-in person reads: their own, at each hospital that has bound them."""

from __future__ import annotations

from backend.access import Function, own_records
from backend.audit.pages import OwnRecord, Reader, routers
from backend.db import ReadSession
from backend.security import SignedInDep
from backend.services import ServicesDep


def reader(who: SignedInDep, session: ReadSession, services: ServicesDep) -> Reader:
    """The person and their records. Raises SignInRequired."""
    own = own_records(services, session, who, Function.SEE_ACCESSES)
    records = [OwnRecord(each.value, services.institution_name(each.hospital)) for each in own]
    return Reader(str(who.person), records)


accesses = routers(reader)
