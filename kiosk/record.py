"""What a device remembers of its pairing: with whom, and as what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kiosk.errors import NotPaired
from kiosk.keys import write_private

FILE: Final = "pairing.json"


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pairing. `server`: origin of the backend; `hospital`: institution index in the registry."""

    server: str
    device: str
    kind: str
    hospital: int
    ca_file: str | None = None
    """PEM of the authority that vouches for the server, where it is the hospital's own."""

    @classmethod
    def load(cls, folder: Path) -> Pairing:
        """Raises NotPaired."""
        try:
            found = json.loads((folder / FILE).read_text("utf-8"))
            return cls(
                server=str(found["server"]),
                device=str(found["device"]),
                kind=str(found["kind"]),
                hospital=int(found["hospital"]),
                ca_file=None if found.get("ca_file") is None else str(found["ca_file"]),
            )
        except FileNotFoundError as error:
            raise NotPaired("this device has not been paired") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotPaired(f"{folder / FILE} cannot be read") from error

    def save(self, folder: Path) -> None:
        """Keep it."""
        write_private(folder / FILE, json.dumps(asdict(self), indent=2).encode())
