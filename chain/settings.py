"""What the settings of every process share: where it runs, and that no misspelt name is passed over in silence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from dotenv import dotenv_values
from pydantic import AliasChoices, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = ".env"


def _seconds(value: object) -> object:
    """A plain number in the environment is seconds; pydantic itself reads ISO 8601 ("PT5M") and "00:05:00"."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


Duration = Annotated[timedelta, BeforeValidator(_seconds)]
"""A setting that is a length of time."""


class Environment(StrEnum):
    """Where a process runs; `production` refuses everything that is for development only."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class UnknownSetting(ValueError):
    """Variables with a process's prefix that it does not know: misspelt, or of another version. `names`: them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"no such setting: {', '.join(names)}; .env.example lists them all")
        self.names = names


class ProcessSettings(BaseSettings):
    """Settings of one process, read from the environment and `.env`. Subclasses set `env_prefix`."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", populate_by_name=True)

    environment: Environment = Field(
        default=Environment.DEVELOPMENT, validation_alias=AliasChoices("SAEGIM_ENV", "environment")
    )

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings of this process.

        Raises:
            UnknownSetting: a variable has the prefix and is no setting; it would otherwise be ignored in silence.
            ValidationError: a value is wrong, or unsafe in production.
        """
        prefix = str(cls.model_config["env_prefix"])
        named = {**dotenv_values(ENV_FILE), **(os.environ if environ is None else environ)}
        known = {f"{prefix}{name}".upper() for name in cls.model_fields}
        unknown = sorted(
            name for name in named if name.upper().startswith(prefix) and name.upper() not in known
        )
        if unknown:
            raise UnknownSetting(unknown)
        return cls()
