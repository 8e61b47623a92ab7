"""`ChainFace` as it really is: the document registry's calls through the sender's outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from eth_account.signers.local import LocalAccount
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlmodel import Session

from chain.client import ChainClient
from chain.clock import Clock
from chain.contracts import DocumentRegistry, InstitutionRegistry, registry_validators
from chain.contracts.vocabulary import AmendReason, DocRef, WithdrawReason
from chain.deployment import Deployment
from chain.sender import GasQuota, Limits, Sender, SettledBlockLost, TransactionState, TxState
from chain.sender.metrics import SenderMetrics
from chain.sender.rows import Line
from oracle.chain_face import Outcome, Pending, RefusedOnChain, Settled
from oracle.chain_found import Finder
from oracle.crash import crash_point

_ANCHOR_GAS = 120_000
"""An anchoring takes about 55,000, whatever the batch's size."""
_MARK_GAS = 300_000
"""An amendment with two paths of 16 steps takes about 160,000."""


@dataclass(frozen=True)
class SenderChain:
    """The chain as the pipeline sees it. `issuer`: this institution's index."""

    sender: Sender
    registry: DocumentRegistry
    issuer: int
    finder: Finder

    def anchored(self, root: bytes) -> Settled | None:
        return self.finder.anchored(root)

    def ended(self, leaf: bytes, successor: bytes | None) -> Settled | None:
        return self.finder.ended(leaf, successor)

    def anchor(self, session: Session, root: bytes, depth: int, key: str) -> None:
        self._submit(session, self.registry.encode_anchor(root, depth), _ANCHOR_GAS, key)

    def amend(self, session: Session, old: DocRef, new: DocRef, reason: int, key: str) -> None:
        data = self.registry.encode_amend(self.issuer, old, new, AmendReason(reason))
        self._submit(session, data, _MARK_GAS, key)

    def withdraw(self, session: Session, document: DocRef, reason: int, key: str) -> None:
        data = self.registry.encode_withdraw(self.issuer, document, WithdrawReason(reason))
        self._submit(session, data, _MARK_GAS, key)

    def outcomes(self, session: Session, keys: Sequence[str]) -> dict[str, Outcome]:
        return {key: _outcome(state) for key, state in self.sender.states(session, keys).items()}

    def step(self) -> bool:
        report = self.sender.step()
        if report.errors:
            raise report.errors[0]
        return report.progressed

    def _submit(self, session: Session, data: bytes, gas_limit: int, key: str) -> None:
        self.sender.submit(session, to=self.registry.address, data=data, gas_limit=gas_limit, key=key)


def connect(
    database: Engine,
    deployment: Deployment,
    client: ChainClient,
    account: LocalAccount,
    *,
    issuer: int,
    clock: Clock,
    lease: timedelta,
    alarm: Callable[[SettledBlockLost], None],
    registry: CollectorRegistry,
) -> SenderChain:
    """The pipeline's chain for one operator account, its numbers in `registry`. No network is touched."""
    metrics = SenderMetrics(database, Line(deployment.chain_id, account.address), clock, registry)
    institutions = InstitutionRegistry(client, deployment.address("InstitutionRegistry"))
    sender = Sender(
        database,
        client,
        account,
        deployment.chain_id,
        engine_name=deployment.engine,
        validators=registry_validators(institutions),
        gas=GasQuota(institutions),
        start_block=deployment.deployed_at,
        clock=clock,
        limits=Limits(lease=lease),
        alarm=alarm,
        observe=metrics.note,
        crash_point=lambda name: crash_point(f"sender.{name}"),
    )
    documents = DocumentRegistry(client, deployment.address("DocumentRegistry"))
    return SenderChain(sender, documents, issuer, Finder(client, documents, issuer, deployment.deployed_at))


def _outcome(state: TransactionState) -> Outcome:
    if state.state is TxState.FAILED:
        name = getattr(state.error, "name", None) or type(state.error).__name__
        return RefusedOnChain(str(name))
    if state.state is not TxState.SETTLED:
        return Pending()
    assert state.transaction_hash is not None
    assert state.block_number is not None
    assert state.block_hash is not None
    assert state.block_time is not None
    return Settled(
        f"0x{state.transaction_hash.hex()}",
        state.block_number,
        f"0x{state.block_hash.hex()}",
        state.block_time,
    )
