"""Writing the trust file: a checkpoint that can no longer be reversed, and the members' signatures."""

from __future__ import annotations

from pathlib import Path

from chain.client import ChainClient
from chain.deployment import Deployment
from chain.engine import MAX_RUN, Engine, Finality, SealRefused, engine_for
from chain.headers import Header
from chain.trust import (
    Checkpoint,
    Contracts,
    InstitutionName,
    Member,
    TrustFile,
    sign_trust_file,
)
from network.acceptances import address_of
from network.genesis import vanity_tag
from network.keys import KeyRing
from network.plan import EnrolmentPlan, InstitutionPlan
from network.registry import Registry
from network.waiting import wait_for


def make_trust_file(
    client: ChainClient, deployment: Deployment, plan: EnrolmentPlan, ring: KeyRing, *, patience: float = 60.0
) -> TrustFile:
    """A trust file with a fresh checkpoint, signed by every voting member whose admin key is at hand.

    On a real network each member runs it with the *same* checkpoint file and adds its signature with
    `sign_with_ring`. Raises ConditionNotMet if no block becomes strong in time, ChainError.
    """
    registry = Registry(client, deployment.address("InstitutionRegistry"))
    vanity = vanity_tag(deployment.genesis_hash)
    engine = engine_for(deployment.engine, vanity=vanity.encode("ascii"))
    found = {registry.index_of(one.chain_id_bytes): one for one in plan.institutions}
    found.pop(0, None)
    voting = [index for index in registry.voting_members() if index in found]
    trust = TrustFile(
        version=1,
        chain_id=deployment.chain_id,
        engine=deployment.engine,
        genesis_hash=deployment.genesis_hash,
        vanity=vanity,
        contracts=Contracts.model_validate({name: deployment.address(name) for name in _CONTRACTS}),
        institutions=[_named(index, one) for index, one in sorted(found.items())],
        members=[Member(institution=n, admin=address_of(found[n].admin, ring)) for n in voting],
        checkpoint=wait_for(
            "a block that can no longer be reversed",
            lambda: _checkpoint(client, registry, engine, deployment.deployed_at),
            seconds=patience,
        ),
    )
    return sign_with_ring(trust, plan, ring)


def _named(index: int, one: InstitutionPlan) -> InstitutionName:
    return InstitutionName(
        index=index, id=one.id, kind=one.kind.value, name_ko=one.name_ko, name_en=one.name_en
    )


def sign_with_ring(trust: TrustFile, plan: EnrolmentPlan, ring: KeyRing) -> TrustFile:
    """The file with a signature of each of its members whose admin key is at hand."""
    admins = {member.admin: member.institution for member in trust.members}
    for institution in plan.institutions:
        if institution.admin.key not in ring:
            continue
        account = ring.account(institution.admin.key)
        if account.address in admins:
            trust = sign_trust_file(trust, bytes(account.key), admins[account.address])
    return trust


def needs_renewal(path: Path, deployment: Deployment, registry: Registry) -> bool:
    """Whether there is no trust file, or it is of another deployment or of an earlier validator set."""
    if not path.exists():
        return True
    held = TrustFile.load(path)
    return (
        held.genesis_hash != deployment.genesis_hash
        or held.contracts.institution_registry != deployment.address("InstitutionRegistry")
        or held.checkpoint.epoch != registry.validator_epoch()
    )


_CONTRACTS = ("InstitutionRegistry", "DocumentRegistry", "TransferLedger")


def _checkpoint(client: ChainClient, registry: Registry, engine: Engine, lowest: int) -> Checkpoint | None:
    """The newest strong block not below `lowest`, None while there is none.

    Its validator set must still be in force at the head, or the following headers belong to another set.
    """
    head = client.head()
    epoch = registry.validator_epoch(block=head.number)
    validators = registry.validators(block=head.number)
    first = max(lowest, head.number - 4 * len(validators))
    run = client.headers(list(range(first, head.number + 1)))[-MAX_RUN:]
    for place in range(len(run) - 1, -1, -1):
        if not _is_strong(engine, run[place:], validators):
            continue
        block = run[place]
        if registry.validator_epoch(block=block.number) != epoch:
            return None
        return Checkpoint(
            number=block.number,
            hash="0x" + block.hash.hex(),
            time=block.time,
            epoch=epoch,
            validators=validators,
        )
    return None


def _is_strong(engine: Engine, run: list[Header], validators: list[str]) -> bool:
    try:
        return engine.finality(run, validators).level >= Finality.STRONG
    except SealRefused:
        return False
