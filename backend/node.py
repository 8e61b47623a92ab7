"""This institution's own view of the chain: registered keys, fresh proofs, and whether the node can be believed now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from threading import Lock
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric import ec

from backend.config import Settings
from backend.errors import SaegimError
from backend.web.i18n import N_
from chain.client import ChainClient
from chain.clock import Clock, from_block_time
from chain.contracts import InstitutionRegistry
from chain.contracts.vocabulary import KeyPurpose
from chain.deployment import Deployment, DeploymentUnreadable
from chain.engine import Finality
from chain.errors import ChainError, MethodMissing
from chain.light import LightProof, LightProofError, ProofSubject
from chain.p256 import NotAKid, kid_from_text
from chain.proofs import NotFinalYet, build_light_proof
from chain.trust import TrustError, TrustFile

HEAD_FRESH = timedelta(seconds=10)
"""A head older than this says that the node does not follow the chain now (design section 5)."""

LOOK = 2.0
"""Seconds that one node may take to be compared with the others: two questions fit into a scrape."""


class NodeConfigInvalid(Exception):
    """The deployment or trust file cannot be used; the message says which and why."""


class NodeNotUsable(SaegimError):
    """The own node does not answer, lags, or contradicts itself. Nothing was decided; ask again later."""

    status: ClassVar[int] = 503
    message = N_("지금은 블록체인 노드가 답하지 않습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 요청하신 내용은 바뀌지 않았습니다.")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class UnknownKey(LookupError):
    """No Sign key with this `kid` is registered on chain."""


class OwnNode:
    """The node(s) of this institution. Thread-safe; opening it asks nothing of the network."""

    def __init__(self, client: ChainClient, deployment: Deployment, trust: TrustFile, clock: Clock) -> None:
        self.client = client
        self.deployment = deployment
        self.trust = trust
        self._clock = clock
        self._registry = InstitutionRegistry(client, deployment.address("InstitutionRegistry"))
        self._singles: tuple[ChainClient, ...] = ()
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Self:
        """From the deployment and trust files of the settings.

        Raises:
            NodeConfigInvalid: a file is missing or wrong, or no node address is known.
        """
        try:
            deployment = Deployment.load(settings.deployment_file)
            trust = TrustFile.load(settings.trust_file)
            trust.verify(clock())
        except (DeploymentUnreadable, TrustError) as error:
            raise NodeConfigInvalid(str(error)) from error
        urls = settings.node_urls or deployment.rpc_urls
        if not urls:
            raise NodeConfigInvalid("SAEGIM_BACKEND_NODE_URLS: give the address of the own node")
        timeout = settings.node_timeout.total_seconds()
        client = ChainClient(urls, timeout=timeout, chain_id=deployment.chain_id)
        node = cls(client, deployment, trust, clock)
        quick = min(timeout, LOOK)
        node._singles = tuple(
            ChainClient([url], timeout=quick, chain_id=deployment.chain_id) for url in dict.fromkeys(urls)
        )
        return node

    def sources(self) -> Sequence[ChainClient]:
        """Each of the own nodes by itself, to be compared with the others."""
        return self._singles or (self.client,)

    def signing_key(self, kid: str) -> ec.EllipticCurvePublicKey:
        """The public key registered under `kid` (base64url thumbprint). A key's point never changes, so it is kept.

        Raises:
            UnknownKey: none is, or it is not for signing.
            NodeNotUsable: the node cannot be asked.
        """
        with self._lock:
            known = self._keys.get(kid)
        if known is not None:
            return known
        found = self._ask_key(kid)
        with self._lock:
            self._keys[kid] = found
        return found

    def _ask_key(self, kid: str) -> ec.EllipticCurvePublicKey:
        try:
            raw = kid_from_text(kid)
        except NotAKid as error:
            raise UnknownKey(kid) from error
        try:
            registered = self._registry.key(raw)
            point = self._registry.public_key(raw)
        except ChainError as error:
            raise NodeNotUsable(error.code) from error
        if registered is None or point is None or registered.purpose is not KeyPurpose.SIGN:
            raise UnknownKey(kid)
        x, y = (int.from_bytes(part, "big") for part in point)
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    def prove(self, subject: ProofSubject, held: LightProof | None) -> LightProof | None:
        """A light proof made now: strong, or settled while validators are missing. None on a node that can prove
        nothing (the Hardhat development node): a reader then has to ask a node.

        Args:
            held: an earlier proof, for changes of the validator set that a node can no longer prove.

        Raises:
            NodeNotUsable: no proof can be had from the node now.
        """
        try:
            try:
                return build_light_proof(self.client, self.trust, subject, held=held)
            except NotFinalYet:
                return build_light_proof(
                    self.client, self.trust, subject, held=held, at_least=Finality.SETTLED
                )
        except MethodMissing as error:
            if self.trust.engine_rules().proves:
                raise NodeNotUsable(error.code) from error
            return None
        except (ChainError, LightProofError) as error:
            raise NodeNotUsable(error.code) from error

    def state(self) -> str:
        """`ok`, `behind` (head older than 10 s) or `unreachable`."""
        try:
            head = self.client.head()
        except ChainError:
            return "unreachable"
        age = self._clock() - from_block_time(head.time)
        return "ok" if age <= HEAD_FRESH or self.deployment.engine == "dev" else "behind"

    def close(self) -> None:
        for client in (self.client, *self._singles):
            client.close()
