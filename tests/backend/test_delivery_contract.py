"""The backend keeps the agreement that the oracle's own tests hold the oracle to."""

from __future__ import annotations

import sys
from pathlib import Path

from backend_world import World

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))

from delivery_contract import exercise


def test_the_backend_keeps_the_agreement_with_the_oracle(world: World) -> None:
    def post(body: bytes, headers: dict[str, str]) -> tuple[int, object]:
        answer = world.client.post("/internal/v1/deliveries", content=body, headers=headers)
        return answer.status_code, answer.json()

    exercise(post, world.tokens, world.delivery(), world.clock)
