"""References between resources, and the resources they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource, good_id
from oracle.his.fhir.pool import Pool
from oracle.his.rows import BadRow


def id_of(pool: Pool, reference: Any, kind: str, field: str) -> str:
    """The id that a reference to a resource of this type leads to on this server. Raises BadRow.

    ``Patient/1``, ``Patient/1/_history/2`` and the whole address on this server are the same.
    """
    if not isinstance(reference, str):
        raise BadRow(Reason.MISSING, field)
    steps = reference.removeprefix(pool.http.base).split("/")
    if len(steps) not in (2, 4) or steps[0] != kind or steps[2:3] not in ([], ["_history"]):
        raise BadRow(Reason.REFERENCE_BROKEN, field)
    found = good_id(steps[1])
    if found is None:
        raise BadRow(Reason.REFERENCE_BROKEN, field)
    return found


def ids_of(pool: Pool, resources: Iterable[Resource], element: str, kind: str) -> list[str]:
    """The ids that a reference element of these resources leads to, as far as there are any."""
    found = []
    for resource in resources:
        try:
            found.append(id_of(pool, reference_in(resource.get(element)), kind, element))
        except BadRow:
            continue
    return found


def reference_in(value: Any) -> Any:
    """The address in a Reference."""
    return value.get("reference") if isinstance(value, Mapping) else None


def resource_of(pool: Pool, kind: str, id_: str, field: str) -> Resource:
    """A resource that was loaded. Raises BadRow."""
    found = pool.get(kind, id_)
    if found is None:
        raise BadRow(Reason.REFERENCE_BROKEN, field)
    if isinstance(found, BadRow):
        raise found
    return found


def follow(pool: Pool, reference: Any, kind: str, field: str) -> Resource:
    """The loaded resource that a reference leads to. Raises BadRow."""
    return resource_of(pool, kind, id_of(pool, reference, kind, field), field)


def contained(resource: Resource, reference: str, kind: str, field: str) -> Resource:
    """The contained resource that a reference such as ``#stay`` names. Raises BadRow."""
    inside = resource.get("contained")
    for each in inside if isinstance(inside, list) else ():
        if isinstance(each, dict) and each.get("id") == reference[1:] and each.get("resourceType") == kind:
            return each
    raise BadRow(Reason.REFERENCE_BROKEN, field)


def same_patient(pool: Pool, one: Resource, other: Resource, field: str) -> None:
    """Raise BadRow unless both are about the same patient."""
    first, second = (
        id_of(pool, reference_in(each.get("subject")), "Patient", field) for each in (one, other)
    )
    if first != second:
        raise BadRow(Reason.FOREIGN_PATIENT, field)
