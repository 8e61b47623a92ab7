"""From the bytes of an answer to plain values: objects as dicts, lists, text, numbers. Bounded in depth and number.

One character that is no character spoils the row it stands in, not the answer: it becomes U+FFFD, which
`oracle.his.values` refuses. XML is parsed with defusedxml: pure Python over the interpreter's own expat, so there is
nothing to compile at a hospital, and a document type declaration, the door to entities and the network, is refused.
"""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MOST_VALUES: Final = 2_000_000
"""Values in one answer: what they take in memory is bounded by their number, not by their bytes."""
DEEPEST: Final = 32
_LONGEST_NUMBER: Final = 40
_ENCODINGS: Final = frozenset({"utf-8", "utf-16", "euc_kr", "cp949", "iso8859-1", "ascii"})
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9A-Fa-f]{1,6})|0*([0-9]{1,7}));")
_LOST: Final = "\ufffd"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class BadBody(Exception):
    """An answer that can not be read. `what` says why, without any of it. too_large: fewer rows may be readable."""

    def __init__(self, what: str, *, too_large: bool = False) -> None:
        self.what = what
        self.too_large = too_large
        super().__init__(what)


def read_json(body: bytes, charset: str | None) -> Any:
    """The value of a JSON text. Numbers that no row has (too long, NaN) stay text."""
    _bound(body.count(b",") + body.count(b"[") + body.count(b"{"))
    text = _decoded(body, charset or "utf-8").removeprefix("\ufeff")
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_decimal, parse_constant=str)
    except (ValueError, RecursionError):
        raise BadBody("it is no JSON text") from None
    _bound_depth(value)
    return value


def read_xml(body: bytes, charset: str | None) -> tuple[str, Any]:
    """The root element's name and its content.

    An element with children is a dict, by name without namespace, of their contents: a list where a name repeats.
    One without is its text, or None when it is empty or nil. Attributes say nothing.
    """
    _bound(body.count(b"<"))
    declared = _DECLARED.match(body)
    encoding = charset or (declared[1].decode() if declared else _by_mark(body))
    text = _DECLARATION.sub("", _decoded(body, encoding).removeprefix("\ufeff"), count=1)
    text = _REFERENCE.sub(_legal, _ILLEGAL.sub(_LOST, text))
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        parser.feed(text)
        parser.close()
    except DefusedXmlException:
        raise BadBody("it declares a document type or entities") from None
    except ParseError:
        raise BadBody("it is no XML document") from None
    return tree.root


class _Tree:
    """Takes a parser's events and keeps plain values, no elements."""

    def __init__(self) -> None:
        self.root: tuple[str, Any] = ("", None)
        self._open: list[tuple[str, dict[str, Any], list[str], bool]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise BadBody("it is nested too deeply")
        nil = attributes.get(_NIL) in ("true", "1")
        self._open.append((tag.rpartition("}")[2], {}, [], nil))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def end(self, _: str) -> None:
        name, children, texts, nil = self._open.pop()
        content = children or "".join(texts).strip(" \t\r\n") or None
        if nil:
            content = None
        if not self._open:
            self.root = (name, content)
            return
        siblings = self._open[-1][1]
        if name not in siblings:
            siblings[name] = content
        elif isinstance(siblings[name], _Several):
            siblings[name].append(content)
        else:
            siblings[name] = _Several((siblings[name], content))

    def close(self) -> None:
        """Nothing to give: `root` has it."""


class _Several(list[Any]):
    """Contents of elements of one name, told from a list that is itself a content."""


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_NUMBER else text[: _LONGEST_NUMBER + 1]


def _decimal(text: str) -> Decimal | str:
    return Decimal(text) if len(text) <= _LONGEST_NUMBER else text[: _LONGEST_NUMBER + 1]


def _decoded(body: bytes, encoding: str) -> str:
    """The text, with U+FFFD for bytes that are none in this encoding."""
    try:
        known = codecs.lookup("cp949" if encoding.lower() == "ks_c_5601-1987" else encoding).name
    except LookupError:
        known = ""
    if known not in _ENCODINGS:
        raise BadBody("its encoding is not one that services of hospitals have")
    return body.decode(known, "replace")


def _by_mark(body: bytes) -> str:
    return "utf-16" if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"


def _legal(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    legal = number <= 0x10FFFF and not _ILLEGAL.match(chr(number))
    return reference[0] if legal else _LOST


def _bound(values: int) -> None:
    if values > MOST_VALUES:
        raise BadBody("it holds too many values", too_large=True)


def _bound_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise BadBody("it is nested too deeply")
