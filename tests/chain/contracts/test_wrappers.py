"""The typed wrappers, held to the exported ABI: nothing in it is left out, misnamed or mistyped."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from chain.client import Log
from chain.contracts import (
    AbiMismatch,
    AmendReason,
    ContractRefusal,
    DocRef,
    DocumentRegistry,
    DocumentState,
    InstitutionKind,
    InstitutionRegistry,
    KeyPurpose,
    NewTransfer,
    ProposalAction,
    RejectReason,
    Role,
    Standing,
    TransferLedger,
    TransferState,
    WithdrawReason,
    decode_event,
    decode_revert,
    registry_validators,
)
from chain.contracts.abi import CONTRACTS, Item, abi_of
from chain.contracts.events import Event
from chain.contracts.reverts import AlreadyAnchored, NotAuthorized
from chain.errors import Reverted

ACCOUNT = "0x52908400098527886E0F7030069857D2E4169EE7"
ROOT, LEAF = b"\1" * 32, b"\2" * 32
T1, T2 = 1_760_000_000, 1_760_000_100
LIBRARY = {"EIP712DomainChanged"}
"""Events of OpenZeppelin that say nothing to us."""

EVENTS = [(c, item) for c in CONTRACTS for item in abi_of(c).events.values() if item.name not in LIBRARY]
ERRORS = [(c, item) for c in CONTRACTS for item in abi_of(c).errors.values()]


def sample(kind: str, number: int) -> Any:
    """A value of an ABI type that every enum and length accepts."""
    if kind.endswith("[]"):
        return [sample(kind[:-2], number)]
    if kind == "address":
        return ACCOUNT
    if kind == "bool":
        return True
    if kind == "string":
        return "text"
    if kind == "bytes":
        return b"\7\7"
    if kind.startswith("bytes"):
        return bytes([number + 1]) * int(kind[5:])
    return {"uint8": 1, "uint16": 7}.get(kind, T1 + number)


def snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def log_of(item: Item, values: Sequence[Any]) -> Log:
    topics = [item.id]
    plain: list[tuple[str, Any]] = []
    for (_, kind), indexed, value in zip(item.inputs, item.indexed, values, strict=True):
        if indexed:
            topics.append(encode([kind], [value]))
        else:
            plain.append((kind, value))
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return Log(ACCOUNT, tuple(topics), data, 1, bytes(32), bytes(32), 0)


@pytest.mark.parametrize(("contract", "item"), EVENTS, ids=lambda v: v.name if isinstance(v, Item) else v)
def test_every_event_has_a_class_with_its_fields(contract: str, item: Item) -> None:
    values = [sample(kind, place) for place, (_, kind) in enumerate(item.inputs)]
    event = decode_event(log_of(item, values))
    assert type(event).__name__ == item.name
    names = list(inspect.get_annotations(type(event)))
    renamed = {("ContractSet", "from"): "since"}
    assert names == [renamed.get((item.name, name), snake(name)) for name, _ in item.inputs]
    for name, (_, kind), value in zip(names, item.inputs, values, strict=True):
        found = getattr(event, name)
        if isinstance(found, datetime):
            found = int(found.timestamp())
        assert (list(found) if kind.endswith("[]") else found) == value


def test_no_event_class_is_without_its_event() -> None:
    assert set(Event.known) == {item.name for _, item in EVENTS}


def test_a_strange_log_is_no_event_and_a_damaged_one_is_an_error() -> None:
    item = next(item for _, item in EVENTS if item.name == "Anchored")
    good = log_of(item, [1, ROOT, 4])
    assert decode_event(Log(ACCOUNT, (), b"", 1, b"", b"", 0)) is None
    assert decode_event(Log(ACCOUNT, (b"\x77" * 32,), b"", 1, b"", b"", 0)) is None
    for topics, data in [(good.topics[:2], good.data), (good.topics, b""), (good.topics, good.data[:31])]:
        with pytest.raises(AbiMismatch):
            decode_event(Log(ACCOUNT, topics, data, 1, b"", b"", 0))
    item = next(item for _, item in EVENTS if item.name == "StandingChanged")
    with pytest.raises(AbiMismatch):
        decode_event(log_of(item, [1, 99, 0]))


@pytest.mark.parametrize(("contract", "item"), ERRORS, ids=lambda v: v.name if isinstance(v, Item) else v)
def test_every_error_comes_back_with_its_arguments(contract: str, item: Item) -> None:
    values = [sample(kind, place) for place, (_, kind) in enumerate(item.inputs)]
    error = decode_revert(item.call_data(*values))
    assert error.name == item.name
    assert len(error.arguments) == len(item.inputs)
    typed = ContractRefusal.known.get(item.name)
    if typed is None:
        assert list(error.arguments.values()) == values
        return
    assert type(error) is typed
    for name, value in zip(inspect.get_annotations(typed), values, strict=True):
        found = getattr(error, name)
        assert (int(found.timestamp()) if isinstance(found, datetime) else found) == value


def test_every_typed_refusal_is_one_of_the_contracts() -> None:
    assert set(ContractRefusal.known) <= {item.name for _, item in ERRORS}
    assert all(kind.__doc__ for kind in ContractRefusal.known.values())
    codes = [kind.code for kind in ContractRefusal.known.values()]
    assert len(codes) == len(set(codes))


def test_solidity_s_own_errors_are_named() -> None:
    panic = bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])
    text = bytes.fromhex("08c379a0") + encode(["string"], ["no"])
    assert (decode_revert(panic).name, decode_revert(panic).arguments) == ("Panic", {"code": 17})
    assert decode_revert(text).arguments == {"message": "no"}


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\2\3\4", b"\1" * 40])
def test_unknown_or_damaged_revert_bytes_are_kept(data: bytes) -> None:
    assert type(decode_revert(data)) is Reverted
    assert decode_revert(data).data == data
    item = next(item for _, item in ERRORS if item.name == "AlreadyAnchored")
    damaged = item.id[:4] + data
    assert type(decode_revert(damaged)) is Reverted
    assert decode_revert(damaged).data == damaged


class Node:
    """Answers a call by function name with encoded values, and remembers the arguments."""

    def __init__(self, contract: str) -> None:
        self.functions = {item.id[:4]: item for item in abi_of(contract).functions.values()}
        self.results: dict[str, list[Any]] = {}
        self.revert: bytes | None = None
        self.blocks: list[Any] = []

    def eth_call(self, to: str, data: bytes, *, block: Any = "latest", sender: str | None = None) -> bytes:
        self.blocks.append(block)
        if self.revert is not None:
            raise Reverted(self.revert)
        item = self.functions[data[:4]]
        return encode(item.outputs, self.results[item.name])

    def eth_calls(self, calls: Sequence[tuple[str, bytes]], *, block: Any = "latest") -> list[bytes]:
        return [self.eth_call(to, data, block=block) for to, data in calls]


@pytest.fixture
def documents() -> tuple[DocumentRegistry, Node]:
    node = Node("DocumentRegistry")
    return DocumentRegistry(node, ACCOUNT), node


@pytest.fixture
def registry() -> tuple[InstitutionRegistry, Node]:
    node = Node("InstitutionRegistry")
    return InstitutionRegistry(node, ACCOUNT), node


@pytest.fixture
def transfers() -> tuple[TransferLedger, Node]:
    node = Node("TransferLedger")
    return TransferLedger(node, ACCOUNT), node


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_documents_are_read_typed(documents: tuple[DocumentRegistry, Node]) -> None:
    wrapper, node = documents
    node.results = {
        "batch": [(T1, 5, 0)],
        "mark": [(3, 2, T2, ACCOUNT)],
        "successor": [LEAF],
        "status": [2, (T1, 5, T2), (2, 1, T2, ACCOUNT), LEAF],
        "anchorsLeft": [7],
        "limits": [(4, 16, 100, 1_000, 2_592_000)],
    }
    batch, mark = wrapper.batch(1, ROOT, block=9), wrapper.mark(1, LEAF)
    assert (batch.time, batch.depth, batch.reaffirmed_at) == (moment(T1), 5, None)
    assert (mark.state, mark.reason, mark.by) == (DocumentState.WITHDRAWN, 2, ACCOUNT)
    assert wrapper.successor(1, LEAF) == LEAF
    status = wrapper.status(1, DocRef(ROOT, LEAF, (ROOT,)))
    assert (status.state, status.batch.reaffirmed_at) == (DocumentState.SUPERSEDED, moment(T2))
    assert wrapper.batches(1, [ROOT, LEAF]) == [batch, batch]
    assert (wrapper.anchors_left(1), wrapper.limits().annul_period) == (7, timedelta(days=30))
    assert node.blocks[0] == 9


def test_nothing_is_none(documents: tuple[DocumentRegistry, Node], registry: Any, transfers: Any) -> None:
    wrapper, node = documents
    zero = "0x" + "00" * 20
    node.results = {"batch": [(0, 0, 0)], "mark": [(0, 0, 0, zero)], "successor": [bytes(32)]}
    assert wrapper.batch(1, ROOT) is None
    assert wrapper.mark(1, LEAF) is None
    assert wrapper.successor(1, LEAF) is None
    wrapper, node = registry
    node.results = {
        "operator": [(0, 0, 0, 0, 0, 0)],
        "key": [(0, 0, 0, 0, 0, 0)],
        "publicKey": [bytes(32), bytes(32)],
        "indexOf": [0],
        "contractAt": [zero],
    }
    assert wrapper.operator(ACCOUNT) is None
    assert wrapper.key(ROOT) is None
    assert wrapper.public_key(ROOT) is None
    assert wrapper.index_of("krnpi:1") is None
    assert wrapper.contract_at("DocumentRegistry", T1) is None
    wrapper, node = transfers
    node.results = {"transfer": [(0, 0, 0, 0, 0, 0, bytes(32), bytes(32))]}
    assert wrapper.transfer(ROOT) is None


def test_institutions_are_read_typed(registry: tuple[InstitutionRegistry, Node]) -> None:
    wrapper, node = registry
    node.results = {
        "institution": [b"krnpi:1".ljust(32, b"\0"), (1, 4, True, 0, 3, T1, T2, T1)],
        "operator": [(1, 2, 6, T1, 0, T2)],
        "key": [(1, 1, T1, 2**40 - 1, 0, 0)],
        "publicKey": [ROOT, LEAF],
        "getValidators": [[ACCOUNT]],
        "validatorEpoch": [3],
        "authorize": [1],
        "votingMembers": [[1, 2]],
        "nonces": [4],
        "indexOf": [1],
        "contractAt": [ACCOUNT],
        "gasAllowance": [10**18],
        "keysOf": [[ROOT]],
        "operatorsOf": [[ACCOUNT]],
        "institutionCount": [5],
        "validatorSetHash": [ROOT],
    }
    who = wrapper.institution(1)
    assert (who.id, who.kind, who.standing) == ("krnpi:1", InstitutionKind.HOSPITAL, Standing.EXPELLED)
    assert (who.successor, who.doubt_since) == (3, moment(T1))
    operator = wrapper.operator(ACCOUNT)
    assert operator.roles == Role.ANCHOR | Role.STATUS
    assert (operator.custodian, operator.until, operator.compromised_since) == (2, None, moment(T2))
    key = wrapper.key(ROOT)
    assert (key.purpose, key.valid_until.year, key.compromised_since) == (KeyPurpose.SIGN, 9999, None)
    assert wrapper.public_key(ROOT) == (ROOT, LEAF)
    assert (wrapper.validators(), wrapper.validator_epoch()) == ((ACCOUNT,), 3)
    assert (wrapper.authorize(ACCOUNT, Role.ANCHOR), wrapper.voting_members()) == (1, (1, 2))
    assert (wrapper.nonces([ACCOUNT, ACCOUNT]), wrapper.index_of("krnpi:1")) == ([4, 4], 1)
    assert (wrapper.contract_at("X", T1), wrapper.gas_allowance(ACCOUNT)) == (ACCOUNT, 10**18)
    assert (wrapper.keys_of(1), wrapper.operators_of(1)) == ((ROOT,), (ACCOUNT,))
    assert (wrapper.institution_count(), wrapper.validator_set_hash(1)) == (5, ROOT)


def test_transfers_are_read_typed(transfers: tuple[TransferLedger, Node]) -> None:
    wrapper, node = transfers
    node.results = {"transfer": [(4, 1, 2, T1, T2, 6, ROOT, LEAF)], "maxBatch": [50]}
    found = wrapper.transfer(ROOT)
    assert (found.state, found.reason) == (TransferState.REJECTED, RejectReason.NO_CONSENT)
    assert (found.sent_at, found.answered_at, found.cipher_hash) == (moment(T1), moment(T2), LEAF)
    assert wrapper.max_batch() == 50


def test_a_refused_read_comes_back_typed(registry: tuple[InstitutionRegistry, Node]) -> None:
    wrapper, node = registry
    item = next(item for _, item in ERRORS if item.name == "NotAuthorized")
    node.revert = item.call_data(ACCOUNT, 2)
    with pytest.raises(NotAuthorized) as caught:
        wrapper.authorize(ACCOUNT, Role.ANCHOR)
    assert (caught.value.account, caught.value.role) == (ACCOUNT, Role.ANCHOR)


def test_an_answer_of_another_contract_is_an_abi_mismatch(documents: tuple[DocumentRegistry, Node]) -> None:
    wrapper, node = documents
    node.eth_call = lambda *_, **__: b"\1"  # type: ignore[method-assign]
    with pytest.raises(AbiMismatch):
        wrapper.batch(1, ROOT)


def decoded(contract: str, data: bytes) -> tuple[str, tuple[Any, ...]]:
    item = next(item for item in abi_of(contract).functions.values() if item.id[:4] == data[:4])
    return item.name, decode([kind for _, kind in item.inputs], data[4:])


def test_call_data_says_what_was_meant(documents: Any, transfers: Any, registry: Any) -> None:
    wrapper = documents[0]
    old, new = DocRef(ROOT, LEAF, (ROOT,)), DocRef(LEAF, ROOT, ())
    name = "DocumentRegistry"
    assert decoded(name, wrapper.encode_anchor(ROOT, 4)) == ("anchor", (ROOT, 4))
    assert decoded(name, wrapper.encode_reaffirm([ROOT, LEAF])) == ("reaffirm", ((ROOT, LEAF),))
    amend = wrapper.encode_amend(1, old, new, AmendReason.RESETTLED)
    assert decoded(name, amend) == ("amend", (1, (ROOT, LEAF, (ROOT,)), (LEAF, ROOT, ()), 2))
    withdraw = wrapper.encode_withdraw(1, old, WithdrawReason.DUPLICATE)
    assert decoded(name, withdraw) == ("withdraw", (1, (ROOT, LEAF, (ROOT,)), 4))
    assert decoded(name, wrapper.encode_annul(1, LEAF)) == ("annul", (1, LEAF))
    wrapper, name = transfers[0], "TransferLedger"
    package = NewTransfer(ROOT, 2, LEAF, ROOT)
    assert decoded(name, wrapper.encode_send(package)) == ("send", (ROOT, 2, LEAF, ROOT))
    many = ((ROOT, ROOT), (2, 2), (LEAF, LEAF), (ROOT, ROOT))
    assert decoded(name, wrapper.encode_send_many([package, package])) == ("sendMany", many)
    assert decoded(name, wrapper.encode_acknowledge(ROOT, LEAF)) == ("acknowledge", (ROOT, LEAF))
    assert decoded(name, wrapper.encode_reject(ROOT, RejectReason.DUPLICATE)) == ("reject", (ROOT, 7))
    claim = registry[0].encode_claim_gas(ACCOUNT)
    assert decoded("InstitutionRegistry", claim) == ("claimGas", (ACCOUNT.lower(),))


def test_enums_are_those_of_the_contracts() -> None:
    sources = "".join(
        path.read_text() for path in (Path(__file__).parents[3] / "contracts" / "interfaces").rglob("*.sol")
    )

    def members(name: str, after: str = "") -> list[str]:
        text = sources[sources.index(after) :] if after else sources
        body = text[text.index(f"enum {name} {{") :].split("{", 1)[1].split("}", 1)[0]
        return [line.strip(" ,\n") for line in body.split(",")]

    pairs = [
        (Standing, members("Standing")),
        (InstitutionKind, members("Kind")),
        (KeyPurpose, members("KeyPurpose")),
        (AmendReason, members("AmendReason")),
        (WithdrawReason, members("WithdrawReason")),
        (RejectReason, members("RejectReason")),
        (ProposalAction, members("Action")),
        (TransferState, members("State", "interface ITransferLedger")),
        (DocumentState, members("State", "interface IDocumentRegistry")),
    ]
    for enum, names in pairs:
        assert [member.name.replace("_", "").lower() for member in enum] == [name.lower() for name in names]
        assert [member.value for member in enum] == list(range(len(names)))
    for role in Role:
        if role:
            assert f"ROLE_{role.name} = {role.value};" in sources


def test_the_set_before_is_remembered_while_a_change_takes_effect(
    registry: tuple[InstitutionRegistry, Node],
) -> None:
    wrapper, node = registry
    sets = registry_validators(wrapper)
    a, b = (ACCOUNT,), ("0x" + "00" * 19 + "01",)
    for current, expected in [(a, (a,)), (a, (a,)), (b, (b, a)), (b, (b, a)), (a, (a, b))]:
        node.results["getValidators"] = [list(current)]
        assert sets() == expected


def test_an_error_class_shows_its_values() -> None:
    item = next(item for _, item in ERRORS if item.name == "AlreadyAnchored")
    error = decode_revert(item.call_data(1, ROOT, T1))
    assert isinstance(error, AlreadyAnchored)
    assert str(error) == f"AlreadyAnchored(issuer=1, root=0x{ROOT.hex()}, time={moment(T1)})"
