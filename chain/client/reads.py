"""The client's typed questions: heads, headers, accounts, receipts, logs, contract calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from chain.client import answers
from chain.client.answers import AccountView, AnswerShape, Block, Log, Receipt
from chain.client.node import Call, Node, Outcome
from chain.client.pool import SURVEY_EVERY, NodePool, T, raised
from chain.errors import ChainError, MethodMissing, NodeError, StateMissing
from chain.headers import Header

BlockTag = int | Literal["latest", "pending", "earliest"]
"""A block number, or a moving tag."""


@dataclass(frozen=True)
class CallAt:
    """A contract call without a transaction. `sender` None: the zero address."""

    to: str
    data: bytes
    sender: str | None = None
    block: BlockTag = "latest"

    @property
    def params(self) -> tuple[dict[str, str], str]:
        """As JSON-RPC takes it."""
        message = {"to": self.to, "data": f"0x{self.data.hex()}"}
        if self.sender is not None:
            message["from"] = self.sender
        return message, hex(self.block) if isinstance(self.block, int) else self.block


class ChainClient(NodePool):
    """Synchronous, thread-safe access to a chain through one or several nodes."""

    def head(self) -> Header:
        """The newest header of the healthiest node. Raises NodeError if none answers.

        Now and then every node is asked, so that a node which fell behind or came back is noticed.
        """
        now = self._monotonic()
        if len(self._nodes) > 1 and now - self._surveyed_at >= SURVEY_EVERY:
            self._survey()
            self._surveyed_at = now
        return self._ask_head()

    def header(self, block: int | bytes) -> Header:
        """The header of a block by number or by 32-byte hash. Raises StateMissing if the node lacks it."""
        if isinstance(block, bytes):
            calls: list[Call] = [("eth_getBlockByHash", (f"0x{block.hex()}", False))]
            return self._ask(
                calls, lambda found: answers.header(_present(found[0], "block"), block_hash=block)
            )
        return self.headers([block])[0]

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers by number, in one batch. Raises StateMissing if the node lacks one."""
        calls: list[Call] = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
        return self._ask(
            calls,
            lambda found: [
                answers.header(_present(block, f"block {number}"), number=number)
                for number, block in zip(numbers, found, strict=True)
            ],
        )

    def account(self, address: str) -> AccountView:
        """Nonce and balance of an account at the head."""
        calls: list[Call] = [
            ("eth_getTransactionCount", (address, "latest")),
            ("eth_getBalance", (address, "latest")),
        ]
        return self._ask(calls, lambda found: AccountView(*(answers.quantity(raised(v)) for v in found)))

    def receipts(self, hashes: Sequence[bytes]) -> list[Receipt | None]:
        """Receipts in order; None for a transaction that is not mined (as far as this node knows)."""
        calls: list[Call] = [("eth_getTransactionReceipt", (f"0x{h.hex()}",)) for h in hashes]
        return self._ask(
            calls,
            lambda found: [
                answers.receipt(raised(value), wanted) for wanted, value in zip(hashes, found, strict=True)
            ],
        )

    def account_at(self, address: str, block: Header) -> AccountView:
        """Nonce and balance after exactly `block`. Raises StateMissing if the node follows another fork."""
        at = hex(block.number)
        calls: list[Call] = [
            ("eth_getTransactionCount", (address, at)),
            ("eth_getBalance", (address, at)),
            ("eth_getBlockByNumber", (at, False)),
        ]

        def read(found: list[Outcome]) -> AccountView:
            if answers.header(_present(found[2], "block"), number=block.number).hash != block.hash:
                raise StateMissing(f"block {block.number} was replaced meanwhile")
            return AccountView(*(answers.quantity(raised(value)) for value in found[:2]))

        return self._ask(calls, read)

    def block_receipts(self, block: Header) -> list[Receipt]:
        """Receipts of all transactions of a block, in one answer. Raises StateMissing, MethodMissing."""
        calls: list[Call] = [("eth_getBlockReceipts", (hex(block.number),))]

        def read(found: list[Outcome]) -> list[Receipt]:
            receipts = answers.block_receipts(_present(found[0], "block"))
            if any(receipt.block_hash != block.hash for receipt in receipts):
                raise StateMissing(f"block {block.number} was replaced meanwhile")
            return receipts

        return self._ask(calls, read)

    def pending_nonce(self, address: str) -> int:
        """The nonce after all mined transactions and those ready in any node's pool. Raises NodeError."""
        calls: list[Call] = [("eth_getTransactionCount", (address, "pending"))]

        def ask(node: Node) -> int | NodeError:
            try:
                return self._ask_one(node, calls, lambda found: answers.quantity(raised(found[0])))
            except NodeError as error:
                return error

        told = list(self._everywhere([n for n in self._nodes if n.usable] or self._nodes, ask).values())
        numbers = [answer for answer in told if isinstance(answer, int)]
        if not numbers:
            raise next(answer for answer in told if isinstance(answer, NodeError))
        return max(numbers)

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Blocks with their transactions. Raises StateMissing if the node lacks one."""
        calls: list[Call] = [("eth_getBlockByNumber", (hex(number), True)) for number in numbers]
        return self._ask(
            calls,
            lambda found: [
                answers.block(_present(value, f"block {number}"), number)
                for number, value in zip(numbers, found, strict=True)
            ],
        )

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[Log]:
        """Events of these contracts in the blocks first..last, in order. Raises RangeTooLarge."""
        wanted = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(last)}
        return self._ask([("eth_getLogs", (wanted,))], _logs_reader(addresses, first, last))

    def logs_of(self, addresses: Sequence[str], block: Header) -> list[Log]:
        """Events of these contracts in exactly this block, whatever the node's head is now."""
        wanted = {"address": list(addresses), "blockHash": f"0x{block.hash.hex()}"}
        return self._ask([("eth_getLogs", (wanted,))], _logs_reader(addresses, block.number, block.number))

    def eth_call(
        self, to: str, data: bytes, *, block: BlockTag = "latest", sender: str | None = None
    ) -> bytes:
        """What a contract call returns, without a transaction. Raises Reverted with the revert bytes."""
        found: bytes = raised(self.try_calls([CallAt(to, data, sender, block)])[0])
        return found

    def eth_calls(self, calls: Sequence[tuple[str, bytes]], *, block: BlockTag = "latest") -> list[bytes]:
        """Several contract calls against one block, in one batch. Raises the first Reverted."""
        outcomes = self.try_calls([CallAt(to, data, block=block) for to, data in calls])
        return [raised(outcome) for outcome in outcomes]

    def try_calls(self, calls: Sequence[CallAt]) -> list[bytes | ChainError]:
        """Several contract calls in one batch, each answered by its result or its error."""
        return self._ask([("eth_call", call.params) for call in calls], _each(answers.data))

    def try_estimates(self, calls: Sequence[CallAt]) -> list[int | ChainError]:
        """Gas that transactions would use, in one batch, each answered by its result or its error."""
        return self._ask([("eth_estimateGas", call.params) for call in calls], _each(answers.quantity))

    def estimate_gas(self, to: str, data: bytes, *, sender: str, block: BlockTag = "latest") -> int:
        """Gas that a transaction would use. Raises Reverted."""
        found: int = raised(self.try_estimates([CallAt(to, data, sender, block)])[0])
        return found

    def hashes_at(self, number: int) -> Mapping[str, bytes | None]:
        """Every node's hash of block `number`; None where it has none or did not answer."""
        return self._everywhere(self._nodes, lambda node: self._hash_at(node, number))

    def _hash_at(self, node: Node, number: int) -> bytes | None:
        calls: list[Call] = [("eth_getBlockByNumber", (hex(number), False))]
        try:
            return self._ask_one(
                node, calls, lambda found: answers.header(_present(found[0], "block"), number=number).hash
            )
        except (NodeError, StateMissing):
            return None

    def _ask_head(self) -> Header:
        last: ChainError | None = None
        for node in self._ranked():
            try:
                header = self._read_head(node)
            except (NodeError, StateMissing) as error:
                last = error
            else:
                self._preferred = node
                return header
        assert last is not None
        raise last

    def _survey(self) -> None:
        self._everywhere([node for node in self._nodes if node.usable], self._notice_head)

    def _notice_head(self, node: Node) -> None:
        with suppress(NodeError, StateMissing):  # its failure is noted on the node itself
            self._read_head(node)

    def _read_head(self, node: Node) -> Header:
        node.head = self._ask_one(
            node, [_LATEST], lambda found: answers.header(_present(found[0], "the head"))
        )
        return node.head


_LATEST: Call = ("eth_getBlockByNumber", ("latest", False))


def _present(outcome: Outcome, what: str) -> Any:
    """The result, which must not be null. Raises StateMissing, or the node's own error."""
    found = raised(outcome)
    if found is None:
        raise StateMissing(f"the node has no {what}")
    return found


def _each(read: Callable[[Any], T]) -> Callable[[list[Outcome]], list[T | ChainError]]:
    """Reads each outcome that is not an error. What another node may have is raised, so that it is asked."""

    def read_one(value: Outcome) -> T | ChainError:
        if isinstance(value, StateMissing | MethodMissing):
            raise value
        return value if isinstance(value, ChainError) else read(value)

    return lambda found: [read_one(value) for value in found]


def _logs_reader(addresses: Sequence[str], first: int, last: int) -> Callable[[list[Outcome]], list[Log]]:
    """Reads `eth_getLogs`: only the blocks and contracts asked for, each log once."""
    allowed = set(addresses)

    def read(outcomes: list[Outcome]) -> list[Log]:
        found = [answers.log(item) for item in answers.sequence(raised(outcomes[0]))]
        if any(log.address not in allowed or not first <= log.block_number <= last for log in found):
            raise AnswerShape("logs of other blocks or contracts than asked for")
        found.sort(key=lambda log: (log.block_number, log.index))
        if any((a.block_number, a.index) == (b.block_number, b.index) for a, b in itertools.pairwise(found)):
            raise AnswerShape("the same log twice")
        return found

    return read
