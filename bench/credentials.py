"""How fast a record becomes a credential and is verified, on one core: 29-item receipts, and long statements.

Each figure stands beside what it is compared with: signing and checking the same payload as a bare ES256 JWS, which
is the floor that no credential with this signature can go below. ``python -m bench.credentials`` prints it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from bench.machine import in_words
from bench.samples import receipt, statement
from records.credential import IssuedCredential, Issuer, IssuerKey, issue, present, verify
from records.fhir import from_fhir, to_fhir
from records.kinds import Receiver, parse
from records.sdjwt.jose import check_signature, sign, split_jws, to_json

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
KEY = IssuerKey.of(ec.derive_private_key(20260305, ec.SECP256R1()))
ISSUER = Issuer("urn:saegim:20260305:institution:1", "서울시 샘플의료원")


def per_second(work: Callable[[], object], seconds: float) -> float:
    """How often `work` runs in a second, measured for about so many seconds after a warm-up."""
    for _ in range(20):
        work()
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        work()
        count += 1
    return count / spent


def issue_receipt() -> IssuedCredential:
    """Raw data to credential: what the oracle does for each row."""
    return issue(parse("receipt", receipt()), issuer=ISSUER, key=KEY, iat=NOW)


def _receipt_rates(seconds: float) -> dict[str, float]:
    data = receipt()
    record = parse("receipt", data)
    credential = issue(record, issuer=ISSUER, key=KEY, iat=NOW)
    keys = {KEY.kid: KEY.private_key.public_key()}.__getitem__
    bundle = to_fhir(record, identifier=UUID(int=1), timestamp=NOW)
    work: dict[str, Callable[[], object]] = {
        "receipt: parse and issue": lambda: issue(parse("receipt", data), issuer=ISSUER, key=KEY, iat=NOW),
        "receipt: parse": lambda: parse("receipt", data),
        "receipt: present without name": lambda: present(credential.compact, hide=["patient.name"]),
        "receipt: verify for an insurer": lambda: verify(
            credential.compact, keys, now=NOW, receiver=Receiver.INSURER
        ),
        "receipt: to FHIR": lambda: to_fhir(record, identifier=UUID(int=1), timestamp=NOW),
        "receipt: from FHIR": lambda: from_fhir(bundle),
    }
    return {name: per_second(each, seconds) for name, each in work.items()}


def _bare_rates(seconds: float) -> dict[str, float]:
    payload = receipt()
    jws = sign(KEY.private_key, KEY.header, to_json(payload))
    public = KEY.private_key.public_key()

    def check() -> None:
        _, _, signed, signature = split_jws(jws, "JWT")
        check_signature(public, signed, signature)

    return {
        "bare JWS of the same data: sign": per_second(
            lambda: sign(KEY.private_key, KEY.header, to_json(payload)), seconds
        ),
        "bare JWS of the same data: check": per_second(check, seconds),
    }


def _growth(seconds: float) -> dict[int, float]:
    """Lines a second for statements of growing length: cost per line must stay flat."""
    rates: dict[int, float] = {}
    for lines in (20, 200, 2000):
        data = statement(lines=lines)
        rate = per_second(
            lambda data=data: issue(parse("statement", data), issuer=ISSUER, key=KEY, iat=NOW),  # type: ignore[misc]
            seconds,
        )
        rates[lines] = rate * lines
    return rates


def run(seconds: float = 1.0) -> dict[str, Any]:
    """Measure; gives events per second by name, sizes in characters, and under "series" what is plotted."""
    sizes = {
        "receipt of 29 items: characters": float(len(issue_receipt().compact)),
        "receipt of 29 items: disclosures": float(len(issue_receipt().disclosures)),
    }
    growth = _growth(seconds)
    figures = {f"statement of {lines} lines: lines parsed and issued": rate for lines, rate in growth.items()}
    series = {"lines issued a second, by lines": list(growth.items())}
    return {**_receipt_rates(seconds), **_bare_rates(seconds), **figures, **sizes, "series": series}


if __name__ == "__main__":
    print(f"{in_words()}; one core used")
    found = run()
    found.pop("series")
    for name, figure in found.items():
        print(f"{figure:>12,.0f}  {name}")
