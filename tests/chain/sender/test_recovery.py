"""After a restore from backup, or when the key was used elsewhere: the chain is read first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.db import make_engine, reading
from chain.sender import Limits, TxState
from chain.sender.errors import ForgottenPending


def backup(workshop: Any, folder: Path) -> Path:
    workshop.db.dispose()
    return Path(shutil.copy(workshop.db.url.database, folder / "backup"))


def restore(workshop: Any, copy: Path, **options: Any) -> None:
    workshop.db.dispose()
    path = Path(workshop.db.url.database)
    for leftover in path.parent.glob(path.name + "-*"):
        leftover.unlink()
    shutil.copy(copy, path)
    workshop.db = make_engine(str(workshop.db.url), synchronous="NORMAL")
    workshop.restart(**options)


def all_settled(workshop: Any, *keys: str) -> bool:
    return {workshop.state(key).state for key in keys} == {TxState.SETTLED}


def test_rows_of_the_backup_that_were_mined_since_are_recognised(workshop: Any, tmp_path: Path) -> None:
    workshop.submit_all(["a", "b"])
    copy = backup(workshop, tmp_path)
    workshop.step_and_mine(6)
    restore(workshop, copy)
    assert workshop.state("a").state == TxState.RESERVED
    report = workshop.sender.step()
    assert report.recovered == 2
    workshop.step_and_mine(2)
    assert all_settled(workshop, "a", "b")
    assert workshop.mined_payloads() == [b"a", b"b"]


@pytest.mark.parametrize("order", [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]])
@pytest.mark.parametrize("looked_before", [True, False])
def test_what_is_submitted_again_after_the_restore_is_not_sent_again(
    workshop: Any, tmp_path: Path, order: list[str], looked_before: bool
) -> None:
    copy = backup(workshop, tmp_path)
    for key in ("a", "b", "c"):
        workshop.submit(key)
    workshop.step_and_mine(6)
    restore(workshop, copy)
    if looked_before:
        workshop.sender.step()
    for key in order:
        workshop.submit(key)
    workshop.submit("new")
    workshop.step_and_mine(10)
    assert workshop.mined_payloads() == [b"a", b"b", b"c", b"new"]
    assert all_settled(workshop, "a", "b", "c", "new")
    assert {workshop.state(key).nonce for key in ("a", "b", "c")} == {0, 1, 2}


def test_the_same_payload_under_two_keys_is_matched_one_to_one(workshop: Any, tmp_path: Path) -> None:
    copy = backup(workshop, tmp_path)
    workshop.submit("k1", b"same")
    workshop.submit("k2", b"same")
    workshop.step_and_mine(6)
    restore(workshop, copy)
    workshop.sender.step()
    for key in ("k2", "k1", "k3"):
        workshop.submit(key, b"same")
    workshop.step_and_mine(8)
    assert workshop.mined_payloads() == [b"same"] * 3
    assert len({workshop.state(key).transaction_hash for key in ("k1", "k2", "k3")}) == 3


def test_a_new_database_for_a_used_key_finds_its_place(
    workshop: Any, make_workshop: Callable[..., Any]
) -> None:
    workshop.submit_all(["a", "b"])
    workshop.step_and_mine(6)
    fresh = make_workshop()
    fresh.chain = workshop.chain
    fresh.restart(limits=Limits(scan_blocks=2))
    fresh.submit("a")
    fresh.submit("c")
    for _ in range(12):
        fresh.sender.step()
        fresh.chain.mine()
    assert all_settled(fresh, "a", "c")
    assert fresh.mined_payloads() == [b"a", b"b", b"c"]


def test_where_to_begin_can_be_told(workshop: Any, make_workshop: Callable[..., Any]) -> None:
    """What lies before `start_block` cannot be recognised, but its nonces are not used again."""
    workshop.submit("old")
    workshop.step_and_mine(6)
    fresh = make_workshop(start_block=5)
    fresh.chain = workshop.chain
    fresh.restart()
    fresh.submit("new")
    fresh.step_and_mine(8)
    assert all_settled(fresh, "new")
    assert fresh.state("new").nonce == 1


def test_a_stolen_nonce_is_given_up_only_when_the_thief_is_settled(workshop: Any) -> None:
    workshop.submit("a")
    workshop.sender.step()
    workshop.chain.lose_pool()
    workshop.chain.steal(workshop.account)
    workshop.chain.mine()
    workshop.sender.step()
    assert workshop.state("a").nonce == 0
    workshop.chain.mine()
    workshop.chain.mine()
    report = workshop.sender.step()
    assert (report.recovered, workshop.state("a").nonce) == (1, 1)
    workshop.step_and_mine(6)
    assert all_settled(workshop, "a")
    assert workshop.mined_payloads() == [b"theft", b"a"]


def test_a_thief_that_is_reorganised_away_costs_nothing(workshop: Any) -> None:
    workshop.submit("a")
    workshop.sender.step()
    workshop.chain.lose_pool()
    workshop.chain.steal(workshop.account)
    workshop.chain.mine()
    workshop.sender.step()
    workshop.chain.reorganise(1, keep=False)
    workshop.step_and_mine(8)
    assert workshop.state("a").nonce == 0
    assert workshop.mined_payloads() == [b"a"]


def test_also_a_nonce_never_signed_for_waits_for_the_thief_to_settle(workshop: Any) -> None:
    workshop.submit("a")
    workshop.chain.steal(workshop.account)
    workshop.chain.mine()
    workshop.sender.step()
    assert (workshop.state("a").nonce, workshop.state("a").state) == (0, TxState.RESERVED)
    workshop.chain.reorganise(1, keep=False)
    workshop.step_and_mine(8)
    assert workshop.state("a").nonce == 0
    assert workshop.mined_payloads() == [b"a"]


def test_nothing_is_signed_while_pools_hold_forgotten_transactions(workshop: Any, tmp_path: Path) -> None:
    copy = backup(workshop, tmp_path)
    workshop.submit_all(["a", "b"])
    workshop.sender.step()
    restore(workshop, copy)
    for key in ("b", "a", "c"):
        workshop.submit(key)
    report = workshop.sender.step()
    assert isinstance(report.errors[0], ForgottenPending)
    assert (report.errors[0].first, report.errors[0].last, report.signed) == (0, 1, 0)
    workshop.step_and_mine(10)
    assert workshop.mined_payloads() == [b"a", b"b", b"c"]
    assert all_settled(workshop, "a", "b", "c")


def test_a_found_transaction_that_disappears_again_is_signed_at_its_nonce(
    workshop: Any, tmp_path: Path
) -> None:
    workshop.submit("a")
    copy = backup(workshop, tmp_path)
    workshop.step_and_mine()
    restore(workshop, copy)
    assert workshop.sender.step().recovered == 1
    workshop.chain.reorganise(1, keep=False)
    workshop.step_and_mine(8)
    assert workshop.mined_payloads() == [b"a"]
    assert all_settled(workshop, "a")


def test_a_clean_account_reads_no_blocks(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("blocks were read")

    monkeypatch.setattr(workshop.chain, "blocks", refuse)
    workshop.submit_all(["a", "b", "c"])
    workshop.step_and_mine(8)
    workshop.restart()
    workshop.submit("d")
    workshop.step_and_mine(8)
    with reading(workshop.db) as session:
        assert workshop.sender.state(session, "d").state == TxState.SETTLED
