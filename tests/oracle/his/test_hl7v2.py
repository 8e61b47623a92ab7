"""The hl7v2 adapter keeps the adapters' contract, with its inbox on SQLite and on PostgreSQL.

Every row of the hospital travels as a message over a socket and is acknowledged before the test goes on. A push source
has no cursor into the hospital: where the contract speaks of late transactions, the message comes late and says when
its row changed; where it speaks of a lost page, the page of the inbox is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import contract
import pytest
from hl7_hospital import Hl7Hospital
from sqlalchemy import create_engine, text

from chain.db import table_of
from oracle.his.hl7v2.tables import HL7_TABLES


@pytest.fixture
def hospitals(tmp_path: Path) -> Iterator[Callable[..., Hl7Hospital]]:
    numbers, made = count(), []

    def make(url: str | None = None) -> Hl7Hospital:
        for old in made:
            old.close()
        made.append(Hl7Hospital(tmp_path, next(numbers), url))
        return made[-1]

    yield make
    for hospital in made:
        hospital.close()


@pytest.fixture(scope="module")
def postgres_database(postgres_url: Callable[[], str]) -> str:
    """One database for all oracles of this module: emptied for each."""
    return postgres_url()


def empty(url: str) -> None:
    """No message was ever received."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for model in HL7_TABLES:
            connection.execute(text(f"DROP TABLE IF EXISTS {table_of(model).name}"))
        table_of(HL7_TABLES[0]).metadata.create_all(
            connection, tables=[table_of(each) for each in HL7_TABLES]
        )
    engine.dispose()


class TestInboxOnSqlite(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, hospitals: Callable[..., Hl7Hospital]) -> Callable[[], Hl7Hospital]:
        return hospitals


@pytest.mark.postgres
class TestInboxOnPostgres(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(
        self, hospitals: Callable[..., Hl7Hospital], postgres_database: str
    ) -> Callable[[], Hl7Hospital]:
        def make() -> Hl7Hospital:
            hospital = hospitals(postgres_database)
            empty(postgres_database)
            return hospital

        return make
