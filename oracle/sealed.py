"""How personal data lies in the database: each value sealed for the row it belongs to."""

from __future__ import annotations

from oracle.vault import Vault


def seal_content(vault: Vault, document_id: str, patient_number: str, compact: str) -> bytes:
    """Patient number and credential, sealed for the row `document_id`."""
    return vault.seal(f"{patient_number}\0{compact}".encode(), document_id)


def open_content(vault: Vault, document_id: str, sealed: bytes) -> tuple[str, str]:
    """Patient number and credential. Raises SealBroken."""
    patient_number, _, compact = vault.open(sealed, document_id).decode().rpartition("\0")
    return patient_number, compact


def seal_patient(vault: Vault, document: int, patient_number: str) -> bytes:
    """The patient number, sealed for the mark of `document`."""
    return vault.seal(patient_number.encode(), f"mark:{document}")


def open_patient(vault: Vault, document: int, sealed: bytes) -> str:
    """The patient number of a mark. Raises SealBroken."""
    return vault.open(sealed, f"mark:{document}").decode()
