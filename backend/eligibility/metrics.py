"""What waits at the insurer when Prometheus asks. Outcomes and failures are counters beside the code making them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend.eligibility import repository
from chain.db import reading


def waiting(database: Engine) -> Iterator[Metric]:
    """Visits whose 진료확인번호 or cancellation is not known yet; nothing where the database does not answer."""
    try:
        with reading(database) as session:
            count = repository.count_waiting(session)
    except SQLAlchemyError:
        return
    yield GaugeMetricFamily(
        "saegim_backend_eligibility_visits_uncertain",
        "Visit confirmations and cancellations whose outcome is not known",
        value=float(count),
    )
