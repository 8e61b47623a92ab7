"""What the watch agents of real validators show to Prometheus."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from network.local import LocalNetwork
from network.waiting import wait_for


def metrics(url: str) -> dict[str, float]:
    """The numbers of one agent without labels beside the validator's name."""
    try:
        text = httpx.get(f"{url}/metrics", trust_env=False).text
    except httpx.ConnectError:  # the agents start after the network answers
        return {}
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return {sample.name: sample.value for sample in samples if set(sample.labels) <= {"validator"}}


def test_every_agent_sees_five_sealers_and_blocks_that_settle(poa_network: LocalNetwork) -> None:
    for entry in poa_network.manifest.validators:
        found = wait_for(
            f"{entry.name} to see every sealer",
            lambda url=entry.agent_url: (
                (found := metrics(url)).get("saegim_validator_sealers_seen") == 5 and found
            ),
            seconds=60,
        )
        assert found["saegim_validator_node_up"] == 1
        assert found["saegim_validator_sealers_expected"] == 5
        assert found["saegim_validator_seal_fault"] == 0
        assert found["saegim_validator_settled_blocks_lost_total"] == 0
        assert 0 < found["saegim_validator_strong_number"] <= found["saegim_validator_settled_number"]
        assert 0 < found["saegim_validator_finality_lag_blocks"] < 10
