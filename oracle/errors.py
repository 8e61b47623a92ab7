"""Errors of the oracle. Messages name rows by their numbers, never by what they say, and end in what to do next."""

from __future__ import annotations

from pathlib import Path


class OracleError(Exception):
    """Base of every error the oracle raises itself."""


class NotConfigured(OracleError):
    """A setting is missing or does not fit the others. `setting` names it."""

    def __init__(self, setting: str, remedy: str) -> None:
        super().__init__(f"{setting}: {remedy}")
        self.setting = setting
        self.remedy = remedy


class KeyFileInvalid(OracleError):
    """A key file is missing, unreadable or of the wrong kind."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class SealBroken(OracleError):
    """A sealed value does not open: another store key, or a row that was tampered with."""

    def __init__(self, owner: str) -> None:
        super().__init__(
            f"sealed value of {owner} does not open: check SAEGIM_ORACLE_STORE_KEY_FILE; if it is right, the row "
            "was altered: restore it from a backup"
        )
        self.owner = owner


class SchemaOutdated(OracleError):
    """The database's tables are not those of this version."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"database is at revision {found}, needs {needed}: run `python -m oracle migrate`")
        self.found = found
        self.needed = needed


class TurnLost(OracleError):
    """Another process did an intake transaction in between; nothing was written, the page is read again."""

    def __init__(self, turn: int) -> None:
        super().__init__(f"intake turn {turn} was taken by another process: nothing written, read again")
        self.turn = turn


class SignersLost(OracleError):
    """The processes that sign ended unexpectedly. Nothing was written; new ones start with the next page."""

    def __init__(self) -> None:
        super().__init__(
            "signing processes ended unexpectedly: new ones are started; look for lack of memory"
        )


class KeyNotTrusted(OracleError):
    """What the document key signs would not be trusted. `why`: what the chain says of it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the document key {why}: no document is issued; register a new one and start the oracle with it"
        )
        self.why = why


class DeliveryUnavailable(OracleError):
    """The backend did not take the deliveries now: unreachable, overloaded, or it does not accept our token.

    `status` is the HTTP status, empty if there was no answer; `retry_after` in seconds is what it asked for.
    """

    def __init__(self, problem: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(f"backend does not take deliveries: {problem}; they are kept and sent again")
        self.problem = problem
        self.status = status
        self.retry_after = retry_after


class DeliveryFailed(OracleError):
    """The backend failed over the request itself (500): one of its items may be why. Smaller requests go next."""

    def __init__(self) -> None:
        super().__init__(
            "backend failed over a request: its deliveries are kept and sent again in smaller requests"
        )


class DeliveryRejected(OracleError):
    """The backend says that the request as such is wrong (4xx); one of its items is at fault. `status`: HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(f"backend refused the request with status {status}")
        self.status = status


class UnknownRow(OracleError):
    """No row of that kind and number."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__(f"no {kind} {number}: `python -m oracle {kind} list` shows what there is")
        self.kind = kind
        self.number = number


class CannotReread(OracleError):
    """The adapter cannot read one document by its key."""

    def __init__(self, adapter: str) -> None:
        super().__init__(
            f"adapter {adapter!r} cannot read a single row: use `python -m oracle replay --from-start`"
        )
        self.adapter = adapter
