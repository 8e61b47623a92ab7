"""Bundles: their entries, their links, and reading a search to its end, however the server cuts it into pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.fhir.http import Asked, FhirHttp, NotThere, Unreadable, issue_codes

Resource: TypeAlias = Mapping[str, Any]

MOST_ENTRIES: Final = 10_000
"""Entries of one bundle."""
MOST_PAGES: Final = 1_000
"""Pages of one search; more is a server that goes round in circles."""
_DEEPEST: Final = 40
"""Levels of a resource. R4's own nest about ten; extensions may go further."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_FAILED: Final = ("error", "fatal")


def good_id(value: Any) -> str | None:
    """A logical id as R4 has it, or None if it can not be one."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def entries_of(http: FhirHttp, bundle: Any, kind: str, what: str) -> list[Resource]:
    """The entries of a bundle of this type (`searchset`, `history`) that are objects.

    Raises HisMalformed for what is no such bundle, and for an OperationOutcome among the entries that says that the
    answer is not whole; Unreadable for too many entries.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") != kind:
        codes = ", ".join(issue_codes(bundle)) or "none"
        remedy = f"Look whether the base address is that of an R4 server (issue codes: {codes})."
        raise HisMalformed(http.name, f"the answer to {what} is not a {kind} Bundle", remedy)
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        remedy = "An entry list is an array (R4, Bundle)."
        raise HisMalformed(http.name, f"the answer to {what} has no list of entries", remedy)
    if len(entries) > MOST_ENTRIES:
        raise Unreadable("the bundle has too many entries")
    found = [entry for entry in entries if isinstance(entry, dict)]
    for entry in found:
        _refuse_failure(http, entry.get("resource"), what)
    return [entry for entry in found if not _is_outcome(entry.get("resource"))]


def next_link(http: FhirHttp, bundle: Any) -> str | None:
    """The address of the next page on this server. Raises HisMalformed for one that leads elsewhere."""
    links = bundle.get("link") if isinstance(bundle, dict) else None
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return http.inside(link["url"])
    return None


class Page(NamedTuple):
    """One bundle of a search. from_the_beginning: it is the first of a search that was made (once more)."""

    bundle: Any
    more: bool
    from_the_beginning: bool


def pages(http: FhirHttp, kind: str, asked: Asked, what: str) -> Iterator[Page]:
    """Bundles of a search one after the other.

    Where a link has expired, the search is made once more from its beginning: a caller may see entries twice.
    """
    seen: set[str] = set()
    restarted, first = False, True
    bundle = first_page(http, kind, asked, what)
    for _ in range(MOST_PAGES):
        link = next_link(http, bundle)
        yield Page(bundle, link is not None, first)
        if link is None:
            return
        if link in seen:
            break
        seen.add(link)
        try:
            bundle, first = http.get(link, what=what), False
        except NotThere:
            if restarted:
                raise HisUnavailable(http.name, f"{what} (its pages expire before they are read)") from None
            restarted, first = True, True
            seen.clear()
            bundle = first_page(http, kind, asked, what)
    remedy = "Mend the server's next links: every page must lead on, and the last must have none."
    raise HisMalformed(http.name, f"the pages of {what} do not come to an end", remedy)


def first_page(http: FhirHttp, kind: str, asked: Asked, what: str) -> Any:
    """The first bundle of a search. Raises HisMalformed where the server does not know the resource type."""
    try:
        return http.search(kind, asked, what=what)
    except NotThere:
        remedy = "Give the server's base address, the one that /metadata stands under."
        raise HisMalformed(http.name, f"the server has no search for {kind}", remedy) from None


def too_deep(resource: Any) -> bool:
    """Whether a resource is nested further than anything that means something."""
    level: list[Any] = [resource]
    for _ in range(_DEEPEST):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _is_outcome(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome"


def _refuse_failure(http: FhirHttp, resource: Any, what: str) -> None:
    if not _is_outcome(resource):
        return
    issues = resource.get("issue")
    severities = [issue.get("severity") for issue in issues or () if isinstance(issue, dict)]
    if any(severity in _FAILED for severity in severities):
        codes = ", ".join(issue_codes(resource)) or "none"
        remedy = f"Look into the server's log (issue codes: {codes}); nothing was skipped."
        raise HisMalformed(http.name, f"the server could not answer {what} in full", remedy)
