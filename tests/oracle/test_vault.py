"""The store key and what it seals."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.errors import KeyFileInvalid, SealBroken
from oracle.sealed import open_content, seal_content
from oracle.vault import Vault, load_store_key

VAULT = Vault.from_key(bytes(range(32)))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        Vault.from_key(bytes(32)).open(VAULT.seal(b"x", "a"), "a")


def test_another_row_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        VAULT.open(VAULT.seal(b"x", "a"), "b")


def test_no_changed_byte_goes_unseen() -> None:
    sealed = VAULT.seal(b"content", "a")
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            VAULT.open(broken, "a")


@given(patient=st.text(), compact=st.text(alphabet="abc~.-_"))
def test_patient_number_and_credential_come_back(patient: str, compact: str) -> None:
    assert open_content(VAULT, "a", seal_content(VAULT, "a", patient, compact)) == (patient, compact)


def test_a_missing_store_key_is_made_in_development_only(tmp_path: Path) -> None:
    path = tmp_path / "oracle" / "store.key"
    with pytest.raises(KeyFileInvalid):
        load_store_key(path, create=False)
    key = load_store_key(path, create=True)
    assert load_store_key(path, create=True) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31, "ab" * 33])
def test_a_store_key_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "store.key"
    path.write_text(content)
    with pytest.raises(KeyFileInvalid):
        load_store_key(path, create=True)
