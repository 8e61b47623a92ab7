"""`Hl7Adapter`: an adapter that is told, rather than asks: the hospital sends messages, and they wait in an inbox.

The listener runs where `start` was called (``python -m oracle run``); reading needs only the inbox. Messages are read
in the order of their arrival, so a cursor is a number, and reading goes on from any.

What can not be reached here is the inbox: `HisUnavailable` says that the oracle's own database does not answer, so
that nothing can be read and senders get no acknowledgement and keep their messages; or that the address to listen on
can not be taken. Whether the hospital is silent because it has nothing to say, a listener can not know: watch
`saegim_oracle_hl7_messages_total`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from chain.db import reading
from oracle.his.base import HisUnavailable, Page
from oracle.his.hl7v2.inbox import Inbox
from oracle.his.hl7v2.listener import Listener, answers_as_ours, bound
from oracle.his.hl7v2.mapping import Mapping
from oracle.his.hl7v2.pages import Pages
from oracle.his.hl7v2.receiver import Counts
from oracle.his.hl7v2.retention import Retention


class Hl7Adapter:
    """Reads what the hospital sent. Made by `oracle.his.hl7v2.config.make_hl7v2`; opens nothing before `start`."""

    def __init__(self, mapping: Mapping, inbox: Inbox, listener: Listener, counts: Counts) -> None:
        self._mapping = mapping
        self._inbox = inbox
        self._listener = listener
        self._counts = counts
        self._started = False
        self._pages = Pages(self.name, mapping, inbox)
        self._retention = Retention(self.name, inbox, self._pages.facts_of)

    @property
    def name(self) -> str:
        """``hl7v2:`` and the mapping's name."""
        return f"hl7v2:{self._mapping.name}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that senders connect to."""
        return self._listener.address

    @property
    def collector(self) -> Collector:
        """Counters for Prometheus."""
        return self._counts.registry

    def start(self) -> None:
        """Begin to listen. Raises HisUnavailable when the address can not be taken."""
        try:
            self._listener.start()
        except OSError as error:
            raise HisUnavailable(self.name, self._binding()) from error
        self._started = True

    def close(self) -> None:
        """Stop listening. What was acknowledged is in the inbox; senders keep the rest."""
        self._listener.close()
        self._started = False

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`."""
        with self._session("reading the inbox") as session:
            return self._pages.read(session, cursor, limit)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`. Of messages already reduced nothing comes: the hospital sends them again."""
        with self._session("reading the inbox again") as session:
            return self._pages.reread(session, source_keys)

    def check(self) -> None:
        """Raise HisUnavailable unless the inbox answers and the listener listens, or could, or that of the oracle
        that runs beside this process does (over TLS that can not be seen: then the address counts as taken)."""
        with self._session("looking at the inbox") as session:
            self._inbox.after(session, 0, 1)
        if self._started:
            if not self._listener.alive:
                raise HisUnavailable(self.name, "listening: the listener ended, start the oracle again")
            return
        try:
            bound(*self._listener.address).close()
        except OSError as error:
            if answers_as_ours(*self._listener.address):
                return
            raise HisUnavailable(self.name, self._binding()) from error

    def forget(self, content_until: datetime, facts_until: datetime) -> int:
        """Destroy the content of messages received before the one time, what is left of them before the other."""
        return self._retention.apply(content_until, facts_until)

    def _binding(self) -> str:
        host, port = self._listener.address
        return f"taking the address {host}:{port} (another process holds it, or it is not this machine's)"

    @contextmanager
    def _session(self, what: str) -> Iterator[Session]:
        try:
            with reading(self._inbox.database) as session:
                yield session
        except SQLAlchemyError as error:
            raise HisUnavailable(self.name, what) from error
