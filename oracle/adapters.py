"""Which adapter reads the hospital system, from the settings: one line of `ADAPTERS` for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.errors import NotConfigured
from oracle.his.base import HisAdapter
from oracle.his.mapping import MappingInvalid
from oracle.his.sql.config import SqlConfig, make_sql

Factory: TypeAlias = Callable[[Any, Engine, Clock], HisAdapter]
"""Makes an adapter of its checked settings, the oracle's own database and the clock; touches nothing of the hospital.
Raises MappingInvalid for a mapping file that can not be used, NotConfigured for any other setting."""


class Registered(NamedTuple):
    """An adapter: the model of its `SAEGIM_ORACLE_ADAPTER_CONFIG`, and what makes it of that."""

    config: type[BaseModel]
    make: Factory


ADAPTERS: Final[Mapping[str, Registered]] = {
    "sql": Registered(SqlConfig, make_sql),
}
"""By the name in `SAEGIM_ORACLE_ADAPTER`."""


def make_adapter(name: str, config: Mapping[str, Any], database: Engine, clock: Clock) -> HisAdapter:
    """The adapter called `name`. Nothing of the hospital is touched yet. Raises NotConfigured."""
    registered = ADAPTERS.get(name)
    if registered is None:
        known = ", ".join(sorted(ADAPTERS))
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER", f"there is no adapter {name!r}; there is: {known}")
    try:
        return registered.make(registered.config.model_validate(config), database, clock)
    except ValidationError as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", _problems(error)) from None
    except MappingInvalid as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", str(error)) from error


def _problems(error: ValidationError) -> str:
    """Every mistake with its place and without the value, which may be a password."""
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}" for each in found)
