"""Light proofs, the header window and the validator trail on a QBFT network: one header does, sets are followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qbft_chain import QbftChain, commit, raw, with_extra
from sqlmodel import Session, SQLModel, create_engine
from synthetic import CONTRACTS, account, address
from test_light import KID, LEAF, ROOT, SUBJECT

from chain.clock import from_block_time
from chain.contracts.events import ValidatorSetChanged
from chain.db import table_of
from chain.engine import Finality
from chain.finality import SealFault
from chain.follower.projections.base import Occurrence
from chain.follower.tables import ValidatorSetRow
from chain.follower.validators import ValidatorTrail
from chain.headers import Header
from chain.light import Advance, LightProof, LightProofError, verify_light_proof
from chain.proofs import ChangeUnprovable, NotFinalYet
from chain.qbft import QbftEngine
from chain.qbft_extra import decode_extra
from chain.state import validator_set_hash
from chain.window import HeaderWindow


def anchored(validators: int = 5, **options) -> QbftChain:
    chain = QbftChain(validators, **options)
    chain.institution(1)
    chain.key(KID)
    chain.crowd(40)
    chain.mine(2)
    chain.anchor(1, ROOT)
    chain.mine()
    return chain


CHAIN = anchored()
TRUST = CHAIN.trust()
PROOF = CHAIN.prove(SUBJECT)


def code(proof, *, trust=TRUST, **options) -> str:
    with pytest.raises(LightProofError) as caught:
        verify_light_proof(trust, SUBJECT, proof, **options)
    return caught.value.code


def change(chain: QbftChain, numbers: Sequence[int], *, blocks: int = 3) -> None:
    """The registry's set changes in the next block, which the old set seals; from then on the new one does."""
    chain.register_change(chain.keys(numbers))
    chain.mine()
    chain.adopt_change()
    chain.mine(blocks)


def members(chain: QbftChain) -> tuple[bytes, ...]:
    return tuple(sorted(raw(key) for key in chain.validators))


# ---- forgeries


def test_a_header_with_one_seal_less():
    header = Header.from_rlp(PROOF.headers[0])
    extra = decode_extra(header.extra_data)
    fewer = with_extra(header, replace(extra, seals=extra.seals[1:]))
    assert code(replace(PROOF, headers=(fewer.rlp,))) == "too_few_seals"
    assert code(replace(PROOF, headers=())) == "empty_run"


@given(st.data())
def test_no_byte_can_be_changed_but_which_round_or_seals_show_it(data):
    """Every byte of the one header is sealed, or is part of a seal that counts."""
    header = bytearray(PROOF.headers[0])
    position = data.draw(st.integers(0, len(header) - 1))
    header[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LightProofError):
        verify_light_proof(TRUST, SUBJECT, replace(PROOF, headers=(bytes(header),)))


def test_foreign_validators_with_the_right_tag():
    forged = anchored()
    forged.validators = forged.registered = forged.keys(range(11, 16))
    forged.mine(3)
    assert forged.vanity == CHAIN.vanity
    assert code(forged.prove(SUBJECT, forged.trust())) == "foreign_sealer"


def test_a_rehearsal_network_with_the_same_validators():
    rehearsal = anchored(at=1_700_000_000)
    assert [address(key) for key in rehearsal.validators] == TRUST.checkpoint.validators
    with pytest.raises(NotFinalYet):
        rehearsal.prove(SUBJECT, TRUST)
    assert code(rehearsal.prove(SUBJECT)) == "wrong_vanity"


def test_a_third_of_the_members_cannot_make_up_a_state():
    chain = anchored()
    chain.mine(by=chain.validators[:3], state_root=b"\1" * 32)
    assert code(replace(PROOF, headers=(chain.head.rlp,))) == "too_few_seals"


def test_a_block_that_contradicts_the_checkpoint():
    number = verify_light_proof(TRUST, SUBJECT, PROOF).number
    checkpoint = {**TRUST.to_json()["checkpoint"], "number": number, "hash": "0x" + "12" * 32}
    assert code(PROOF, trust=CHAIN.trust(checkpoint=checkpoint)) == "wrong_checkpoint"


def test_the_same_block_under_other_seals_is_the_checkpoint_all_the_same():
    header = CHAIN.head
    other = commit(header, CHAIN.validators)
    assert other.rlp != header.rlp
    checkpoint = {**TRUST.to_json()["checkpoint"], "number": header.number, "hash": f"0x{header.hash.hex()}"}
    trust = CHAIN.trust(checkpoint=checkpoint)
    assert verify_light_proof(trust, SUBJECT, replace(PROOF, headers=(other.rlp,))).hash == header.hash


def test_a_clique_trust_file_does_not_take_it():
    assert code(PROOF, trust=CHAIN.trust(engine="clique")) == "seal_malformed"


# ---- changes of the set


def test_a_set_that_appointed_itself():
    chain = anchored()
    chain.register_change([account(f"thief-{i}") for i in range(5)])
    chain.adopt_change()
    chain.mine(10)
    own = chain.prove(SUBJECT, chain.trust())
    assert code(replace(own, advances=(Advance(2, members(chain)),))) == "change_not_strong"


def test_a_proof_signed_by_those_voted_out_alone():
    chain = anchored(6)
    trust, out = chain.trust(), chain.keys([1, 2])
    change(chain, [2, 3, 4, 5, 6])
    held = chain.prove(SUBJECT, trust)
    change(chain, [3, 4, 5, 6])
    honest = chain.prove(SUBJECT, trust, held=held)
    assert verify_light_proof(trust, SUBJECT, honest).epoch == 3
    chain.mine(by=out)
    for advances in (honest.advances, honest.advances[:1], ()):
        forged = replace(honest, headers=(chain.head.rlp,), advances=advances)
        assert code(forged, trust=trust) in {"foreign_sealer", "too_few_seals", "change_not_strong"}


def test_a_change_left_out_or_made_up():
    chain = anchored()
    change(chain, [1, 2, 3, 4, 6])
    (new,) = [key for key in chain.validators if key not in CHAIN.validators]
    chain.mine(by=[new, *(key for key in chain.validators if key is not new)])
    proof = chain.prove(SUBJECT, TRUST)
    assert code(replace(proof, advances=())) == "foreign_sealer"
    thieves = tuple(sorted(bytes([i]) * 20 for i in range(1, 6)))
    assert (
        code(replace(proof, advances=(replace(proof.advances[0], validators=thieves),)))
        == "wrong_validator_set"
    )


def test_too_few_of_the_old_set_left_to_endorse_a_jump():
    chain = anchored()
    change(chain, [1, 2, 3, 6, 7], blocks=12)
    with pytest.raises(ChangeUnprovable):
        chain.prove(SUBJECT, TRUST)


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4], [1, 2, 3, 4, 6]])
def test_an_honest_change_is_followed(numbers):
    chain = anchored()
    change(chain, numbers)
    state = verify_light_proof(TRUST, SUBJECT, chain.prove(SUBJECT, TRUST), at_least=Finality.STRONG)
    assert (state.epoch, state.finality.validators) == (2, len(numbers))
    assert verify_light_proof(chain.trust(), SUBJECT, chain.prove(SUBJECT, TRUST)).epoch == 2


def test_added_then_removed_is_followed_from_the_old_file():
    chain = anchored()
    change(chain, [1, 2, 3, 4, 5, 6])
    held = chain.prove(SUBJECT, TRUST)
    change(chain, [2, 3, 4, 5, 6], blocks=6)
    assert verify_light_proof(TRUST, SUBJECT, chain.prove(SUBJECT, TRUST)).epoch == 3
    later = chain.prove(SUBJECT, TRUST, held=held)
    assert [advance.epoch for advance in later.advances] == [2, 3]
    assert verify_light_proof(TRUST, SUBJECT, later).epoch == 3


# ---- what an honest proof shows


def test_one_header_is_strong():
    state = verify_light_proof(TRUST, SUBJECT, PROOF, at_least=Finality.STRONG)
    assert len(PROOF.headers) == 1
    assert (state.number, state.hash) == (CHAIN.head.number, CHAIN.head.hash)
    assert (state.finality.level, state.finality.distinct) == (Finality.STRONG, 4)
    assert state.proves
    assert state.batch is not None
    assert state.end.leaf == LEAF
    packed = cbor2.dumps(PROOF.to_plain(), canonical=True)
    assert verify_light_proof(TRUST, SUBJECT, LightProof.from_plain(cbor2.loads(packed))) == state


# ---- those who follow


@pytest.fixture
def session() -> Iterator[Session]:
    db = create_engine("sqlite://")
    SQLModel.metadata.create_all(db, tables=[table_of(ValidatorSetRow)])
    with Session(db) as opened:
        yield opened
    db.dispose()


class Source:
    """The chain as a follower's client gives it."""

    def __init__(self, chain: QbftChain) -> None:
        self.chain = chain

    def head(self) -> Header:
        return self.chain.head

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        return [self.chain.blocks[number] for number in numbers]


def test_the_window_calls_a_block_strong_as_soon_as_it_is_there():
    chain = anchored()
    window = HeaderWindow(
        Source(chain), QbftEngine(chain.vanity), lambda: ([address(k) for k in chain.validators],)
    )
    for _ in range(6):
        window.sync()
        assert (window.settled, window.strong, window.fault) == (chain.head.number, chain.head.number, None)
        chain.mine()


def test_the_window_counts_nothing_that_too_few_sealed():
    chain = anchored()
    window = HeaderWindow(
        Source(chain), QbftEngine(chain.vanity), lambda: ([address(k) for k in chain.validators],)
    )
    window.sync()
    chain.mine(by=chain.validators[:3])
    window.sync()
    assert window.strong == chain.head.number - 1
    assert window.fault is not None
    assert window.fault.fault is SealFault.TOO_FEW_SEALS


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4], [1, 2, 3, 6, 7]])
def test_a_follower_goes_over_to_the_new_set_in_the_next_block(numbers, session: Session):
    """Block n, sealed by the old set, writes the new one; block n + 1 is already sealed by it."""
    chain = anchored()
    source = Source(chain)
    trail = ValidatorTrail(QbftEngine(chain.vanity), (1, [address(key) for key in chain.validators]))
    trail.load(session)
    window = HeaderWindow(source, QbftEngine(chain.vanity), trail)
    window.sync()
    chain.register_change(chain.keys(numbers))
    made = chain.mine()
    trail.note(session, [changed(chain, made)])
    chain.adopt_change()
    for _ in range(3):
        window.sync()
        if trail.advance(session, source, chain.head.number):
            window.judge()
        assert (window.strong, window.fault) == (chain.head.number, None)
        chain.mine()
    assert (trail.epoch, len(trail.current)) == (2, len(numbers))


def changed(chain: QbftChain, block: Header) -> Occurrence:
    names = tuple(address(key) for key in chain.registered)
    event = ValidatorSetChanged(chain.epoch, validator_set_hash(names), names)
    time = from_block_time(block.time)
    return Occurrence(event, CONTRACTS["InstitutionRegistry"], block.number, block.hash, time, bytes(32), 0)
