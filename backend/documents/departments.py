"""The department of a document, read from its sealed content when somebody asks who must not see every department's.

It is not kept beside the document: a column would tell whoever reads the database who was in psychiatry.
"""

from __future__ import annotations

from records.sdjwt.errors import CredentialError
from records.sdjwt.jose import split_jws
from records.sdjwt.token import take_apart
from records.sdjwt.unpack import unpack


def department_of(compact: str) -> str | None:
    """HIRA's code (two digits) of a credential that was checked when it came; None where it does not say."""
    try:
        parts = take_apart(compact)
        found = unpack(split_jws(parts.jwt, "credential")[1], parts.disclosures)
    except CredentialError:
        return None
    department = found.claims.get("department")
    code = department.get("code") if isinstance(department, dict) else None
    return code if isinstance(code, str) else None
