"""Data-scope sheets: what is refused, by token and by sheet; which files are not taken."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from insurer import RECEIPT, sheet

from backend.clients.errors import OutOfScope, ScopeSheetInvalid
from backend.clients.scope import Institution, Sheets, released_fields, scope_allows

TODAY = date(2026, 11, 24)
SHEETS = Sheets({3: sheet()})
WHO = Institution("client", 3, frozenset({RECEIPT}))
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("sheets", "who", "kind", "purpose"),
    [
        (Sheets({}), WHO, "receipt", "insurance-claim"),
        (SHEETS, Institution("client", 4, WHO.scopes), "receipt", "insurance-claim"),
        (SHEETS, Institution("client", 3, frozenset()), "receipt", "insurance-claim"),
        (SHEETS, WHO, "statement", "insurance-claim"),
        (SHEETS, WHO, "receipt", "research"),
        (SHEETS, Institution("client", 3, frozenset({"receipt:research"})), "receipt", "research"),
        (SHEETS, WHO, "", ""),
        (Sheets({3: sheet(valid_until=date(2026, 11, 23))}), WHO, "receipt", "insurance-claim"),
        (Sheets({3: sheet(valid_from=date(2026, 11, 25))}), WHO, "receipt", "insurance-claim"),
    ],
)
def test_what_token_and_sheet_do_not_both_name_is_refused(
    sheets: Sheets, who: Institution, kind: str, purpose: str
) -> None:
    assert not scope_allows(sheets, who, kind, purpose, TODAY)
    with pytest.raises(OutOfScope):
        released_fields(sheets, who, kind, purpose, TODAY)


def test_the_fields_of_the_sheet_are_given_and_no_others() -> None:
    assert scope_allows(SHEETS, WHO, "receipt", "insurance-claim", TODAY)
    assert released_fields(SHEETS, WHO, "receipt", "insurance-claim", TODAY) == {"number", "total"}


GOOD = """
version: 1
institution: 3
valid_from: 2026-11-01
valid_until: 2027-10-31
releases:
  - {kind: receipt, purpose: insurance-claim, fields: [number], basis: "a law"}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: receipt", "kind: x-ray"),
        ("[number]", "[number, resident_number]"),
        ("[number]", "[]"),
        ("version: 1", "version: 2"),
        ("2027-10-31", "2026-10-31"),
        ("institution: 3", "institution: 0"),
        ("institution: 3", "institution: 3\nall: true"),
        ("insurance-claim", "Insurance claim"),
        ("releases:", "releases: ["),
        ('- {kind: receipt, purpose: insurance-claim, fields: [number], basis: "a law"}', "- all"),
    ],
)
def test_a_sheet_with_a_mistake_is_not_taken(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    (tmp_path / "3.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ScopeSheetInvalid, match=r"3\.yaml"):
        Sheets.load(tmp_path)


def test_an_institution_has_one_sheet(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(ScopeSheetInvalid, match="another sheet"):
        Sheets.load(tmp_path)


def test_no_folder_gives_nobody_anything(tmp_path: Path) -> None:
    assert Sheets.load(tmp_path / "none").by_institution == {}


def test_the_sheets_that_are_shipped_can_be_read() -> None:
    assert set(Sheets.load(ROOT / "deploy" / "scope").by_institution) == {3}
