"""The status as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chain.client import ChainClient
from chain.deployment import Deployment, DeploymentUnreadable
from chain.errors import ChainError
from oracle.config import OracleSettings
from oracle.status import Status


def chain_head(settings: OracleSettings) -> int | None:
    """The newest block our nodes know, or None if none answers."""
    try:
        deployment = Deployment.load(settings.deployment_file)
        client = ChainClient(
            settings.node_urls or deployment.rpc_urls, timeout=settings.node_timeout.total_seconds()
        )
    except (DeploymentUnreadable, ValueError):
        return None
    try:
        return int(client.head().number)
    except ChainError:
        return None
    finally:
        client.close()


def lines(status: Status, head: int | None) -> Iterator[str]:
    """The status, a line for each question a person asks."""
    last = f", last {status.last_read:%Y-%m-%d %H:%M:%S} UTC" if status.last_read else ""
    yield f"rows read        {status.rows_read}{last}"
    yield f"quarantine       {_counts(status.quarantine)}"
    yield f"documents        {_counts(status.documents)}"
    yield f"oldest waiting   {_age(status.oldest_waiting)}"
    yield f"batches          {_counts(status.batches)}"
    yield f"marks            {_counts(status.marks)}"
    yield f"last anchored    {_anchored(status, head)}"
    yield f"deliveries       {_counts(status.deliveries)}"
    yield f"delivery lag     {_age(status.delivery_lag)}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"


def _age(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.1f} s"


def _anchored(status: Status, head: int | None) -> str:
    chain = "no node answers" if head is None else f"chain head {head}"
    if status.last_anchored_block is None or status.last_anchored_at is None:
        return f"nothing yet; {chain}"
    when = f"{status.last_anchored_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"block {status.last_anchored_block} ({status.finality}) at {when}; {chain}"
