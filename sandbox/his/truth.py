"""The manifest: what a correct reader must end with, written by the generator beside the rows it makes.

It follows the story that is told (this receipt was settled anew, that one cancelled), not the rows, so it is a
check on whoever interprets rows. One JSON object a line; a later line about a document overrides an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["issued", "superseded", "withdrawn"]


@dataclass(slots=True)
class Expected:
    """The end of one document. `document` is ``<kind>:<number>``, `facts` some of its content to compare."""

    document: str
    patient: str
    state: State = "issued"
    superseded_by: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dirt:
    """A hostile row. `document` must not appear; reason: why the adapter refuses it, or None if its content is
    refused where records are made."""

    document: str
    dirt: str
    reason: str | None


class Truth:
    """Everything expected so far."""

    def __init__(self) -> None:
        self.documents: dict[str, Expected] = {}
        self.dirt: list[Dirt] = []

    def issue(self, document: str, patient: str, facts: dict[str, Any]) -> None:
        """A document was handed out, or corrected in place."""
        self.documents[document] = Expected(document, patient, facts=facts)

    def supersede(self, document: str, by: str) -> None:
        """A document was replaced by another."""
        expected = self.documents[document]
        expected.state, expected.superseded_by = "superseded", by

    def withdraw(self, document: str) -> None:
        """A document was taken back."""
        self.documents[document].state = "withdrawn"

    def lines(self) -> Iterator[str]:
        """The manifest, a JSON object for each document and each hostile row."""
        for expected in self.documents.values():
            yield json.dumps(asdict(expected), ensure_ascii=False)
        for dirt in self.dirt:
            yield json.dumps(asdict(dirt), ensure_ascii=False)

    def append_to(self, path: Path) -> None:
        """Add this to a manifest file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self.lines())

    @classmethod
    def read(cls, lines: Iterable[str]) -> Truth:
        """From a manifest; later lines win."""
        truth = cls()
        for line in lines:
            data = json.loads(line)
            if "dirt" in data:
                truth.dirt.append(Dirt(**data))
            else:
                truth.documents[data["document"]] = Expected(**data)
        return truth
