"""`SqlDigestStore`: row digests in two small tables of the oracle's own database, never of the hospital's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)

from oracle.his.sql.digests import Version

_KEYS_AT_ONCE = 500

metadata = MetaData()
DIGESTS = Table(
    "his_digests",
    metadata,
    Column("stream", String(40), primary_key=True),
    Column("key", String(60), primary_key=True),
    Column("day", String(10), nullable=False, index=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("page", Integer, nullable=False),
)
VERSIONS = Table(
    "his_digest_versions",
    metadata,
    Column("stream", String(40), primary_key=True),
    Column("timeline", String(32), nullable=False),
    Column("page", Integer, nullable=False),
)


class SqlDigestStore:
    """A `DigestStore` on SQLite or PostgreSQL. The constructor does nothing; `prepare` makes the tables."""

    def __init__(self, database: Engine) -> None:
        self._database = database

    def prepare(self) -> None:
        """Make the tables that are not there."""
        metadata.create_all(self._database)

    def version(self, stream: str) -> Version:
        """See `DigestStore`."""
        query = select(VERSIONS.c.timeline, VERSIONS.c.page).where(VERSIONS.c.stream == stream)
        with self._database.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Version(row.timeline, row.page) if row else Version("", 0)

    def rewind(self, stream: str, to: Version, timeline: str) -> None:
        """See `DigestStore`."""
        same = to.timeline == self.version(stream).timeline
        old = delete(DIGESTS).where(DIGESTS.c.stream == stream)
        with self._database.begin() as connection:
            connection.execute(old.where(DIGESTS.c.page > to.page) if same else old)
            _set_version(connection, stream, Version(timeline, to.page))

    def known(self, stream: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """See `DigestStore`."""
        query = select(DIGESTS.c.key, DIGESTS.c.digest)
        query = query.where(DIGESTS.c.stream == stream, DIGESTS.c.key.in_(keys))
        with self._database.connect() as connection:
            return {row.key: row.digest for row in connection.execute(query)}

    def remember(self, stream: str, digests: Mapping[str, tuple[bytes, str]], version: Version) -> None:
        """See `DigestStore`."""
        keys = list(digests)
        with self._database.begin() as connection:
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                part = keys[start : start + _KEYS_AT_ONCE]
                connection.execute(delete(DIGESTS).where(DIGESTS.c.stream == stream, DIGESTS.c.key.in_(part)))
                rows = [
                    {"stream": stream, "key": key, "digest": digest, "day": day, "page": version.page}
                    for key, (digest, day) in ((key, digests[key]) for key in part)
                ]
                connection.execute(insert(DIGESTS), rows)
            _set_version(connection, stream, version)

    def forget(self, stream: str, before: str) -> None:
        """See `DigestStore`."""
        with self._database.begin() as connection:
            connection.execute(delete(DIGESTS).where(DIGESTS.c.stream == stream, DIGESTS.c.day < before))


def _set_version(connection: Connection, stream: str, version: Version) -> None:
    connection.execute(delete(VERSIONS).where(VERSIONS.c.stream == stream))
    connection.execute(insert(VERSIONS).values(stream=stream, timeline=version.timeline, page=version.page))
