"""Storage layouts: positions as Solidity puts them, packing both ways, faults that say what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import layout as module
from chain.hashing import keccak256
from chain.layout import Layout, LayoutError, layout_of

REGISTRY = layout_of("InstitutionRegistry")
DOCUMENTS = layout_of("DocumentRegistry")


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("label", "keys"),
    [("_nothing", ()), ("_batches", (1,)), ("_batches", (1, b"\1" * 32, b"\2" * 32)), ("_marks", ())],
)
def test_a_wrong_name_or_number_of_keys_is_refused(label, keys):
    with pytest.raises(LayoutError) as caught:
        DOCUMENTS.slot(label, *keys)
    assert (caught.value.contract, caught.value.label) == ("DocumentRegistry", label)


def test_what_is_no_struct_has_no_members():
    with pytest.raises(LayoutError):
        DOCUMENTS.members("_successors")


@pytest.mark.parametrize(
    "values",
    [{"colour": 1}, {"depth": 256}, {"time": 1 << 40}],
)
def test_values_that_do_not_fit_are_refused(values):
    with pytest.raises(LayoutError):
        DOCUMENTS.pack("_batches", **values)


def test_a_missing_or_broken_artifact_says_how_to_get_one(tmp_path, monkeypatch):
    (tmp_path / "Broken.json").write_text(json.dumps({"abi": []}))
    monkeypatch.setattr(module, "ARTIFACTS", tmp_path)
    for name in ("Missing", "Broken"):
        with pytest.raises(LayoutError, match="export_abis"):
            layout_of(name)


def test_nested_mappings_hash_from_the_outermost_key_inward():
    base = int(DOCUMENTS.storage["_batches"]["slot"])
    outer = keccak256(word(7) + word(base))
    assert DOCUMENTS.slot("_batches", 7, b"\5" * 32) == keccak256(b"\5" * 32 + outer)


def test_an_address_key_goes_to_the_right():
    base = int(REGISTRY.storage["_operators"]["slot"])
    assert REGISTRY.slot("_operators", b"\5" * 20) == keccak256(b"\0" * 12 + b"\5" * 20 + word(base))


def test_the_records_that_light_proofs_need_are_there_in_one_slot_each():
    assert [m.name for m in DOCUMENTS.members("_batches")] == ["time", "depth", "reaffirmedAt"]
    assert [m.name for m in DOCUMENTS.members("_marks")] == ["state", "reason", "time", "by"]
    assert [m.name for m in REGISTRY.members("_keys")] == [
        "institution", "purpose", "validFrom", "validUntil", "compromisedSince", "declaredAt",
    ]  # fmt: skip
    assert [m.name for m in REGISTRY.members("_institutions")] == [
        "kind", "standing", "voting", "sponsor", "successor", "admittedAt", "standingSince", "doubtSince",
    ]  # fmt: skip
    for label, keys in (("_institutionIds", (1,)), ("_validatorSetHash", (1,)), ("_validatorEpoch", ())):
        assert len(REGISTRY.slot(label, *keys)) == 32


def test_a_variable_that_shares_its_slot_is_read_alone():
    layout = Layout.of(
        "X",
        {
            "storage": [
                {"label": "a", "slot": "0", "offset": 0, "type": "t_uint32"},
                {"label": "b", "slot": "0", "offset": 4, "type": "t_uint32"},
            ],
            "types": {"t_uint32": {"encoding": "inplace", "numberOfBytes": "4"}},
        },
    )
    assert layout.value_in("b", (9 << 32) + 5) == 9
    assert layout.value_in("a", (9 << 32) + 5) == 5


@given(st.integers(0, 2**40 - 1), st.integers(0, 255), st.integers(0, 2**40 - 1))
def test_packing_and_unpacking_are_inverse(time, depth, again):
    fields = {"time": time, "depth": depth, "reaffirmedAt": again}
    assert DOCUMENTS.unpack("_batches", DOCUMENTS.pack("_batches", **fields)) == fields
