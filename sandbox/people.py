"""The people of the sandbox outside the hospital: the same synthetic patients, with what other parties know of them.

Person 7 here is the patient of index 7 of ``sandbox.his``: same name, birth date, sex and test resident number. The
telephone numbers begin with 010-0000, which no operator gives out, and the CI is made from the index alone.
``python -m sandbox.people 7`` prints what one types to sign up as person 7.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sandbox.his.people import patient

OPERATORS = ("SKT", "KT", "LGU", "SKT_MVNO", "KT_MVNO", "LGU_MVNO")
MOST = 9999


@dataclass(frozen=True, slots=True)
class Person:
    """Nobody real. ci, di: 88 and 64 characters of Base64. phone: digits."""

    index: int
    number: str
    name: str
    birth: date
    sex: str
    resident: str = field(repr=False)
    ci: str = field(repr=False)
    di: str = field(repr=False)
    phone: str = field(repr=False)
    operator: str
    foreigner: bool

    @property
    def gender(self) -> str:
        """As an identification agency writes it."""
        return "FEMALE" if self.sex == "F" else "MALE"

    @property
    def insurance_number(self) -> str:
        """건강보험증 번호: eleven digits; begins with 0, which none does."""
        return f"0{self.index:010d}"


def person(index: int) -> Person:
    """The person of this index, from 1 to 9999. Every fortieth is a foreigner."""
    if not 1 <= index <= MOST:
        raise ValueError(f"there are people 1 to {MOST}")
    entry = patient(index)
    return Person(
        index=index,
        number=entry.number,
        name=entry.name,
        birth=entry.birth,
        sex=entry.sex,
        resident=entry.resident,
        ci=_made("ci", index, 64),
        di=_made("di", index, 48),
        phone=f"0100000{index:04d}",
        operator=OPERATORS[index % len(OPERATORS)],
        foreigner=index % 40 == 0,
    )


def _made(kind: str, index: int, length: int) -> str:
    digest = hashlib.sha512(f"saegim sandbox {kind} {index}".encode()).digest()
    return base64.b64encode(digest[:length]).decode("ascii")


def main(arguments: Sequence[str]) -> None:
    """Print what one types to sign up as these people."""
    for index in map(int, arguments or ["1"]):
        found = person(index)
        print(
            f"{found.name}  {found.resident[:6]} {found.resident.replace('-', '')[6]}  {found.phone}  {found.operator}"
            f"  registration number {found.number}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
