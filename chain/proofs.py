"""Making light proofs from any member's node: recent headers, `eth_getProof`, and nothing taken on trust.

The result is verified as a reader would before it is handed out, so a node that errs or lies is noticed here.
A node keeps the state of its last 128 blocks; the newest block that is already final enough is taken. One that keeps
all (an archive node) can also prove changes of the validator set where they happened (`chain.advances`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from chain.advances import follow
from chain.engine import Engine, Finality, SealRefused
from chain.errors import AnswerError, ChainError
from chain.finality import check_links
from chain.hashing import keccak256
from chain.headers import Header, HeaderMalformed
from chain.light import Advance, LightProof, ProofSubject, prune, read_subject, verify_light_proof
from chain.state import ContractState, StateMalformed
from chain.trie_proof import NodeBag, StateReader, StateUnreadable
from chain.trust import TrustFile

KEPT_STATES = 120
"""Blocks below the head whose state a node surely still has (geth: 128)."""
FIRST_LOOK = 24
"""Headers fetched at first; with most validators alive the newest dozen is enough."""

_GET_VALIDATORS = "0x" + keccak256(b"getValidators()")[:4].hex()
_VALIDATOR_EPOCH = "0x" + keccak256(b"validatorEpoch()")[:4].hex()


class ProofClient(Protocol):
    """What is needed of a client: JSON-RPC calls, singly and many at once. Raises ChainError."""

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call."""

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of several calls, in order."""


class ProofUnavailable(ChainError):
    """No proof can be had from this node now; `code` says why. Try again, or ask another member's node."""

    code = "proof_unavailable"


class NotFinalYet(ProofUnavailable):
    """No recent block has the finality asked for: validators are missing, or their set is just changing.

    `distinct` of `validators` sealed the recent blocks.
    """

    code = "not_final_yet"

    def __init__(self, distinct: int, validators: int) -> None:
        super().__init__(f"{distinct} of {validators} validators sealed recent blocks: try again in a minute")
        self.distinct = distinct
        self.validators = validators


class ChangeUnprovable(ProofUnavailable):
    """Too few members of the trust file's validator set still seal. Get a newer trust file from a member.

    `known` is the file's epoch, `current` the chain's.
    """

    code = "validator_change_unprovable"

    def __init__(self, known: int, current: int) -> None:
        super().__init__(
            f"the trust file knows validator set {known}, the chain has {current}: get a newer file"
        )
        self.known = known
        self.current = current


class NodeContradicts(ProofUnavailable):
    """The node's answers do not fit together or are malformed (a reorganisation in between, or a broken node).

    `what` names the answer.
    """

    code = "node_contradicts_itself"

    def __init__(self, what: str) -> None:
        super().__init__(f"the node's answers do not fit together ({what}): try again, or another node")
        self.what = what


@dataclass(frozen=True)
class _View:
    """What one look at the node shows: linked recent headers, newest last, and the validator set now."""

    headers: list[Header]
    epoch: int
    validators: list[str]


@dataclass(frozen=True)
class _Known:
    """The last validator set that a reader can already be convinced of, and how."""

    epoch: int
    validators: Sequence[str]
    advances: tuple[Advance, ...] = ()
    nodes: tuple[bytes, ...] = ()


def build_light_proof(
    client: ProofClient,
    trust: TrustFile,
    subject: ProofSubject,
    *,
    at_least: Finality = Finality.STRONG,
    held: LightProof | None = None,
) -> LightProof:
    """A proof about `subject` as of the newest block that is final enough.

    `held`: an earlier proof whose validator changes may be used again. Raises ProofUnavailable (NotFinalYet,
    ChangeUnprovable, NodeContradicts), LightProofError if the node's proof does not hold, and what the client
    raises.
    """
    known = _known(trust, held)
    try:
        run, advances = _final_run(client, trust, known, at_least)
    except ChangeUnprovable as unprovable:
        known = _followed(client, trust, known, unprovable)
        run, advances = _final_run(client, trust, known, at_least)
    proof = LightProof(tuple(header.rlp for header in run), known.nodes, advances)
    complete = prune(trust, subject, _with_nodes(client, trust, subject, proof, run[0]))
    verify_light_proof(trust, subject, complete, at_least=at_least)
    return complete


def _known(trust: TrustFile, held: LightProof | None) -> _Known:
    """The checkpoint's set, or the last that `held` leads to. Its runs stay with it, so they are named."""
    later = [a for a in held.advances if a.epoch > trust.checkpoint.epoch] if held else []
    if held is None or not later:
        return _Known(trust.checkpoint.epoch, trust.checkpoint.validators)
    advances = tuple(replace(a, headers=a.headers or held.headers) for a in later)
    members = [to_checksum_address(member) for member in later[-1].validators]
    return _Known(later[-1].epoch, members, advances, held.nodes)


def _followed(client: ProofClient, trust: TrustFile, known: _Known, unprovable: ChangeUnprovable) -> _Known:
    """As far as an archive node's history leads on from `known`. Raises `unprovable` if it does not lead anywhere."""
    history = _History(client, trust.contracts.institution_registry)
    start = min(trust.checkpoint.number, history.head)
    try:
        trail = follow(trust.engine_rules(), history, (known.epoch, known.validators), start, history.head)
        if trail is None or not trail.advances:
            raise unprovable
        nodes = [node for advance in trail.advances for node in history.nodes(trust, advance)]
    except AnswerError as error:  # a node that keeps no old states
        raise unprovable from error
    advances = (*known.advances, *trail.advances)
    return _Known(trail.epoch, trail.validators, advances, tuple(dict.fromkeys([*known.nodes, *nodes])))


class _History:
    """Old blocks and the registry in them, as the node tells."""

    def __init__(self, client: ProofClient, registry: str) -> None:
        self._client = client
        self._registry = registry
        self.head = _header(client.call("eth_getBlockByNumber", "latest", False)).number

    def epoch(self, number: int) -> int:
        return int(_decoded("uint32", self._ask(_VALIDATOR_EPOCH, number)))

    def validators(self, number: int) -> list[str]:
        return list(_decoded("address[]", self._ask(_GET_VALIDATORS, number)))

    def headers(self, first: int, last: int) -> list[Header]:
        asked = [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        return [_header(block) for block in self._client.batch(asked)]

    def nodes(self, trust: TrustFile, advance: Advance) -> list[bytes]:
        """The trie nodes that show an advance's set in its first header's state."""
        at = Header.from_rlp(advance.headers[0])
        asking = _Asking(StateReader(at.state_root, NodeBag(())), set())
        ContractState(trust.contracts, asking).validator_set_hash(advance.epoch)
        return _fetch_nodes(self._client, asking.wanted, at.number)

    def _ask(self, data: str, number: int) -> Any:
        return self._client.call("eth_call", {"to": self._registry, "data": data}, hex(number))


def _final_run(
    client: ProofClient, trust: TrustFile, known: _Known, at_least: Finality
) -> tuple[list[Header], tuple[Advance, ...]]:
    """The shortest run up to the head that is final enough, and the changes of the set that lead to it."""
    engine = trust.engine_rules()
    for count in (FIRST_LOOK, KEPT_STATES):
        view = _look(client, trust, count)
        changed = view.epoch != known.epoch
        start = _newest_final(engine, view, known.validators if changed else None, at_least)
        if start is not None:
            latest = Advance(view.epoch, tuple(sorted(bytes.fromhex(v[2:]) for v in view.validators)))
            return view.headers[start:], (*known.advances, latest) if changed else known.advances
    if changed and _newest_final(engine, view, None, at_least) is not None:
        raise ChangeUnprovable(known.epoch, view.epoch)
    members = set(view.validators)
    sealed = {sealer for header in view.headers for sealer in _sealers(engine, header)}
    raise NotFinalYet(len(members & sealed), len(members))


def _newest_final(
    engine: Engine, view: _View, earlier: Sequence[str] | None, at_least: Finality
) -> int | None:
    """Where the newest run begins that is final and, if the set changed, convinces those of the earlier set."""
    for start in range(len(view.headers) - 1, -1, -1):
        run = view.headers[start:]
        try:
            final = engine.finality(run, view.validators).level >= at_least
        except SealRefused:
            return None  # older blocks belong to another set, or the set is changing just now
        if final and (earlier is None or engine.endorsement(run, earlier).level >= Finality.STRONG):
            return start
    return None


def _sealers(engine: Engine, header: Header) -> tuple[str, ...]:
    try:
        return engine.sealers(header)
    except SealRefused:
        return ()


def _look(client: ProofClient, trust: TrustFile, count: int) -> _View:
    """Recent headers and the validator set, in two round trips. Raises NodeContradicts."""
    registry = trust.contracts.institution_registry
    head, validators, epoch = client.batch(
        [
            ("eth_getBlockByNumber", ("latest", False)),
            ("eth_call", ({"to": registry, "data": _GET_VALIDATORS}, "latest")),
            ("eth_call", ({"to": registry, "data": _VALIDATOR_EPOCH}, "latest")),
        ]
    )
    newest = _header(head)
    first = max(1, newest.number - count + 1)
    older = client.batch([("eth_getBlockByNumber", (hex(n), False)) for n in range(first, newest.number)])
    headers = [*(_header(block) for block in older), newest]
    try:
        check_links(headers)
    except SealRefused as error:
        raise NodeContradicts(f"headers: {error}") from error
    return _View(headers, _decoded("uint32", epoch), _decoded("address[]", validators))


class _Asking:
    """Reads slots that were asked for already; notes the others and says zero until their proof is here."""

    def __init__(self, reader: StateReader, asked: set[tuple[bytes, bytes]]) -> None:
        self._reader = reader
        self._asked = asked
        self.wanted: dict[bytes, list[bytes]] = {}

    def __call__(self, account: bytes, slot: bytes) -> int:
        if (account, slot) in self._asked:
            return self._reader.slot(account, slot)
        self.wanted.setdefault(account, []).append(slot)
        return 0


def _with_nodes(
    client: ProofClient, trust: TrustFile, subject: ProofSubject, proof: LightProof, at: Header
) -> LightProof:
    """Adds the trie nodes of every slot that a reader will ask for, successors included."""
    asked: set[tuple[bytes, bytes]] = set()
    nodes = dict.fromkeys(proof.nodes)
    epochs = [advance.epoch for advance in proof.advances if not advance.headers]
    while True:
        try:
            read = _Asking(StateReader(at.state_root, NodeBag(nodes)), asked)
            state = ContractState(trust.contracts, read)
            read_subject(state, subject)
            for epoch in epochs:
                state.validator_set_hash(epoch)
        except (StateUnreadable, StateMalformed) as error:
            raise NodeContradicts(f"eth_getProof: {error}") from error
        wanted = read.wanted
        if not wanted:
            return replace(proof, nodes=tuple(nodes))
        nodes.update(dict.fromkeys(_fetch_nodes(client, wanted, at.number)))
        asked.update((account, slot) for account, slots in wanted.items() for slot in slots)


def _fetch_nodes(client: ProofClient, wanted: dict[bytes, list[bytes]], number: int) -> list[bytes]:
    """The trie nodes of some slots of some accounts, by `eth_getProof` (EIP-1186)."""
    calls = [
        ("eth_getProof", (f"0x{account.hex()}", [f"0x{slot.hex()}" for slot in slots], hex(number)))
        for account, slots in wanted.items()
    ]
    nodes: list[bytes] = []
    try:
        for answer in client.batch(calls):
            for proof in (answer["accountProof"], *(slot["proof"] for slot in answer["storageProof"])):
                nodes += [bytes.fromhex(node.removeprefix("0x")) for node in proof]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise NodeContradicts("eth_getProof") from error
    return nodes


def _header(block: Any) -> Header:
    if not isinstance(block, dict):
        raise NodeContradicts("eth_getBlockByNumber")
    try:
        return Header.from_rpc(block)
    except HeaderMalformed as error:
        raise NodeContradicts(str(error)) from error


def _decoded(kind: str, answer: Any) -> Any:
    """The one value of an `eth_call`'s answer."""
    try:
        value = decode([kind], bytes.fromhex(answer.removeprefix("0x")))[0]
    except (AttributeError, ValueError, DecodingError) as error:
        raise NodeContradicts(f"eth_call: no {kind}") from error
    return [to_checksum_address(item) for item in value] if isinstance(value, tuple) else value
