"""Where a network's contracts are: written once by the deployment, read by every process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chain.errors import ChainError


class DeploymentUnreadable(ChainError):
    """The file at `path` is missing or no deployment; `problem` says what is wrong. Deploy, or correct the path."""

    code = "deployment_unreadable"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; deploy the contracts, or correct the path")
        self.path = path
        self.problem = problem


def _hash(text: str) -> str:
    if len(bytes.fromhex(text.removeprefix("0x"))) != 32:
        raise ValueError("a block hash has 32 bytes")
    return text.lower()


Address = Annotated[str, AfterValidator(to_checksum_address)]
BlockHash = Annotated[str, AfterValidator(_hash)]


class Deployment(BaseModel):
    """One network's contracts. `deployed_at`: the block before which none of them existed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chain_id: int = Field(gt=0)
    engine: str
    genesis_hash: BlockHash
    contracts: Mapping[str, Address]
    """Addresses by contract name, e.g. "DocumentRegistry"."""
    deployed_at: int = Field(ge=0)
    rpc_urls: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a deployment file. Raises DeploymentUnreadable."""
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
            return cls.model_validate(found)
        except OSError as error:
            raise DeploymentUnreadable(path, error.strerror or "cannot be read") from error
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise DeploymentUnreadable(path, problems) from error
        except ValueError as error:
            raise DeploymentUnreadable(path, "no JSON") from error

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
        part.replace(path)

    def address(self, contract: str) -> str:
        """The address of a contract by name. Raises KeyError for one that this network does not have."""
        return self.contracts[contract]
