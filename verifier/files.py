"""Files and arguments of `saegim-verify`: what cannot be read is a wrong command line, not a verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from chain.trust import TrustError, TrustFile
from records.credential import CredentialError, issuer_chain
from records.sdjwt.jose import split_jws
from verifier.bundle import MAX_BYTES, BundleError, ProofBundle

PROJECT = Path(__file__).parents[1]
TRUST_VARIABLE = "SAEGIM_TRUST"


class UsageError(Exception):
    """A command line that cannot be carried out. The message says what to do; exit code 2."""


def read_input(name: str) -> bytes:
    """A file's bytes, or standard input's for "-"; one more than a bundle as text may have shows that it is too
    large. Raises UsageError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(2 * MAX_BYTES + 1)
        with open(name, "rb") as file:
            return file.read(2 * MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error


def load_trust(name: str | None, data: bytes) -> TrustFile:
    """The trust file that was named or, without a name, the first there is of the document's network.

    Raises UsageError.
    """
    for path in [Path(name)] if name else _candidates(data):
        if name or path.is_file():
            try:
                return TrustFile.load(path)
            except TrustError as error:
                raise UsageError(f"{path}: {error}") from error
    raise UsageError(
        "no trust file: give one with --trust network.json (ask a member institution of the network for it)"
    )


def parse_moment(text: str) -> datetime:
    """An ISO 8601 time with its offset. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text}: give a time such as 2026-03-05T09:00:00+09:00") from error
    if moment.tzinfo is None:
        raise UsageError(f"--at {text}: add the offset, such as +09:00")
    return moment


def write_output(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all. Raises UsageError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _candidates(data: bytes) -> Iterator[Path]:
    if os.environ.get(TRUST_VARIABLE):
        yield Path(os.environ[TRUST_VARIABLE])
    chain = _chain_of(data)
    if chain is not None:
        yield PROJECT / "deploy" / "networks" / str(chain) / "network.json"
    yield Path(".data") / "network" / "network.json"


def _chain_of(data: bytes) -> int | None:
    """The chain id that a document names, to find its network's trust file by; believed for nothing else."""
    try:
        jwt = ProofBundle.read(data).credential.partition("~")[0]
        return issuer_chain(split_jws(jwt, "issuer-signed JWT")[1].get("iss"))
    except (BundleError, CredentialError):
        return None
