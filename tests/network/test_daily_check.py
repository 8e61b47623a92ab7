"""Daily records: signed, chained, never replaced; what is not well is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from network.monitor import commands
from network.monitor.commands import daily_check_command
from network.monitor.daily import Checked, DailyChecks, ask
from network.monitor.errors import RecordRefused
from network.monitor.settings import MonitorSettings
from network.ports import choose_ports

NOON = datetime(2026, 7, 1, 3, tzinfo=UTC)
WELL = {"http://oracle": Checked("http://oracle", 200, {"status": "ok", "problems": {}})}


class Days:
    """A folder of records, one a day from 1 July on unless days are left out."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.folder = folder / "records"
        self.checks = DailyChecks(self.folder, self.key.public_key())

    def check(self, day: int, answers: dict[str, Checked] = WELL) -> Any:
        now = NOON + timedelta(days=day - 1)
        return self.checks.add(self.key, list(answers), lambda: now, lambda address: answers[address])

    def path(self, day: int) -> Path:
        return self.folder / f"2026-07-{day:02}.jws"


@pytest.fixture
def days(tmp_path: Path) -> Days:
    made = Days(tmp_path)
    for day in (1, 2, 3):
        made.check(day)
    return made


def test_records_follow_each_other(days: Days) -> None:
    found = days.checks.verify()
    assert [record.sequence for record in found] == [1, 2, 3]
    assert [record.day for record in found] == [date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)]
    assert days.checks.missing(found) == []


def test_a_day_has_one_record_and_none_is_written_before_another(days: Days) -> None:
    before = days.path(3).read_text()
    for day in (3, 2):
        with pytest.raises(RecordRefused):
            days.check(day)
    assert days.path(3).read_text() == before


def test_the_day_is_korea_s(tmp_path: Path) -> None:
    days = Days(tmp_path)
    late = datetime(2026, 7, 1, 15, 30, tzinfo=UTC)
    record, _ = days.checks.add(days.key, [], lambda: late)
    assert record.day == date(2026, 7, 2)


def test_a_record_taken_out_of_the_middle_is_missed(days: Days) -> None:
    days.path(2).unlink()
    with pytest.raises(RecordRefused) as refused:
        days.checks.verify()
    assert refused.value.day == "2026-07-03"


def test_a_record_written_again_by_the_key_s_holder_does_not_fit(days: Days, tmp_path: Path) -> None:
    other = Days(tmp_path / "other")
    other.key, other.checks = days.key, DailyChecks(other.folder, days.key.public_key())
    other.check(1, {"http://a": Checked("http://a", 200, {})})
    other.check(2, {"http://a": Checked("http://a", 200, {})})
    assert len(other.checks.verify()) == 2
    for day in (1, 2):
        days.path(day).write_text(other.path(day).read_text())
    with pytest.raises(RecordRefused, match="previous"):
        days.checks.verify()


def test_a_record_that_was_changed_or_moved_is_refused(days: Days) -> None:
    head, payload, signature = days.path(3).read_text().strip().split(".")
    flipped = payload[:10] + ("A" if payload[10] != "A" else "B") + payload[11:]
    for text in (f"{head}.{flipped}.{signature}", f"{head}.{payload}", "", days.path(2).read_text()):
        days.path(3).write_text(text)
        with pytest.raises(RecordRefused):
            days.checks.verify()
    days.path(3).rename(days.path(4))
    with pytest.raises(RecordRefused):
        days.checks.verify()


def test_a_record_of_another_key_or_kind_is_refused(days: Days) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(RecordRefused):
        DailyChecks(days.folder, stranger.public_key()).verify()
    pem = days.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    said = jws.deserialize_compact(days.path(1).read_text().strip(), ECKey.import_key(pem)).payload
    other = jws.serialize_compact({"alg": "ES256", "typ": "JWT"}, said, ECKey.import_key(pem))
    days.path(1).write_text(other)
    with pytest.raises(RecordRefused, match="no daily check"):
        days.checks.verify()


def test_nothing_is_added_to_a_broken_chain(days: Days) -> None:
    days.path(1).write_text("nothing")
    with pytest.raises(RecordRefused):
        days.check(4)
    assert not days.path(4).exists()


def test_days_on_which_nobody_checked_are_named(days: Days) -> None:
    days.check(6)
    assert days.checks.missing(days.checks.verify()) == [date(2026, 7, 4), date(2026, 7, 5)]


@pytest.mark.parametrize(
    ("status", "answer", "well"),
    [
        (200, {"status": "ok", "problems": {}}, True),
        (200, {"name": "validator-1", "alarms": []}, True),
        (200, {"status": "ok", "node": "ok"}, True),
        (200, {"status": "ok", "node": "behind"}, False),
        (200, {"alarms": ["halted"]}, False),
        (200, {"problems": {"intake": "HisUnavailable"}}, False),
        (503, {"status": "unavailable"}, False),
        (0, "ConnectError", False),
    ],
)
def test_what_counts_as_well(days: Days, status: int, answer: Any, well: bool) -> None:
    record, _ = days.check(4, {"http://a": Checked("http://a", status, answer)})
    assert record.well is well
    assert days.checks.verify()[-1].well is well


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, bytes]], str]]:
    """A health server with these pages; its address."""
    made: list[ThreadingHTTPServer] = []

    def start(pages: dict[str, bytes]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in made:
        server.shutdown()
        server.server_close()


def test_oracle_backend_and_agents_are_asked_where_they_answer(serve: Callable[..., str]) -> None:
    ready = serve({"/readyz": b'{"status": "ok"}'})
    health = serve({"/health": b'{"alarms": ["halted"], "idle": 12.5}'})
    assert ask(ready).answer == {"status": "ok"}
    assert ask(f"{health}/") == Checked(f"{health}/", 200, {"alarms": ["halted"], "idle": 12.5})
    assert ask(serve({})).status == 404
    assert ask(serve({"/readyz": b"<html>"})).answer == "no JSON"
    assert ask(serve({"/readyz": b'"' + b"x" * 30_000 + b'"'})).answer == "too long"


def test_nobody_at_an_address_is_a_finding() -> None:
    found = ask(f"http://127.0.0.1:{choose_ports(1)[0]}")
    assert (found.status, found.answer, found.well) == (0, "ConnectError", False)


@pytest.fixture
def command(tmp_path: Path, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command on a machine with an oracle that is well and an agent with an alarm, if `alarm`."""

    def run(*arguments: str, alarm: bool = False) -> Any:
        alarms = ["halted"] if alarm else []
        pages = ({"/readyz": b'{"status": "ok"}'}, {"/health": json.dumps({"alarms": alarms}).encode()})
        chosen = MonitorSettings(
            _env_file=None,
            check_urls=tuple(serve(page) for page in pages),
            check_folder=tmp_path / "checks",
            keys_folder=tmp_path / "keys",
        )
        monkeypatch.setattr(commands.MonitorSettings, "read", lambda: chosen)
        return CliRunner().invoke(daily_check_command, list(arguments))

    return run


def test_the_command_writes_today_s_record_once_and_verifies_it(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    first = command()
    assert first.exit_code == 0, first.output
    assert "record 1 of" in first.output
    again = command()
    assert again.exit_code == 1
    assert "is there already" in again.output
    verified = command("--verify", str(tmp_path / "checks"))
    assert verified.exit_code == 0, verified.output
    assert "1 records believed, 0 not well" in verified.output


def test_the_command_ends_with_1_when_something_is_not_well(command: Callable[..., Any]) -> None:
    done = command(alarm=True)
    assert done.exit_code == 1
    assert "NOT WELL (200)" in done.output


def test_a_changed_record_ends_the_command_with_its_day(command: Callable[..., Any], tmp_path: Path) -> None:
    command()
    (path,) = (tmp_path / "checks").iterdir()
    path.write_text("x.y.z")
    done = command("--verify", str(tmp_path / "checks"))
    assert done.exit_code == 1
    assert path.stem in done.output
