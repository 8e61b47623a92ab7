"""Alert rules, dashboard and runbook say the same as the processes: names cannot drift apart."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from network.monitor.relay import SILENT
from network.watch.metrics import ALARMS
from tests.fixtures.missing import unavailable
from verifier import Verdict

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yml"))
DASHBOARD = json.loads((MONITORING / "grafana" / "saegim-spine.json").read_text("utf-8"))
RUNBOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")

_NAME = re.compile(r"\bsaegim_[a-z0-9_]+")
_SELECTOR = re.compile(r"\b(saegim_[a-z0-9_]+)\{([^}]*)\}")


def alerts() -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + shown


@pytest.fixture
def shown(expositions: dict[str, str]) -> dict[str, set[str]]:
    """Names of all samples, with the label names each has."""
    found: dict[str, set[str]] = {}
    for text in expositions.values():
        for family in text_string_to_metric_families(text):
            labels = {label for sample in family.samples for label in sample.labels}
            for name in {family.name, *(sample.name for sample in family.samples)}:
                found.setdefault(name, set()).update(labels)
            if family.type == "counter":
                found.setdefault(f"{family.name}_total", set())
            if family.type == "histogram":
                found.setdefault(f"{family.name}_bucket", set()).add("le")
    return found


def test_every_metric_named_is_one_that_a_process_shows(shown: dict[str, set[str]]) -> None:
    named = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert len(named) > 40
    assert named - set(shown) == set()


def test_every_label_chosen_by_is_one_that_the_metric_has(shown: dict[str, set[str]]) -> None:
    wrong = [
        f"{name} has no label {label}"
        for expression in expressions()
        for name, chosen in _SELECTOR.findall(expression)
        for label in re.findall(r"(\w+)[=!]", chosen)
        if label not in shown[name]
    ]
    assert not wrong


def test_no_metric_has_a_label_that_could_name_somebody(shown: dict[str, set[str]]) -> None:
    allowed = {
        *("adapter", "channel", "code", "database", "device", "door", "ending", "engine", "event"),
        *("finality", "kind", "le", "limit", "method", "node", "operation", "outcome", "problem"),
        *("route", "severity", "stage", "state", "status", "step", "validator", "verdict"),
    }
    ours = {name: labels for name, labels in shown.items() if name.startswith("saegim_")}
    assert {label for labels in ours.values() for label in labels} <= allowed


def test_every_alarm_of_the_watch_agent_is_an_alert() -> None:
    text = " ".join(rule["expr"] for rule in alerts())
    assert [code for code in ALARMS if f'code="{code}"' not in text] == []


def test_every_verdict_named_is_one() -> None:
    named = {
        verdict
        for expression in expressions()
        for choice in re.findall(r'verdict=~?"([^"]+)"', expression)
        for verdict in choice.split("|")
    }
    assert named
    assert named <= {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_in_two_languages_and_what_to_do(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert re.search("[가-힣]", notes["summary_ko"])
    for name in ("summary_en", "description_en"):
        assert notes[name]
        assert not re.search("[가-힣]", notes[name])
    assert notes["description_ko"]
    assert notes["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    section = RUNBOOK.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    described = re.findall(r"^### (\w+)$", section, re.MULTILINE)
    assert sorted(described) == sorted([*(rule["alert"] for rule in alerts()), SILENT])
    assert section.count("**Do:**") == len(described)


def test_every_alert_is_tried_good_and_bad() -> None:
    """And a rule with several ways to fire, in each of them."""
    for rule in alerts():
        tried = [case for case in cases() if case["name"].split()[0] == rule["alert"]]
        assert len(tried) == 1 + rule["expr"].count(" or "), rule["alert"]
        for case in tried:
            expected = [bool(check["exp_samples"]) for check in case["promql_expr_test"]]
            assert expected == ([True] if rule["alert"] == "Watchdog" else [False, True]), case["name"]


def cases() -> list[dict[str, Any]]:
    paths = sorted((MONITORING / "rules" / "tests").glob("*.yml"))
    return [case for path in paths for case in yaml.safe_load(path.read_text("utf-8"))["tests"]]


@pytest.mark.parametrize(
    "command",
    [
        ["check", "config", str(MONITORING / "prometheus.yml")],
        ["check", "rules", *map(str, RULES)],
        ["test", "rules", *(str(MONITORING / "rules" / "tests" / path.name) for path in RULES)],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_promtool_agrees(command: list[str]) -> None:
    promtool = shutil.which("promtool") or unavailable("promtool was not found: install prometheus")
    done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert {"uid", "title", "panels", "schemaVersion", "templating", "time"} <= set(DASHBOARD)
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in panels():
        assert panel["type"] in {"timeseries", "stat"}
        assert panel["datasource"]["uid"] == "${datasource}"
        references = [target["refId"] for target in panel["targets"]]
        assert len(references) == len(set(references))
        assert references
    for panel in DASHBOARD["panels"]:
        assert re.search("[가-힣]", panel["title"].partition(" · ")[0]), panel["title"]
        assert panel["title"].partition(" · ")[2], panel["title"]


def test_panels_stand_side_by_side_and_never_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
