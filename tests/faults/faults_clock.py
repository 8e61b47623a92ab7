"""Machines whose clock is wrong: the oracle's, by ten minutes each way."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import partial
from signal import SIGKILL

from fault import Fault
from fault_world import World, draw
from faults_oracle import POINTS

from chain.clock import utc_now

SKEW = timedelta(minutes=10)


def token_judge(world: World) -> None:
    """The backend answers 401 to a token whose time is not now, as the real one does, before it looks at the body."""
    backend, judged = world.site.backend, world.site.backend.answer
    world.kept["refused"] = 0

    def answer(body: bytes, authorization: str) -> tuple[int, dict[str, object]] | None:
        if abs(token_time(authorization) - utc_now().timestamp()) > 120:
            world.kept["refused"] += 1
            return 401, {"error": "TokenRefused"}
        return judged(body, authorization)

    backend.answer = answer  # type: ignore[method-assign]


def token_time(authorization: str) -> float:
    """When the token says that it was made."""
    claims = authorization.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iat"])


def skewed(world: World, skew: timedelta) -> None:
    """Receipts come while the oracle's clock is wrong; it is killed, and its clock put right."""
    offset = {"SAEGIM_CLOCK_OFFSET": str(skew.total_seconds())}
    told = len(world.site.backend.taken)
    with world.working(**offset):
        world.day(6)
        world.wait(lambda status: status.rows_read > 0 and status.documents["anchored"] >= 6)
        world.wait(lambda _: world.kept["refused"] > 0)
    assert len(world.site.backend.taken) == told, "a token of another time was taken"
    (point,) = draw(world, POINTS[:11], 1)
    world.day(4)
    assert world.site.oracle("once", "--wait", "60", crash=point, **offset) == -SIGKILL, world.site.output
    minutes = round(skew.total_seconds() / 60)
    world.note(f"{minutes:+d} minutes: documents were anchored, {world.kept['refused']} tokens refused")
    world.note(f"killed at {point}, then the clock was right again")


FAULTS = (
    Fault(
        "clock-ahead",
        "the oracle's clock runs ten minutes ahead",
        partial(skewed, skew=SKEW),
        setup=token_judge,
    ),
    Fault(
        "clock-behind",
        "the oracle's clock runs ten minutes late",
        partial(skewed, skew=-SKEW),
        setup=token_judge,
    ),
)
