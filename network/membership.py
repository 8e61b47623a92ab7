"""Taking a validator into a local network and voting one out.

The registry decides, by the votes of the members' development keys; the watch agents make Clique follow. What a
real network does with its members' own tools takes the same proposals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from eth_abi.abi import encode

from chain.signing import NO_ACCOUNT
from network.creation import MOST, add_validator_folder, advice
from network.decisions import Decisions
from network.enrol import voting_admins
from network.errors import NetworkError, UnknownValidator, ValidatorCountRefused
from network.folder import PLAN, locked
from network.local import LocalNetwork
from network.manifest import ValidatorEntry
from network.plan import EnrolmentPlan, InstitutionPlan
from network.ports import choose_ports
from network.registry import Action, Registry
from network.settle import admitted, enrolment, quiet, renew_trust_file
from network.site import Site
from network.transact import Transactor
from network.waiting import wait_for

Say = Callable[[str], None]

FOLLOW_SECONDS = 120.0
"""A majority of the signers must see the registry's change settled, and each then seal a block with its vote."""


class NobodyLeft(NetworkError):
    """Every institution of the enrolment file that can have a validator has one."""

    def __init__(self, plan: str) -> None:
        super().__init__(f"every institution with a validator in {plan} seals already: add another there")
        self.plan = plan


class Membership:
    """Changes of the validator set of a running local network."""

    def __init__(self, network: LocalNetwork, *, say: Say = quiet) -> None:
        self._network = network
        self._say = say
        self._transactor: Transactor = network.site.transactor()
        address = network.deployment.address("InstitutionRegistry")
        self._registry = Registry(self._transactor.client, address)
        # All institutions of the file as they stand there, whatever number of validators it began with.
        self._plan = EnrolmentPlan.load(network.folder / PLAN).model_copy(
            update={"chain_id": network.chain_id}
        )

    def add(self, institution: str | None = None) -> ValidatorEntry:
        """Give `institution`, or the next one of the file that has none, a validator that seals.

        Raises NobodyLeft, ValidatorCountRefused (never more than six), TransactionFailed, ConditionNotMet.
        """
        count = len(self._registry.validators())
        if count >= MOST:
            raise ValidatorCountRefused(count + 1)
        chosen = self._choose(institution)
        hint = advice(count + 1)
        if hint:
            self._say(hint)
        entry = self._run_node(chosen)
        self._say(f"{entry.name} of {chosen.name} runs; the members vote")
        self._admit(chosen)
        self._follow()
        return entry

    def vote_out(self, index: int) -> None:
        """Take the vote and the seal from the institution of validator `index`. Its node goes on without.

        Raises UnknownValidator, TransactionFailed (the registry keeps at least three), ConditionNotMet.
        """
        entry = self._network.manifest.validator(index)
        if entry.address not in self._registry.validators():
            raise UnknownValidator(f"{entry.name} in the registry's set", self._registry.validators())
        institution = self._plan.institution(entry.institution)
        self._set_voting(institution, None, f"{institution.name}: no vote and no validator any more")
        self._follow()

    # --- Steps ---------------------------------------------------------------------------------------

    def _choose(self, name: str | None) -> InstitutionPlan:
        sealing = set(self._registry.validators())
        entries = {entry.institution: entry.address for entry in self._network.manifest.validators}
        for institution in self._plan.institutions:
            wanted = name is None or institution.name == name
            if wanted and institution.voting and entries.get(institution.name) not in sealing:
                return institution
        raise NobodyLeft(PLAN)

    def _run_node(self, institution: InstitutionPlan) -> ValidatorEntry:
        """The institution's node, made if it has none, started if it does not run."""
        network = self._network
        known = [entry for entry in network.manifest.validators if entry.institution == institution.name]
        with locked(network.folder):
            if known:
                entry = known[0]
            else:
                (port,) = choose_ports(1, taken=network.manifest.used_ports())
                entry = add_validator_folder(
                    network.folder, network.manifest, institution, geth=network.geth, rpc_port=port
                )
                network.manifest.save(network.folder)
            node = network.node(entry.index)
            if node.daemon.pid() is None:
                network.start_nodes([node])
        return entry

    def _admit(self, institution: InstitutionPlan) -> None:
        """Into the registry: with its vote if it is a member, by admission if it is not; then its operators."""
        if self._registry.index_of(institution.chain_id_bytes):
            what = f"{institution.name}: vote and validator"
            self._set_voting(institution, self._address(institution), what)
        others = admitted(self._plan, self._registry).institutions
        institutions = [institution, *(one for one in others if one.name != institution.name)]
        plan = self._plan.model_copy(update={"institutions": institutions})
        enrolment(self._site(), self._transactor, plan, say=self._say).run()

    def _set_voting(self, institution: InstitutionPlan, validator: str | None, what: str) -> None:
        index = self._registry.index_of(institution.chain_id_bytes)
        payload = encode(
            ("uint32", "bool", "address"), (index, validator is not None, validator or NO_ACCOUNT)
        )
        admins = voting_admins(self._plan, self._registry, self._network.keys)
        decisions = Decisions(self._registry, self._transactor, admins, say=self._say)
        decisions.carry(Action.SET_VOTING, payload, what)

    def _follow(self) -> None:
        """Wait until Clique's signers are the registry's validators, and renew the trust file."""
        self._network.start_watch()
        wait_for("the signers to follow the registry", self._equal, seconds=FOLLOW_SECONDS, every=0.5)
        renew_trust_file(self._site(), self._transactor)

    def _equal(self) -> bool:
        truth = {address.lower() for address in self._registry.validators()}
        nodes = self._network.running
        return all(set(node.ipc.call("clique_getSigners")) == truth for node in nodes)

    def _site(self) -> Site:
        return replace(self._network.site, plan=self._plan)

    def _address(self, institution: InstitutionPlan) -> str:
        assert institution.validator is not None
        return str(self._network.keys.account(institution.validator.key).address)
