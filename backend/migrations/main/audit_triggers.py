"""What the database itself refuses for the log of accesses. Used by migration 0002; never changed, only followed.

Lines: inserted only as the chain's next one; never updated; deleted only at or before a checkpoint. Checkpoints: only
over lines that are there and at least two years (730 days) older, never changed or deleted. Anchors: what was
committed to never changes, what is noted of the batch is noted once; deleted only before a checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """One trigger. `when` is a condition over OLD and NEW under which `what` is refused with `why`."""

    name: str
    table: str
    what: str
    when: str
    why: str


_LAST_NUMBER = (
    "COALESCE((SELECT MAX(number) FROM audit_event), (SELECT MAX(number) FROM audit_checkpoint), 0)"
)
_LAST_HASH = (
    "COALESCE((SELECT hash FROM audit_event ORDER BY number DESC LIMIT 1), "
    "(SELECT hash FROM audit_checkpoint ORDER BY number DESC LIMIT 1), {nothing})"
)
_ALWAYS = "1 = 1"
_KEPT = "OLD.number > COALESCE((SELECT MAX(number) FROM audit_checkpoint), 0)"
_NOTHING = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}
_TOO_YOUNG = {
    "sqlite": "datetime(NEW.until, '+730 days') > datetime(NEW.made_at)",
    "postgresql": "NEW.until + interval '730 days' > NEW.made_at",
}
_FALSE_CHECKPOINT = (
    "NOT EXISTS (SELECT 1 FROM audit_event WHERE number = NEW.number AND hash = NEW.hash) "
    "OR EXISTS (SELECT 1 FROM audit_event WHERE number <= NEW.number AND at > NEW.until) "
    "OR NEW.count <> (SELECT COUNT(*) FROM audit_event WHERE number <= NEW.number)"
)
_DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}


def _rules(dialect: str) -> Iterator[Rule]:
    yield from _of_lines(dialect)
    yield from _of_checkpoints(dialect)
    yield from _of_anchors(dialect)
    yield Rule("audit_head_kept", "audit_head", "DELETE", _ALWAYS, "audit_head: the head is never removed")


def _of_lines(dialect: str) -> Iterator[Rule]:
    last_hash = _LAST_HASH.format(nothing=_NOTHING[dialect])
    yield Rule(
        "audit_event_continues",
        "audit_event",
        "INSERT",
        f"NEW.number <> {_LAST_NUMBER} + 1 OR NEW.previous <> {last_hash}",
        "audit_event: a line is only added behind the last one",
    )
    yield Rule("audit_event_stays", "audit_event", "UPDATE", _ALWAYS, "audit_event: a line is never changed")
    why = "audit_event: a line is removed only behind a checkpoint"
    yield Rule("audit_event_kept", "audit_event", "DELETE", _KEPT, why)


def _of_checkpoints(dialect: str) -> Iterator[Rule]:
    yield Rule(
        "audit_checkpoint_true",
        "audit_checkpoint",
        "INSERT",
        f"{_TOO_YOUNG[dialect]} OR {_FALSE_CHECKPOINT}",
        "audit_checkpoint: it does not fit the lines it stands for, or they are younger than two years",
    )
    for what in ("UPDATE", "DELETE"):
        name, why = f"audit_checkpoint_{what.lower()}", "audit_checkpoint: it stays as it is"
        yield Rule(name, "audit_checkpoint", what, _ALWAYS, why)


def _of_anchors(dialect: str) -> Iterator[Rule]:
    def differ(*names: str) -> str:
        return " OR ".join(f"NEW.{name} {_DIFFERS[dialect]} OLD.{name}" for name in names)

    yield Rule(
        "audit_anchor_stays",
        "audit_anchor",
        "UPDATE",
        f"{differ('commitment', 'number', 'salt', 'made_at')} "
        f"OR (OLD.root IS NOT NULL AND ({differ('issuer', 'root', 'path', 'block')}))",
        "audit_anchor: what was committed to and anchored is never changed",
    )
    why = "audit_anchor: removed only behind a checkpoint"
    yield Rule("audit_anchor_kept", "audit_anchor", "DELETE", _KEPT, why)


def create(op: Any) -> None:
    """Make the triggers, by Alembic's `op`."""
    dialect = op.get_bind().dialect.name
    make = _postgresql if dialect == "postgresql" else _sqlite
    for rule in _rules(dialect):
        for statement in make(rule):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in _no_truncate():
            op.execute(statement)


def drop(op: Any) -> None:
    """Take them back."""
    dialect = op.get_bind().dialect.name
    for rule in _rules(dialect):
        if dialect == "postgresql":
            op.execute(f"DROP TRIGGER {rule.name} ON {rule.table}")
            op.execute(f"DROP FUNCTION {rule.name}()")
        else:
            op.execute(f"DROP TRIGGER {rule.name}")
    if dialect == "postgresql":
        for table in _WHOLE:
            op.execute(f"DROP TRIGGER {table}_whole ON {table}")
        op.execute("DROP FUNCTION audit_whole()")


def _sqlite(rule: Rule) -> Iterator[str]:
    # BEFORE, so that INSERT OR REPLACE is refused before it has replaced anything.
    yield (
        f"CREATE TRIGGER {rule.name} BEFORE {rule.what} ON {rule.table} WHEN {rule.when} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.why}'); END"
    )


def _postgresql(rule: Rule) -> Iterator[str]:
    passed = "OLD" if rule.what == "DELETE" else "NEW"
    yield (
        f"CREATE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {rule.when} THEN RAISE EXCEPTION '{rule.why}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {passed}; END $$"
    )
    yield (
        f"CREATE TRIGGER {rule.name} BEFORE {rule.what} ON {rule.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
    )
    # ALWAYS: not switched off for a session that calls itself a replica.
    yield f"ALTER TABLE {rule.table} ENABLE ALWAYS TRIGGER {rule.name}"


_WHOLE = ("audit_event", "audit_checkpoint", "audit_anchor", "audit_head")


def _no_truncate() -> Iterator[str]:
    yield (
        "CREATE FUNCTION audit_whole() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the log is never emptied' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _WHOLE:
        yield (
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_whole()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_whole"
