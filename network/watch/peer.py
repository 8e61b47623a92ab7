"""Asking the agent of another node over HTTP. Whatever it answers is checked before it is used."""

from __future__ import annotations

import httpx
import rlp
from rlp.exceptions import RLPException

from chain.headers import Header, HeaderMalformed
from network.watch.node_view import NodeView, ViewMalformed

MAX_BLOCK_BYTES = 16 * 1024 * 1024
"""A block of 60 million gas has at most about 4 MB."""


class PeerSilent(Exception):
    """The other agent did not answer, or not with what was asked. `url` is its address."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"agent {url}: {problem}")
        self.url = url
        self.problem = problem


class RawBlock:
    """One block as geth encodes it, its header decoded; the hash is computed here."""

    def __init__(self, data: bytes, header: Header) -> None:
        self.data = data
        self.header = header
        self.hash = "0x" + header.hash.hex()
        self.parent = "0x" + header.parent_hash.hex()


class HttpPeer:
    """The agent at `url`. Over a VPN or mTLS tunnel in production; on the loopback in a local network."""

    def __init__(
        self, url: str, *, timeout: float = 2.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=timeout, transport=transport, trust_env=False)

    def view(self) -> NodeView:
        """What its node looks like. Raises PeerSilent."""
        try:
            return NodeView.from_json(self._get("/view").json())
        except (ViewMalformed, ValueError) as error:
            raise PeerSilent(self.url, "the view is unreadable") from error

    def block(self, block_hash: str) -> RawBlock:
        """A block by hash, on its node's chain or beside it. Raises PeerSilent, also for another block."""
        block = parse_block(self._get(f"/blocks/{block_hash}").content)
        if block is None or block.hash != block_hash:
            raise PeerSilent(self.url, "that is not the block asked for")
        return block

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _get(self, path: str) -> httpx.Response:
        try:
            answer = self._client.get(path)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise PeerSilent(self.url, type(error).__name__) from error
        return answer


def parse_block(data: bytes) -> RawBlock | None:
    """A block from its RLP (header, transactions, uncles); None if it is none."""
    if len(data) > MAX_BLOCK_BYTES:
        return None
    try:
        fields = rlp.decode(data, strict=True)
        header = Header.from_rlp(rlp.encode(fields[0]))
    except (RLPException, HeaderMalformed, IndexError, TypeError):
        return None
    return RawBlock(data, header)
