"""Taking deliveries from the oracle: each once, each checked, the rest of a request never hurt by a bad one."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from prometheus_client import Counter
from pydantic import ValidationError
from sqlmodel import Session

from backend.documents import repository
from backend.documents.checks import DeliveryRefused, check_issued
from backend.documents.models import Document, DocumentState
from backend.documents.schemas import DeliveriesOut, DeliveryEvent, DeliveryIn, Refusal
from backend.services import Services

log = logging.getLogger("saegim.backend.deliveries")
TAKEN = Counter("saegim_backend_deliveries_total", "Deliveries by outcome", ["event", "outcome"])

_END = {DeliveryEvent.SUPERSEDED: DocumentState.SUPERSEDED, DeliveryEvent.WITHDRAWN: DocumentState.WITHDRAWN}


@dataclass
class _Outcome:
    """Sorted deliveries of one request."""

    accepted: list[DeliveryIn] = field(default_factory=list)
    duplicates: list[UUID] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    issued: dict[UUID, DeliveryIn] = field(default_factory=dict)

    def refuse(self, delivery_id: object, code: str, detail: str) -> None:
        log.warning("delivery refused code=%s detail=%s", code, detail)
        self.refused.append(Refusal(delivery_id=str(delivery_id)[:64], error=code, detail=detail))


def take(services: Services, session: Session, raw: list[dict[str, object]]) -> DeliveriesOut:
    """Take what can be taken, in the order given.

    Raises:
        NodeNotUsable: an issuer's key cannot be looked up because the own node does not answer; nothing was taken
            and the whole request may come again.
    """
    outcome = _Outcome()
    deliveries = list(_parse(raw, outcome))
    known = repository.known_deliveries(session, {d.delivery_id for d in deliveries})
    documents = repository.documents(session, {d.document_id for d in deliveries})
    for delivery in deliveries:
        if delivery.delivery_id in known:
            outcome.duplicates.append(delivery.delivery_id)
            continue
        known.add(delivery.delivery_id)
        try:
            _sort(services, delivery, documents, outcome)
        except DeliveryRefused as refusal:
            outcome.refuse(delivery.delivery_id, refusal.code, refusal.detail)
    _store(services, session, outcome)
    TAKEN.labels("", "duplicate").inc(len(outcome.duplicates))
    TAKEN.labels("", "refused").inc(len(outcome.refused))
    return DeliveriesOut(
        accepted=[d.delivery_id for d in outcome.accepted],
        duplicates=outcome.duplicates,
        refused=outcome.refused,
    )


def _parse(raw: list[dict[str, object]], outcome: _Outcome) -> Iterable[DeliveryIn]:
    for item in raw:
        try:
            yield DeliveryIn.model_validate(item)
        except ValidationError as error:
            places = sorted(
                {".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors()}
            )
            outcome.refuse(item.get("deliveryId"), "Malformed", ", ".join(places[:10]))


def _sort(
    services: Services, delivery: DeliveryIn, documents: dict[UUID, Document], outcome: _Outcome
) -> None:
    """Decide about one new delivery.

    Raises:
        DeliveryRefused: with the reason.
    """
    known = documents.get(delivery.document_id)
    pending = outcome.issued.get(delivery.document_id)
    leaf = known.leaf if known else pending.leaf if pending else None
    if leaf is not None and leaf != delivery.leaf:
        raise DeliveryRefused("DocumentExists", "documentId belongs to another leaf")
    if delivery.event is not DeliveryEvent.ISSUED:
        if leaf is None:
            raise DeliveryRefused("UnknownDocument", "documentId was never delivered as issued")
    elif leaf is None:
        check_issued(delivery, services.node.signing_key, services.clock())
        outcome.issued[delivery.document_id] = delivery
    outcome.accepted.append(delivery)


def _store(services: Services, session: Session, outcome: _Outcome) -> None:
    now = services.clock()
    sealed = services.vault.seal_many(
        {i: (d.credential or "").encode("ascii") for i, d in outcome.issued.items()} if outcome.issued else {}
    )
    repository.add(
        session,
        documents=[_document_row(services, d) | {"received_at": now} for d in outcome.issued.values()],
        contents=[
            {"document_id": i, "nonce": part.nonce, "ciphertext": part.ciphertext}
            for i, part in sealed.items()
        ],
        deliveries=[
            {"id": d.delivery_id, "document_id": d.document_id, "event": d.event.value, "received_at": now}
            for d in outcome.accepted
        ],
    )
    repository.mark(
        session,
        [
            {
                "document": d.document_id,
                "state": _END[d.event],
                "reason": d.reason,
                "superseded_by": d.superseded_by,
            }
            for d in outcome.accepted
            if d.event in _END
        ],
    )
    for delivery in outcome.accepted:
        TAKEN.labels(delivery.event.value, "accepted").inc()


def _document_row(services: Services, delivery: DeliveryIn) -> repository.Row:
    return {
        "id": delivery.document_id,
        "vct": delivery.vct,
        "issuer": delivery.issuer,
        "kid": delivery.kid,
        "patient_index": services.vault.blind_index(delivery.patient_number),
        "leaf": delivery.leaf,
        "root": delivery.root,
        "path": "".join(delivery.path or ()),
        "transaction": delivery.transaction,
        "block": delivery.block,
        "anchored_at": delivery.anchored_at,
        "state": DocumentState.ACTIVE,
    }
