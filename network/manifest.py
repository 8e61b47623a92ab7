"""What a network's folder says about itself: which validators, on which ports, from which first block."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from network.errors import FolderUnfit, UnknownValidator

FILE = "nodes.json"
MAX_SOCKET_PATH = 96
"""A Unix socket's path has at most 104 bytes on macOS and 108 on Linux, its end included."""


class ValidatorEntry(BaseModel):
    """One validator: who it is and where its process is reached on this machine."""

    model_config = ConfigDict(extra="forbid")

    index: int = Field(ge=1)
    institution: str
    key: str
    """Name of its sealing key in the key ring."""
    address: str
    node_id: str
    """Public key of its peer-to-peer identity: 128 hex characters, the user part of its enode address."""
    rpc_port: int
    peer_port: int
    agent_port: int

    @property
    def name(self) -> str:
        """As in key files, logs and commands."""
        return f"validator-{self.index}"

    @property
    def enode(self) -> str:
        """Where peers dial it. `discport=0`: no discovery."""
        return f"enode://{self.node_id}@127.0.0.1:{self.peer_port}?discport=0"

    @property
    def rpc_url(self) -> str:
        """Its HTTP JSON-RPC address."""
        return f"http://127.0.0.1:{self.rpc_port}"

    @property
    def agent_url(self) -> str:
        """Its watch agent's address."""
        return f"http://127.0.0.1:{self.agent_port}"


class Manifest(BaseModel):
    """The file `nodes.json` of a network's folder."""

    model_config = ConfigDict(extra="forbid")

    version: int = 1
    chain_id: int
    period: int = Field(ge=1)
    """Seconds between blocks."""
    genesis_hash: str
    sockets: Path
    """Folder of the Unix sockets; outside the network's folder when that has too long a path."""
    founders: int
    """With how many validators the network began; the enrolment file is read with this number."""
    validators: list[ValidatorEntry]

    def validator(self, index: int) -> ValidatorEntry:
        """The validator numbered `index`, from 1. Raises UnknownValidator."""
        for entry in self.validators:
            if entry.index == index:
                return entry
        raise UnknownValidator(index, [entry.index for entry in self.validators])

    def used_ports(self) -> frozenset[int]:
        """All ports that the validators have."""
        return frozenset(
            port for entry in self.validators for port in (entry.rpc_port, entry.peer_port, entry.agent_port)
        )

    def save(self, folder: Path) -> None:
        """Write it into the folder in one step, so that a reader never sees half of it."""
        partial = folder / f".{FILE}.new"
        partial.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read it from the folder. Raises FolderUnfit."""
        try:
            return cls.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
        except OSError as error:
            raise FolderUnfit(folder, "holds no network", "start one with `network up`") from error
        except ValidationError as error:
            raise FolderUnfit(folder, f"{FILE} is damaged", "remove the folder and start again") from error


def socket_folder(folder: Path) -> Path:
    """Where the sockets go: inside the folder if their paths stay short enough, else a private one in /tmp."""
    inside = folder / "sockets"
    if len(str(inside / "validator-99.signer").encode()) <= MAX_SOCKET_PATH:
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    return Path(tempfile.mkdtemp(prefix="saegim-"))
