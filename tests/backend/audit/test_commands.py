"""`python -m backend audit …` as an auditor uses it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from audit_log import DOCTOR, KIM, AuditLog

from backend import cli
from backend.audit import onchain, service
from backend.audit.findings import Kind
from backend.node import NodeNotUsable
from chain.canonical import canonical_json
from chain.db import writing
from chain.merkle import MerkleTree, leaf_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditLog]:
    """A log whose lines are years old, in the database that the settings name."""
    url = f"sqlite:///{tmp_path}/main.sqlite3"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAEGIM_BACKEND_DATABASE_URL", url)
    with AuditLog(url, now=datetime(2020, 5, 1, 14, 55, tzinfo=UTC)) as log:
        yield log


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["audit", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_a_database_without_the_log_is_not_called_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAEGIM_BACKEND_DATABASE_URL", f"sqlite:///{tmp_path}/empty.sqlite3")
    code, out, err = run("verify")
    assert (code, out) == (2, "")
    assert "migrated" in err


def test_a_deleted_line_is_named_and_ends_in_one(old: AuditLog, run: Run) -> None:
    old.filled(9)
    assert run("verify")[0] == 0
    old.without_triggers().execute("DELETE FROM audit_event WHERE number = 5")
    code, out, _ = run("verify", "--json")
    told = json.loads(out)
    assert (code, told["whole"], told["first"]["kind"], told["first"]["number"]) == (1, False, "removed", 5)
    code, out, _ = run("verify")
    assert code == 1
    assert out == "NOT WHOLE: line 5 was removed. Lines before it are as they were recorded.\n"


def test_a_head_that_was_noted_betrays_a_log_written_anew(old: AuditLog, run: Run) -> None:
    old.filled(6)
    code, noted, _ = run("head")
    assert (code, noted) == (0, f"6:{old.head().hash.hex()}\n")
    old.filled(3).without_triggers().overwrite(2, {"outcome": "refused"})
    old.hash_anew(range(2, 10), relink=True)
    old.set_head(9)
    assert run("verify")[0] == 0
    code, out, _ = run("verify", "--json", "--head", noted.strip())
    first = json.loads(out)["first"]
    assert (code, first["kind"], first["number"], first["until"]) == (1, "rewritten", 1, 6)


@pytest.mark.parametrize("head", ["6", "6:ab", f"x:{'ab' * 32}", f"-1:{'ab' * 32}"])
def test_a_head_of_another_form_is_wrong_use(head: str, old: AuditLog) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["audit", "verify", "--head", head])
    assert ended.value.code == 2


def test_an_export_holds_the_days_asked_for_and_proves_itself(old: AuditLog, run: Run) -> None:
    old.filled(9)  # 14:56 to 15:04 in UTC: the first four on 1 May in Korea, the others on the 2nd
    code, out, _ = run("export", "--from", "2020-05-02", "--to", "2020-05-02", "--by", DOCTOR)
    *lines, closing = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert [line["number"] for line in lines] == [5, 6, 7, 8, 9]
    for line, before in zip(lines[1:], lines, strict=False):
        content = {name: value for name, value in line.items() if name != "hash"}
        assert hashlib.sha256(canonical_json(content)).hexdigest() == line["hash"]
        assert line["previous"] == before["hash"]
    assert closing["closing"]["count"] == 5
    assert closing["closing"]["head"]["number"] == 10
    exporting = old.stored()[-1]
    assert (exporting["action"], exporting["actor_id"]) == ("export", DOCTOR)
    assert old.verify().whole


def test_an_export_of_one_patient_is_on_that_patients_record(old: AuditLog, run: Run) -> None:
    old.filled(9)
    _, out, _ = run("export", "--from", "2020-05-01", "--to", "2020-05-02", "--patient", KIM)
    *lines, closing = (json.loads(line) for line in out.splitlines())
    assert [line["patient_number"] for line in lines] == [1, 2, 3]
    assert closing["closing"]["patient"] == KIM
    assert (old.stored()[-1]["patient"], old.stored()[-1]["patient_number"]) == (KIM, 4)
    with pytest.raises(SystemExit):
        cli.main(["audit", "export", "--from", "2020-05-01", "--to", "2020-05-02", "--patient", "00123456"])


def test_pruning_wants_a_name_and_two_years(old: AuditLog, run: Run) -> None:
    old.filled(9)
    with pytest.raises(SystemExit):
        cli.main(["audit", "prune"])
    assert run("prune", "--by", DOCTOR, "--keep-years", "1")[0] == 1
    assert run("prune", "--by", "홍길동")[0] == 1
    code, out, _ = run("prune", "--by", DOCTOR)
    assert code == 0
    assert out.startswith("removed 9 lines up to number 9, the youngest of 2020-05-01T15:04")
    assert run("prune", "--by", DOCTOR)[1] == "nothing is old enough to be removed\n"
    code, out, _ = run("verify")
    assert code == 0
    assert "begins after line 9" in out


# --- whether the batches are on chain


def anchored(log: AuditLog, count: int) -> list[bytes]:
    """Commit to the head `count` times, each in a batch of its own; the roots."""
    roots = []
    for block in range(count):
        log.append(log.entry())
        made = log.anchored_head()
        tree = MerkleTree.build([leaf_of(made.commitment)])
        with writing(log.engine) as session:
            service.note_anchored(
                session,
                made.commitment,
                issuer=1 + block % 2,
                root=tree.root,
                path=tree.proof(0),
                block=block,
            )
        roots.append(tree.root)
    return roots


def test_a_batch_that_the_chain_does_not_know_is_named(
    embedded: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = anchored(embedded, 7)
    embedded.filled(2).anchored_head()  # not in a batch yet
    monkeypatch.setattr(onchain, "AT_ONCE", 3)
    report = embedded.verify()
    assert (report.whole, report.anchored_until) == (True, 7)
    asked: list[int] = []

    def chain(known: set[bytes]) -> onchain.Anchored:
        def ask(issuer: int, wanted: Sequence[bytes]) -> list[bool]:
            asked.append(issuer)
            return [root in known for root in wanted]

        return ask

    assert onchain.checked(embedded.engine, report, chain(set(roots))).whole
    assert asked == [1, 2, 1, 2, 1]
    missing = onchain.checked(embedded.engine, report, chain(set(roots) - {roots[4]})).first
    assert missing is not None
    assert (missing.kind, missing.number) == (Kind.ANCHOR, 5)


def test_a_node_that_does_not_answer_leaves_the_question_open(
    old: AuditLog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.filled(2)

    def silent(*_: object) -> None:
        raise NodeNotUsable("node_unavailable")

    monkeypatch.setattr("backend.audit.commands.OwnNode.open", silent)
    code, out, err = run("verify", "--chain")
    assert (code, out) == (2, "")
    assert "node_unavailable" in err
