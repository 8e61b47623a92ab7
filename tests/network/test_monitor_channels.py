"""What reaches the control room: RFC 5424 lines over three transports, and notifications that snmptrapd understands."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pysmi.parser.smi import SmiV2Parser

from network.monitor.alerts import Message
from network.monitor.errors import NotDelivered
from network.monitor.snmp import CLEARED, OBJECTS, RAISED, SEVERITIES, SnmpChannel, SnmpUser, engine_id
from network.monitor.syslog import SyslogChannel, SyslogFormat
from network.waiting import wait_for
from tests.fixtures.missing import unavailable

NOW = datetime(2026, 7, 1, 9, 0, 0, 123_000, tzinfo=UTC)
ENTERPRISE = 99_999
MIB = Path(__file__).parents[2] / "deploy" / "monitoring" / "SAEGIM-MIB.txt"
MESSAGE = Message(
    identity="0123456789abcdef",
    name="HeadOld",
    severity="critical",
    raised=True,
    source="instance=127.0.0.1:8630 validator=validator-1",
    summary_ko="10초 넘게 새 블록이 없습니다",
    summary_en='No new block for "10" s [\\]',
    runbook="docs/operations.md#headold",
    since="2026-07-01T08:59:50+00:00",
)
FORM = SyslogFormat(ENTERPRISE, 16, "relay.hospital")

_VALUE = r'"(?:[^"\\\]]|\\["\\\]])*"'
GRAMMAR = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) (?P<host>[!-~]{1,255}) "
    rb"(?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    rb"\[(?P<sd>[!-<>-Z^-~\\]{1,32})(?P<params>(?: [!-<>-~]{1,32}="
    + _VALUE.encode()
    + rb")*)\] \xef\xbb\xbf(?P<text>.*)",
    re.DOTALL,
)
"""RFC 5424, section 6, as far as this sender uses it."""


def read(line: bytes) -> dict[str, Any]:
    """A line taken apart by the grammar."""
    found = GRAMMAR.fullmatch(line)
    assert found, line
    params = re.findall(r" ([^ =]+)=(" + _VALUE + ")", found["params"].decode())
    values = {name: re.sub(r"\\(.)", r"\1", value[1:-1]) for name, value in params}
    return {**found.groupdict(), "pri": int(found["pri"]), "values": values, "text": found["text"].decode()}


def test_a_line_follows_the_grammar_and_says_everything() -> None:
    line = read(FORM.line(MESSAGE, NOW))
    assert (line["pri"], line["time"], line["host"]) == (
        16 * 8 + 2,
        b"2026-07-01T09:00:00.123Z",
        b"relay.hospital",
    )
    assert line["sd"] == b"saegim@99999"
    assert line["values"] == {
        "alert": "HeadOld",
        "state": "raised",
        "severity": "critical",
        "identity": MESSAGE.identity,
        "since": MESSAGE.since,
        "source": MESSAGE.source,
        "runbook": MESSAGE.runbook,
    }
    assert line["text"] == f"HeadOld raised: {MESSAGE.summary_ko} / {MESSAGE.summary_en}"


@pytest.mark.parametrize("value", ['a"b', "a]b", "a\\b", 'x" evil="1', "\\", '\\"]'])
def test_no_value_ends_its_quotes_or_its_element(value: str) -> None:
    assert read(FORM.line(replace(MESSAGE, source=value), NOW))["values"]["source"] == value


@pytest.mark.parametrize(
    ("severity", "raised", "level"),
    [("critical", True, 2), ("warning", True, 4), ("info", True, 6), ("critical", False, 5)],
)
def test_severities_are_those_of_syslog(severity: str, raised: bool, level: int) -> None:
    line = read(FORM.line(replace(MESSAGE, severity=severity, raised=raised), NOW))
    assert line["pri"] % 8 == level
    assert line["id"] == (b"raised" if raised else b"cleared")


def test_a_host_name_that_is_no_ascii_does_not_break_the_header() -> None:
    assert read(replace(FORM, hostname="관제 서버").line(MESSAGE, NOW))["host"] == b"-"


def test_udp_carries_one_line_a_datagram_and_cuts_no_character() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        channel = SyslogChannel(f"udp://127.0.0.1:{receiver.getsockname()[1]}", FORM, lambda: NOW)
        channel.send(MESSAGE)
        assert read(receiver.recv(65_535))["values"]["alert"] == "HeadOld"
        channel.send(replace(MESSAGE, summary_ko="가" * 1_000))
        cut = receiver.recv(65_535)
        assert 2_040 < len(cut) <= 2_048
        assert read(cut)["text"].endswith("가")


class Receiver:
    """A syslog server over a stream: takes what one connection brings. `context` makes it TLS."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context, self.received = context, b""
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _serve(self) -> None:
        plain, _ = self._listener.accept()
        try:
            with self._context.wrap_socket(plain, server_side=True) if self._context else plain as taken:
                while part := taken.recv(65_536):
                    self.received += part
        except ssl.SSLError:
            return

    def frames(self) -> list[bytes]:
        """Octet-counted frames (RFC 6587, section 3.4.1)."""
        self._thread.join(10)
        self._listener.close()
        found, rest = [], self.received
        while rest:
            length, _, rest = rest.partition(b" ")
            found.append(rest[: int(length)])
            rest = rest[int(length) :]
        return found


def test_tcp_counts_octets() -> None:
    receiver = Receiver()
    SyslogChannel(f"tcp://127.0.0.1:{receiver.port}", FORM, lambda: NOW).send(MESSAGE)
    (line,) = receiver.frames()
    assert read(line)["values"]["identity"] == MESSAGE.identity


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotDelivered):
        SyslogChannel(f"tcp://127.0.0.1:{port}", FORM, lambda: NOW).send(MESSAGE)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "syslog")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "syslog.crt"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


def test_tls_tells_only_a_server_it_believes(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    stranger = Receiver(context)
    with pytest.raises(NotDelivered):
        SyslogChannel(f"tls://127.0.0.1:{stranger.port}", FORM, lambda: NOW).send(MESSAGE)
    assert stranger.frames() == []
    known = Receiver(context)
    SyslogChannel(f"tls://127.0.0.1:{known.port}", FORM, lambda: NOW, ca_file=certificate).send(MESSAGE)
    (line,) = known.frames()
    assert read(line)["values"]["alert"] == "HeadOld"


# --- SNMP


def mib() -> dict[str, tuple[str, Any]]:
    """Symbol → (parent, number), as a MIB compiler's parser reads the file."""
    (module,) = SmiV2Parser().parse(MIB.read_text("utf-8"))
    assert module[0] == "SAEGIM-MIB"
    found: dict[str, tuple[str, Any]] = {}
    for declared in module[3]:
        place = declared[-1]
        if isinstance(place, tuple) and place[0] == "objectIdentifier":
            parent, number = place[1]
            found[str(declared[1])] = (str(parent), number)
    return found


def place_of(symbol: str, symbols: dict[str, tuple[str, Any]]) -> str:
    if symbol == "saegim":
        return ""
    parent, number = symbols[symbol]
    above = place_of(parent, symbols)
    return f"{above}.{number}" if above else str(number)


def test_the_mib_names_what_is_sent_where_it_is_sent() -> None:
    symbols = mib()
    assert symbols["saegim"] == ("enterprises", ENTERPRISE)
    for name, place in OBJECTS.items():
        assert place_of(name, symbols) == place
    assert place_of("saegimAlertRaised", symbols) == RAISED
    assert place_of("saegimAlertCleared", symbols) == CLEARED
    text = MIB.read_text("utf-8")
    assert all(f"{name}({number})" in text for name, number in SEVERITIES.items())
    carried = re.findall(r"NOTIFICATION-TYPE\s+OBJECTS \{([^}]*)\}", text)
    assert [[name.strip() for name in names.split(",")] for names in carried] == [list(OBJECTS)] * 2


class Trapd:
    """A real snmptrapd that writes what it takes."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self._log = port, folder / "traps.log"
        program = shutil.which("snmptrapd") or shutil.which("snmptrapd", path="/usr/sbin")
        if program is None:
            unavailable("snmptrapd was not found: install snmptrapd")
        engine = engine_id(ENTERPRISE, "relay").hex()
        users = "".join(
            f"createUser {which} ward SHA-256 authentication AES encryption-key\n"
            for which in (f"-e 0x{engine}", "")
        )
        rules = "authCommunity log ward\nauthUser log ward priv\ndisableAuthorization no\n"
        (folder / "snmptrapd.conf").write_text(users + rules)
        state = {"SNMP_PERSISTENT_DIR": str(folder / "state"), "PATH": "/usr/sbin:/usr/bin:/bin"}
        command = [program, "-f", "-n", "-On", "-m", "", "-C", "-c", str(folder / "snmptrapd.conf")]
        command += ["-Lf", str(self._log), "-F", "TRAP %V|%v\\n", "-p", str(folder / "pid")]
        self._process = subprocess.Popen([*command, f"udp:127.0.0.1:{port}"], env=state)

    def ready(self) -> bool:
        return "NET-SNMP version" in self.text()

    def text(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def traps(self) -> list[dict[str, str]]:
        """Object → value of each notification."""
        each = [" ".join(part.split()) for part in re.split("^TRAP ", self.text(), flags=re.MULTILINE)[1:]]
        return [dict(re.findall(r"\|?(\.[0-9.]+) = (?:[\w-]+: )?([^|]*)", part)) for part in each]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture
def trapd(tmp_path: Path) -> Iterator[Trapd]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    receiver = Trapd(tmp_path, port)
    try:
        wait_for("snmptrapd to listen", receiver.ready)
        yield receiver
    finally:
        receiver.close()


ROOT = f".1.3.6.1.4.1.{ENTERPRISE}"
TRAP_OID = ".1.3.6.1.6.3.1.1.4.1.0"
USERS = {
    "2c": SnmpUser("2c", "ward"),
    "3": SnmpUser("3", "ward", "authentication", "encryption-key"),
}


@pytest.fixture
def channel() -> Iterator[Callable[..., SnmpChannel]]:
    made: list[SnmpChannel] = []

    def make(port: int, user: SnmpUser, *, inform: bool = False, later: int = 0) -> SnmpChannel:
        clock = lambda: datetime.now(UTC) + timedelta(minutes=later)  # noqa: E731 - receivers compare with the real time
        made.append(SnmpChannel(f"127.0.0.1:{port}", user, ENTERPRISE, clock, inform=inform, machine="relay"))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("inform", [False, True], ids=["trap", "inform"])
@pytest.mark.parametrize("version", ["2c", "3"])
def test_snmptrapd_takes_what_is_sent(
    trapd: Trapd, channel: Callable[..., SnmpChannel], version: str, inform: bool
) -> None:
    sender = channel(trapd.port, USERS[version], inform=inform)
    sender.send(MESSAGE)
    sender.send(replace(MESSAGE, raised=False))
    raised, cleared = wait_for(
        "two notifications", lambda: trapd.traps() if len(trapd.traps()) == 2 else None
    )
    assert raised[TRAP_OID] == f"{ROOT}.{RAISED}"
    assert cleared[TRAP_OID] == f"{ROOT}.{CLEARED}"
    assert raised[f"{ROOT}.{OBJECTS['saegimAlertName']}.0"] == '"HeadOld"'
    assert raised[f"{ROOT}.{OBJECTS['saegimAlertSeverity']}.0"] == "1"
    assert raised[f"{ROOT}.{OBJECTS['saegimAlertSource']}.0"].strip('"') == MESSAGE.source
    korean = MESSAGE.summary_ko.encode()
    shown = raised[f"{ROOT}.{OBJECTS['saegimAlertSummaryKo']}.0"]
    assert shown.strip('"') == MESSAGE.summary_ko or bytes.fromhex(shown) == korean


def test_a_relay_that_started_again_is_still_believed(
    trapd: Trapd, channel: Callable[..., SnmpChannel]
) -> None:
    boots = []
    for later in (0, 7):
        sender = channel(trapd.port, USERS["3"], later=later)
        sender.send(MESSAGE)
        boots.append(sender.boots)
    assert boots[1] == boots[0] + 7, "a receiver refuses an engine that has started less often than it knows"
    wait_for("two notifications", lambda: len(trapd.traps()) == 2)


def test_a_wrong_passphrase_is_not_taken(trapd: Trapd, channel: Callable[..., SnmpChannel]) -> None:
    wrong = SnmpUser("3", "ward", "authentication", "another-key")
    channel(trapd.port, wrong).send(MESSAGE)
    channel(trapd.port, USERS["3"]).send(MESSAGE)
    wait_for("the good one", lambda: len(trapd.traps()) >= 1)
    assert len(trapd.traps()) == 1


def test_an_inform_that_nobody_acknowledges_is_told(
    channel: Callable[..., SnmpChannel], monkeypatch: Any
) -> None:
    monkeypatch.setattr("network.monitor.snmp._TIMEOUT", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        sender = channel(deaf.getsockname()[1], USERS["2c"], inform=True)
        with pytest.raises(NotDelivered):
            sender.send(MESSAGE)
