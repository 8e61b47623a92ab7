"""Data-scope sheets: which documents, which of their fields and for what an institution is given. Nothing else is.

One YAML file for each institution in the folder of the settings, reviewed like code. Top-level fields of a kind are
named; a field not named is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.clients.errors import OutOfScope, ScopeSheetInvalid
from records.kinds import BY_NAME

MANAGE = "clients.manage"
"""Of the client that an institution's administrator manages the institution's others with; no data goes with it."""

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Release(_Part):
    """One kind of document for one purpose."""

    kind: Word
    purpose: Word
    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    basis: Annotated[str, Field(min_length=5, max_length=300)]
    """The law or agreement that it rests on."""

    @model_validator(mode="after")
    def _named_rightly(self) -> Self:
        if self.kind not in BY_NAME:
            raise ValueError(f"no such kind: {self.kind}")
        unknown = set(self.fields) - set(BY_NAME[self.kind].model.model_fields)
        if unknown:
            raise ValueError(f"{self.kind} has no field {', '.join(sorted(unknown))}")
        return self

    @property
    def scope(self) -> str:
        """As OAuth has it."""
        return f"{self.kind}:{self.purpose}"


class Sheet(_Part):
    """What one institution is given, and from when to when (both days count)."""

    version: Literal[1]
    institution: Annotated[int, Field(ge=1)]
    valid_from: date
    valid_until: date
    releases: tuple[Release, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        scopes = [each.scope for each in self.releases]
        if len(set(scopes)) < len(scopes):
            raise ValueError("one kind stands twice for one purpose")
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        return self


@dataclass(frozen=True, slots=True)
class Sheets:
    """Every institution's sheet, by index. None: nobody is given anything."""

    by_institution: Mapping[int, Sheet]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read every `*.yaml` of a folder; no folder means no sheets.

        Raises:
            ScopeSheetInvalid: a file is malformed, names what does not exist, or is an institution's second.
        """
        found: dict[int, Sheet] = {}
        for path in sorted(folder.glob("*.yaml")):
            sheet = _read(path)
            if sheet.institution in found:
                raise ScopeSheetInvalid(f"{path}: institution {sheet.institution} has another sheet already")
            found[sheet.institution] = sheet
        return cls(found)

    def release(self, institution: int, kind: str, purpose: str, today: date) -> Release | None:
        """What is given of a kind for a purpose, if anything is today."""
        sheet = self.by_institution.get(institution)
        if sheet is None or not sheet.valid_from <= today <= sheet.valid_until:
            return None
        return next((each for each in sheet.releases if (each.kind, each.purpose) == (kind, purpose)), None)

    def unknown(self, institution: int, scopes: Iterable[str]) -> list[str]:
        """Those of `scopes` that the institution's sheet does not have, whatever its dates."""
        sheet = self.by_institution.get(institution)
        known = {each.scope for each in sheet.releases} if sheet is not None else set()
        return sorted(set(scopes) - known)


def _read(path: Path) -> Sheet:
    try:
        content: Any = yaml.safe_load(path.read_text("utf-8"))
        return Sheet.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScopeSheetInvalid(f"{path} is not YAML") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'sheet'}: {e['msg']}" for e in error.errors())
        raise ScopeSheetInvalid(f"{path}: {problems}") from error


@dataclass(frozen=True, slots=True)
class Institution:
    """Another institution's server in this request. `scopes`: what its token was given for."""

    client: str
    institution: int
    scopes: frozenset[str]
    address: str = ""


def released_fields(sheets: Sheets, who: Institution, kind: str, purpose: str, today: date) -> frozenset[str]:
    """The fields of a kind that `who` is given for a purpose: token and sheet must both have it.

    Raises:
        OutOfScope: they do not.
    """
    release = sheets.release(who.institution, kind, purpose, today)
    if release is None or release.scope not in who.scopes:
        raise OutOfScope
    return frozenset(release.fields)


def scope_allows(sheets: Sheets, who: Institution, kind: str, purpose: str, today: date) -> bool:
    """Whether `who` is given anything of a kind for a purpose."""
    try:
        return bool(released_fields(sheets, who, kind, purpose, today))
    except OutOfScope:
        return False
