"""Which adapter reads the hospital system, from the settings: one line of `ADAPTERS` for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.errors import NotConfigured
from oracle.his.base import HisAdapter
from oracle.his.desk import HospitalDesk
from oracle.his.fhir.config import FhirConfig, make_fhir, make_fhir_desk
from oracle.his.hl7v2 import Hl7Config, make_hl7v2, make_hl7v2_desk
from oracle.his.mapping import MappingInvalid
from oracle.his.sql.config import SqlConfig, make_sql, make_sql_desk
from oracle.his.webservice.config import WebServiceConfig, make_webservice, make_webservice_desk
from oracle.vault import Vault

Factory: TypeAlias = Callable[..., HisAdapter]
"""Makes an adapter of its checked settings, the oracle's own database and the clock; touches nothing of the hospital.
Raises MappingInvalid for a mapping file that can not be used, NotConfigured for any other setting."""


class Registered(NamedTuple):
    """An adapter: the model of its `SAEGIM_ORACLE_ADAPTER_CONFIG`, and what makes it of that."""

    config: type[BaseModel]
    make: Factory
    keeps: bool = False
    """Whether it keeps what the hospital sends, and `make` takes the vault that seals it as a fourth argument."""
    desk: Callable[..., HospitalDesk | None] | None = None
    """Makes the desk of the same hospital system, or None where the settings know of none."""


ADAPTERS: Final[Mapping[str, Registered]] = {
    "fhir": Registered(FhirConfig, make_fhir, desk=make_fhir_desk),
    "hl7v2": Registered(Hl7Config, make_hl7v2, keeps=True, desk=make_hl7v2_desk),
    "sql": Registered(SqlConfig, make_sql, desk=make_sql_desk),
    "webservice": Registered(WebServiceConfig, make_webservice, desk=make_webservice_desk),
}
"""By the name in `SAEGIM_ORACLE_ADAPTER`."""


def make_adapter(
    name: str, config: Mapping[str, Any], database: Engine, clock: Clock, vault: Vault | None = None
) -> HisAdapter:
    """The adapter called `name`. Nothing of the hospital is touched yet. Raises NotConfigured.

    vault: seals what the adapter keeps; needed by those that keep anything.
    """
    registered = ADAPTERS.get(name)
    if registered is None:
        known = ", ".join(sorted(ADAPTERS))
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER", f"there is no adapter {name!r}; there is: {known}")
    try:
        settings = registered.config.model_validate(config)
        if not registered.keeps:
            return registered.make(settings, database, clock)
        if vault is None:
            raise NotConfigured(
                "SAEGIM_ORACLE_STORE_KEY_FILE", f"{name} keeps messages and needs the store key"
            )
        return registered.make(settings, database, clock, vault)
    except ValidationError as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", _problems(error)) from None
    except MappingInvalid as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", str(error)) from error


def make_desk(name: str, config: Mapping[str, Any], clock: Clock) -> HospitalDesk | None:
    """The desk of the hospital system that adapter `name` reads; None if it can not be asked. Raises NotConfigured."""
    registered = ADAPTERS.get(name)
    if registered is None or registered.desk is None:
        return None
    try:
        return registered.desk(registered.config.model_validate(config), clock)
    except ValidationError as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", _problems(error)) from None
    except MappingInvalid as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", str(error)) from error


def _problems(error: ValidationError) -> str:
    """Every mistake with its place and without the value, which may be a password."""
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}" for each in found)
