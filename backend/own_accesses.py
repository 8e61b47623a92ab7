"""Whose log of accesses a signed-in person reads: their own at each hospital, and that of a child in their care."""

from __future__ import annotations

from backend.access import Function, family_records, own_records
from backend.audit.pages import OwnRecord, Reader, routers
from backend.db import ReadSession
from backend.family.service import in_care, names
from backend.security import SignedInDep
from backend.services import ServicesDep


def reader(who: SignedInDep, session: ReadSession, services: ServicesDep) -> Reader:
    """The person and their records. Raises SignInRequired."""
    function = Function.SEE_ACCESSES
    own = own_records(services, session, who, function)
    records = [OwnRecord(each.value, services.institution_name(each.hospital)) for each in own]
    patients = [(each.hospital, each.value) for each in own]
    for member in in_care(services, session, who, function):
        for each in family_records(services, session, who, function, member.id):
            label = f"{member.name}, {services.institution_name(each.hospital)}"
            records.append(OwnRecord(each.value, label))
            patients.append((each.hospital, each.value))
    return Reader(str(who.person), records, names(session, services.vault, who.person, patients))


accesses = routers(reader)
