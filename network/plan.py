"""The reviewed file that says which institutions, operators and document keys a network is to have.

People read it before it is carried out, so it is strict: an unknown field, a wrong address, a name used twice or
a role that does not exist is refused, with every mistake listed at once. Private keys are never in it: `key` is
the name under which a key ring may have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum, IntFlag, StrEnum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from eth_utils.address import is_checksum_address
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from network.errors import PlanInvalid

MAX_PLAN_BYTES = 1_000_000


class Kind(StrEnum):
    """What an institution is; `number` is its value in the contracts' `Kind`."""

    HOSPITAL = "hospital"
    PHARMACY = "pharmacy"
    INSURER = "insurer"
    CERTIFICATE_RECEIVER = "certificate-receiver"
    ASSOCIATION = "association"
    CITY = "city"

    @property
    def number(self) -> int:
        """Its place in the contracts' enumeration, where 0 is "none"."""
        return list(Kind).index(self) + 1


class Role(IntFlag):
    """What an operator may do; the contracts' bit mask."""

    ADMIN = 1
    ANCHOR = 2
    STATUS = 4
    TRANSFER = 8
    PRESCRIBE = 16
    DISPENSE = 32
    CONSENT = 64
    REFER = 128


class Purpose(IntEnum):
    """What a document key is for; the contracts' `KeyPurpose`."""

    SIGN = 1
    ENCRYPT = 2


def _checksummed(value: object) -> object:
    """YAML reads an address without quotes as a number."""
    if isinstance(value, int):
        raise ValueError("put the address in quotes")
    return value


def _address(text: str) -> str:
    if not is_checksum_address(text):
        raise ValueError("is no address with a correct checksum (EIP-55)")
    return text


def _hexadecimal(length: int) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(rf"0x[0-9a-fA-F]{{{2 * length}}}", text):
            raise ValueError(f"is not 0x and {length} bytes in hexadecimal")
        return text.lower()

    return AfterValidator(check)


def _member_of(kind: type[Role] | type[Purpose]) -> BeforeValidator:
    def convert(value: object) -> object:
        if isinstance(value, str) and value.upper() in kind.__members__:
            return kind[value.upper()]
        raise ValueError("is none of " + ", ".join(name.lower() for name in kind.__members__))

    return BeforeValidator(convert)


Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A name inside this file and the key ring; never on chain."""
Address = Annotated[str, BeforeValidator(_checksummed), AfterValidator(_address)]
Moment = Annotated[datetime, Field(strict=False)]
RoleName = Annotated[Role, _member_of(Role)]
PurposeName = Annotated[Purpose, _member_of(Purpose)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class AccountPlan(_Part):
    """An account: its address, or the name of a key that the key ring has, or both (then they must agree)."""

    key: Label
    address: Address | None = None


class OperatorPlan(AccountPlan):
    """An account that acts for the institution. `custodian` keeps the key in its stead (an association)."""

    roles: Annotated[list[RoleName], Field(min_length=1)]
    custodian: Label | None = None
    acceptance: Annotated[str, Field(pattern=r"^0x([0-9a-fA-F]{130}){1,2}$")] | None = None
    """Signature by the account (with a custodian: and by its admin), where the key is not in the ring."""

    @property
    def mask(self) -> int:
        """The roles as the contracts' bit mask."""
        return int(sum(set(self.roles)))


class DocumentKeyPlan(_Part):
    """A P-256 key of the institution: its point, or the name of a key that the ring has."""

    key: Label
    purpose: PurposeName
    valid_from: Moment
    valid_until: Moment
    x: Annotated[str, _hexadecimal(32)] | None = None
    y: Annotated[str, _hexadecimal(32)] | None = None
    possession: Annotated[str, _hexadecimal(64)] | None = None
    """Proof of possession (r ‖ s), where the private key is not in the ring."""

    @model_validator(mode="after")
    def _whole(self) -> DocumentKeyPlan:
        if self.valid_from.tzinfo is None or self.valid_until.tzinfo is None:
            raise ValueError("validFrom and validUntil need a time zone, such as 2026-01-01T00:00:00+09:00")
        if self.valid_until <= self.valid_from:
            raise ValueError("validUntil must be later than validFrom")
        if (self.x is None) != (self.y is None):
            raise ValueError("give both x and y, or neither")
        return self

    @property
    def period(self) -> tuple[int, int]:
        """Beginning and end in seconds since 1970."""
        return int(self.valid_from.timestamp()), int(self.valid_until.timestamp())


class InstitutionPlan(_Part):
    """One institution. A founder is given to the registry's constructor; others are voted in or sponsored."""

    name: Label
    id: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[!-~]+$")]
    """Public identifier, ASCII, such as "krnpi:11100001". Never a person's."""
    kind: Kind
    name_ko: Annotated[str, Field(min_length=1, max_length=200)]
    name_en: Annotated[str, Field(min_length=1, max_length=200)]
    founder: bool = False
    sponsor: Label | None = None
    """The association that admits it (pharmacies)."""
    custodial: bool = False
    """Sponsored only: the association keeps the key of `admin`."""
    admin: AccountPlan
    acceptance: Annotated[str, _hexadecimal(65)] | None = None
    """Signature by `admin` over its admission, where the key is not in the ring. Founders need none."""
    validator: AccountPlan | None = None
    """Its sealing account; an institution with a validator votes, one without does not."""
    operators: list[OperatorPlan] = []
    document_keys: list[DocumentKeyPlan] = []

    @property
    def voting(self) -> bool:
        """Whether it votes and seals."""
        return self.validator is not None

    @property
    def chain_id_bytes(self) -> bytes:
        """The identifier as the registry keeps it: ASCII, padded with zeros to 32 bytes."""
        return self.id.encode("ascii").ljust(32, b"\0")


class EnrolmentPlan(_Part):
    """The whole file."""

    version: Literal[1]
    chain_id: Annotated[int, Field(ge=1, lt=2**53)]
    institutions: Annotated[list[InstitutionPlan], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> EnrolmentPlan:
        names = [institution.name for institution in self.institutions]
        ids = [institution.id for institution in self.institutions]
        accounts = [account.key for account in self.accounts()]
        addresses = [account.address for account in self.accounts() if account.address]
        for what, values in (("name", names), ("id", ids), ("key", accounts), ("address", addresses)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{what} {', '.join(twice)} is used twice")
        self._check_references(set(names))
        return self

    def _check_references(self, names: set[str]) -> None:
        for institution in self.institutions:
            custodians = {operator.custodian for operator in institution.operators}
            for label in {institution.sponsor, *custodians} - {None} - names:
                raise ValueError(f"{institution.name} refers to {label}, which is not in this file")
            if institution.sponsor and (institution.founder or institution.voting):
                raise ValueError(f"{institution.name}: a sponsored institution is no founder and never votes")
            if institution.custodial and not institution.sponsor:
                raise ValueError(f"{institution.name}: only a sponsor keeps another institution's admin key")

    @property
    def founders(self) -> list[InstitutionPlan]:
        """The institutions for the registry's constructor, in order: index 1, 2, …"""
        return [institution for institution in self.institutions if institution.founder]

    def institution(self, name: str) -> InstitutionPlan:
        """The institution called `name`; KeyError if there is none."""
        return {institution.name: institution for institution in self.institutions}[name]

    def accounts(self) -> Iterator[AccountPlan]:
        """Every account in the file."""
        for institution in self.institutions:
            yield institution.admin
            if institution.validator is not None:
                yield institution.validator
            yield from institution.operators

    @classmethod
    def load(cls, path: Path) -> EnrolmentPlan:
        """Read and check a reviewed file. Raises PlanInvalid with every mistake and its place."""
        try:
            text = path.read_bytes()
            data = yaml.safe_load(text) if len(text) <= MAX_PLAN_BYTES else None
            return cls.model_validate(data)
        except OSError as error:
            raise PlanInvalid(path, ["cannot be read: name an existing file"]) from error
        except yaml.YAMLError as error:
            raise PlanInvalid(path, [f"is no YAML: {' '.join(str(error).split())}"]) from error
        except ValidationError as error:
            raise PlanInvalid(path, list(_problems(error))) from error


def _problems(error: ValidationError) -> Iterator[str]:
    """One line for each mistake: its place in the file and what is wrong. No values: they may be secrets."""
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"]) or "file"
        yield f"{place}: {fault['msg'].removeprefix('Value error, ')}"
