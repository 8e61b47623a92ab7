"""The mapping file of the `webservice` adapter: which operation of a vendor's service gives which rows, and which of
their elements holds which field. The columns are written as for the `sql` adapter; a dot leads into an element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from oracle.his.desk_fields import Question
from oracle.his.desk_mapping import desk_problems
from oracle.his.mapping import Column, HospitalMapping, Part, short

_NAME = r"[A-Za-z_가-힣][A-Za-z0-9_$#가-힣-]{0,127}"
DataPath = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(\.{_NAME}){{0,7}}$")]
"""Names of elements from the outside in, joined by dots."""
XmlName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$")]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_.~/{}-]{0,300}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_CHANGES = {"since", "after", "page", "token", "limit"}
_KEYS = {"key", "keys"}
_ASKED: Final[Mapping[Question, frozenset[str]]] = {
    Question.PATIENT: frozenset({"number"}),
    Question.BORN: frozenset({"birth_date"}),
    Question.MERGED: frozenset({"number"}),
    Question.REGISTER: frozenset({"request", "name", "birth_date", "sex"}),
    Question.SESSIONS: frozenset({"department", "doctor", "from", "until"}),
    Question.APPOINTMENTS: frozenset({"number", "from", "until"}),
    Question.RESULTS: frozenset({"number", "from", "until"}),
    Question.BILLS: frozenset({"number"}),
}
_MAY_BE_LEFT_OUT: Final = frozenset({"doctor", "from", "until"})
"""Where the service cannot choose by them: the oracle does."""


class Authentication(Part):
    """How the service knows the oracle; the secret itself is in the adapter's settings."""

    scheme: Literal["none", "api-key", "basic", "bearer"]
    header: HeaderName = "X-API-KEY"
    """Of an API key."""


class Soap(Part):
    """The envelope. path: where operations are posted, after the base URL. namespace: of the body's element;
    qualified: and of what is in it (elementFormDefault of the vendor's schema)."""

    version: Literal["1.1", "1.2"] = "1.1"
    path: UrlPath | None = None
    namespace: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    qualified: bool = True


class Operation(Part):
    """One operation of the service.

    path, query: of a REST operation; method, body: where it is a POST of a JSON object. action, element, parameters:
    of a SOAP operation.
    rows: where the rows are in the answer; left out: the answer itself is the row, or a list of rows.
    whole: whether the rows have all columns and details; if not, each is read again by `row`.
    most_keys: how many keys {keys} takes at once.
    """

    path: UrlPath | None = None
    query: dict[str, str] = Field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, str] = Field(default_factory=dict)
    action: str | None = None
    element: XmlName | None = None
    parameters: dict[XmlName, str | dict[XmlName, str]] = Field(default_factory=dict)
    rows: DataPath | None = None
    whole: bool = True
    most_keys: int = Field(default=100, ge=1, le=1_000)

    def placeholders(self) -> set[str]:
        """Names that are filled in when it is called."""
        return {name for template in self._templates() for name in PLACEHOLDER.findall(template)}

    def _templates(self) -> Iterator[str]:
        yield self.path or ""
        yield from self.query.values()
        yield from self.body.values()
        for value in self.parameters.values():
            yield from value.values() if isinstance(value, dict) else (value,)


class Paging(Part):
    """How a list is followed.

    style: since-after: rows beyond a change stamp and, of the same stamp, beyond a key, in that order. page: rows
        from a change stamp on, in its order, in numbered pages. token: what the answer gives is sent back.
    most_rows: the most the service gives at once. stamp: how {since} is written: 2026-11-24T09:00:00.000000, the
        same with +09:00, or 20261124090000. more: where the answer says that there is more; left out: a full page,
        or a token, says so. next: where the answer gives what to send for {since}, {after}, {token}.
    """

    style: Literal["since-after", "page", "token"] = "since-after"
    most_rows: int = Field(default=100, ge=1, le=5_000)
    stamp: Literal["iso", "iso-offset", "compact"] = "iso"
    first_page: int = Field(default=1, ge=0, le=1)
    more: DataPath | None = None
    next: dict[Literal["since", "after", "token"], DataPath] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.style == "token") != ("token" in self.next):
            raise ValueError("next.token is needed for style token, and for no other")
        if self.style == "page" and self.next:
            raise ValueError("pages are counted: leave out next")
        return self


class WebColumn(Column):
    """A column whose name may lead into an element."""

    column: DataPath | None = None


WebColumns = dict[str, Annotated[WebColumn, BeforeValidator(short)]]


class WebHead(Part):
    """Rows that are one for each thing. key, changed: where a row has its lasting key and its change stamp.

    changes: lists what changed. row: gives rows by {key} or {keys}. referring: gives the rows whose `original` is
    {key} or one of {keys}; the cashier's rows need it.
    """

    key: DataPath
    changed: DataPath
    changes: Operation
    row: Operation
    referring: Operation | None = None
    paging: Paging = Paging()
    columns: WebColumns

    def operations(self) -> dict[str, Operation]:
        """By the name they have in the mapping."""
        named = {"changes": self.changes, "row": self.row, "referring": self.referring}
        return {name: operation for name, operation in named.items() if operation is not None}


class WebDetail(Part):
    """Rows that are several for each thing, nested in its row: `at` is the element that holds them, in their order."""

    at: DataPath
    columns: WebColumns


class WebQuestion(Operation):
    """How the relay's question is asked: an operation, and the columns of its rows. details: rows nested in them."""

    columns: WebColumns
    details: WebDetail | None = None


class WebMapping(HospitalMapping):
    """A vendor's mapping. base_url: where the service is, unless the adapter's settings say so.

    desk: what the relay may ask. asked_days: how {birth_date}, {from} and {until} are written, 20261124 or 2026-11-24.
    asked_sexes: what {sex} is to the service.
    """

    protocol: Literal["rest", "soap"]
    base_url: str | None = None
    authentication: Authentication
    soap: Soap | None = None
    visits: WebHead | None = None
    diagnoses: WebDetail | None = None
    settlements: WebHead | None = None
    form_rows: WebDetail | None = None
    lines: WebDetail | None = None
    desk: dict[Question, WebQuestion] = Field(default_factory=dict)
    asked_days: Literal["compact", "iso"] = "compact"
    asked_sexes: Mapping[Literal["male", "female"], str] = MappingProxyType({"male": "M", "female": "F"})

    @field_validator("base_url")
    @classmethod
    def _no_secret_in_it(cls, value: str | None) -> str | None:
        if value is not None and ("@" in value or "?" in value or "#" in value):
            raise ValueError("scheme, host, port and path only")
        return value

    def problems(self) -> Iterator[str]:
        """See `HospitalMapping.problems`; and operations that can not be called."""
        yield from super().problems()
        if self.protocol == "soap" and self.soap is None:
            yield "soap: needed for protocol soap"
        for part, head in (("visits", self.visits), ("settlements", self.settlements)):
            for name, operation in head.operations().items() if head else ():
                yield from (f"{part}.{name}.{text}" for text in self._operation_problems(name, operation))
        if self.settlements is not None and self.settlements.referring is None:
            yield "settlements.referring: needed, or a cancellation could not be told from a correction"
        yield from desk_problems(self.desk)
        for question, asked in self.desk.items():
            problems = [*self._protocol_problems(asked), *_asked_problems(question, asked.placeholders())]
            yield from (f"desk.{question}.{text}" for text in problems)

    def _operation_problems(self, name: str, operation: Operation) -> Iterator[str]:
        yield from self._protocol_problems(operation)
        yield from _placeholder_problems(name, operation.placeholders())

    def _protocol_problems(self, operation: Operation) -> Iterator[str]:
        rest = self.protocol == "rest"
        if rest and operation.path is None:
            yield "path: needed for protocol rest"
        if rest and (operation.element or operation.action or operation.parameters):
            yield "element: action, element and parameters are for protocol soap"
        if not rest and operation.element is None:
            yield "element: needed for protocol soap"
        if not rest and (operation.query or operation.body or operation.method == "POST"):
            yield "query: method, query and body are for protocol rest"
        if operation.body and operation.method == "GET":
            yield "body: needs method: POST"


def _placeholder_problems(name: str, found: Iterable[str]) -> Iterator[str]:
    known, used = _CHANGES if name == "changes" else _KEYS, set(found)
    for wrong in sorted(used - known):
        yield f"{{{wrong}}}: there is no such placeholder here; there are {', '.join(sorted(known))}"
    if name == "changes" and not used & {"since", "token"}:
        yield "{since}: needed, or everything would be read again and again"
    if name != "changes" and len(used & _KEYS) != 1:
        yield "{key}: give {key} for one at a time, or {keys} for several"


def _asked_problems(question: Question, found: set[str]) -> Iterator[str]:
    known = _ASKED[question]
    for wrong in sorted(found - known):
        yield f"{{{wrong}}}: there is no such placeholder here; there are {', '.join(sorted(known))}"
    for missing in sorted(known - found - _MAY_BE_LEFT_OUT):
        yield f"{{{missing}}}: needed"


Placeholders = Mapping[str, str | list[str] | None]
"""What a call fills in; None: the parameter is left out."""
