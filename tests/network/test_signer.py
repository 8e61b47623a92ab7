"""The signer seals headers of its own network and refuses everything else a node could ask."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from chain.engine import engine_for
from chain.headers import Header
from network.errors import RpcRefused
from network.ipc import IpcClient
from network.signer import CLIQUE_HEADER, HeaderSigner, SignerServer, SigningRefused, respond

TAG = "0123456789abcdef0123456789abcdef"
ACCOUNT = Account.from_key("0x" + "11" * 32)
SIGNER = HeaderSigner(ACCOUNT, TAG)


def header(extra: bytes) -> Header:
    return Header(
        parent_hash=bytes(32),
        uncles_hash=bytes(32),
        beneficiary=bytes(20),
        state_root=bytes(32),
        transactions_root=bytes(32),
        receipts_root=bytes(32),
        bloom=bytes(256),
        difficulty=2,
        number=7,
        gas_limit=60_000_000,
        gas_used=0,
        time=1_800_000_000,
        extra_data=extra,
        mix_digest=bytes(32),
        nonce=bytes(8),
        base_fee=7,
    )


def unsealed(tag: str = TAG) -> bytes:
    return header(tag.encode()).rlp


def ask(*params: Any, method: str = "account_signData") -> dict[str, Any]:
    line = json.dumps({"jsonrpc": "2.0", "id": 5, "method": method, "params": list(params)}).encode()
    return respond(SIGNER, line)


@pytest.mark.parametrize(
    "method",
    ["account_signTransaction", "account_signTypedData", "account_new", "account_ecRecover", "eth_sign"],
)
def test_other_methods_are_refused(method: str) -> None:
    assert ask({"from": ACCOUNT.address}, method=method)["error"]["code"] == -32601


@pytest.mark.parametrize(
    "mime", ["text/plain", "data/typed", "application/clique", "", CLIQUE_HEADER.upper()]
)
def test_other_content_is_refused_even_if_it_is_a_header(mime: str) -> None:
    assert "not signed here" in ask(mime, ACCOUNT.address, "0x" + unsealed().hex())["error"]["message"]


def test_another_account_is_refused() -> None:
    other = Account.create().address
    assert "not the account" in ask(CLIQUE_HEADER, other, "0x" + unsealed().hex())["error"]["message"]


def test_a_header_of_another_network_is_refused() -> None:
    data = unsealed("f" * 32).hex()
    assert "network's tag" in ask(CLIQUE_HEADER, ACCOUNT.address, "0x" + data)["error"]["message"]


@pytest.mark.parametrize(
    "data",
    ["0x", "0xzz", "0xc0", "0x" + rlp.encode([TAG.encode()] * 14).hex(), "0x" + rlp.encode([[]] * 16).hex()],
    ids=["empty", "no hex", "empty list", "too short", "nested"],
)
def test_data_that_is_no_header_is_refused(data: str) -> None:
    assert "error" in ask(CLIQUE_HEADER, ACCOUNT.address, data)


@pytest.mark.parametrize("params", [(), (CLIQUE_HEADER,), (CLIQUE_HEADER, ACCOUNT.address, 5), (1, 2, 3)])
def test_requests_of_another_shape_are_refused(params: tuple[Any, ...]) -> None:
    assert "error" in ask(*params)


@given(st.binary(max_size=200))
def test_any_line_gets_an_answer_and_never_a_signature(line: bytes) -> None:
    assert "result" not in respond(SIGNER, line)


@given(st.binary(max_size=600))
def test_bytes_that_are_no_header_of_this_network_are_never_sealed(data: bytes) -> None:
    with pytest.raises(SigningRefused):
        SIGNER.sign_header(data)


def test_a_seal_is_recognised_as_the_validators() -> None:
    encoded = ask(CLIQUE_HEADER, ACCOUNT.address.lower(), "0x" + unsealed().hex())["result"]
    sealed = header(TAG.encode() + bytes.fromhex(encoded[2:]))
    assert engine_for("clique", vanity=TAG.encode()).sealer(sealed) == ACCOUNT.address


def test_it_says_who_it_is() -> None:
    assert ask(method="account_list")["result"] == [ACCOUNT.address]
    assert ask(method="account_version")["result"] == "6.1.0"


def test_the_socket_is_for_the_owner_and_serves(tmp_path: Path) -> None:
    path = tmp_path / "s.signer"
    server = SignerServer(path, SIGNER)
    server.start()
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client = IpcClient(path)
        with pytest.raises(RpcRefused):
            client.call("account_signTransaction", {})
    finally:
        server.shutdown()
        server.server_close()


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.signer"
    SignerServer(path, SIGNER).server_close()
    assert path.exists()
    SignerServer(path, SIGNER).server_close()
