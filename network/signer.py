"""Holds a validator's key outside geth and signs Clique headers of its own network, nothing else.

A node whose account is unlocked for sealing also signs whatever `eth_sendTransaction` or `eth_sign` asks over
its HTTP port. So the node has no key: geth's external-signer protocol (`--signer`) asks this program over a Unix
socket, and it answers only for `application/x-clique-header` with this network's vanity tag.
"""

from __future__ import annotations

import json
import logging
import os
import socketserver
import threading
from pathlib import Path
from typing import Any

import rlp
from coincurve import PrivateKey
from eth_account.signers.local import LocalAccount
from rlp.exceptions import RLPException

from chain.hashing import keccak256

log = logging.getLogger(__name__)

CLIQUE_HEADER = "application/x-clique-header"
VERSION = "6.1.0"
"""Of the external-signer protocol, as geth 1.13 pings for it."""

_EXTRA_FIELD = 12
_HEADER_FIELDS = (15, 16)
_MAX_REQUEST = 1 << 20
_METHOD_NOT_FOUND = -32601
_REFUSED = -32000


class SigningRefused(ValueError):
    """A request that this signer does not serve. `reason` is told to the node that asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HeaderSigner:
    """Answers the external-signer calls for one validator account on one network."""

    def __init__(self, account: LocalAccount, vanity: str) -> None:
        self.address = str(account.address)
        self._key = PrivateKey(bytes(account.key))
        self._vanity = vanity.encode("ascii")

    def answer(self, method: str, params: list[Any]) -> Any:
        """The result of one call. Raises SigningRefused for everything but version, list and a header."""
        if method == "account_version":
            return VERSION
        if method == "account_list":
            return [self.address]
        if method == "account_signData":
            return "0x" + self.sign_header(*self._header_request(params)).hex()
        raise SigningRefused(f"{method} is not offered: this signer seals blocks and signs nothing else")

    def sign_header(self, encoded: bytes) -> bytes:
        """The 65-byte seal (r, s, v in 0/1) of a header's RLP without its seal. Raises SigningRefused."""
        try:
            fields = rlp.decode(encoded, strict=True)
        except RLPException as error:
            raise SigningRefused("the data is no RLP") from error
        if not isinstance(fields, list) or len(fields) not in _HEADER_FIELDS:
            raise SigningRefused("the data is no block header")
        extra = fields[_EXTRA_FIELD]
        if not isinstance(extra, bytes) or not extra.startswith(self._vanity):
            raise SigningRefused("the header does not carry this network's tag")
        seal: bytes = self._key.sign_recoverable(keccak256(encoded), hasher=None)
        return seal

    def _header_request(self, params: list[Any]) -> tuple[bytes]:
        """The data of `account_signData(mime type, address, 0x…)`."""
        if len(params) != 3 or not all(isinstance(value, str) for value in params):
            raise SigningRefused("expected a content type, an address and data")
        mime, address, data = params
        if mime != CLIQUE_HEADER:
            raise SigningRefused(f"data of type {mime} is not signed here")
        if address.lower() != self.address.lower():
            raise SigningRefused("not the account of this signer")
        try:
            return (bytes.fromhex(data.removeprefix("0x")),)
        except ValueError as error:
            raise SigningRefused("the data is not hexadecimal") from error


class _Connection(socketserver.StreamRequestHandler):
    """One node's connection: a JSON request per line, answered in order."""

    server: SignerServer

    def handle(self) -> None:
        while line := self.rfile.readline(_MAX_REQUEST):
            if not line.strip():
                continue
            self.wfile.write(json.dumps(respond(self.server.signer, line)).encode() + b"\n")


class SignerServer(socketserver.ThreadingUnixStreamServer):
    """Serves one `HeaderSigner` on a Unix socket that only this user may open."""

    daemon_threads = True

    def __init__(self, path: Path, signer: HeaderSigner) -> None:
        self.signer = signer
        path.unlink(missing_ok=True)
        umask = os.umask(0o177)
        try:
            super().__init__(str(path), _Connection)
        finally:
            os.umask(umask)

    def start(self) -> None:
        """Serve in a thread of its own until `shutdown()`."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()


def respond(signer: HeaderSigner, line: bytes) -> dict[str, Any]:
    """The JSON-RPC answer to one request line, an error object for what is refused or unreadable."""
    try:
        request = json.loads(line)
        method, params = str(request["method"]), list(request.get("params") or [])
        request_id = request.get("id")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _fault(None, -32700, "unreadable request")
    try:
        return {"jsonrpc": "2.0", "id": request_id, "result": signer.answer(method, params)}
    except SigningRefused as refusal:
        log.warning("refused %s: %s", method, refusal.reason)
        code = _REFUSED if method == "account_signData" else _METHOD_NOT_FOUND
        return _fault(request_id, code, refusal.reason)


def _fault(request_id: Any, code: int, reason: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": reason}}
