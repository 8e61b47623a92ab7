"""A relay before a hospital that offers everything (its REST service), and the recorded requests of both sides."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "his"))

from desk_hospital import DeskHospital
from relay_world import ACTOR, Answer, RelayWorld
from web_harness import MAPPINGS, SECRET, Server

from oracle.adapters import make_desk
from oracle.his.desk import HospitalDesk
from sandbox.his.service import create_app

VECTORS = Path(__file__).parents[2] / "vectors" / "relay"


@dataclass(frozen=True)
class Vector:
    """A request of the backend and its answer, as it goes over the wire."""

    operation: str
    method: str
    path: str
    purpose: str
    whom: dict[str, Any]
    body: dict[str, Any] | None
    answer: dict[str, Any]

    @classmethod
    def load(cls, operation: str) -> Vector:
        return cls(**json.loads((VECTORS / f"{operation}.json").read_text("utf-8")))

    def recorded(self, answer: dict[str, Any]) -> Vector:
        """With RECORD in the environment the answer is written down anew."""
        if "RECORD" not in os.environ:
            return self
        made = self.__dict__ | {"answer": answer}
        text = json.dumps(made, ensure_ascii=False, indent=2)
        (VECTORS / f"{self.operation}.json").write_text(text + "\n", "utf-8")
        return Vector(**made)


ALL = sorted(path.stem for path in VECTORS.glob("*.json"))


class CareWorld(RelayWorld):
    """Everything that a hospital may offer."""

    PER_MINUTE = 1_000

    def make_desk(self, folder: Path) -> HospitalDesk | None:
        self.hospital = DeskHospital(folder)
        self.service = Server(create_app(self.hospital.engine, SECRET))
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        config = {
            "mapping": MAPPINGS / "mapping.rest.yaml",
            "base_url": f"{self.service.url}/his/v1",
            "credentials": {"api_key_file": secret},
        }
        return make_desk("webservice", config, lambda: self.now)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.service.stop()
        self.hospital.close()

    def of(self, vector: Vector, **scope: Any) -> Answer:
        """The recorded request, its scope changed; None takes something out of it."""
        whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom} | scope
        given = {name: value for name, value in whole.items() if value is not None}
        return self.ask(vector.path, vector.body, given, vector.method)
