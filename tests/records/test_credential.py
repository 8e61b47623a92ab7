"""Records as credentials: issued, shown in part, verified, and read back as records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel

from bench.samples import SAMPLES, diagnosis
from records.credential import (
    CredentialError,
    IssuedCredential,
    Issuer,
    IssuerKey,
    PathUnknown,
    PresentationIncomplete,
    issue,
    issuer_chain,
    issuer_index,
    present,
    present_bound,
    verify,
)
from records.issuer import TYPE
from records.kinds import KINDS, Diagnoses, Receipt, Receiver, Record, parse
from records.layout import hideable, plan_of
from records.partial import HIDDEN, disclosed, hidden_fields, is_hidden
from records.sdjwt import errors
from records.sdjwt.jose import b64decode, b64encode, digest, from_json, sign, split_jws, to_json
from records.sdjwt.keybinding import ExpectedBinding

Keys = Callable[[str], ec.EllipticCurvePublicKey]
Issued = Callable[..., IssuedCredential]


def payload_of(jwt: str) -> dict[str, Any]:
    return split_jws(jwt, "JWT")[1]


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("full", [False, True])
def test_a_record_comes_back_as_it_went(
    kind: str, full: bool, issued: Issued, sample: Callable[..., Record], keys: Keys, now: datetime
) -> None:
    verified = verify(issued(kind, full=full).compact, keys, now=now)
    assert verified.record == sample(kind, full=full) or kind == "diagnosis"
    assert disclosed(verified.record) == disclosed(sample(kind, full=full))
    assert verified.kind.name == kind
    assert verified.iat == now
    assert verified.issuer_index == 1
    assert verified.hidden == ({"diagnoses.*"} if kind == "diagnosis" else set())


def test_the_digest_is_that_of_the_jwt_alone(issued: Issued, keys: Keys, now: datetime) -> None:
    credential = issued("receipt")
    assert credential.digest == hashlib.sha256(credential.jwt.encode()).digest()
    assert credential.compact.startswith(credential.jwt + "~")
    assert "~" not in credential.jwt
    less = present(credential.compact, show=[])
    assert verify(less, keys, now=now).digest == credential.digest


def test_the_header_names_type_algorithm_and_key_only(issued: Issued, key: IssuerKey) -> None:
    header = split_jws(issued("visit").jwt, "JWT")[0]
    assert header == {"alg": "ES256", "kid": key.kid, "typ": TYPE}


def test_what_is_visible_is_what_the_kind_says(issued: Issued) -> None:
    for kind in KINDS.values():
        text = json.dumps(payload_of(issued(kind.name, full=True).jwt), ensure_ascii=False)
        assert "홍길동" not in text
        assert "00012345" not in text
        assert kind.vct in text
        assert "서울시 샘플의료원" in text
    receipt = payload_of(issued("receipt").jwt)
    assert {"total", "totals", "due", "paid", "patient_total", "insurer_total", "kind"} <= receipt.keys()
    assert "exp" not in receipt


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_filled_and_an_empty_field_cannot_be_told_apart(kind: str, issued: Issued) -> None:
    def shape(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: len(node[name]) if name == "_sd" else shape(node[name]) for name in sorted(node)}
        return None

    one, other = payload_of(issued(kind).jwt), payload_of(issued(kind, full=True).jwt)
    assert shape(one) == shape(other)


@pytest.mark.parametrize("count", range(1, 10))
def test_the_number_of_diagnoses_is_padded(
    count: int, key: IssuerKey, issuer: Issuer, keys: Keys, now: datetime
) -> None:
    entries = [
        {"code": f"A0{at}", "name": f"진단 {at}", "rank": "sub" if at else "main", "certainty": "confirmed"}
        for at in range(count)
    ]
    record = parse("diagnosis", diagnosis() | {"diagnoses": entries})
    credential = issue(record, issuer=issuer, key=key, iat=now)
    assert len(payload_of(credential.jwt)["diagnoses"]) % 4 == 0
    read = verify(credential.compact, keys, now=now).record
    assert isinstance(read, Diagnoses)
    assert [each.code for each in read.diagnoses] == [f"A0{at}" for at in range(count)]


def test_two_copies_of_a_document_share_no_salt_digest_or_signature(issued: Issued) -> None:
    one, other = issued("receipt"), issued("receipt")
    assert not set(one.disclosures) & set(other.disclosures)
    assert one.digest != other.digest
    salts = [from_json(b64decode(each, "d"), "d")[0] for each in (*one.disclosures, *other.disclosures)]
    assert len(set(salts)) == len(salts)
    assert all(len(b64decode(salt, "salt")) == 16 for salt in salts)


def test_digests_stand_in_an_order_that_says_nothing(issued: Issued) -> None:
    payload = payload_of(issued("receipt").jwt)
    assert payload["_sd"] == sorted(payload["_sd"])
    assert payload["patient"]["_sd"] == sorted(payload["patient"]["_sd"])


def test_no_field_collides_with_a_claim_of_the_credential() -> None:
    taken = {
        "iss",
        "iat",
        "exp",
        "nbf",
        "vct",
        "kind",
        "cnf",
        "sub",
        "aud",
        "jti",
        "status",
        "_sd",
        "_sd_alg",
    }
    for kind in KINDS.values():
        assert not taken & {field.name for field in plan_of(kind.model)}


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for inner in (info.annotation, *get_args(info.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models_in(inner)


def test_every_field_has_a_label_in_both_languages() -> None:
    for kind in KINDS.values():
        for model in models_in(kind.model):
            for field in plan_of(model):
                assert field.label.ko, field
                assert field.label.en, field


def test_a_hidden_field_is_marked_and_the_rest_is_typed(issued: Issued, keys: Keys, now: datetime) -> None:
    shown = present(issued("receipt").compact, hide=["patient.name", "department", "rows.3"])
    verified = verify(shown, keys, now=now)
    record = verified.record
    assert isinstance(record, Receipt)
    assert verified.hidden == {"patient.name", "department", "rows.*"}
    assert record.patient.name is HIDDEN
    assert is_hidden(record.department)
    assert record.patient.number == "00012345"
    assert len(record.rows) == 28
    assert hidden_fields(record) == {"patient.name", "department"}
    assert "name" not in disclosed(record)["patient"]
    assert "홍길동" not in shown + str(verified.claims)


def test_hidden_is_not_empty(issued: Issued, keys: Keys, now: datetime) -> None:
    record = verify(present(issued("receipt").compact, hide=["drg"]), keys, now=now).record
    assert isinstance(record, Receipt)
    assert record.drg is HIDDEN
    assert record.ward is None


def test_show_keeps_only_what_it_names(issued: Issued, keys: Keys, now: datetime) -> None:
    compact = issued("receipt").compact
    verified = verify(present(compact, show=["patient.name", "rows"]), keys, now=now)
    shown = set(hideable(verified.kind.model)) - verified.hidden
    assert shown == {"patient.name", "rows"}
    assert verify(present(compact, show=["patient"]), keys, now=now).record.model_fields_set >= {"patient"}
    assert present(compact) == compact


def test_presenting_twice_only_takes_away(issued: Issued, keys: Keys, now: datetime) -> None:
    once = present(issued("receipt").compact, hide=["patient.name"])
    twice = present(once, hide=["rows"])
    assert verify(twice, keys, now=now).hidden == {"patient.name", "rows.*"}


@pytest.mark.parametrize(
    "path", ["", "nothing", "patient.rrn", "rows.29", "rows.-1", "total", "iss", "patient.name.x", "..."]
)
def test_a_path_to_nothing_is_refused(path: str, issued: Issued) -> None:
    with pytest.raises(PathUnknown):
        present(issued("receipt").compact, hide=[path])
    with pytest.raises(PathUnknown):
        present(issued("receipt").compact, show=[path])


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("receiver", Receiver)
def test_each_receiver_must_see_what_its_kind_lists(
    kind: str, receiver: Receiver, issued: Issued, keys: Keys, now: datetime
) -> None:
    compact = issued(kind, full=True).compact
    must_see = next(each for each in KINDS.values() if each.name == kind).must_see[receiver]
    least = present(compact, show=[path.removesuffix(".+") for path in must_see], receiver=receiver)
    assert verify(least, keys, now=now, receiver=receiver)
    for path in must_see:
        bare = path.removesuffix(".+")
        with pytest.raises(PresentationIncomplete) as caught:
            present(compact, hide=[bare], receiver=receiver)
        assert caught.value.missing == (path,)
        with pytest.raises(PresentationIncomplete):
            verify(present(compact, hide=[bare]), keys, now=now, receiver=receiver)


def test_one_missing_row_is_enough_to_refuse_a_claim(issued: Issued) -> None:
    with pytest.raises(PresentationIncomplete) as caught:
        present(issued("receipt").compact, hide=["rows.5"], receiver=Receiver.INSURER)
    assert caught.value.missing == ("rows",)


def test_a_patient_may_leave_out_a_secondary_diagnosis(issued: Issued, keys: Keys, now: datetime) -> None:
    shown = present(issued("diagnosis").compact, hide=["diagnoses.2"], receiver=Receiver.INSURER)
    assert "상세불명의 위염" not in str(verify(shown, keys, now=now).claims)


def test_every_kind_decides_for_every_receiver() -> None:
    for kind in KINDS.values():
        assert set(kind.must_see) == set(Receiver)
        fields = hideable(kind.model)
        for path in set().union(*kind.must_see.values()):
            assert path.removesuffix(".+") in fields, (kind.name, path)


def test_key_binding_proves_the_holder(
    key: IssuerKey, issuer: Issuer, sample: Callable[..., Record], keys: Keys, now: datetime
) -> None:
    holder = ec.derive_private_key(99, ec.SECP256R1())
    credential = issue(sample("receipt"), issuer=issuer, key=key, iat=now, holder=holder.public_key())
    shown = present(credential.compact, hide=["patient.number"])
    bound = present_bound(shown, holder, nonce="n-1", audience="urn:insurer", iat=now)
    expected = ExpectedBinding("n-1", "urn:insurer", now)
    stranger = ec.derive_private_key(98, ec.SECP256R1())
    forged = present_bound(shown, stranger, nonce="n-1", audience="urn:insurer", iat=now)
    assert verify(bound, keys, now=now, binding=expected).hidden == {"patient.number"}
    with pytest.raises(errors.KeyBindingMissing):
        verify(shown, keys, now=now, binding=expected)
    with pytest.raises(errors.KeyBindingRefused):
        verify(bound, keys, now=now)
    with pytest.raises(errors.KeyBindingRefused):
        verify(forged, keys, now=now, binding=expected)
    with pytest.raises(errors.Malformed):
        present(bound, hide=["rows"])


def test_a_credential_without_holder_key_cannot_be_bound(issued: Issued, keys: Keys, now: datetime) -> None:
    holder = ec.derive_private_key(99, ec.SECP256R1())
    bound = present_bound(issued("visit").compact, holder, nonce="n", audience="a", iat=now)
    with pytest.raises(errors.KeyBindingRefused):
        verify(bound, keys, now=now, binding=ExpectedBinding("n", "a", now))


def test_an_unknown_key_is_named(issued: Issued, key: IssuerKey, now: datetime) -> None:
    with pytest.raises(errors.UnknownSigningKey) as caught:
        verify(issued("visit").compact, {}.__getitem__, now=now)
    assert caught.value.kid == key.kid


def test_a_key_under_a_foreign_name_is_refused(issued: Issued, now: datetime) -> None:
    other = ec.derive_private_key(98, ec.SECP256R1()).public_key()
    with pytest.raises(errors.KeyRefused):
        verify(issued("visit").compact, lambda kid: other, now=now)


def test_an_issuer_key_has_its_thumbprint_as_name() -> None:
    private = ec.derive_private_key(98, ec.SECP256R1())
    assert IssuerKey.of(private).kid
    with pytest.raises(errors.KeyRefused):
        IssuerKey(private, "A" * 43)
    with pytest.raises(errors.KeyRefused):
        IssuerKey.of(ec.generate_private_key(ec.SECP384R1()))
    assert "private" not in repr(IssuerKey.of(private))


@pytest.mark.parametrize(
    "iss",
    [
        "",
        "urn:saegim:1:institution:0",
        "urn:saegim:01:institution:1",
        "urn:saegim:1:institution:1 ",
        "urn:saegim:1",
        None,
        1,
    ],
)
def test_an_issuers_name_has_one_form(iss: Any) -> None:
    with pytest.raises(errors.IssuerRefused):
        Issuer(iss, "x")


def test_an_issuers_name_leads_to_the_registry() -> None:
    assert issuer_index("urn:saegim:7001:institution:12") == 12
    assert issuer_chain("urn:saegim:7001:institution:12") == 7001


def test_no_institution_signs_the_documents_of_another(
    key: IssuerKey, sample: Callable[..., Record], now: datetime
) -> None:
    with pytest.raises(errors.IssuerRefused):
        issue(sample("visit"), issuer=Issuer("urn:saegim:1:institution:2", "다른병원"), key=key, iat=now)


def resigned(jwt: str, key: IssuerKey, **changes: Any) -> str:
    payload = payload_of(jwt)
    for name, value in changes.items():
        if value is ...:
            del payload[name]
        else:
            payload[name] = value
    return sign(key.private_key, key.header, to_json(payload))


def refuse(
    credential: IssuedCredential, key: IssuerKey, keys: Keys, now: datetime, **changes: Any
) -> CredentialError:
    compact = "~".join([resigned(credential.jwt, key, **changes), *credential.disclosures, ""])
    with pytest.raises(CredentialError) as caught:
        verify(compact, keys, now=now)
    return caught.value


def test_even_the_issuers_key_cannot_sign_what_breaks_the_form(
    issued: Issued, key: IssuerKey, keys: Keys, now: datetime
) -> None:
    credential = issued("receipt")
    wrong = refuse(credential, key, keys, now, total=1)
    assert isinstance(wrong, errors.ClaimsInvalid)
    assert {problem.path for problem in wrong.problems} == {"total"}
    assert isinstance(refuse(credential, key, keys, now, evil=1), errors.ClaimsInvalid)
    assert isinstance(refuse(credential, key, keys, now, due=...), errors.ClaimsInvalid)
    assert isinstance(refuse(credential, key, keys, now, iss="urn:saegim:1"), errors.IssuerRefused)
    assert isinstance(refuse(credential, key, keys, now, iss=...), errors.IssuerRefused)
    assert isinstance(refuse(credential, key, keys, now, iat=...), errors.Malformed)
    assert isinstance(refuse(credential, key, keys, now, iat=int(now.timestamp()) + 3600), errors.NotYetValid)
    assert isinstance(refuse(credential, key, keys, now, exp=int(now.timestamp()) - 3600), errors.Expired)


@pytest.mark.parametrize(
    "changes",
    [
        {"vct": "urn:saegim:bill:1"},
        {"vct": "urn:saegim:bill:1", "kind": "bill"},
        {"kind": "bill"},
        {"vct": "urn:saegim:receipt:2"},
        {"vct": ...},
        {"vct": 1},
        {"vct": ["urn:saegim:receipt:1"]},
        {"kind": ...},
    ],
)
def test_a_receipt_does_not_pass_as_another_kind(
    changes: dict[str, Any], issued: Issued, key: IssuerKey, keys: Keys, now: datetime
) -> None:
    assert refuse(issued("receipt"), key, keys, now, **changes)


def test_a_bill_does_not_pass_as_a_receipt(issued: Issued, key: IssuerKey, keys: Keys, now: datetime) -> None:
    wrong = refuse(issued("bill"), key, keys, now, vct="urn:saegim:receipt:1", kind="receipt")
    assert isinstance(wrong, errors.ClaimsInvalid)
    assert {"settled_date", "paid"} <= {problem.path for problem in wrong.problems}


def test_an_always_visible_claim_cannot_become_a_disclosure(
    issued: Issued, key: IssuerKey, keys: Keys, now: datetime
) -> None:
    credential = issued("receipt")
    payload = payload_of(credential.jwt)
    total = b64encode(to_json(["A" * 22, "total", payload.pop("total")]))
    payload["_sd"].append(digest(total))
    jwt = sign(key.private_key, key.header, to_json(payload))
    with pytest.raises(errors.ClaimNameForbidden):
        verify("~".join([jwt, *credential.disclosures, total, ""]), keys, now=now)


def test_swapped_disclosures_of_another_patient_are_refused(
    issued: Issued, keys: Keys, now: datetime
) -> None:
    one, other = issued("receipt"), issued("receipt")
    for at in range(len(one.disclosures)):
        mixed = [*one.disclosures[:at], other.disclosures[at], *one.disclosures[at + 1 :]]
        with pytest.raises(errors.DisclosureWithoutDigest):
            verify("~".join([one.jwt, *mixed, ""]), keys, now=now)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_byte_flipped_in_turn_is_refused(mask: int, issued: Issued, keys: Keys, now: datetime) -> None:
    data = bytearray(present(issued("receipt").compact, show=["patient", "rows.0"]).encode())
    verify(data.decode(), keys, now=now)
    for at in range(len(data)):
        data[at] ^= mask
        with pytest.raises(CredentialError):
            verify(data.decode("latin-1"), keys, now=now)
        data[at] ^= mask


def test_every_truncation_is_refused_or_shows_less(issued: Issued, keys: Keys, now: datetime) -> None:
    compact = present(issued("visit").compact)
    whole = set(str(verify(compact, keys, now=now).claims))
    for end in range(len(compact)):
        try:
            verified = verify(compact[:end], keys, now=now)
        except CredentialError:
            continue
        assert compact[end - 1] == "~"
        assert verified.hidden
    assert whole


def test_an_old_credential_stays_valid(issued: Issued, keys: Keys, now: datetime) -> None:
    assert verify(issued("receipt").compact, keys, now=now + timedelta(days=36_500))
