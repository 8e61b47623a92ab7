"""The resources read for one page: each is asked for once, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from oracle.his.base import HisMalformed, Reason
from oracle.his.fhir.bundles import Resource, entries_of, good_id, pages, too_deep
from oracle.his.fhir.http import Asked, FhirHttp, Unreadable
from oracle.his.rows import BadRow

IDS_PER_REQUEST: Final = 200


class Pool:
    """What one page is made from. Nothing in it outlives the page, so a later page sees later versions."""

    def __init__(self, http: FhirHttp) -> None:
        self.http = http
        self._found: defaultdict[str, dict[str, Resource | BadRow]] = defaultdict(dict)
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._buried: dict[tuple[str, str], Resource] = {}
        self._searched: set[tuple[str, str, str]] = set()

    def load(self, kind: str, ids: Iterable[str]) -> None:
        """Read the resources of these ids that were not asked for yet."""
        wanted = iter([id_ for id_ in dict.fromkeys(ids) if id_ not in self._asked[kind]])
        while part := list(islice(wanted, IDS_PER_REQUEST)):
            self._asked[kind].update(part)
            self._load(kind, part)

    def get(self, kind: str, id_: str) -> Resource | BadRow | None:
        """A resource that was loaded; BadRow if it can not be read, None if there is none."""
        return self._found[kind].get(id_)

    def search(self, kind: str, parameter: str, values: Iterable[str]) -> None:
        """Load the resources whose search parameter is any of these values, unless that was done."""
        wanted = iter(
            [value for value in dict.fromkeys(values) if (kind, parameter, value) not in self._searched]
        )
        while part := list(islice(wanted, IDS_PER_REQUEST)):
            self._searched.update((kind, parameter, value) for value in part)
            self._search(kind, parameter, part, IDS_PER_REQUEST)

    def all(self, kind: str) -> list[tuple[str, Resource | BadRow]]:
        """Everything loaded of a type, by id."""
        return list(self._found[kind].items())

    def put(self, kind: str, id_: str, resource: Resource) -> None:
        """Hold a resource that was found in another way: an earlier version of one that was deleted."""
        self._asked[kind].add(id_)
        self._found[kind][id_] = resource

    def bury(self, kind: str, id_: str, resource: Resource) -> None:
        """Hold the last version of a deleted resource that nothing may refer to any more."""
        self._buried[kind, id_] = resource

    def buried(self, kind: str, id_: str) -> Resource | None:
        """What was buried."""
        return self._buried.get((kind, id_))

    def _search(self, kind: str, parameter: str, values: list[str], count: int) -> None:
        try:
            for resource in self._resources(kind, {parameter: ",".join(values), "_count": str(count)}):
                self._keep(kind, resource, None)
        except Unreadable as error:
            if len(values) > 1:
                middle = len(values) // 2
                self._search(kind, parameter, values[:middle], count)
                self._search(kind, parameter, values[middle:], count)
            elif count > 1:
                self._search(kind, parameter, values, count // 4 or 1)
            else:
                remedy = "Raise most_megabytes, or find out what makes one resource that large."
                raise HisMalformed(
                    self.http.name, f"a {kind} can not be read: {error.why}", remedy
                ) from error

    def _load(self, kind: str, ids: list[str]) -> None:
        asked = {"_id": ",".join(ids), "_count": str(len(ids))}
        try:
            for resource in self._resources(kind, asked):
                self._keep(kind, resource, ids)
        except Unreadable:
            # one of them is out of all bounds: halve until it stands alone, so that only it is refused
            if len(ids) == 1:
                self._found[kind][ids[0]] = BadRow(Reason.TOO_LARGE, kind)
                return
            middle = len(ids) // 2
            self._load(kind, ids[:middle])
            self._load(kind, ids[middle:])

    def _resources(self, kind: str, asked: Asked) -> Iterator[Resource]:
        what = f"reading {kind}"
        for page in pages(self.http, kind, asked, what):
            for entry in entries_of(self.http, page.bundle, "searchset", what):
                resource = entry.get("resource")
                if isinstance(resource, dict):
                    yield resource

    def _keep(self, kind: str, resource: Resource, ids: list[str] | None) -> None:
        id_ = good_id(resource.get("id"))
        if id_ is None or (ids is not None and id_ not in ids):
            return
        self._asked[kind].add(id_)
        found: Resource | BadRow = resource
        if resource.get("resourceType") != kind:
            found = BadRow(Reason.NOT_A_ROW, "resourceType")
        elif too_deep(resource):
            found = BadRow(Reason.TOO_LARGE, kind)
        self._found[kind][id_] = _one_of(self._found[kind].get(id_), found)


def _one_of(known: Resource | BadRow | None, found: Resource | BadRow) -> Resource | BadRow:
    """Of two resources with one id the later version; what is not the same in one version is ambiguous."""
    if known is None or known == found or isinstance(known, BadRow):
        return found if known is None else known
    if isinstance(found, BadRow):
        return found
    (before, before_at), (after, after_at) = _version(known), _version(found)
    if before == after or before_at == after_at:
        return BadRow(Reason.KEY_AMBIGUOUS, "id")
    return found if str(after_at) > str(before_at) else known


def _version(resource: Resource) -> tuple[Any, Any]:
    meta = resource.get("meta")
    return (meta.get("versionId"), meta.get("lastUpdated")) if isinstance(meta, dict) else (None, None)
