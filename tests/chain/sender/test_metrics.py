"""The sender's numbers: what waits, for how long, and what the chain knows that the database does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, text
from sqlalchemy.dialects import sqlite

from chain.db import reading, table_of, writing
from chain.errors import NodeUnavailable
from chain.sender.metrics import SenderMetrics, count_open, oldest_open
from chain.sender.tables import OutboxRow


class Measured:
    """A workshop whose sender is observed."""

    def __init__(self, make_workshop: Any) -> None:
        self.workshop = make_workshop()
        self.registry = CollectorRegistry()
        workshop = self.workshop
        metrics = SenderMetrics(workshop.db, workshop.sender.line, workshop.clock, self.registry)
        workshop.restart(observe=metrics.note)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"saegim_sender_{name}", labels)


@pytest.fixture
def measured(make_workshop: Any) -> Measured:
    return Measured(make_workshop)


def test_what_waits_is_counted_until_it_is_strong(measured: Measured) -> None:
    workshop = measured.workshop
    workshop.submit_all(["a", "b"])
    assert measured("transactions", state="reserved") == 2
    workshop.now += timedelta(seconds=90)
    assert measured("oldest_pending_seconds") == 90
    workshop.sender.step()
    assert (measured("transactions", state="reserved"), measured("transactions", state="broadcast")) == (0, 2)
    workshop.step_and_mine(10)
    workshop.sender.step()
    assert measured("settled_total") == 2
    assert measured("oldest_pending_seconds") == 0
    assert sum(measured("transactions", state=state) or 0 for state in ("broadcast", "mined", "settled")) == 0


def test_a_transaction_that_no_block_takes_grows_old_in_blocks(measured: Measured) -> None:
    workshop = measured.workshop
    workshop.submit("a")
    workshop.sender.step()
    workshop.chain.mine(7, most=0)
    workshop.sender.step()
    assert measured("oldest_pending_blocks") == 7
    workshop.chain.mine(4, most=0)
    workshop.sender.step()
    assert measured("replacements_total") == 1


def test_nonces_that_only_the_chain_knows_show(measured: Measured, account: Any) -> None:
    workshop = measured.workshop
    workshop.submit("a")
    workshop.step_and_mine(6)
    assert measured("chain_ahead") == 0
    workshop.chain.steal(account)
    workshop.chain.mine()
    workshop.sender.step()
    assert (measured("chain_ahead"), measured("chain_nonce"), measured("next_nonce")) == (1, 2, 1)


def test_the_balance_and_who_leads_show_after_the_first_pass(measured: Measured) -> None:
    workshop = measured.workshop
    assert measured("balance_wei") is None
    assert (measured("leading"), measured("lease_held")) == (0, 0)
    workshop.submit("a")
    workshop.sender.step()
    assert (measured("leading"), measured("lease_held")) == (1, 1)
    assert (
        measured("balance_wei")
        == workshop.chain.account_at(workshop.account.address, workshop.chain.head()).balance
    )
    workshop.now += timedelta(minutes=5)
    assert measured("lease_held") == 0


def test_a_node_that_cuts_passes_short_is_counted_by_kind(measured: Measured, monkeypatch: Any) -> None:
    def silent() -> None:
        raise NodeUnavailable("http://node", "refused")

    monkeypatch.setattr(measured.workshop.chain, "head", silent)
    measured.workshop.sender.step()
    assert measured("errors_total", code=NodeUnavailable.code) == 1


def test_a_database_that_is_gone_leaves_the_counters(measured: Measured) -> None:
    with writing(measured.workshop.db) as session:
        session.execute(text("DROP TABLE sender_outbox"))
    assert measured("next_nonce") is None
    assert measured("settled_total") == 0


@pytest.mark.parametrize("query", [count_open, oldest_open])
def test_no_query_reads_the_whole_table(measured: Measured, query: Any) -> None:
    line = measured.workshop.sender.line
    row = {
        **{"chain_id": line.chain_id, "sender": line.address, "recipient": line.address, "data": b""},
        **{"payload_hash": b"", "state": "settled", "created_at": measured.workshop.now, "finality": 2},
        **{"reverted": False, "block_number": 1},
    }
    with writing(measured.workshop.db) as session:
        rows = [{**row, "key": f"old-{n}", "nonce": n} for n in range(2_000)]
        session.execute(insert(table_of(OutboxRow)), rows)
        session.execute(text("ANALYZE"))
    compiled = query(line, 1_990).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with reading(measured.workshop.db) as session:
        plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert any("SEARCH sender_outbox USING INDEX" in step and "nonce>" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan
