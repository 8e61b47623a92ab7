"""What can go wrong with the validator network. Every message ends in what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class NetworkError(Exception):
    """Root of everything this package raises on purpose."""


class GethMissing(NetworkError):
    """No geth was found where it is looked for (`searched`)."""

    def __init__(self, searched: Sequence[str]) -> None:
        super().__init__(
            f"geth was not found in {', '.join(searched)}: run `make setup` (it builds geth 1.13.15 when Go is "
            "there) or put a geth 1.13 on PATH"
        )
        self.searched = tuple(searched)


class GethUnfit(NetworkError):
    """The geth at `path` is of a line that cannot seal Clique blocks (`version`)."""

    def __init__(self, path: Path, version: str) -> None:
        super().__init__(
            f"{path} is geth {version}, but only 1.13 seals Clique blocks: build it with `make setup` or put "
            "geth 1.13.15 on PATH"
        )
        self.path = path
        self.version = version


class BuildFailed(NetworkError):
    """geth could not be built. `reason` says why in words, `output` holds the compiler's last lines."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(f"geth could not be built: {reason}" + (f"\n{output}" if output else ""))
        self.reason = reason
        self.output = output


class DevNodeMissing(NetworkError):
    """Neither anvil nor Hardhat was found where they are looked for (`searched`)."""

    def __init__(self, searched: Sequence[str]) -> None:
        super().__init__(
            f"neither anvil nor hardhat was found in {', '.join(searched)}: run `make setup`, which installs both"
        )
        self.searched = tuple(searched)


class IpcUnavailable(NetworkError):
    """The node's IPC socket does not answer. `path` is the socket."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"node at {path} does not answer ({problem}): is it running? See its log")
        self.path = path
        self.problem = problem


class RpcRefused(NetworkError):
    """The node answered a call with a JSON-RPC error. `rpc_code` and `reason` are the node's words."""

    def __init__(self, method: str, rpc_code: int, reason: str) -> None:
        super().__init__(f"{method}: {reason} (code {rpc_code})")
        self.method = method
        self.rpc_code = rpc_code
        self.reason = reason


class ProcessDidNotStart(NetworkError):
    """A process of the network ended or stayed silent while it was waited for. `tail` is the end of its log."""

    def __init__(self, name: str, log: Path, tail: str) -> None:
        super().__init__(f"{name} did not start; the end of {log}:\n{tail}")
        self.name = name
        self.log = log
        self.tail = tail


class NotSealing(NetworkError):
    """The nodes run but no block came in the time allowed. `seconds` is how long was waited."""

    def __init__(self, seconds: float, logs: Path) -> None:
        super().__init__(f"no block within {seconds:g} s although the nodes run: look into {logs}")
        self.seconds = seconds
        self.logs = logs


class FolderUnfit(NetworkError):
    """The folder holds no network, or one that does not fit what was asked. `folder` names it."""

    def __init__(self, folder: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{folder}: {problem}: {remedy}")
        self.folder = folder
        self.problem = problem


class ValidatorCountRefused(NetworkError):
    """The network runs with 4 to 6 validators. `count` is what was asked for."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} validators: the network takes 4 to 6, best an odd number; choose 5")
        self.count = count


class UnknownValidator(NetworkError):
    """There is no validator of that number or address (`wanted`) in this network."""

    def __init__(self, wanted: object, known: Sequence[object]) -> None:
        super().__init__(f"no validator {wanted}: there are {', '.join(map(str, known))}")
        self.wanted = wanted


class NoNodeAnswers(NetworkError):
    """None of the nodes at `urls` takes calls."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(f"no node answers at {', '.join(urls)}: start the network, or name other nodes")
        self.urls = tuple(urls)


class ConditionNotMet(NetworkError):
    """Something waited for on the chain did not happen in time. `what` says what, `seconds` how long."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: not within {seconds:g} s; see `network status` and the logs")
        self.what = what
        self.seconds = seconds


class PlanInvalid(NetworkError):
    """A reviewed enrolment file with mistakes. `problems` has one line for each, with its place."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{path} cannot be used:\n{lines}")
        self.path = path
        self.problems = tuple(problems)


class PlanKeyUnknown(NetworkError):
    """The reviewed file has nothing that `key` could sign, or the key ring does not have it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: the reviewed file has nothing to sign for it, or your key ring lacks it")
        self.key = key


class KeyContradictsPlan(NetworkError):
    """The key ring's key `key` has another address (`held`) than the reviewed file says (`planned`)."""

    def __init__(self, key: str, planned: str, held: str) -> None:
        super().__init__(
            f"{key}: the reviewed file says {planned}, the key ring has {held}: use the right key ring, or have "
            "the file corrected and reviewed"
        )
        self.key = key
        self.planned = planned
        self.held = held


class DeploymentRefused(NetworkError):
    """The contracts cannot be put on this chain as asked. `reason` says why and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransactionFailed(NetworkError):
    """A transaction of the deployment or enrolment was mined but reverted, or refused beforehand.

    `what` says what it was to do, `reason` what the contract or node answered.
    """

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
