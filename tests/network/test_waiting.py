"""Waiting ends with what was waited for, or says what did not come."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.errors import NodeUnavailable
from network.errors import ConditionNotMet, IpcUnavailable, RpcRefused
from network.waiting import wait_for


def test_what_does_not_come_is_named_with_the_time_it_had() -> None:
    with pytest.raises(ConditionNotMet, match=r"a miracle: not within 0\.05 s") as caught:
        wait_for("a miracle", lambda: None, seconds=0.05, every=0.01)
    assert (caught.value.what, caught.value.seconds) == ("a miracle", 0.05)


@pytest.mark.parametrize(
    "error",
    [
        IpcUnavailable(Path("x"), "gone"),
        RpcRefused("eth_call", -32000, "header not found"),
        NodeUnavailable("http://x", "time-out"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_node_that_does_not_answer_yet_is_waited_for(error: Exception) -> None:
    answers = iter([error, error, 7])

    def probe() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_for("seven", probe, seconds=5, every=0.001) == 7


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_for("nothing", lambda: 1 // 0, seconds=5)


def test_zero_and_an_empty_list_are_answers_and_false_is_none() -> None:
    assert wait_for("a number", lambda: 0, seconds=1) == 0
    assert wait_for("a list", list, seconds=1) == []
    with pytest.raises(ConditionNotMet):
        wait_for("truth", lambda: False, seconds=0.02, every=0.01)
