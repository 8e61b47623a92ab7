"""`saegim-verify`: wrong command lines, exit codes, both languages, and nothing at all sent when offline."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from dataclasses import replace
from types import SimpleNamespace

import pytest
from case import Case
from synthetic import SyntheticNode

from chain.errors import NodeUnavailable
from chain.light import LightProof
from verifier import ProofBundle, cli
from verifier.cli import main

CASE = Case()
BUNDLE = CASE.bundle()
NOW = CASE.now


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A bundle and a trust file in an otherwise empty folder that is the working one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAEGIM_TRUST", raising=False)
    (tmp_path / "receipt.saegim").write_bytes(BUNDLE.encode())
    CASE.trust.save(tmp_path / "network.json")
    return tmp_path


def run(*arguments: str) -> int:
    return main([str(each) for each in arguments], clock=lambda: NOW)


# ---- wrong command lines


@pytest.mark.parametrize(
    "arguments", [[], ["--json"], ["a", "b"], ["receipt.saegim", "--lang", "fr"], ["--nonsense", "x"]]
)
def test_a_command_line_that_is_none(files, arguments):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.saegim"], "No such file"),
        (["receipt.saegim"], "--trust"),
        (["receipt.saegim", "--trust", "none.json"], "trust_unreadable"),
        (["receipt.saegim", "--trust", "receipt.saegim"], "trust_malformed"),
        (["receipt.saegim", "--trust", "network.json", "--reader", "soon"], "duration"),
        (["receipt.saegim", "--trust", "network.json", "--at", "yesterday"], "2026-03-05T09"),
        (["receipt.saegim", "--trust", "network.json", "--at", "2026-03-05T09:00:00"], "offset"),
        (["prove", "receipt.saegim", "--trust", "network.json", "-o", "x"], "--node"),
        (["show", "network.json", "--trust", "network.json"], "bundle_malformed"),
    ],
)
def test_what_cannot_be_carried_out_says_what_to_do(files, capsys, arguments, says):
    assert run(*arguments) == 2
    output = capsys.readouterr()
    assert says in output.err
    assert output.out == ""


# ---- verdicts


@pytest.mark.parametrize(
    ("change", "verdict", "code"),
    [
        (lambda b: b, "VALID", 0),
        (lambda b: replace(b, proof=None), "UNKNOWN", 3),
        (lambda b: replace(b, path=b.path[1:]), "TAMPERED", 10),
    ],
)
def test_exit_codes_and_json(files, capsys, change, verdict, code):
    (files / "receipt.saegim").write_bytes(change(BUNDLE).encode())
    assert run("receipt.saegim", "--trust", "network.json", "--json") == code
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == verdict
    assert set(report["findings"]) == {"integrity", "anchoring", "status", "issuer", "source"}
    assert all(set(finding) == {"outcome", "code", "ko", "en"} for finding in report["findings"].values())


def test_a_file_that_is_no_bundle_is_unknown_not_tampered(files, capsys):
    (files / "receipt.saegim").write_bytes(b"\x81" * 500_000)
    assert run("receipt.saegim", "--trust", "network.json", "--json") == 3
    assert json.loads(capsys.readouterr().out)["findings"]["integrity"]["code"] == "bundle_malformed"


def test_a_file_larger_than_any_bundle(files, capsys):
    (files / "receipt.saegim").write_bytes(b"\0" * 3_000_000)
    assert run("receipt.saegim", "--trust", "network.json", "--json") == 3
    assert json.loads(capsys.readouterr().out)["findings"]["integrity"]["code"] == "bundle_too_large"


def test_the_reader_and_the_time_can_be_given(files):
    at = ["receipt.saegim", "--trust", "network.json", "--at", "2025-10-10T18:00:00+09:00"]
    assert run(*at) == 0
    assert run(*at, "--reader", "claim") == 3
    assert run(*at, "--reader", "2d") == 0


def test_in_korean_and_in_english(files, capsys):
    assert run("receipt.saegim", "--trust", "network.json") == 0
    korean = capsys.readouterr().out
    assert "결론: 유효" in korean
    assert "진료비 영수증" in korean
    assert "서울시 샘플의료원" in korean
    assert run("receipt.saegim", "--trust", "network.json", "--lang", "en") == 0
    english = capsys.readouterr().out
    assert "Verdict: VALID" in english
    assert "Seoul Sample Medical Center" in english


def test_a_tampered_documents_content_is_not_shown(files, capsys):
    (files / "receipt.saegim").write_bytes(replace(BUNDLE, path=()).encode())
    run("receipt.saegim", "--trust", "network.json")
    assert "홍길동" not in capsys.readouterr().out


def test_the_trust_file_is_found_by_itself(files, monkeypatch, capsys):
    monkeypatch.setenv("SAEGIM_TRUST", "network.json")
    assert run("receipt.saegim") == 0
    monkeypatch.delenv("SAEGIM_TRUST")
    assert run("receipt.saegim") == 2
    (files / ".data" / "network").mkdir(parents=True)
    (files / "network.json").rename(files / ".data" / "network" / "network.json")
    assert run("receipt.saegim") == 0


def test_the_trust_file_of_a_real_network_is_found_by_the_chain_id(files, monkeypatch):
    monkeypatch.setattr("verifier.files.PROJECT", files)
    home = files / "deploy" / "networks" / "710"
    home.mkdir(parents=True)
    (files / "network.json").rename(home / "network.json")
    assert run("receipt.saegim") == 0


def test_from_standard_input_as_text(files, monkeypatch):
    pasted = urlsafe_b64encode(BUNDLE.encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(pasted)))
    assert run("-", "--trust", "network.json") == 0


# ---- with a node


class Client(SyntheticNode):
    """Stands in for the client: a synthetic node that can be closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def client(monkeypatch):
    made = Client(CASE.chain)
    made.keys[CASE.kid] = CASE.point
    monkeypatch.setattr(cli, "ChainClient", lambda urls, chain_id: made)
    return made


def test_a_node_is_asked_and_left(files, client, capsys):
    assert run("receipt.saegim", "--trust", "network.json", "--node", "http://n", "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"]["source"]["code"] == "both_agree"
    assert client.closed


def test_prove_makes_a_file_that_verifies(files, client, capsys):
    stale = replace(BUNDLE, proof=None, key=None)
    (files / "stale.saegim").write_bytes(stale.encode())
    assert (
        run("prove", "stale.saegim", "--trust", "network.json", "--node", "http://n", "-o", "fresh.saegim")
        == 0
    )
    assert run("fresh.saegim", "--trust", "network.json") == 0
    assert ProofBundle.decode((files / "fresh.saegim").read_bytes()).key == CASE.point
    assert not (files / "fresh.saegim.part").exists()


def test_prove_without_an_answer_writes_nothing(files, client, capsys):
    def fail(method, answer):
        raise NodeUnavailable("http://n", "refused")

    client.tamper = fail
    assert (
        run("prove", "receipt.saegim", "--trust", "network.json", "--node", "http://n", "-o", "fresh.saegim")
        == 3
    )
    assert "did not answer" in capsys.readouterr().err
    assert not (files / "fresh.saegim").exists()
    assert client.closed


# ---- show, trust


def test_show_says_that_nothing_was_checked(files, capsys):
    assert run("show", "receipt.saegim", "--trust", "network.json", "--lang", "en") == 0
    output = capsys.readouterr().out
    assert "NOT CHECKED" in output
    assert "Items 29" in output
    assert f"0x{BUNDLE.root.hex()}" in output


def test_trust_prints_the_fingerprint_and_refuses_what_is_not_signed(files, capsys):
    assert run("trust", "network.json") == 0
    assert CASE.trust.fingerprint in capsys.readouterr().out
    CASE.chain.trust(signers=2).save(files / "weak.json")
    assert run("trust", "weak.json") == 3
    assert "trust_no_majority" in capsys.readouterr().err
    assert run("trust", "network.json", "--held", "network.json") == 0
    Case(seed="other").trust.save(files / "other.json")
    assert run("trust", "other.json", "--held", "network.json") == 3


# ---- offline

NO_SOCKETS = """
import socket, sys

def refuse(*_, **__):
    raise SystemExit("a socket was opened")

socket.socket.__init__ = refuse
socket.create_connection = socket.getaddrinfo = refuse
sys.addaudithook(lambda event, _: refuse() if event.startswith("socket.") and event != "socket.__new__" else None)
from verifier.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_offline_means_offline(files):
    """A process in which opening any socket ends it verifies all the same."""
    at = NOW.isoformat()
    arguments = [
        sys.executable,
        "-c",
        NO_SOCKETS,
        "receipt.saegim",
        "--trust",
        "network.json",
        "--at",
        at,
        "--json",
    ]
    done = subprocess.run(
        arguments, capture_output=True, text=True, cwd=files, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "VALID"


def test_the_guard_of_that_test_works(files):
    arguments = [
        sys.executable,
        "-c",
        NO_SOCKETS,
        "receipt.saegim",
        "--trust",
        "network.json",
        "--node",
        "http://127.0.0.1:9",
    ]
    arguments += ["--at", NOW.isoformat()]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=files)
    assert "a socket was opened" in done.stderr


def proof_file(files, **changes):
    """A member's answer to `GET …/proof`: a fresh bundle without the document."""
    (files / "sent.proof").write_bytes(replace(CASE.made(), credential="", **changes).encode())
    return ["prove", "stale.saegim", "--trust", "network.json", "--proof", "sent.proof", "-o", "fresh.saegim"]


def test_a_proof_that_a_member_sent_completes_the_holders_file(files):
    (files / "stale.saegim").write_bytes(replace(BUNDLE, proof=None).encode())
    assert run(*proof_file(files)) == 0
    assert ProofBundle.decode((files / "fresh.saegim").read_bytes()).credential == BUNDLE.credential
    assert run("fresh.saegim", "--trust", "network.json") == 0


@pytest.mark.parametrize("changes", [{"issuer": 2}, {"root": bytes(32)}, {"path": ()}])
def test_a_proof_of_another_document_is_not_taken(files, changes, capsys):
    (files / "stale.saegim").write_bytes(BUNDLE.encode())
    assert run(*proof_file(files, **changes)) == 2
    assert "another document" in capsys.readouterr().err
    assert not (files / "fresh.saegim").exists()


def test_a_proof_comes_from_a_node_or_from_a_file_not_from_both(files, capsys):
    (files / "stale.saegim").write_bytes(BUNDLE.encode())
    assert run(*proof_file(files), "--node", "http://n") == 2
    assert "either" in capsys.readouterr().err


@pytest.mark.parametrize("plain", [[[], [], []], [[], [], [[0, [], []]]]])
def test_a_proof_without_a_single_block_proves_nothing(files, plain):
    bundle = replace(BUNDLE, proof=LightProof.from_plain(plain))
    (files / "hostile.saegim").write_bytes(bundle.encode())
    assert run("hostile.saegim", "--trust", "network.json") == 3
