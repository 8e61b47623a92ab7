"""The sandbox's interface engine: messages of rows, what has to be sent, and sending until it is acknowledged."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine

from sandbox.his import schema
from sandbox.his.__main__ import main
from sandbox.his.day import Day
from sandbox.his.events import Step, Update
from sandbox.his.hl7 import Outgoing, order_message, settlement_message, visit_message
from sandbox.his.hl7_feed import Feed
from sandbox.his.hl7_sender import ListenerGone, Sender, read_answer
from sandbox.his.store import Writer

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
VISIT = {
    "VST_NO": "V1",
    "PT_NO": "10000001",
    "PT_NM": "환자하나",
    "BRTH_YMD": "19700101",
    "SEX_GB": "F",
    "VST_GB": "O",
    "MED_DTM": "20261124090000",
    "OUT_YMD": None,
    "DEPT_CD": "IM",
    "DEPT_NM": "내과",
    "HIRA_CD": "01",
    "EMP_NM": "의사하나",
    "LCNS_NO": "123456",
    "INSU_GB": "10",
    "STAT_GB": "F",
    "FIN_DTM": "20261124100000",
    "CHG_DT": "2026-11-24 12:00:00.123456",
}


def visit(*, known: bool = False, at: datetime = NOON, **changes: Any) -> Outgoing:
    return visit_message({**VISIT, **changes}, [], at, known=known)


def segment(message: Outgoing, name: bytes) -> list[bytes]:
    return next(line for line in message.content.split(b"\r") if line.startswith(name + b"|")).split(b"|")


class TestMessages:
    def test_what_would_break_a_message_is_escaped(self) -> None:
        message = visit(PT_NM="a|b^c&d~e\\f\rg\x0b\x1ch")
        assert segment(message, b"PID")[5] == rb"a\F\b\S\c\T\d\R\e\E\f\X0D\g\X0B\\X1C\h"

    @pytest.mark.parametrize(
        ("name", "charset"),
        [
            ("환자하나", b"UNICODE UTF-8"),
            ("환자뷁0003".encode("cp949"), b"KS X 1001"),
            (b"\xff\xfe\xff", b"UNICODE UTF-8"),
        ],
    )
    def test_bytes_travel_as_they_are_in_a_character_set_that_fits(
        self, name: str | bytes, charset: bytes
    ) -> None:
        message = visit(PT_NM=name)
        assert segment(message, b"MSH")[17] == charset
        raw = name.encode() if isinstance(name, str) else name
        assert segment(message, b"PID")[5] == raw
        if charset == b"KS X 1001":
            assert segment(message, b"PV1")[3].decode("cp949").endswith("내과")

    @pytest.mark.parametrize(
        ("state", "known", "event"),
        [
            ("R", False, b"A04"),
            ("A", False, b"A01"),
            ("F", False, b"A03"),
            ("X", False, b"A11"),
            ("F", True, b"A08"),
        ],
    )
    def test_the_event_follows_from_the_state(self, state: str, known: bool, event: bytes) -> None:
        assert segment(visit(STAT_GB=state, known=known), b"MSH")[8].split(b"^")[1] == event

    def test_the_same_state_of_a_row_is_the_same_message_whenever_it_is_sent(self) -> None:
        first = visit()
        assert visit(at=NOON + timedelta(hours=1)).control_id == first.control_id
        assert visit(CHG_DT="2026-11-24 12:00:00.123557").control_id != first.control_id
        assert len(first.control_id) == 20
        order = {"VST_NO": "V1", "ORD_SEQ": 1, "SUGA_CD": "650100021", "SUGA_NM": "약", "QTY": 1, "DAYS": 5}
        assert order_message(VISIT, [{**order, "DC_YN": "N"}], NOON).control_id != first.control_id

    def test_numbers_are_written_as_numbers(self, hospital: Engine, fill: Callable[..., Day]) -> None:
        fill(3)
        acts = [each for each in Feed(hospital).changes() if b"|DFT^P03^" in each.content]
        assert all(b".0" not in part for act in acts for part in segment(act, b"ZSP"))
        assert acts

    def test_an_advance_has_its_payment_as_the_one_transaction(self) -> None:
        act = defaultdict(str, {**VISIT, "SUNAP_NO": "1", "SUNAP_GB": "1", "CARD_AMT": 50_000})
        line = segment(settlement_message(act, [], [], NOON), b"FT1")
        assert (line[6], line[11]) == (b"PY", b"50000")


class TestTheFeed:
    def test_nothing_is_sent_twice_and_changes_are_sent(
        self, hospital: Engine, fill: Callable[..., Day]
    ) -> None:
        fill(10)
        feed = Feed(hospital, clock=lambda: NOON)
        assert len(list(feed.changes())) > 20
        assert list(feed.changes()) == []
        with hospital.connect() as connection:
            key = connection.execute(schema.VISITS.select()).first().VST_NO  # type: ignore[union-attr]
        later = Writer(hospital, clock=lambda: NOON + timedelta(seconds=5))
        later.step(Step(datetime(2026, 11, 24), [Update(schema.VISITS, key, {"INSU_GB": "50"})]))
        (message, *orders) = feed.changes()
        assert b"|ADT^A08^" in message.content
        assert all(b"|RDE^O11^" in each.content for each in orders)

    def test_what_commits_late_is_found(self, hospital: Engine, fill: Callable[..., Day]) -> None:
        fill(10)
        feed = Feed(hospital, clock=lambda: NOON, orders=False)
        list(feed.changes())
        with hospital.connect() as connection:
            first, second = (row.VST_NO for row in connection.execute(schema.VISITS.select()).fetchmany(2))
        for key, seconds in ((first, 30), (second, 10)):  # the second took its stamp first and commits last
            writer = Writer(hospital, clock=lambda seconds=seconds: NOON + timedelta(seconds=seconds))
            writer.step(Step(datetime(2026, 11, 24), [Update(schema.VISITS, key, {"INSU_GB": "50"})]))
            (message,) = feed.changes()
            assert key.encode() in message.content

    def test_after_a_restart_everything_comes_again_under_the_same_names(
        self, hospital: Engine, fill: Callable[..., Day]
    ) -> None:
        fill(10)
        first, again = (
            [each.control_id for each in Feed(hospital, clock=lambda at=at: at).changes()]
            for at in (NOON, NOON + timedelta(days=1))
        )
        assert first == again
        assert len(set(first)) == len(first)


Script = Callable[[bytes, int], bytes | None]
"""What the listener answers to a message and how often it heard it; None hangs up."""


class Listener:
    """A scripted other end, one connection after another."""

    def __init__(self, script: Script) -> None:
        self.heard: list[bytes] = []
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        held = b""
        while data := connection.recv(65_536):
            held += data
            while b"\x1c\r" in held:
                frame, _, held = held.partition(b"\x1c\r")
                control_id = frame.split(b"|")[9]
                self.heard.append(control_id)
                answer = self._script(control_id, self.heard.count(control_id))
                if answer is None:
                    return
                connection.sendall(answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def ack(control_id: bytes, code: bytes = b"AA", error: bytes = b"") -> bytes:
    err = b"ERR||MSH^1^9|" + error + b"^no^HL70357|E\r" if error else b""
    return b"\x0bMSH|^~\\&|X|||||ACK|1|P|2.5.1\rMSA|" + code + b"|" + control_id + b"\r" + err + b"\x1c\r"


@pytest.fixture
def listen() -> Iterator[Callable[[Script], Listener]]:
    made: list[Listener] = []

    def start(script: Script) -> Listener:
        made.append(Listener(script))
        return made[-1]

    yield start
    for each in made:
        each.close()


class TestSending:
    MESSAGES = tuple(
        Outgoing(f"C{number}", f"MSH|^~\\&|||||||A^B|C{number}|P".encode()) for number in range(3)
    )

    def sender(self, listener: Listener, pauses: list[int], **options: Any) -> Sender:
        return Sender(*listener.address, pause=pauses.append, **{"timeout": 10, "tries": 5} | options)

    def test_a_lost_answer_makes_it_connect_anew_and_send_the_same_again(
        self, listen: Callable[[Script], Listener]
    ) -> None:
        listener = listen(lambda name, time: None if name == b"C1" and time < 3 else ack(name))
        pauses: list[int] = []
        report = self.sender(listener, pauses).send(self.MESSAGES)
        assert (report.accepted, report.repeated, report.refused) == (3, 2, [])
        assert listener.heard == [b"C0", b"C1", b"C1", b"C1", b"C2"]
        assert pauses == [1, 2]

    def test_not_now_is_tried_again_and_a_refusal_is_final(
        self, listen: Callable[[Script], Listener]
    ) -> None:
        def script(name: bytes, time: int) -> bytes:
            if name == b"C0" and time == 1:
                return ack(name, b"AR", b"207")
            return ack(name, b"AR", b"201") if name == b"C1" else ack(name)

        listener = listen(script)
        report = self.sender(listener, []).send(self.MESSAGES)
        assert (report.accepted, report.repeated) == (2, 1)
        assert report.refused == [("C1", "AR 201")]
        assert listener.heard == [b"C0", b"C0", b"C1", b"C2"]

    def test_an_answer_to_another_message_is_not_taken_for_this_one(
        self, listen: Callable[[Script], Listener]
    ) -> None:
        listener = listen(lambda name, _: ack(b"OLD") + ack(name))
        assert self.sender(listener, []).send(self.MESSAGES).accepted == 3

    def test_silence_is_no_acknowledgement(self, listen: Callable[[Script], Listener]) -> None:
        listener = listen(lambda name, time: b"" if time == 1 else ack(name))
        report = self.sender(listener, [], timeout=0.2).send(self.MESSAGES[:1])
        assert (report.accepted, report.repeated) == (1, 1)

    def test_it_gives_up_after_its_tries_and_says_what_to_look_at(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = taken.getsockname()
        sender = Sender(*address, pause=lambda _: None, tries=3)
        with pytest.raises(ListenerGone, match="oracle running") as raised:
            sender.send(self.MESSAGES)
        assert raised.value.tries == 3
        assert sender.total.repeated == 3

    def test_what_is_no_acknowledgement_is_none(self) -> None:
        for frame in (b"", b"\x0bMSH|x", b"MSA|AA"):
            with pytest.raises(ConnectionResetError):
                read_answer(frame)
        assert read_answer(b"\x0bMSH|x\rMSA|AE|7\rERR||p|102^t^T|E").error == b"102"


class TestTheCommand:
    def test_it_sends_everything_once_and_tells(
        self,
        url: str,
        fill: Callable[..., Day],
        listen: Callable[[Script], Listener],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        fill(5)
        listener = listen(lambda name, _: ack(name))
        host, port = listener.address
        assert main(["send-hl7", "--db", url, "--to", f"{host}:{port}", "--no-orders"]) == 0
        assert f"{len(listener.heard)} acknowledged, 0 refused, 0 sent again" in capsys.readouterr().out
        assert len(set(listener.heard)) == len(listener.heard) > 10

    def test_refused_messages_make_it_fail(
        self,
        url: str,
        fill: Callable[..., Day],
        listen: Callable[[Script], Listener],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        fill(2)
        host, port = listen(lambda name, _: ack(name, b"AE", b"102")).address
        assert main(["send-hl7", "--db", url, "--to", f"{host}:{port}"]) == 1
        assert "refused: AE 102" in capsys.readouterr().err

    def test_nobody_listening_makes_it_fail(self, url: str, fill: Callable[..., Day]) -> None:
        fill(1)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        assert main(["send-hl7", "--db", url, "--to", f"127.0.0.1:{port}", "--tries", "1"]) == 1

    @pytest.mark.parametrize("to", ["127.0.0.1", ":1", "host:0", "host:x", "host:99999"])
    def test_an_address_that_is_none_is_refused(self, to: str) -> None:
        with pytest.raises(SystemExit):
            main(["send-hl7", "--to", to])

    def test_it_refuses_to_run_in_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAEGIM_ENV", "production")
        assert main(["send-hl7", "--to", "127.0.0.1:1", "--tries", "1"]) == 1
