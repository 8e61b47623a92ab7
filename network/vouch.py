"""What the holder of a key puts into the reviewed file, so that others can enrol it without having the key."""

from __future__ import annotations

from network.acceptances import Acceptances
from network.errors import PlanKeyUnknown
from network.plan import EnrolmentPlan, InstitutionPlan
from network.registry import Registry


def vouch(key: str, plan: EnrolmentPlan, registry: Registry, acceptances: Acceptances) -> str:
    """The YAML lines for `key`: an operator's or admin's acceptance, a document key's point and possession.

    Raises PlanKeyUnknown if the file has nothing to sign for the key, or the key is not in the ring.
    """
    for institution in plan.institutions:
        index = registry.index_of(institution.chain_id_bytes)
        lines = _lines(key, institution, index, plan, registry, acceptances)
        if lines is not None:
            return lines
    raise PlanKeyUnknown(key)


def _lines(
    key: str,
    institution: InstitutionPlan,
    index: int,
    plan: EnrolmentPlan,
    registry: Registry,
    acceptances: Acceptances,
) -> str | None:
    if institution.admin.key == key and index == 0:
        sponsor = 0
        if institution.sponsor is not None:
            sponsor = registry.index_of(plan.institution(institution.sponsor).chain_id_bytes)
        return _line("acceptance", acceptances.institution(institution, sponsor))
    for operator in institution.operators:
        if operator.key == key:
            custodian = 0
            if operator.custodian is not None:
                custodian = registry.index_of(plan.institution(operator.custodian).chain_id_bytes)
            return _line("acceptance", acceptances.operator(operator, index, custodian, None))
    for document_key in institution.document_keys:
        if document_key.key == key:
            public = acceptances.document_key(document_key)
            proof = acceptances.possession(document_key, index)
            possession = None if proof is None else proof.r + proof.s
            return "\n".join([_line("x", public.x), _line("y", public.y), _line("possession", possession)])
    return None


def _line(name: str, value: bytes | None) -> str:
    if value is None:
        raise PlanKeyUnknown(name)
    return f'{name}: "0x{value.hex()}"'
