"""Whose log of accesses a signed-in person reads: their own at each hospital, and that of a child in their care."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.access import Function, ReadablePatientId, family_records, own_records
from backend.audit.pages import OwnRecord, Reader, routers
from backend.audit.terms import Both
from backend.db import ReadSession
from backend.family.service import in_care, names
from backend.identity.service import former_selves
from backend.security import SignedInDep
from backend.services import Services, ServicesDep
from backend.web.i18n import translate

FORMERLY: Final = Both("합친 계정의 본인", "you (an account merged into yours)")


def reader(who: SignedInDep, session: ReadSession, services: ServicesDep) -> Reader:
    """The person and their records. Raises SignInRequired."""
    function = Function.SEE_ACCESSES
    own = own_records(services, session, who, function)
    records = [OwnRecord(each.value, label) for each, label in zip(own, _labels(services, own), strict=True)]
    patients = [(each.hospital, each.value) for each in own]
    for member in in_care(services, session, who, function):
        for each in family_records(services, session, who, function, member.id):
            label = f"{member.name}, {services.institution_name(each.hospital)}"
            records.append(OwnRecord(each.value, label))
            patients.append((each.hospital, each.value))
    known = names(session, services.vault, who.person, patients)
    merged = dict.fromkeys(map(str, former_selves(session, who.person)), FORMERLY)
    session.close()  # gives the connection back, rather than hold it until a thread takes the endpoint
    return Reader(str(who.person), records, known | merged)


def _labels(services: Services, own: Sequence[ReadablePatientId]) -> list[str]:
    """What a person's records are called: by hospital; of several numbers at one the first is the present one."""
    labels, seen = [], set[int]()
    for each in own:
        name = services.institution_name(each.hospital)
        labels.append(
            translate("%(hospital)s, 이전 등록번호", {"hospital": name}) if each.hospital in seen else name
        )
        seen.add(each.hospital)
    return labels


accesses = routers(reader)
