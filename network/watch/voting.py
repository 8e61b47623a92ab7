"""Reads the registry's validator set from the own node and casts Clique votes until the signers equal it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from chain.hashing import keccak256
from network.errors import RpcRefused
from network.ipc import Rpc
from network.watch.votes import PATIENCE_PERIODS, Ballot, decide_ballot

log = logging.getLogger(__name__)

GET_VALIDATORS = "0x" + keccak256(b"getValidators()")[:4].hex()


class Voter:
    """The part of an agent that votes. `registry` gives the contract's address, None while there is none."""

    def __init__(
        self,
        rpc: Rpc,
        registry: Callable[[], str | None],
        period: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._rpc = rpc
        self._registry = registry
        self._period = period
        self._monotonic = monotonic
        self._differs_since: float | None = None

    def step(self, *, head: int, signers: Sequence[str], own: str) -> list[str]:
        """Cast and take back what is due; the alarms. Raises IpcUnavailable, RpcRefused.

        The registry is read as many blocks below the head as there are signers: a change that the next
        reorganisation takes away is not voted for.
        """
        truth = self._validators(max(0, head - len(signers)))
        if truth is None:
            return []
        ballot = decide_ballot(
            own=own, registry=truth, signers=signers, entries=self._rpc.call("clique_proposals")
        )
        self._carry_out(ballot)
        return self._alarms(ballot)

    def _validators(self, number: int) -> list[str] | None:
        """The registry's set at a block, None if there is no registry (yet) or it cannot be read."""
        address = self._registry()
        if address is None:
            return None
        try:
            answer = self._rpc.call("eth_call", {"to": address, "data": GET_VALIDATORS}, hex(number))
            (found,) = decode(["address[]"], bytes.fromhex(answer[2:]))
        except (DecodingError, RpcRefused, ValueError):
            return None
        return [str(validator) for validator in found]

    def _carry_out(self, ballot: Ballot) -> None:
        for address, into in ballot.cast.items():
            log.warning("voting %s %s", address, "in" if into else "out")
            self._rpc.call("clique_propose", address, into)
        for address in ballot.discard:
            log.info("taking back the vote about %s", address)
            self._rpc.call("clique_discard", address)

    def _alarms(self, ballot: Ballot) -> list[str]:
        """A difference that votes have not ended in time: too few signers follow the registry."""
        if not ballot.differs:
            self._differs_since = None
            return []
        if self._differs_since is None:
            self._differs_since = self._monotonic()
        lasted = self._monotonic() - self._differs_since
        return ["validator-set-differs"] if lasted > PATIENCE_PERIODS * self._period else []
