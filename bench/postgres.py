"""A PostgreSQL server of one's own: on a free loopback port, thrown away at the end. Benches and tests start it.

PostgreSQL refuses to run as root, so under root the server runs as the user ``postgres`` or ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROLE = "saegim"
_ALWAYS = {"shared_buffers": "64MB", "listen_addresses": "127.0.0.1"}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL server (initdb, pg_ctl) on this machine."""

    def __init__(self) -> None:
        super().__init__("no PostgreSQL server (initdb, pg_ctl) on this machine")


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `url(database)` is what SQLAlchemy connects to."""

    port: int
    pid: int
    """Of the postmaster."""

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{ROLE}@127.0.0.1:{self.port}/{database}"

    def fresh(self, name: str) -> str:
        """Make an empty database; its URL."""
        address = f"host=127.0.0.1 port={self.port} user={ROLE} dbname=postgres"
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)


@contextmanager
def running(settings: Mapping[str, str]) -> Iterator[PostgresServer]:
    """A server with these settings until the block ends. Raises NoPostgres."""
    binaries = _binaries()
    if binaries is None:
        raise NoPostgres
    user = _server_user()
    home = Path(tempfile.mkdtemp(prefix="saegim-postgres-"))
    if user:
        os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data, port, prefix = home / "data", _free_port(), _as_user(user)
    options = " ".join(f"-c {name}={value}" for name, value in {**_ALWAYS, **settings}.items())
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
    try:
        _run(
            *prefix, str(binaries / "initdb"), "-D", str(data), "-U", ROLE,
            "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        _run(*control, "-l", str(home / "log"), "-o", f"-p {port} -k {home} {options}", "start")
        try:
            yield PostgresServer(port, int((data / "postmaster.pid").read_text().splitlines()[0]))
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries() -> Path | None:
    """The folder with initdb, pg_ctl and postgres: of the newest version installed, or what PATH offers."""
    installed = sorted(
        (folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if folder.parent.name.isdigit()),
        key=lambda folder: int(folder.parent.name),
    )
    on_path = shutil.which("initdb")
    candidates = [*reversed(installed), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in candidates if (folder / "pg_ctl").exists()), None)


def _server_user() -> str | None:
    """The user to become for the server, or None when this process is not root and may run it itself."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


def _as_user(user: str | None) -> list[str]:
    if user is None:
        return []
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
