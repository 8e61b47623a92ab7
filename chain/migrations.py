"""Bringing a process's database to a revision of its own Alembic history.

The history's `env.py` takes the connection from `config.attributes["connection"]`.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def config_for(history: Path) -> Config:
    """Alembic's configuration of the history in this folder."""
    config = Config()
    config.set_main_option("script_location", str(history))
    return config


def migrate(engine: Engine, history: Path, revision: str = "head") -> None:
    """Bring the tables to `revision` in one transaction ("base": drop them)."""
    config = config_for(history)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
