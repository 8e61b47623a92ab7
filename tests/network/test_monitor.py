"""The relay's memory and rules: what is news, what waits, what is told again, and when silence itself is told."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from chain.db import make_engine
from network.monitor.alerts import LABELS, Message, parse
from network.monitor.assembly import make_channels, make_relay
from network.monitor.errors import AlertsMalformed, NotDelivered
from network.monitor.queue import Queue
from network.monitor.relay import SILENT, Relay
from network.monitor.server import MonitorServer, run
from network.monitor.settings import MonitorSettings

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Channel:
    """A control room that can be out of reach."""

    def __init__(self, name: str = "room") -> None:
        self.name, self.up, self.heard = name, True, list[Message]()

    def send(self, message: Message) -> None:
        if not self.up:
            raise NotDelivered(self.name, "refused")
        self.heard.append(message)

    def close(self) -> None:
        return

    def names(self) -> list[str]:
        return [f"{'+' if message.raised else '-'}{message.name}" for message in self.heard]


class Room:
    """A relay with its channels; `restart` is a new process on the same queue."""

    def __init__(self, folder: Path, *channels: Channel) -> None:
        self.clock, self.channels, self.folder = Clock(), channels or (Channel(),), folder
        self.restart()

    def restart(self) -> None:
        engine = make_engine(f"sqlite:///{self.folder}/queue.sqlite3")
        names = [channel.name for channel in self.channels]
        queue = Queue(engine, names, self.clock, timedelta(hours=4))
        queue.create_tables()
        self.relay = Relay(queue, self.channels, self.clock, timedelta(minutes=5))

    def post(self, *alerts: dict[str, Any]) -> None:
        body = json.dumps([*alerts, self.alert("Watchdog", severity="none")]).encode()
        self.relay.take(parse(body, self.clock()))

    def alert(self, name: str, *, over: bool = False, **labels: str) -> dict[str, Any]:
        ends = self.clock() + timedelta(minutes=-1 if over else 3)
        return {
            "labels": {"alertname": name, "severity": "critical", **labels},
            "annotations": {
                "summary_ko": "새 블록이 없습니다",
                "summary_en": "No new block",
                "runbook": "docs#x",
            },
            "startsAt": NOW.isoformat(),
            "endsAt": ends.isoformat(),
            "generatorURL": "http://prometheus/graph",
        }


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1",
        b"{}",
        b'{"alerts": 1}',
        b'[{"labels": {}}]',
        b'[{"labels": {"alertname": ""}, "startsAt": "2026-07-01T00:00:00Z"}]',
        b'[{"labels": {"alertname": "X"}, "startsAt": "2026-07-01T00:00:00"}]',
        b'[{"labels": {"alertname": ["X"]}, "startsAt": "2026-07-01T00:00:00Z"}]',
        json.dumps([{"labels": {"alertname": "X"}, "startsAt": "2026-07-01T00:00:00Z"}] * 1_001).encode(),
    ],
)
def test_what_is_no_post_of_alerts_is_refused(body: bytes) -> None:
    with pytest.raises(AlertsMalformed):
        parse(body, NOW)


def test_only_labels_of_the_list_leave_and_all_make_the_identity() -> None:
    def one(**labels: str) -> Any:
        post = {"labels": {"alertname": "X", **labels}, "startsAt": NOW.isoformat()}
        return parse(json.dumps([post]).encode(), NOW)[0]

    told = Message.of(one(patient="홍길동", validator="validator-1", instance="10.0.0.1:1")).to_json()
    assert "홍길동" not in told
    assert "instance=10.0.0.1:1 validator=validator-1" in told
    assert one(patient="a").identity != one(patient="b").identity
    assert "patient" not in LABELS


def test_texts_are_one_line_of_bounded_length() -> None:
    post = {
        "labels": {"alertname": "X\n<14>1 forged"},
        "annotations": {"summary_en": "y\x00z\r\n" * 500},
        "startsAt": NOW.isoformat(),
    }
    alert = parse(json.dumps([post]).encode(), NOW)[0]
    assert alert.name == "X <14>1 forged"
    assert len(alert.summary_en) == 200
    assert alert.summary_en.isprintable()


def test_a_rule_without_a_known_severity_counts_as_a_warning() -> None:
    post = {"labels": {"alertname": "X", "severity": "page"}, "startsAt": NOW.isoformat()}
    assert parse(json.dumps([post]).encode(), NOW)[0].severity == "warning"


def test_an_alert_is_told_when_it_begins_and_when_it_ends_whatever_is_posted_between(room: Room) -> None:
    for _ in range(5):
        room.post(room.alert("HeadOld"))
        room.relay.step()
        room.clock.forward(minutes=1)
    for _ in range(3):
        room.post(room.alert("HeadOld", over=True))
        room.relay.step()
    assert room.channels[0].names() == ["+HeadOld", "-HeadOld"]
    room.post(room.alert("HeadOld"))
    room.relay.step()
    assert room.channels[0].names()[2:] == ["+HeadOld"]


def test_an_end_without_a_beginning_is_no_news(room: Room) -> None:
    room.post(room.alert("HeadOld", over=True))
    room.relay.step()
    assert room.channels[0].names() == []


def test_alertmanager_s_webhook_says_the_same(room: Room) -> None:
    def webhook(status: str) -> bytes:
        alert = {**room.alert("HeadOld"), "status": status, "fingerprint": "abc"}
        alert["endsAt"] = "0001-01-01T00:00:00Z" if status == "firing" else NOW.isoformat()
        return json.dumps({"version": "4", "status": status, "receiver": "room", "alerts": [alert]}).encode()

    for status in ("firing", "firing", "resolved"):
        room.relay.take(parse(webhook(status), room.clock()))
        room.relay.step()
    assert room.channels[0].names() == ["+HeadOld", "-HeadOld"]


def test_what_goes_on_is_told_again_after_four_hours(room: Room) -> None:
    for _ in range(9):
        room.post(room.alert("HeadOld"))
        room.relay.step()
        room.clock.forward(hours=1)
        room.post(room.alert("HeadOld"))
    assert room.channels[0].names() == ["+HeadOld", "+HeadOld", "+HeadOld"]


def test_nothing_is_lost_while_the_room_is_out_of_reach_and_order_is_kept(room: Room) -> None:
    (channel,) = room.channels
    channel.up = False
    room.post(room.alert("HeadOld"))
    room.relay.step()
    room.post(room.alert("OracleDown"), room.alert("HeadOld", over=True))
    room.relay.step()
    room.restart()
    channel.up = True
    room.relay.step()
    assert channel.names() == [], "it pauses before it tries again"
    room.clock.forward(seconds=6)
    room.relay.step()
    assert channel.names() == ["+HeadOld", "+OracleDown", "-HeadOld"]


def test_the_pause_doubles_up_to_five_minutes(room: Room) -> None:
    (channel,) = room.channels
    channel.up = False
    room.post(room.alert("HeadOld"))
    attempts = [0]

    def refuse(message: Message) -> None:
        attempts[0] += 1
        raise NotDelivered("room", "refused")

    channel.send = refuse  # type: ignore[method-assign]
    for _ in range(900):
        room.post()
        room.relay.step()
        room.clock.forward(seconds=1)
    assert 8 <= attempts[0] <= 9, "after 5, 10, 20 … 160 s, then every 300 s"


def test_one_channel_out_of_reach_holds_up_no_other(tmp_path: Path) -> None:
    room = Room(tmp_path, Channel("a"), Channel("b"))
    room.channels[0].up = False
    room.post(room.alert("HeadOld"))
    room.relay.step()
    assert (room.channels[0].names(), room.channels[1].names()) == ([], ["+HeadOld"])
    value = room.relay.registry.get_sample_value
    assert value("saegim_monitor_waiting", {"channel": "a"}) == 1
    assert value("saegim_monitor_failures_total", {"channel": "a"}) == 1
    assert value("saegim_monitor_sent_total", {"channel": "b"}) == 1
    room.clock.forward(seconds=30)
    assert value("saegim_monitor_oldest_waiting_seconds", {"channel": "a"}) == 30


def test_silence_of_prometheus_is_told_and_ends_nothing_else(room: Room) -> None:
    room.post(room.alert("HeadOld"))
    room.relay.step()
    room.clock.forward(minutes=6)
    room.relay.step()
    assert room.channels[0].names() == ["+HeadOld", f"+{SILENT}"]
    room.clock.forward(minutes=6)
    room.relay.step()
    assert len(room.channels[0].heard) == 2
    room.post(room.alert("HeadOld"))
    room.relay.step()
    assert room.channels[0].names()[2:] == [f"-{SILENT}"]


def test_an_alert_that_is_no_longer_said_is_over_while_prometheus_speaks(room: Room) -> None:
    room.post(room.alert("HeadOld"))
    room.relay.step()
    room.clock.forward(minutes=4)
    room.post()
    room.relay.step()
    assert room.channels[0].names() == ["+HeadOld", "-HeadOld"]


def test_the_watchdog_is_told_to_nobody(room: Room) -> None:
    room.post()
    room.relay.step()
    assert room.channels[0].names() == []


@pytest.fixture
def served(room: Room) -> Any:
    stop, news = Event(), Event()
    server = MonitorServer(("127.0.0.1", 0), room.relay, room.clock, news.set)
    thread = Thread(target=run, args=(room.relay, server, stop, news, 600.0))
    thread.start()
    host, port = server.server_address[:2]
    yield f"http://{host}:{port}"
    stop.set()
    news.set()
    thread.join(20)


@pytest.mark.parametrize("path", ["/alerts", "/api/v2/alerts"])
def test_posts_are_on_disk_when_they_are_answered(room: Room, served: str, path: str) -> None:
    room.channels[0].up = False
    body = json.dumps([room.alert("HeadOld")]).encode()
    with httpx.Client(trust_env=False) as client:
        assert client.post(f"{served}{path}", content=body).status_code == 200
        assert client.post(f"{served}{path}", content=b"{}").status_code == 400
        assert client.post(f"{served}/elsewhere", content=body).status_code == 404
        assert 'saegim_monitor_waiting{channel="room"} 1.0' in client.get(f"{served}/metrics").text


def test_a_body_without_length_or_too_large_is_not_read(served: str) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.post(f"{served}/alerts", content=iter([b"[]"])).status_code == 413
    host, _, port = served.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(b"POST /alerts HTTP/1.1\r\nHost: relay\r\nContent-Length: 4000001\r\n\r\n")
        assert plain.recv(100).split()[1] == b"413"


def settings(**values: Any) -> MonitorSettings:
    return MonitorSettings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"listen_host": "0.0.0.0"}, "LISTEN_HOST"),
        ({"syslog_urls": "http://a:1"}, "SYSLOG_URLS"),
        ({"syslog_urls": "udp://a"}, "SYSLOG_URLS"),
        ({"snmp_targets": "room"}, "SNMP_TARGETS"),
        ({"snmp_version": "3"}, "SNMP_AUTH_FILE"),
        ({"environment": "production", "snmp_targets": "a:162"}, "SNMP_COMMUNITY_FILE"),
        (
            {"environment": "production", "snmp_targets": "a:162", "snmp_community_file": "x"},
            "SAEGIM_MONITOR_ENTERPRISE",
        ),
    ],
)
def test_settings_that_would_not_work_or_are_unsafe_are_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(**values)


def test_durations_are_seconds_or_iso_8601() -> None:
    assert settings(repeat="90").repeat == timedelta(seconds=90)
    assert settings(silent_after="PT2M").silent_after == timedelta(minutes=2)


def test_settings_make_one_channel_for_each_receiver(tmp_path: Path) -> None:
    (tmp_path / "community").write_text("ward\n")
    chosen = settings(
        database_url=f"sqlite:///{tmp_path}/q.sqlite3",
        snmp_targets="10.0.0.1:162, 10.0.0.2:162",
        snmp_community_file=tmp_path / "community",
        syslog_urls="tls://log.example:6514",
    )
    channels = make_channels(chosen)
    assert [channel.name for channel in channels] == [
        "snmp 10.0.0.1:162",
        "snmp 10.0.0.2:162",
        "syslog log.example:6514",
    ]
    for channel in channels:
        channel.close()
    make_relay(chosen).close()
