"""The oracle on real validators: a hospital's day, and the same with kills, lost answers and a node restarted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
pytest.register_assert_rewrite("oracle_harness", "delivery_contract")

from oracle_harness import Site, bad_connection, check_exactly_once, site, wait_until  # noqa: E402

from network.local import LocalNetwork  # noqa: E402

KILLS = [
    "intake.made",
    "intake.committed",
    "batch.taken",
    "batch.committed",
    "sender.signed",
    "sender.sent",
    "sender.broadcast",
    "sender.mined",
    "sender.settled",
    "settle.batch",
    "settle.committed",
    "marks.submitted",
    "marks.committed",
    "marks.settled",
    "delivery.claimed",
    "delivery.answered",
    "delivery.committed",
]
"""Every state of the outbox and of the pipeline, from the row to the acknowledgement."""


@pytest.fixture
def hospital(poa_network: LocalNetwork, tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, poa_network) as made:
        yield made


def test_a_hospitals_day_is_anchored_and_delivered_exactly_once(hospital: Site) -> None:
    truth = hospital.day(40, 3, "--dirty", "12")
    assert hospital.oracle("migrate") == 0
    assert hospital.oracle("check") == 0, hospital.output
    assert hospital.oracle("once") == 0, hospital.output
    check_exactly_once(hospital, truth)
    assert hospital.backend.repeated == 0
    assert hospital.oracle("status") == 0
    assert "delivered" in hospital.output
    assert hospital.oracle("quarantine", "list") == 0
    assert len(hospital.output.splitlines()) >= 1
    told = len(hospital.backend.taken)
    assert hospital.oracle("replay", "--from-start") == 0
    assert hospital.oracle("once") == 0
    assert len(hospital.backend.taken) == told, "reading everything again makes nothing new"


def test_it_survives_a_kill_at_every_point(hospital: Site) -> None:
    for number, point in enumerate(KILLS):
        hospital.day(6, number)
        assert hospital.oracle("once", crash=point) == -9, f"{point} was not passed: {hospital.output}"
    truth = hospital.day(6, len(KILLS))
    assert hospital.oracle("once") == 0, hospital.output
    check_exactly_once(hospital, truth)


def test_it_runs_until_told_to_stop_and_leaves_no_process_behind_when_killed(hospital: Site) -> None:
    hospital.day(6)
    with hospital.running() as oracle:
        wait_until(lambda: oracle.metric('saegim_oracle_documents{state="delivered"}') > 0)
        children = oracle.children()
        assert children
        oracle.process.kill()
        oracle.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    truth = hospital.day(6, 1)
    with hospital.running() as oracle:
        assert httpx.get(f"{oracle.url}/healthz").status_code == 200
        assert httpx.get(f"{oracle.url}/readyz").json()["database"] == "ok"
        wait_until(lambda: hospital.oracle("once") == 0)  # two processes share the work
        oracle.process.terminate()
        assert oracle.process.wait(30) == 0
    check_exactly_once(hospital, truth)


def test_a_lost_answer_after_broadcast_sends_nothing_twice(poa_network: LocalNetwork, tmp_path: Path) -> None:
    with bad_connection(poa_network.rpc_urls[0]) as way, site(tmp_path, poa_network, [way.url]) as hospital:
        way.lose["eth_sendRawTransaction"] = 2
        hospital.backend.lose_answers = 1
        truth = hospital.day(8)
        assert hospital.oracle("once") == 0, hospital.output
        assert way.lost == 2
        check_exactly_once(hospital, truth)


def test_a_backend_that_is_down_gets_everything_when_it_is_back(hospital: Site) -> None:
    hospital.backend.down = True
    truth = hospital.day(8)
    assert hospital.oracle("once", "--wait", "12") == 1
    assert hospital.backend.taken == {}
    hospital.backend.down = False
    assert hospital.oracle("once") == 0, hospital.output
    check_exactly_once(hospital, truth)


def test_it_goes_on_while_its_own_node_is_away(
    fresh_poa_network: Callable[..., LocalNetwork], tmp_path: Path
) -> None:
    network = fresh_poa_network()
    with site(tmp_path, network, network.rpc_urls[:1]) as hospital:
        hospital.day(8)
        assert hospital.oracle("once", crash="sender.sent") == -9
        network.kill(1)  # the first, whose address the oracle has
        assert hospital.oracle("once", "--wait", "3") == 1
        network.restart(1)
        truth = hospital.day(8, 1)
        assert hospital.oracle("once") == 0, hospital.output
        check_exactly_once(hospital, truth)
