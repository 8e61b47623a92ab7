"""The oracle as it is started in production shows all that the rules ask of it, with values that are true."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml
from oracle_harness import RunningOracle, site, wait_until

from chain.clock import utc_now
from network.dev import DevNetwork

RULES = Path(__file__).parents[2] / "deploy" / "monitoring" / "rules"


def named() -> set[str]:
    """Oracle and sender metrics that the rules name, without the follower's: no follower runs in the oracle."""
    text = " ".join(
        rule["expr"]
        for path in RULES.glob("*.yml")
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    )
    return set(re.findall(r"\bsaegim_(?:oracle|sender)_[a-z0-9_]+", text))


def scrape(oracle: RunningOracle) -> str:
    return httpx.get(f"{oracle.url}/metrics", trust_env=False).text


def shown(oracle: RunningOracle) -> set[str]:
    return set(re.findall(r"^(saegim_[a-z0-9_]+)", scrape(oracle), re.MULTILINE))


@pytest.mark.slow
def test_a_running_oracle_shows_what_the_rules_ask(dev_network: DevNetwork, tmp_path: Path) -> None:
    with site(tmp_path, dev_network) as hospital:
        hospital.day(6)
        assert hospital.oracle("migrate") == 0
        with hospital.running() as oracle:
            wait_until(lambda: oracle.metric('saegim_oracle_documents{state="delivered"}') > 0)
            assert named() - shown(oracle) == set()
            assert oracle.metric("saegim_oracle_document_key_usable") == 1
            assert (
                oracle.metric("saegim_oracle_document_key_valid_until_timestamp_seconds")
                > utc_now().timestamp()
            )
            assert oracle.metric("saegim_sender_balance_wei") > 2e17
            assert oracle.metric("saegim_sender_lease_held") == 1
            assert oracle.metric("saegim_sender_chain_ahead") == 0
            assert oracle.metric("saegim_sender_settled_total") >= 1
            assert re.search(
                r'^saegim_oracle_adapter_up\{adapter="sql:\w+"\} 1.0$', scrape(oracle), re.MULTILINE
            )
            assert oracle.metric('saegim_oracle_stage_up{stage="delivery"}') == 1
