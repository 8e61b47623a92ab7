"""One geth validator: its folder, its command line, its process and its two ways in."""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coincurve import PrivateKey

from network.errors import FolderUnfit, IpcUnavailable, RpcRefused
from network.folder import node_daemon
from network.genesis import GAS_LIMIT, vanity_tag
from network.ipc import IpcClient
from network.manifest import Manifest, ValidatorEntry
from network.processes import Daemon

_CACHE_MB = "96"


@dataclass(frozen=True)
class ValidatorNode:
    """The validator `entry` of the network in `folder`."""

    folder: Path
    manifest: Manifest
    entry: ValidatorEntry

    @property
    def data(self) -> Path:
        """geth's data directory."""
        return self.folder / self.entry.name

    @property
    def ipc_path(self) -> Path:
        """The socket with the administrative calls."""
        return self.manifest.sockets / f"{self.entry.name}.ipc"

    @property
    def signer_path(self) -> Path:
        """The socket on which its signer answers."""
        return signer_socket(self.manifest, self.entry)

    @cached_property
    def ipc(self) -> IpcClient:
        """Calls through the socket."""
        return IpcClient(self.ipc_path)

    @property
    def daemon(self) -> Daemon:
        """Its process."""
        return node_daemon(self.folder, self.entry.name)

    def answers(self) -> bool:
        """Whether the node takes calls."""
        try:
            self.ipc.call("eth_chainId")
        except (IpcUnavailable, RpcRefused):
            return False
        return True

    def head(self) -> int:
        """Number of its newest block. Raises IpcUnavailable."""
        return int(self.ipc.call("eth_blockNumber"), 16)

    def signer_answers(self) -> bool:
        """Whether its signer takes connections; without it geth does not start."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.signer_path))
            except OSError:
                return False
        return True

    def start(self, geth: Path) -> None:
        """Start the process; `answers()` says when it is ready. It neither dials nor seals until it is told to."""
        peers = [other.enode for other in self.manifest.validators if other.index != self.entry.index]
        lines = ["[Node.P2P]", "DialRatio = 1", f"TrustedNodes = {json.dumps(peers)}"]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.daemon.start(self.command(geth))

    def command(self, geth: Path) -> list[str]:
        """geth's command line.

        HTTP has eth, net and web3 alone, on the loopback; there is no unlocked account (see `signer`).
        `--gcmode archive` writes every block's state: otherwise a killed node has lost up to an hour of it and
        falls back to the last block whose state it wrote ("Head state missing, repairing"). It also lets
        `eth_getProof` reach any block, not only the last 128.
        """
        return [
            str(geth),
            *("--config", str(self._config), "--datadir", str(self.data)),
            *("--networkid", str(self.manifest.chain_id), "--syncmode", "full", "--gcmode", "archive"),
            *("--cache", _CACHE_MB, "--verbosity", "3", "--identity", self.entry.name),
            *("--nodiscover", "--netrestrict", "127.0.0.0/8", "--nat", "none"),
            *("--port", str(self.entry.peer_port), "--maxpeers", str(self._max_peers)),
            *("--http", "--http.addr", "127.0.0.1", "--http.port", str(self.entry.rpc_port)),
            *("--http.api", "eth,net,web3", "--authrpc.port", "0", "--ipcpath", str(self.ipc_path)),
            *("--rpc.txfeecap", "0", "--rpc.batch-request-limit", "2000"),
            *("--miner.etherbase", self.entry.address, "--signer", str(self.signer_path)),
            *("--miner.extradata", vanity_tag(self.manifest.genesis_hash)),
            *("--miner.gasprice", "1", "--miner.gaslimit", str(GAS_LIMIT)),
            *("--txpool.accountslots", "4096", "--txpool.globalslots", "32768"),
            *("--txpool.accountqueue", "4096", "--txpool.globalqueue", "16384"),
        ]

    @property
    def _max_peers(self) -> int:
        """As many as there are other validators.

        geth catches up at once while it has five peers or this many, whichever is less, and else looks round every
        10 s; a network of 4 to 6 never has five. It also dials no more nodes than this (with DialRatio 1).
        Validators are trusted peers, to whom the limit does not apply when they dial, such as one added later.
        """
        return max(1, len(self.manifest.validators) - 1)

    @property
    def _config(self) -> Path:
        return self.folder / f"{self.entry.name}.toml"


def signer_socket(manifest: Manifest, entry: ValidatorEntry) -> Path:
    """Where the signer of a validator listens."""
    return manifest.sockets / f"{entry.name}.signer"


def write_first_block(geth: Path, data: Path, genesis: Path) -> None:
    """Have geth write the first block into an empty data directory. Raises FolderUnfit with geth's words."""
    command = [str(geth), "init", "--datadir", str(data), str(genesis)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        tail = result.stderr.strip().splitlines()[-1:]
        raise FolderUnfit(data, "geth refused the genesis file", " ".join(tail) or "see its log")


def write_node_key(data: Path, key: PrivateKey) -> None:
    """Give a data directory its peer-to-peer identity, readable by the owner alone."""
    path = data / "geth" / "nodekey"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(key.to_hex(), encoding="ascii")


def node_id(key: PrivateKey) -> str:
    """The public half of a peer-to-peer identity, as an enode address has it."""
    uncompressed: bytes = key.public_key.format(compressed=False)
    return uncompressed[1:].hex()
