"""The signer as a process beside a real validator: a keystore, a socket, nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from network.errors import RpcRefused
from network.geth import ROOT
from network.ipc import IpcClient
from network.waiting import wait_for

ACCOUNT = Account.create()
GENESIS = "0x" + "ab" * 32


@pytest.fixture
def service(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    keystore = tmp_path / "validator-1.json"
    keystore.write_text(json.dumps(Account.encrypt(ACCOUNT.key, "secret", kdf="pbkdf2", iterations=2)))
    keystore.chmod(0o600)
    (tmp_path / "password").write_text("secret\n")
    command = [sys.executable, "-m", "network.signer_service", "one", "--name", "validator-1"]
    process = subprocess.Popen(
        [
            *command,
            *("--keys", str(tmp_path), "--password-file", str(tmp_path / "password")),
            *("--genesis-hash", GENESIS, "--socket", str(tmp_path / "s")),
        ],
        cwd=ROOT,
        env={**os.environ, "SAEGIM_ENV": "production"},
        stderr=subprocess.PIPE,
    )
    yield process
    process.kill()
    process.wait()


def test_it_serves_the_keystores_account_and_ends_when_asked(
    service: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    client = IpcClient(tmp_path / "s")
    assert wait_for("the signer", lambda: client.call("account_list")) == [ACCOUNT.address]
    with pytest.raises(RpcRefused, match="signs nothing else"):
        client.call("account_signTransaction", {"from": ACCOUNT.address})
    service.send_signal(signal.SIGTERM)
    assert service.wait(20) == 0
    assert not (tmp_path / "s").exists()


def test_a_development_key_is_refused_in_production(tmp_path: Path) -> None:
    from network.keys import KeyRing

    KeyRing(tmp_path, environ={}).create_account("validator-1")
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "network.signer_service", "one", "--name", "validator-1"),
            *("--keys", str(tmp_path), "--genesis-hash", GENESIS, "--socket", str(tmp_path / "s")),
        ],
        cwd=ROOT,
        env={**os.environ, "SAEGIM_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "refused in production" in ended.stderr
    assert "Traceback" not in ended.stderr
