"""What the random steps are about: terms of proposals, and whom and what they pick."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chain.signing import institution_id, sign_message
from tests.contracts.institutions.machine_base import KEYS, PEOPLE, SILENT, SideBySide
from tests.contracts.institutions.model_records import NO_KEY, NOBODY
from tests.contracts.institutions.world import (
    ADMIN,
    ASSOCIATION,
    DAY,
    Action,
    Kind,
    Standing,
    payload,
    validator,
)

NUMBERS = tuple(f"krnpi:9110000{number}" for number in range(6))
SEALING = tuple(validator(number) for number in (20, 21, 22, 1, 4, 5))
VOTABLE = [action for action in Action if action is not Action.SET_CONTRACT]
"""The directory has no part in the other rules; test_directory.py is about it."""
Put = tuple[tuple[Any, ...], bytes]
"""What is put to the vote, as the model takes it and as the contract does."""

people = st.sampled_from([account.address for account in PEOPLE])
backs = st.sampled_from([5, 0, DAY, 29 * DAY, 31 * DAY, -10])


class Terms(SideBySide):
    """Picks that mostly make sense in the model's present state, and sometimes do not."""

    # --------------------------------------------------------------------------------------------------- picks

    def some_index(self, data: st.DataObject) -> int:
        """An institution; rarely one that does not exist."""
        return data.draw(st.integers(1, len(self.model.institutions) + 1))

    def some_pharmacy(self, data: st.DataObject) -> int:
        sponsored = [index for index, found in self.model.institutions.items() if found.sponsor]
        return data.draw(st.sampled_from([*sponsored, *sponsored, 1, len(self.model.institutions) + 1]))

    def some_proposal(self, data: st.DataObject) -> int:
        """One of the latest three; rarely one that does not exist."""
        count = len(self.model.proposals)
        return max(count + 1 - data.draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0])), 0)

    def open_recoveries(self) -> list[int]:
        return [
            number
            for number, made in enumerate(self.model.proposals, start=1)
            if made.action is Action.RECOVER_ADMIN and not made.executed
        ]

    def somebodys_operator(self, data: st.DataObject) -> tuple[str, str]:
        """An account and an ADMIN of its institution; sometimes of another one."""
        account = data.draw(st.sampled_from([*self.model.operators, PEOPLE[-1].address]))
        index = self.model.operator(account).institution
        return self.admin_of(self.mostly(data, index)), account

    def somebodys_key(self, data: st.DataObject) -> tuple[str, bytes]:
        kid = data.draw(st.sampled_from([*self.model.keys, KEYS[-1].kid]))
        index = self.model.keys[kid].institution if kid in self.model.keys else 1
        return self.admin_of(self.mostly(data, index)), kid

    def mostly(self, data: st.DataObject, index: int) -> int:
        return index if data.draw(st.integers(0, 5)) else self.some_index(data)

    # --------------------------------------------------------------------------------------------------- terms

    def terms(self, data: st.DataObject, action: Action) -> Put:
        """Terms of a proposal."""
        if action is Action.ADMIT:
            return self.admission(data)
        if action is Action.RECOVER_ADMIN:
            return self.recovery(data)
        values = {
            Action.SET_STANDING: self.standing,
            Action.SET_VOTING: self.voting,
            Action.SET_VALIDATOR: self.validator,
            Action.SET_SUCCESSOR: self.successor,
            Action.BACKDATE: self.backdating,
            Action.SET_SPONSOR_LIMIT: self.limit,
        }[action](data)
        return values, payload(action, *values)

    def standing(self, data: st.DataObject) -> tuple[Any, ...]:
        standing = data.draw(st.sampled_from([2, 1, 3, 4]))
        doubt = self.model.now - data.draw(backs) if standing == Standing.EXPELLED else 0
        return self.some_index(data), Standing(standing), doubt

    def voting(self, data: st.DataObject) -> tuple[Any, ...]:
        index = self.some_index(data)
        voting = index not in self.model.voters if data.draw(st.integers(0, 5)) else data.draw(st.booleans())
        return index, voting, data.draw(st.sampled_from(SEALING)) if voting else NOBODY

    def validator(self, data: st.DataObject) -> tuple[Any, ...]:
        return self.some_index(data), data.draw(st.sampled_from((*SEALING, PEOPLE[0].address)))

    def successor(self, data: st.DataObject) -> tuple[Any, ...]:
        gone = [
            index for index, found in self.model.institutions.items() if found.standing >= Standing.RETIRED
        ]
        return data.draw(st.sampled_from([*gone, 1])), self.some_index(data)

    def backdating(self, data: st.DataObject) -> tuple[Any, ...]:
        since = self.model.now - data.draw(backs)
        if data.draw(st.booleans()):
            return NOBODY, data.draw(st.sampled_from([*self.model.keys, KEYS[-1].kid])), since
        accounts = [account for account in self.model.operators if account not in SILENT]
        return data.draw(st.sampled_from([*accounts, PEOPLE[-1].address])), NO_KEY, since

    def limit(self, data: st.DataObject) -> tuple[Any, ...]:
        return data.draw(st.sampled_from([ASSOCIATION, ASSOCIATION, 1])), data.draw(st.integers(0, 2))

    def admission(self, data: st.DataObject) -> Put:
        number, admin = data.draw(st.sampled_from(NUMBERS)), data.draw(people)
        kind, voting = data.draw(st.sampled_from(list(Kind))), data.draw(st.booleans())
        seals = data.draw(st.sampled_from(SEALING)) if voting else NOBODY
        nonce = self.model.nonces.get(admin, 0)
        message = self.world.domain.institution_acceptance(
            institution_id=institution_id(number),
            kind=kind,
            admin=admin,
            nonce=nonce,
            voting=voting,
            validator=seals,
        )
        common = (institution_id(number), kind, voting, admin, seals)
        acceptance = sign_message(self.signers[admin], message)
        return (*common, nonce), payload(Action.ADMIT, *common, acceptance)

    def recovery(self, data: st.DataObject) -> Put:
        index, admin = self.some_index(data), data.draw(people)
        mine = [account for account, found in self.model.operators.items() if found.institution == index]
        revoked = data.draw(st.lists(st.sampled_from(mine or [NOBODY]), unique=True, max_size=2))
        if not data.draw(st.integers(0, 9)):
            revoked.append(PEOPLE[0].address)
        nonce = self.model.nonces.get(admin, 0)
        message = self.world.domain.operator_acceptance(
            institution=index, account=admin, roles=ADMIN, nonce=nonce
        )
        common = (index, admin, revoked)
        acceptance = sign_message(self.signers[admin], message)
        return (*common, nonce), payload(Action.RECOVER_ADMIN, *common, acceptance)
