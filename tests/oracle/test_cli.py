"""The commands, on a database of their own and no chain that answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.clock import utc_now
from chain.db import make_engine, writing
from chain.deployment import Deployment
from chain.keys import KeyRing
from oracle.cli import main
from oracle.db import migrate
from oracle.models import Quarantined
from oracle.states import QuarantineState

ADDRESSES = {
    "InstitutionRegistry": "0x" + "11" * 20,
    "DocumentRegistry": "0x" + "22" * 20,
    "TransferLedger": "0x" + "33" * 20,
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configured oracle: keys, deployment, database."""
    keys = KeyRing(tmp_path / "keys", environ={})
    keys.create_account("hospital-oracle")
    keys.create_document_key("hospital-sign")
    deployment = Deployment(
        chain_id=20193,
        engine="clique",
        genesis_hash="0x" + "ab" * 32,
        contracts=ADDRESSES,
        deployed_at=1,
        rpc_urls=("http://127.0.0.1:9",),
    )
    deployment.save(tmp_path / "deployment.json")
    values = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/oracle.sqlite3",
        "STORE_KEY_FILE": str(tmp_path / "store.key"),
        "KEYS_FOLDER": str(tmp_path / "keys"),
        "DEPLOYMENT_FILE": str(tmp_path / "deployment.json"),
        "ADAPTER_CONFIG": json.dumps({"url": f"sqlite:///{tmp_path}/his.sqlite3"}),
        "NODE_TIMEOUT": "0.2",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"SAEGIM_ORACLE_{name}", value)
    monkeypatch.delenv("SAEGIM_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    engine = make_engine(values["DATABASE_URL"])
    migrate(engine)
    engine.dispose()
    yield tmp_path
    logging.getLogger().handlers.clear()


@pytest.fixture
def quarantined(home: Path) -> Path:
    engine = make_engine(f"sqlite:///{home}/oracle.sqlite3")
    with writing(engine) as session:
        now = utc_now()
        session.add(
            Quarantined(
                source="receipt:1",
                reason="record-invalid",
                paths="total",
                state=QuarantineState.OPEN,
                first_seen=now,
                last_seen=now,
            )
        )
    engine.dispose()
    return home


def test_wrong_use_is_told(home: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(["dance"])
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HEALTH_HOST", "0.0.0.0", "HEALTH_HOST"),
        ("ADAPTER", "telepathy", "SAEGIM_ORACLE_ADAPTER"),
        ("ADAPTER_CONFIG", '{"url": "sqlite://", "colour": "red"}', "colour"),
        ("KEYS_FOLDER", "nowhere", "hospital-oracle"),
        ("DEPLOYMENT_FILE", "nowhere.json", "nowhere.json"),
    ],
)
def test_a_wrong_configuration_is_told_and_nothing_runs(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    told: str,
) -> None:
    monkeypatch.setenv(f"SAEGIM_ORACLE_{name}", value)
    assert main(["check"]) == 2
    assert told in capsys.readouterr().err


def test_development_keys_are_refused_in_production(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "password").write_text("secret")
    (home / "store.key").write_text("ab" * 32)
    for name, value in {"PASSWORD_FILE": str(home / "password"), "BACKEND_URL": "https://b.example"}.items():
        monkeypatch.setenv(f"SAEGIM_ORACLE_{name}", value)
    monkeypatch.setenv("SAEGIM_ENV", "production")
    assert main(["check"]) == 2
    assert "development key" in capsys.readouterr().err


def test_an_old_database_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = make_engine(f"sqlite:///{home}/oracle.sqlite3")
    migrate(engine, "base")
    engine.dispose()
    assert main(["quarantine", "retry"]) == 2
    assert "migrate" in capsys.readouterr().err
    assert main(["migrate"]) == 0


def test_check_says_all_that_does_not_fit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "hospital system",
        "nodes",
        "institution",
        "operator",
        "document key",
    ]
    assert all("NOT OK" in line for line in lines)


def test_status_is_shown_without_a_chain(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "rows read        0" in shown
    assert "no node answers" in shown
    assert main(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["documents"] == dict.fromkeys(
        ["held", "ready", "batched", "anchored", "delivered", "dropped"], 0
    )
    assert found["chain_head"] is None


def test_quarantine_is_listed_shown_and_discarded(
    quarantined: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quarantine", "list"]) == 0
    assert "record-invalid" in capsys.readouterr().out
    assert main(["quarantine", "show", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "receipt:1"
    assert main(["quarantine", "discard", "1"]) == 0
    capsys.readouterr()
    assert main(["quarantine", "list"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["quarantine", "list", "--all"]) == 0
    assert "discarded" in capsys.readouterr().out


def test_an_unknown_row_is_told(quarantined: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "show", "7"]) == 1
    assert "no quarantine 7" in capsys.readouterr().err


def test_the_service_key_is_shown_as_public_keys(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service-key"]) == 0
    (key,) = json.loads(capsys.readouterr().out)["keys"]
    assert key["crv"] == "P-256"
    assert "d" not in key


def test_replay_says_what_is_due_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--from-start"]) == 0
    assert "0 deliveries, 0 marks, 0 batches" in capsys.readouterr().out


def test_a_database_that_cannot_be_used_is_told_without_a_trace(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAEGIM_ORACLE_DATABASE_URL", f"sqlite:///{home}")  # a folder
    assert main(["status"]) == 1
    assert "unable to open database file" in capsys.readouterr().err
