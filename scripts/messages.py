"""Texts of the pages: `python -m scripts.messages` brings the English catalogue up to date and lists what it lacks.

Korean texts stand in code and templates; `backend/web/locale/en/LC_MESSAGES/messages.po` holds their English. New
texts appear there with an empty translation, texts no longer used disappear. Exit 1 while anything is untranslated.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend"
ENGLISH = BACKEND / "web" / "locale" / "en" / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "translate": None}


def extracted() -> Catalog:
    """Every text that code and templates mark."""
    catalog = Catalog(charset="utf-8")
    options = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    found = extract_from_dir(
        str(BACKEND), method_map=METHODS, options_map=options, keywords=KEYWORDS, comment_tags=("i18n:",)
    )
    for filename, _line, message, comments, context in found:
        catalog.add(message, locations=[(f"backend/{filename}", 0)], auto_comments=comments, context=context)
    return catalog


def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def untranslated(catalog: Catalog) -> list[str]:
    return [str(message.id) for message in catalog if message.id and (not message.string or message.fuzzy)]


def main() -> int:
    catalog = english() if ENGLISH.exists() else Catalog(locale="en", charset="utf-8")
    catalog.header_comment = (
        "# English of the pages' Korean texts. `python -m scripts.messages` keeps it in step."
    )
    catalog.project, catalog.version, catalog.fuzzy = "Saegim", "1", False
    # Never guess a translation from a similar text: a wrong sentence in a hospital is worse than none.
    catalog.update(extracted(), no_fuzzy_matching=True)
    output = io.BytesIO()
    write_po(output, catalog, width=110, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    ENGLISH.write_bytes(output.getvalue())
    missing = untranslated(catalog)
    for text in missing:
        print(f"no English: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
