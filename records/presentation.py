"""What of a credential is shown: choosing it by field paths, and what a receiver must see."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from records.kinds.base import Kind, Receiver
from records.layout import Place, hideable
from records.sdjwt.errors import PathUnknown, PresentationIncomplete
from records.sdjwt.unpack import Unpacked


def dotted(path: tuple[str | int, ...]) -> str:
    """A path as text: steps joined by dots."""
    return ".".join(map(str, path))


def may_hide(kind: Kind, path: tuple[str | int, ...]) -> bool:
    """Whether the kind gives this place a disclosure of its own."""
    fields = hideable(kind.model)
    if path and isinstance(path[-1], int):
        field = fields.get(dotted(path[:-1]))
        return field is not None and field.place is Place.ELEMENTS
    field = fields.get(dotted(path))
    return field is not None and field.place is Place.HIDEABLE


def choose(
    kind: Kind, paths: Mapping[str, str], *, show: Collection[str] | None, hide: Collection[str] | None
) -> set[str]:
    """Digests of the disclosures to keep; raises `PathUnknown` for a path that covers nothing of this kind.

    paths: path of each disclosure by its digest.
    """
    if show is not None and hide is not None:
        raise ValueError("give paths to show or paths to hide, not both")
    named = show if show is not None else hide
    if named is None:
        return set(paths)
    for path in named:
        _check_known(kind, path, paths)
    covered = {digest for digest, path in paths.items() if any(_covers(each, path) for each in named)}
    return covered if show is not None else set(paths) - covered


def _check_known(kind: Kind, path: str, paths: Mapping[str, str]) -> None:
    known = (*hideable(kind.model), *paths.values())
    if not any(_covers(path, each) for each in known):
        raise PathUnknown(path)


def _covers(chosen: str, path: str) -> bool:
    chosen = chosen.removesuffix(".*")
    return path == chosen or path.startswith(chosen + ".")


def hidden_paths(kind: Kind, unpacked: Unpacked) -> frozenset[str]:
    """Paths that were left out. A list with undisclosed elements is given as ``name.*``.

    For a list that is padded with decoys, undisclosed digests may be nothing but decoys: nobody can tell.
    """
    return frozenset(_hidden(kind, unpacked))


def _hidden(kind: Kind, unpacked: Unpacked) -> Iterator[str]:
    shown = {dotted(path) for path in unpacked.paths.values()}
    for path, field in hideable(kind.model).items():
        if field.place is Place.HIDEABLE and path not in shown:
            yield path
        elif field.place is Place.ELEMENTS and unpacked.withheld[tuple(path.split("."))]:
            yield f"{path}.*"


def check_must_see(kind: Kind, receiver: Receiver, unpacked: Unpacked) -> None:
    """Raises `PresentationIncomplete` with every path that this receiver must see and does not."""
    missing = [path for path in kind.must_see[receiver] if not _is_seen(path, unpacked)]
    if missing:
        raise PresentationIncomplete(receiver, missing)


def _is_seen(path: str, unpacked: Unpacked) -> bool:
    name, plus, _ = path.partition(".+")
    steps: tuple[str | int, ...] = tuple(name.split("."))
    shown = unpacked.paths.values()
    if plus:
        return any(each[:-1] == steps for each in shown)
    if isinstance(unpacked.claims.get(name), list):
        return not unpacked.withheld[steps]
    return steps in shown
