"""Language of a request: Korean source texts, complete English catalogue.

Source texts are Korean, so Korean needs no catalogue. English lives in `locale/en/LC_MESSAGES/messages.po`, read
directly: there is no compiled file to forget. A test fails on any text without English.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, NewType, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

Language = Literal["ko", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
DEFAULT: Final[Language] = "ko"
COOKIE: Final = "lang"
CATALOGUES = Path(__file__).resolve().parent / "locale"

Message = NewType("Message", str)
"""A Korean source text that is looked up when it is shown, not when it is defined."""

_current: ContextVar[Language] = ContextVar("language", default=DEFAULT)


def N_(text: str) -> Message:
    """Mark a text for the catalogue without translating it yet."""
    return Message(text)


@lru_cache
def translations(language: Language) -> NullTranslations:
    """Catalogue of a language.

    Raises:
        FileNotFoundError: the language is declared but has no catalogue.
    """
    if language == DEFAULT:
        return NullTranslations()
    compiled = BytesIO()
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def current_language() -> Language:
    return _current.get()


def set_language(language: Language) -> None:
    """Set the language for the present request (context-local)."""
    _current.set(language)


def translate(message: str, parameters: dict[str, str | int] | None = None) -> str:
    """The text in the request's language, with named parameters filled in."""
    text = translations(current_language()).gettext(message)
    return text % parameters if parameters else text


def negotiate(request: Request) -> Language:
    """`?lang=` first, then the cookie, then Accept-Language by weight, then Korean."""
    for choice in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if (known := _known(choice)) is not None:
            return known
    return _accepted(request.headers.get("accept-language", ""))


def _known(tag: str | None) -> Language | None:
    primary = (tag or "").split("-")[0].strip().lower()
    return next((language for language in LANGUAGES if language == primary), None)


def _accepted(header: str) -> Language:
    weighted: list[tuple[float, int, Language]] = []
    for position, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";q=")
        language = _known(tag)
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language is not None and quality > 0:
            weighted.append((-quality, position, language))
    return min(weighted)[2] if weighted else DEFAULT
