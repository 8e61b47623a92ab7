"""The Python mirror and the contract: exactly these messages are accepted, each altered one is refused."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from chain.signing import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    InstitutionIdInvalid,
    RegistryDomain,
    digest,
    institution_id,
    sign_message,
    sign_possession,
)
from tests.contracts.frame import answer
from tests.contracts.institutions.keys import Purpose, test_key
from tests.contracts.institutions.world import (
    ANCHOR,
    ASSOCIATION,
    CITY,
    DAY,
    HOSPITAL,
    STATUS,
    Kind,
    World,
    fresh_account,
)

NEW = fresh_account(1)
KEY = test_key(1)
OTHER = fresh_account(2).address


def operator_terms() -> dict[str, Any]:
    return {"institution": HOSPITAL, "account": NEW.address, "roles": ANCHOR, "custodian": 0, "nonce": 0}


def institution_terms() -> dict[str, Any]:
    return {
        "institution_id": institution_id("krnpi:31100001"),
        "kind": Kind.PHARMACY,
        "voting": False,
        "admin": NEW.address,
        "validator": "0x" + "00" * 20,
        "sponsor": ASSOCIATION,
        "custodial": False,
        "nonce": 0,
    }


def key_terms(world: World) -> dict[str, Any]:
    return {
        "institution": HOSPITAL,
        "kid": KEY.kid,
        "purpose": Purpose.SIGN,
        "valid_from": world.now + 10 * DAY,
        "valid_until": world.now + 20 * DAY,
    }


def refused(world: World, message: SignableMessage, kind: str) -> str | None:
    """The name of the error that the contract gives for this message where the unaltered one would be right."""
    registry = world.registry
    if kind == "key":
        terms, proof = key_terms(world), sign_possession(KEY.private, message)
        times = terms["valid_from"], terms["valid_until"]
        arguments = (KEY.kid, *KEY.point, Purpose.SIGN, *times, *proof)
        found = answer(registry.addKey, *arguments, sender=world.admins[HOSPITAL])
    elif kind == "operator":
        arguments = (NEW.address, ANCHOR, 0, sign_message(NEW, message))
        found = answer(registry.addOperator, *arguments, sender=world.admins[HOSPITAL])
    else:
        number = institution_terms()["institution_id"]
        arguments = (number, NEW.address, False, sign_message(NEW, message))
        found = answer(registry.admitSponsored, *arguments, sender=world.admins[ASSOCIATION])
    return found.name if found else None


def message(
    world: World, kind: str, domain: RegistryDomain | None = None, /, **altered: Any
) -> SignableMessage:
    maker = domain or world.domain
    if kind == "key":
        return maker.key_possession(**{**key_terms(world), **altered})
    if kind == "operator":
        return maker.operator_acceptance(**{**operator_terms(), **altered})
    return maker.institution_acceptance(**{**institution_terms(), **altered})


KINDS = {"operator": "BadSignature", "institution": "BadSignature", "key": "PossessionNotProven"}
ALTERED = [
    ("operator", "institution", CITY),
    ("operator", "account", OTHER),
    ("operator", "roles", ANCHOR | STATUS),
    ("operator", "custodian", ASSOCIATION),
    ("operator", "nonce", 1),
    ("institution", "institution_id", institution_id("krnpi:31100002")),
    ("institution", "kind", Kind.HOSPITAL),
    ("institution", "voting", True),
    ("institution", "admin", OTHER),
    ("institution", "validator", OTHER),
    ("institution", "sponsor", 0),
    ("institution", "custodial", True),
    ("institution", "nonce", 1),
    ("key", "institution", CITY),
    ("key", "kid", test_key(2).kid),
    ("key", "purpose", Purpose.ENCRYPT),
    ("key", "valid_from", 0),
    ("key", "valid_until", 2**40 - 1),
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_message_is_accepted(world: World, kind: str) -> None:
    assert refused(world, message(world, kind), kind) is None


@pytest.mark.parametrize(("kind", "field", "value"), ALTERED)
def test_each_altered_field_is_refused(world: World, kind: str, field: str, value: Any) -> None:
    assert refused(world, message(world, kind, **{field: value}), kind) == KINDS[kind]


def test_every_field_is_altered_once(world: World) -> None:
    fields = {(kind, field) for kind, field, _ in ALTERED}
    every = {("operator", field) for field in operator_terms()}
    every |= {("institution", field) for field in institution_terms()}
    every |= {("key", field) for field in key_terms(world)}
    assert fields == every


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_for_another_chain_or_registry_is_refused(world: World, kind: str) -> None:
    for domain in (
        RegistryDomain(world.domain.chain_id + 1, world.domain.registry),
        RegistryDomain(world.domain.chain_id, OTHER),
    ):
        assert refused(world, message(world, kind, domain), kind) == KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("part", "value"), [("DOMAIN_NAME", "Saegim"), ("DOMAIN_VERSION", "2")])
def test_a_message_of_another_protocol_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, part: str, value: str
) -> None:
    monkeypatch.setattr(f"chain.signing.{part}", value)
    assert refused(world, message(world, kind), kind) == KINDS[kind]


def test_a_signature_over_the_digest_as_a_personal_message_is_refused(world: World, registry: Any) -> None:
    personal = encode_defunct(digest(message(world, "operator")))
    acceptance = bytes(Account.sign_message(personal, NEW.key).signature)
    found = answer(registry.addOperator, NEW.address, ANCHOR, 0, acceptance, sender=world.admins[HOSPITAL])
    assert found is not None
    assert found.name == "BadSignature"


def test_no_acceptance_is_used_twice(world: World, registry: Any) -> None:
    first = sign_message(NEW, message(world, "institution"))
    number = institution_terms()["institution_id"]
    admin = world.admins[ASSOCIATION]
    registry.admitSponsored(number, NEW.address, False, first, sender=admin)
    assert registry.nonces(NEW.address) == 1
    found = answer(registry.admitSponsored, number, NEW.address, False, first, sender=admin)
    assert found is not None
    assert found.name == "BadSignature"


def test_a_refused_acceptance_uses_up_no_nonce(world: World, registry: Any) -> None:
    with ape.reverts(registry.BadSignature):
        registry.addOperator(NEW.address, ANCHOR, 0, b"\1" * 65, sender=world.admins[HOSPITAL])
    assert registry.nonces(NEW.address) == 0


def test_the_contract_publishes_the_same_domain(world: World, registry: Any) -> None:
    published = registry.eip712Domain()
    assert (published.name, published.version) == (DOMAIN_NAME, DOMAIN_VERSION)
    assert (published.chainId, published.verifyingContract) == (world.domain.chain_id, registry.address)


@pytest.mark.parametrize("text", ["", "a b", "가", "x" * 33, "tab\t", "nul\0"])
def test_an_identifier_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(InstitutionIdInvalid):
        institution_id(text)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32))
def test_an_identifier_is_padded_on_the_right(text: str) -> None:
    assert institution_id(text).rstrip(b"\0").decode() == text
    assert len(institution_id(text)) == 32
