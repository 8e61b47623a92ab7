"""The ways by which the oracle reads the sandbox's hospital: what each adapter is told, and what must run beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from network.ports import choose_ports

Door = Literal["sql", "rest", "soap", "fhir", "hl7v2"]
DOORS: Final[tuple[Door, ...]] = get_args(Door)

_MAPPINGS = Path(__file__).resolve().parents[1] / "oracle" / "his"
_SECRET = "sandbox"  # noqa: S105 - the sandbox's own default, of a hospital that does not exist


@dataclass(frozen=True)
class Way:
    """adapter and config: the oracle's settings. command: arguments of `python -m sandbox.his` to run beside it."""

    adapter: str
    config: Mapping[str, Any]
    command: tuple[str, ...] = ()


def way(door: Door, folder: Path, database_url: str) -> Way:
    """How the oracle reads the hospital at `database_url` through this door; secrets are written below `folder`."""
    return _WAYS[door](folder, database_url, choose_ports(1)[0])


def _sql(folder: Path, database_url: str, port: int) -> Way:
    return Way("sql", {"url": database_url})


def _rest(folder: Path, database_url: str, port: int) -> Way:
    config = {
        "mapping": str(_MAPPINGS / "webservice" / "mapping.rest.yaml"),
        "base_url": f"http://127.0.0.1:{port}/his/v1",
        "credentials": {"api_key_file": _secret(folder)},
    }
    return Way("webservice", config, ("serve", "--db", database_url, "--port", str(port)))


def _soap(folder: Path, database_url: str, port: int) -> Way:
    config = {
        "mapping": str(_MAPPINGS / "webservice" / "mapping.soap.yaml"),
        "base_url": f"http://127.0.0.1:{port}",
        "credentials": {"user": "saegim", "password_file": _secret(folder)},
    }
    command = ("serve", "--db", database_url, "--port", str(port), "--protocol", "soap")
    return Way("webservice", config, command)


def _fhir(folder: Path, database_url: str, port: int) -> Way:
    config = {"base": f"http://127.0.0.1:{port}/fhir", "token_file": _secret(folder)}
    return Way("fhir", config, ("serve-fhir", "--db", database_url, "--port", str(port)))


def _hl7v2(folder: Path, database_url: str, port: int) -> Way:
    (answering,) = choose_ports(1)
    command = ("send-hl7", "--db", database_url, "--to", f"127.0.0.1:{port}", "--follow")
    query = {"host": "127.0.0.1", "port": answering}
    return Way("hl7v2", {"port": port, "query": query}, (*command, "--answer", str(answering)))


_WAYS: Final[Mapping[Door, Callable[[Path, str, int], Way]]] = {
    "sql": _sql,
    "rest": _rest,
    "soap": _soap,
    "fhir": _fhir,
    "hl7v2": _hl7v2,
}


def _secret(folder: Path) -> str:
    path = folder / "his.secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{_SECRET}\n", encoding="ascii")
    path.chmod(0o600)
    return str(path)
