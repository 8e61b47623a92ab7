"""Every way the chain can say no, as typed errors, and the one table that classifies a node's answers.

Nodes say why they refuse in English that differs by client and version. `classify` is the only place that
reads those texts; callers catch classes. Tests hold the table to texts of geth, anvil, Hardhat and Besu.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class ChainError(Exception):
    """Root of everything that can go wrong between this program and the chain."""

    code = "chain_error"


# --- The node, or the way to it ----------------------------------------------------------------------


class NodeError(ChainError):
    """A node could not be used for this question. `url` is its address."""

    code = "node_error"

    def __init__(self, url: str, message: str) -> None:
        super().__init__(message)
        self.url = url


class NodeUnavailable(NodeError):
    """Time-out, refused or broken connection, HTTP 5xx or 429. `retry_after`: seconds the node asked for.

    After a broadcast this says nothing about whether the transaction arrived.
    """

    code = "node_unavailable"

    def __init__(self, url: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(url, f"node {url} did not answer ({reason}): try another node, or again later")
        self.reason = reason
        self.retry_after = retry_after


class MalformedAnswer(NodeError):
    """A node answered with something that cannot be the answer to `method`: do not believe it."""

    code = "malformed_answer"

    def __init__(self, url: str, method: str, detail: str) -> None:
        super().__init__(url, f"node {url} answered {method} wrongly: {detail}")
        self.method = method
        self.detail = detail


class WrongChain(NodeError):
    """A node of another chain: `found` instead of `expected`. Correct the configured address."""

    code = "wrong_chain"

    def __init__(self, url: str, expected: int, found: int) -> None:
        super().__init__(url, f"node {url} is on chain {found}, not {expected}: correct its address")
        self.expected = expected
        self.found = found


class AnswerError(ChainError):
    """A node's JSON-RPC error. `rpc_code`, `text` and `data` are as received."""

    code = "answer_error"

    def __init__(self, text: str, *, rpc_code: int = 0, data: Any = None) -> None:
        super().__init__(f"{self.__class__.__name__}: {text[:300]}")
        self.text = text
        self.rpc_code = rpc_code
        self.data = data


class Unclassified(AnswerError):
    """An error text that the table does not know. Report it, so that it gets a row."""

    code = "unclassified"


class MethodMissing(AnswerError):
    """The node does not offer this method: enable its API there, or ask another node."""

    code = "method_missing"


class RangeTooLarge(AnswerError):
    """The node will not search so many blocks or return so many logs at once: ask for less."""

    code = "range_too_large"


class StateMissing(AnswerError):
    """The node does not have that block, or no longer its state: ask for a newer one, or another node."""

    code = "state_missing"


# --- What a node says about a transaction it was sent ------------------------------------------------


class TransactionRefused(AnswerError):
    """A node did not take a transaction into its pool."""

    code = "transaction_refused"


class NonceTooLow(TransactionRefused):
    """A transaction with this nonce is already mined: this one, another attempt, or somebody else's."""

    code = "nonce_too_low"


class NonceTooHigh(TransactionRefused):
    """An earlier nonce is missing in the pool: send that first."""

    code = "nonce_too_high"


class AlreadyKnown(TransactionRefused):
    """The pool has exactly this transaction: as good as accepted."""

    code = "already_known"


class ReplacementUnderpriced(TransactionRefused):
    """The pool holds another attempt at this nonce: raise the fee by at least a tenth."""

    code = "replacement_underpriced"


class FeeTooLow(TransactionRefused):
    """Below the base fee or the node's minimum: make an attempt with a higher fee."""

    code = "fee_too_low"


class InsufficientFunds(TransactionRefused):
    """The account cannot pay: claim the day's gas quota from the institution registry."""

    code = "insufficient_funds"


class TxPoolFull(TransactionRefused):
    """The pool has no room for this account or at all: wait until blocks are mined."""

    code = "tx_pool_full"


class PayloadRefused(TransactionRefused):
    """No node can ever mine these bytes: gas limit too low or above a block's, too much data."""

    code = "payload_refused"


# --- What a contract says ----------------------------------------------------------------------------


class Reverted(ChainError):
    """A contract refused. `name` and `arguments` are decoded from `data` where the ABI is known."""

    code = "reverted"
    name: str = "UnknownRevert"

    def __init__(
        self, data: bytes = b"", *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self.data = data
        if name is not None:
            self.name = name
        self.arguments: Mapping[str, Any] = dict(arguments or {})
        shown = ", ".join(f"{key}={_shown(value)}" for key, value in self.arguments.items())
        super().__init__(f"{self.name}({shown})" if shown or data else self.name)


class OutOfGas(Reverted):
    """All gas was used up: submit again with a higher limit."""

    code = "out_of_gas"
    name = "OutOfGas"


def _shown(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


# --- The table ---------------------------------------------------------------------------------------

_TABLE: tuple[tuple[str, type[AnswerError]], ...] = (
    # (pattern searched in the lower-cased text, class); the first match counts. Who says it stands behind.
    (r"nonce too low|nonce_too_low", NonceTooLow),  # geth core/error.go, anvil, Hardhat, Besu
    (r"nonce too high|nonce gap|too far in the future", NonceTooHigh),  # Hardhat while automining, Besu
    (r"already known|known transaction|already imported", AlreadyKnown),  # geth, Hardhat and Besu, anvil
    (
        r"replacement transaction underpriced",
        ReplacementUnderpriced,
    ),  # geth core/txpool/errors.go, all others
    (r"future transaction tries to replace pending", TxPoolFull),  # geth core/txpool/errors.go
    (r"txpool is full|pool is full|account limit exceeded", TxPoolFull),  # geth, Besu
    (r"tx fee .* exceeds the configured cap", PayloadRefused),  # geth internal/ethapi, --rpc.txfeecap
    (r"insufficient funds|doesn't have enough funds", InsufficientFunds),  # geth and anvil, Hardhat
    (r"upfront cost exceeds", InsufficientFunds),  # Besu
    (r"underpriced|less than block base fee", FeeTooLow),  # geth, anvil
    (r"maxfeepergas .* too low|gas price below|below configured minimum", FeeTooLow),  # Hardhat, Besu
    (r"intrinsic gas|requires at least \d+ gas", PayloadRefused),  # geth, anvil and Besu, Hardhat
    (
        r"exceeds block gas limit|exceeds transaction gas cap",
        PayloadRefused,
    ),  # geth, Hardhat, Besu; geth ≥ 1.16
    (r"oversized data|max initcode size|transaction size limit", PayloadRefused),  # geth
    (r"higher than max fee|max priority fee .* greater", PayloadRefused),  # geth, anvil and Besu
    (
        r"invalid sender|invalid signature|invalid chain id",
        PayloadRefused,
    ),  # geth, Besu: not our chain's bytes
    (r"method .*(not found|not supported|does not exist|not available)", MethodMissing),  # geth, Hardhat
    (r"method not enabled", MethodMissing),  # Besu
    (
        r"query returned more than|block range|range .*(exceed|too)|too many (results|logs)",
        RangeTooLarge,
    ),  # all
    (r"header not found|missing trie node|unknown block|block not found", StateMissing),  # geth
    (
        r"world state unavailable|blockoutofrange|not available|finalized block not",
        StateMissing,
    ),  # Besu, anvil
    (r"invalid block range|beyond current head", StateMissing),  # geth ≥ 1.14: asked past the head
)
_COMPILED = tuple((re.compile(pattern), found) for pattern, found in _TABLE)
_REVERT = re.compile(r"revert|vm exception")
_METHOD_MISSING = -32601
_BUSY = (-32005, -32029)
"""Limit exceeded (EIP-1474), and what hosted nodes answer when asked too often."""


def classify(error: Mapping[str, Any]) -> AnswerError | Reverted:
    """The typed error for a JSON-RPC `error` object. Unknown texts become `Unclassified`, never a guess."""
    text = str(error.get("message", ""))
    code = error.get("code")
    rpc_code = code if isinstance(code, int) else 0
    data = error.get("data")
    lowered = text.lower()
    if _REVERT.search(lowered) or rpc_code == 3:  # 3: geth's code for a revert that carries data
        return Reverted(revert_data(data))
    if "out of gas" in lowered or "gas required exceeds allowance" in lowered:
        return OutOfGas()
    for pattern, found in _COMPILED:
        if pattern.search(lowered):
            return found(text, rpc_code=rpc_code, data=data)
    if rpc_code == _METHOD_MISSING:
        return MethodMissing(text, rpc_code=rpc_code, data=data)
    if rpc_code in _BUSY:
        return RangeTooLarge(text, rpc_code=rpc_code, data=data)
    return Unclassified(text, rpc_code=rpc_code, data=data)


def revert_data(data: Any) -> bytes:
    """The revert bytes in an error's `data`: hex text (geth, anvil, Besu) or {"data": hex} (Hardhat)."""
    if isinstance(data, Mapping):
        data = data.get("data")
    if not isinstance(data, str):
        return b""
    try:
        return bytes.fromhex(data.removeprefix("Reverted ").removeprefix("0x"))
    except ValueError:
        return b""
