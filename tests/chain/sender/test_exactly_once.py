"""A state machine: whatever happens in whatever order, each submitted payload ends up mined exactly once.

The rules are what goes wrong in a hospital: the process dies at any named point, answers or transactions are
lost, pools are emptied, blocks are replaced, the key is used elsewhere, and the database is restored from a
backup while the chain went on.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chain.db import make_engine
from chain.sender import CRASH_POINTS, Limits, TxState

PAYLOADS = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])
"""Few, so that two keys often carry the same payload."""


class PowerCut(BaseException):
    """The process ends here."""


def test_each_payload_is_mined_exactly_once(make_workshop: Callable[..., Any], tmp_path: Path) -> None:
    class Machine(RuleBasedStateMachine):
        @initialize(window=st.sampled_from([3, 2_000]), scan_blocks=st.sampled_from([2, 2_000]))
        def begin(self, window: int, scan_blocks: int) -> None:
            self.shop = make_workshop(limits=Limits(window=window, scan_blocks=scan_blocks))
            self.submitted: dict[str, bytes] = {}
            self.backup: Path | None = None

        def alive(self) -> None:
            self.shop.chain.down = self.shop.chain.lose_answers = self.shop.chain.lose_arrivals = False

        @rule(payload=PAYLOADS)
        def submit(self, payload: bytes) -> None:
            key = f"key-{len(self.submitted)}"
            self.submitted[key] = payload
            self.shop.submit(key, payload)

        @rule()
        def step(self) -> None:
            self.shop.sender.step()

        @rule(most=st.sampled_from([0, 1, 100]))
        def mine(self, most: int) -> None:
            self.shop.chain.mine(most=most)

        @rule()
        def mine_until_strong(self) -> None:
            self.shop.chain.mine(5)

        @rule(point=st.sampled_from(CRASH_POINTS))
        def crash(self, point: str) -> None:
            def power_cut(name: str) -> None:
                if name == point:
                    raise PowerCut

            self.shop.restart(crash_point=power_cut)
            with suppress(PowerCut):
                self.shop.sender.step()
            self.shop.restart()

        @rule(kind=st.sampled_from(["down", "lose_answers", "lose_arrivals"]))
        def bad_connection(self, kind: str) -> None:
            setattr(self.shop.chain, kind, True)
            self.shop.sender.step()
            self.alive()

        @rule(depth=st.integers(1, 2), keep=st.booleans(), grow=st.integers(0, 2))
        def reorganise(self, depth: int, keep: bool, grow: int) -> None:
            self.shop.chain.reorganise(depth, keep=keep, grow=grow)

        @rule()
        def pool_lost(self) -> None:
            self.shop.chain.lose_pool()

        @rule()
        def key_used_elsewhere(self) -> None:
            self.shop.chain.steal(self.shop.account)

        @rule(fee=st.sampled_from([7, 2 * 10**9, 10**10]))
        def base_fee_moves(self, fee: int) -> None:
            self.shop.chain.base_fee = fee

        @rule()
        def take_backup(self) -> None:
            self.shop.db.dispose()
            self.backup = tmp_path / "backup.sqlite3"
            shutil.copy(self.shop.db.url.database, self.backup)

        @precondition(lambda self: self.backup is not None)
        @rule(submit_first=st.booleans())
        def restore(self, submit_first: bool) -> None:
            self.shop.chain.drop_queued()
            self.shop.db.dispose()
            path = Path(self.shop.db.url.database)
            for leftover in path.parent.glob(path.name + "-*"):
                leftover.unlink()
            shutil.copy(self.backup, path)
            self.shop.db = make_engine(str(self.shop.db.url), synchronous="NORMAL")
            self.shop.restart()
            if not submit_first:
                self.shop.sender.step()
            for key, payload in self.submitted.items():
                self.shop.submit(key, payload)

        @invariant()
        def nothing_is_doubled(self) -> None:
            if hasattr(self, "shop"):
                mined = Counter(self.shop.mined_payloads())
                wanted = Counter(self.submitted.values())
                assert all(mined[payload] <= wanted[payload] for payload in wanted)

        def teardown(self) -> None:
            if not hasattr(self, "shop"):
                return
            self.alive()
            self.shop.chain.base_fee = 7
            for _ in range(80):
                self.shop.sender.step()
                self.shop.chain.mine()
            mined = Counter(self.shop.mined_payloads())
            wanted = Counter(self.submitted.values())
            assert {p: mined[p] for p in wanted} == dict(wanted)
            states = {key: self.shop.state(key) for key in self.submitted}
            assert {state.state for state in states.values()} <= {TxState.SETTLED}
            hashes = {state.transaction_hash for state in states.values()}
            assert len(hashes) == len(states)
            assert all(
                self.shop.chain.block_of(s.transaction_hash) == s.block_number for s in states.values()
            )
            assert not self.shop.alarms

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=4 * settings().max_examples // 5,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
