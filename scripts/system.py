"""The whole system on one machine: network, hospital system, oracle, backend. What the demo and the smoke run start."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from backend.vault import KeyEncryptionKeys
from network.base import Network
from network.choose import NetworkKind
from network.dev import DevNetwork
from network.local import LocalNetwork
from network.ports import choose_ports, is_free
from network.processes import Daemon, kill_now, stop_all
from sandbox.eligibility import service as insurer
from sandbox.identity import service as agency
from sandbox.social.__main__ import settings as social_settings
from scripts.hospital_doors import Door, way

ROOT = Path(__file__).resolve().parent.parent


class CommandFailed(Exception):
    """A command of the system ended with an error; carries what it printed."""

    def __init__(self, command: Sequence[str], code: int, printed: str) -> None:
        self.code = code
        self.printed = printed
        super().__init__(f"`{shlex.join(command)}` ended with {code}:\n{printed.strip()}")


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    text: str
    problem: str
    """What it wrote to the error stream."""


class System:
    """Everything below one folder. `start` brings it up, leaving the context takes it down."""

    def __init__(
        self, folder: Path, kind: NetworkKind, *, backend_port: int | None = None, door: Door = "sql"
    ) -> None:
        self.folder = folder.resolve()
        self.kind = kind
        self.door = way(door, self.folder / "oracle", f"sqlite:///{self.folder}/his.sqlite3")
        make: type[LocalNetwork] | type[DevNetwork] = LocalNetwork if kind == "poa" else DevNetwork
        self.network: Network = make.create(self.folder / "network")
        preferred = backend_port if backend_port and is_free(backend_port) else None
        ports = choose_ports(6)
        self.backend_port = preferred or ports[0]
        self.health_port, self.agency_port, self.relay_port, self.social_port, self.insurer_port = ports[1:]
        self.manifest = self.folder / "his-manifest.jsonl"
        self.oracle = self._daemon("oracle")
        self.backend = self._daemon("backend")
        self.hospital = self._daemon("hospital")
        self.hospital_door = self._daemon("hospital-door")
        self.agency = self._daemon("agency")
        self.social = self._daemon("social")
        self.insurer = self._daemon("insurer")

    @property
    def daemons(self) -> list[Daemon]:
        """Every process of this system but the network's, in the order in which they are ended."""
        stand_ins = [self.agency, self.social, self.insurer]
        return [self.hospital, self.hospital_door, self.oracle, self.backend, *stand_ins]

    # --- addresses and settings

    @property
    def url(self) -> str:
        """Where the backend answers; a name, because passkeys are bound to one."""
        return f"http://localhost:{self.backend_port}"

    @property
    def agency_url(self) -> str:
        """Where the identification agency's stand-in answers; `/phone` shows what people's telephones received."""
        return f"http://127.0.0.1:{self.agency_port}"

    @property
    def social_url(self) -> str:
        """Where Kakao's and Naver's stand-ins answer; `/kakao/services` disconnects an account."""
        return f"http://127.0.0.1:{self.social_port}"

    @property
    def relay_url(self) -> str:
        """Where the oracle answers the backend."""
        return f"http://127.0.0.1:{self.relay_port}"

    @property
    def hospital_url(self) -> str:
        """SQLAlchemy address of the hospital's database."""
        return f"sqlite:///{self.folder}/his.sqlite3"

    @property
    def settings(self) -> dict[str, str]:
        """The environment of every process and command of this system."""
        network = self.network
        shared = {"DEPLOYMENT_FILE": network.deployment_path, "NODE_URLS": ",".join(network.rpc_urls)}
        oracle = {
            **shared,
            "DATABASE_URL": f"sqlite:///{self.folder}/oracle.sqlite3",
            "STORE_KEY_FILE": self.folder / "oracle" / "store.key",
            "KEYS_FOLDER": network.folder / "keys",
            "ADAPTER": self.door.adapter,
            "ADAPTER_CONFIG": json.dumps(self.door.config),
            "BACKEND_URL": self.url,
            "HEALTH_PORT": self.health_port,
            "RELAY_PORT": self.relay_port,
            "RELAY_KEYS_FILE": self.folder / "oracle" / "relay-keys.json",
        }
        backend = {
            **shared,
            "TRUST_FILE": network.trust_path,
            "DATABASE_URL": f"sqlite:///{self.folder}/backend.sqlite3",
            "KEYS_DATABASE_URL": f"sqlite:///{self.folder}/backend-keys.sqlite3",
            "KEY_ENCRYPTION_KEY_FILE": self.folder / "backend" / "key-encryption-keys.json",
            "ORACLE_KEYS_FILE": self.folder / "backend" / "oracle-keys.json",
            "PUBLIC_URL": self.url,
            "SERVICE_KEY_FILE": self.folder / "backend" / "service-key.pem",
            "RELAY_URL": self.relay_url,
            "IDENTITY_PROVIDER": "portone",
            "IDENTITY_URL": self.agency_url,
            "IDENTITY_SECRET": agency.SECRET,
            "IDENTITY_STORE_ID": agency.STORE_ID,
            "IDENTITY_CHANNEL_KEY": agency.CHANNEL_KEY,
            **social_settings(self.social_url),
            "ELIGIBILITY_PROVIDER": "gateway",
            "ELIGIBILITY_URL": f"http://127.0.0.1:{self.insurer_port}",
            "ELIGIBILITY_TOKEN": insurer.TOKEN,
            "ELIGIBILITY_INSTITUTION": insurer.INSTITUTION,
        }
        return {
            "SAEGIM_TRUST": str(network.trust_path),
            "SAEGIM_SANDBOX_HIS_DB": self.hospital_url,
            **{f"SAEGIM_ORACLE_{name}": str(value) for name, value in oracle.items()},
            **{f"SAEGIM_BACKEND_{name}": str(value) for name, value in backend.items()},
        }

    # --- starting and ending

    def start(self) -> Self:
        """Bring everything up; what is left of an earlier run is ended first."""
        stop_all(self.daemons)
        if self.kind == "dev":
            self._forget()
        self.network.up()
        if isinstance(self.network, DevNetwork):
            self.network.tick()
        self._prepare()
        self._start(self.agency, "sandbox.identity", "serve", "--port", str(self.agency_port))
        self._start(self.insurer, "sandbox.eligibility", "serve", "--port", str(self.insurer_port))
        port, told = str(self.social_port), self.url
        self._start(self.social, "sandbox.social", "serve", "--port", port, "--backend", told)
        self.start_backend()
        if self.door.command:
            self._start(self.hospital_door, "sandbox.his", *self.door.command)
        self.start_oracle()
        return self

    def start_backend(self) -> None:
        self._start(self.backend, "backend", "serve", "--port", str(self.backend_port))
        self.backend.wait_until(lambda: answers(f"{self.url}/readyz"), seconds=40)

    def start_oracle(self) -> None:
        self._start(self.oracle, "oracle", "run")
        self.oracle.wait_until(lambda: answers(f"http://127.0.0.1:{self.health_port}/healthz"), seconds=40)

    def start_hospital_day(
        self, *, receipts: int, seed: int, rate: float | None = None, options: Sequence[str] = ()
    ) -> None:
        """Let the synthetic hospital work through a day by itself: `rate` receipts a second, or as fast as it can."""
        paced = () if rate is None else ("--rate", str(rate))
        self._start(
            self.hospital, "sandbox.his", "fill", *self._hospital_options,
            "--receipts", str(receipts), "--seed", str(seed), *paced, *options,
        )  # fmt: skip

    def kill_oracle(self) -> None:
        """As a power cut would."""
        kill_now(self.oracle)

    def stop(self) -> None:
        """End everything, the network last."""
        stop_all(self.daemons)
        self.network.down()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C while ending would leave processes behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.stop()
        finally:
            signal.signal(signal.SIGINT, before)

    def _forget(self) -> None:
        """A development chain begins anew at every start, so what was anchored on the last one must go too."""
        for left in (*self.folder.glob("*.sqlite3*"), self.manifest):
            left.unlink(missing_ok=True)

    def _prepare(self) -> None:
        """Keys of the processes, made once; development keys, refused in production."""
        key_file = Path(self.settings["SAEGIM_BACKEND_KEY_ENCRYPTION_KEY_FILE"])
        if not key_file.exists():
            KeyEncryptionKeys.create(key_file)
        public = self.run("oracle", "service-key").text
        Path(self.settings["SAEGIM_BACKEND_ORACLE_KEYS_FILE"]).write_text(public)
        public = self.run("backend", "service-key").text
        relay_keys = Path(self.settings["SAEGIM_ORACLE_RELAY_KEYS_FILE"])
        relay_keys.parent.mkdir(parents=True, exist_ok=True)
        relay_keys.write_text(public)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(self.settings.items())]
        (self.folder / "env.sh").write_text("\n".join(lines) + "\n")

    # --- commands

    def run(self, module: str, *arguments: str, allowed: Sequence[int] = (0,)) -> Outcome:
        """Run a module's command to its end with this system's settings.

        Raises:
            CommandFailed: it ended with a code that is not allowed.
        """
        command = [sys.executable, "-m", module, *arguments]
        outcome = self.execute(command)
        if outcome.code not in allowed:
            raise CommandFailed(command, outcome.code, outcome.text + outcome.problem)
        return outcome

    def execute(self, command: Sequence[str], **changed: str) -> Outcome:
        """Run any command to its end with this system's settings, some of them changed."""
        environment = {**self._environment(), **changed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def fill(self, receipts: int, *, seed: int, dirty: int = 0) -> None:
        """Write a synthetic day at once."""
        options = ("--receipts", str(receipts), "--seed", str(seed), "--dirty", str(dirty))
        self.run("sandbox.his", "fill", *self._hospital_options, *options)

    def at_the_desk(self, action: Literal["cancel", "correct"], number: str) -> None:
        """Cancel a receipt, or settle it anew."""
        self.run("sandbox.his", action, *self._hospital_options, number)

    def oracle_status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.run("oracle", "status", "--json").text)
        return status

    def links(self, count: int) -> list[dict[str, str]]:
        """New links to the newest documents."""
        made = self.run("backend", "links", "--latest", str(count), "--json", allowed=(0, 1))
        found: list[dict[str, str]] = json.loads(made.text)
        return found

    @property
    def _hospital_options(self) -> tuple[str, ...]:
        return ("--db", self.hospital_url, "--manifest", str(self.manifest))

    # --- inside

    def _daemon(self, name: str) -> Daemon:
        run = self.folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        return Daemon(
            name, f"saegim={self.folder}/{name}", run / f"{name}.pid", self.folder / "logs" / f"{name}.log"
        )

    def _start(self, daemon: Daemon, module: str, *arguments: str) -> None:
        # The marker in the command line is how a later run knows that the process is ours.
        command = [sys.executable, "-X", daemon.marker, "-m", module, *arguments]
        daemon.start(command, environ=self._environment())

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **self.settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def answers(url: str) -> bool:
    """Whether an HTTP GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - own loopback addresses
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
