"""Answers relay requests: who asks, whether they may, how often, what the hospital's desk says, and a note of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.jwk import KeySet
from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from chain.clock import Clock
from chain.db import reading, table_of, writing
from oracle.his.base import HisError, HisUnavailable
from oracle.his.desk import HospitalDesk, NotOffered, RequestReused, TooManyPatients, TooManyRows
from oracle.his.rows import BadRow
from oracle.logs import shown
from oracle.relay.errors import OutsideScope, RelayProblem, TokenRefused
from oracle.relay.limits import Buckets
from oracle.relay.models import RelayRequest
from oracle.relay.operations import HEALTH, OPERATIONS, UNKNOWN, Operation, operation_at, parsed
from oracle.relay.patience import Patience
from oracle.relay.schemas import Health
from oracle.relay.tokens import Permit, Scope, verify
from oracle.vault import Vault

log = logging.getLogger(__name__)

MOST_ANSWERED: Final = 1024 * 1024
"""Bytes of one answer."""
BEGUN: Final = "begun"
"""Outcome of the first of two notes about what writes into the hospital system."""
_NOBODY: Final = "nobody"
"""The bucket of notes about requests without a valid token: noise from the network must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    authorization: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back as JSON. retry_after: seconds."""

    status: int
    content: Mapping[str, Any] = field(repr=False)
    retry_after: int | None = None

    @classmethod
    def of(cls, problem: RelayProblem) -> Reply:
        """An error."""
        reason = {"reason": problem.reason} if problem.reason else {}
        return cls(problem.status, {"error": problem.code, **reason}, problem.retry_after)


class Relay:
    """One relay. desk: None where the hospital system offers none. per_minute: requests for each purpose. patience:
    seconds that the hospital system may take for an answer."""

    def __init__(
        self,
        desk: HospitalDesk | None,
        keys: KeySet,
        database: Engine,
        vault: Vault,
        clock: Clock,
        *,
        per_minute: int,
        registry: CollectorRegistry,
        patience: float = 4.0,
    ) -> None:
        self._desk, self._keys, self._database, self._vault = desk, keys, database, vault
        self._clock = clock
        self._buckets = Buckets(per_minute, clock)
        self._patience = Patience([each.name for each in OPERATIONS], patience)
        self._counted = Counter(
            "saegim_oracle_relay_requests",
            "Relay requests by operation and outcome",
            ["operation", "outcome"],
            registry=registry,
        )

    def close(self) -> None:
        """Close the connections to the hospital system."""
        self._patience.close()
        if self._desk is not None:
            self._desk.close()

    def answer(self, asked: Asked) -> Reply:
        """The reply to a request; never raises for what the request or the hospital is like."""
        operation = operation_at(asked.method, asked.path)
        permit: Permit | None = None
        try:
            permit = self._permit(asked)
            reply, outcome = self._do(operation, permit, asked.body), "answered"
        except RelayProblem as problem:
            reply, outcome = Reply.of(problem), problem.code
        try:
            self._note(operation, permit, outcome)
        except RelayProblem as problem:
            reply, outcome = Reply.of(problem), problem.code
        self._counted.labels(operation.name, outcome).inc()
        return reply

    def refused(self, problem: RelayProblem) -> Reply:
        """The reply to a request that was broken before it could be read; only counted."""
        self._counted.labels(UNKNOWN.name, problem.code).inc()
        return Reply.of(problem)

    # --- who asks

    def _permit(self, asked: Asked) -> Permit:
        permit = verify(
            asked.authorization,
            method=asked.method,
            path=asked.path,
            body=asked.body,
            keys=self._keys,
            now=self._clock(),
        )
        if self._used(permit.jti):
            raise TokenRefused("replayed")
        return permit

    def _used(self, jti: str) -> bool:
        table = table_of(RelayRequest)
        try:
            with reading(self._database) as session:
                return session.execute(select(table.c.id).where(table.c.jti == jti)).first() is not None
        except SQLAlchemyError as error:
            raise _not_noted(error) from None

    def _note(self, operation: Operation, permit: Permit | None, outcome: str) -> None:
        """One row, on disk before the answer goes out. Raises TokenRefused (used meanwhile), RelayProblem.

        What writes has two: that it was begun, before the hospital is asked, and how it ended.
        """
        if permit is None and self._buckets.take(_NOBODY):
            return
        row = RelayRequest(at=self._clock(), operation=operation.name, outcome=outcome)
        if permit is not None:
            begun = operation.writes and outcome != BEGUN and self._used(permit.jti)
            row.jti = None if begun else permit.jti
            row.purpose, row.actor = permit.scope.purpose, permit.scope.actor
            row.subject = self._subject(permit.scope)
        try:
            with writing(self._database) as session:
                session.add(row)
        except IntegrityError:
            raise TokenRefused("replayed") from None
        except SQLAlchemyError as error:
            raise _not_noted(error) from None

    def _subject(self, scope: Scope) -> str | None:
        if scope.patient is not None:
            return self._vault.blind(f"relay patient {scope.patient}")
        if scope.person is not None:
            return self._vault.blind(f"relay person {scope.person.model_dump_json()}")
        return None

    # --- what is asked

    def _do(self, operation: Operation, permit: Permit, body: bytes) -> Reply:
        scope = permit.scope
        if operation is UNKNOWN:
            raise RelayProblem(404, "no-such-operation")
        if scope.purpose not in operation.purposes:
            raise OutsideScope("purpose")
        if wait := self._buckets.take(scope.purpose):
            raise RelayProblem(429, "too-many-requests", retry_after=wait)
        if operation is HEALTH:
            return self._health(body)
        content = self._asked(operation, permit, body)
        if len(json.dumps(content, ensure_ascii=False).encode()) > MOST_ANSWERED:
            raise RelayProblem(413, "too-many-rows")
        return Reply(200, content)

    def _asked(self, operation: Operation, permit: Permit, body: bytes) -> dict[str, Any]:
        """What the hospital's desk says, or a problem of a kind."""
        asked = parsed(operation, permit.scope, body)
        desk, run = self._offered(operation), operation.run
        assert run is not None
        if operation.writes:
            self._note(operation, permit, BEGUN)
        try:
            found = self._patience.run(operation.name, lambda: run(desk, asked))
        except BadRow as bad:
            raise RelayProblem(502, "record-unreadable", bad.reason.value) from None
        except ValidationError:
            raise RelayProblem(502, "record-unreadable") from None
        except TooManyPatients:
            raise RelayProblem(502, "too-many-patients") from None
        except TooManyRows:
            raise RelayProblem(413, "too-many-rows") from None
        except NotOffered:
            raise RelayProblem(501, "not-offered") from None
        except RequestReused:
            raise RelayProblem(409, "request-reused") from None
        except HisUnavailable as error:
            log.warning("relay: %s", shown(error))
            raise RelayProblem(503, "hospital-unavailable") from None
        except HisError as error:
            log.error("relay: %s", shown(error))
            raise RelayProblem(502, "hospital-malformed") from None
        return found.model_dump(mode="json", by_alias=True)

    def _health(self, body: bytes) -> Reply:
        if body:
            raise RelayProblem(400, "body-unexpected")
        desk = self._desk
        offers = sorted(each.name for each in OPERATIONS if desk is not None and each.question in desk.offers)
        hospital = "ok" if desk is not None else "not-offered"
        try:
            if desk is not None:
                self._patience.run(HEALTH.name, desk.check)
        except (HisError, RelayProblem) as error:
            log.warning("relay: %s", shown(error))
            hospital = "unavailable"
        answer = Health.model_validate({"hospital": hospital, "offers": offers})
        return Reply(200, answer.model_dump(mode="json", by_alias=True))

    def _offered(self, operation: Operation) -> HospitalDesk:
        if self._desk is None or operation.question not in self._desk.offers:
            raise RelayProblem(501, "not-offered")
        return self._desk


def _not_noted(error: SQLAlchemyError) -> RelayProblem:
    log.error("relay: a request was refused because it could not be noted: %s", shown(error))
    return RelayProblem(503, "not-noted")
