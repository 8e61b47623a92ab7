"""The MLLP listener on real sockets: what is acknowledged is kept, what is wrong is told, and nobody holds it up."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hl7_hospital import VAULT
from hl7_wire import END, START, Client, Listening, adt
from pydantic import ValidationError
from sqlalchemy import Engine

from chain.clock import utc_now
from chain.db import make_engine
from network.waiting import wait_for
from oracle.crash import arm, disarm
from oracle.db import migrate
from oracle.his.base import HisUnavailable
from oracle.his.hl7v2 import Hl7Config, make_hl7v2

GOOD = adt("A04", "V1", "100000")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/oracle.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def listening(database: Engine) -> Iterator[Callable[..., Listening]]:
    made: list[Listening] = []

    def listen(**settings: Any) -> Listening:
        made.append(Listening(database, **settings))
        return made[-1]

    yield listen
    disarm()
    for each in made:
        each.close()


class TestRefusals:
    @pytest.mark.parametrize(
        ("message", "code", "error"),
        [
            (b"hello", b"AE", b"100"),
            (b"PID|1||2\r" + GOOD, b"AE", b"100"),
            (b"FHS|^~\\&|batch\r" + GOOD, b"AE", b"100"),
            (GOOD.replace(b"|^~\\&|", b"|^^\\&|"), b"AE", b"102"),
            (GOOD.replace(b"|^~\\&|", b"||"), b"AE", b"102"),
            (adt("A04", "V1", "100000", charset="ISO IR87"), b"AE", b"103"),
            (adt("A04", "V1", "100000", charset="UNICODE UTF-16"), b"AE", b"103"),
            (adt("A04", "V1", "100000", version="2.8"), b"AR", b"203"),
            (adt("A04", "V1", "100000", version=""), b"AR", b"203"),
            (adt("A04", "V1", "100000", processing="T"), b"AR", b"202"),
            (adt("A99", "V1", "100000"), b"AR", b"201"),
            (adt("R01", "V1", "100000", kind="ORU"), b"AR", b"200"),
            (adt("A04", "V1", "100000", control_id=" "), b"AE", b"101"),
            (adt("A04", "V1", "100000", control_id='""'), b"AE", b"101"),
            (adt("A04", "V1", "100000", control_id="x" * 300), b"AE", b"102"),
            (adt("A04", "V1", "100000", control_id="x\x00y"), b"AE", b"102"),
            (adt("A04", "V1", "100000", app="병원"), b"AE", b"102"),
            (GOOD + b"NTE|" + b"|" * 200_001, b"AE", b"100"),
        ],
        ids=lambda value: "message" if len(value) > 3 else None,
    )
    def test_what_can_not_be_kept_is_refused_with_a_reason_and_the_connection_goes_on(
        self, listening: Callable[..., Listening], message: bytes, code: bytes, error: bytes
    ) -> None:
        listener = listening()
        client = listener.client()
        answer = client.say(message)
        assert (answer.code, answer.error) == (code, error)
        assert listener.stored() == 0
        assert client.say(adt("A04", "V9", "110000")).accepted

    def test_a_control_id_used_again_for_something_else_loses_nothing(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        client = listener.client()
        for visit, app in (("V1", "HIS"), ("V2", "HIS"), ("V2", "LIS"), ("V1", "HIS")):
            assert client.say(adt("A04", visit, "100000", control_id="C1", app=app)).accepted
        assert listener.stored() == 3

    def test_while_the_inbox_can_not_be_written_nothing_is_acknowledged(
        self, listening: Callable[..., Listening], database: Engine
    ) -> None:
        listener = listening()
        client = listener.client()
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE oracle_hl7_inbox RENAME TO away")
        answer = client.say(GOOD)
        assert (answer.code, answer.error) == (b"AR", b"207")
        assert answer.later
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO oracle_hl7_inbox")
        assert client.say(GOOD).accepted
        assert listener.stored() == 1

    def test_refusals_and_what_is_ignored_are_counted_without_names(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        client = listener.client()
        client.say(GOOD)
        client.say(GOOD)
        client.say(adt("A99", "V1", "100000"))
        assert client.say(adt("O11", "V1", "100000", kind="RDE")).accepted
        shown = listener.metrics()
        assert 'hl7_messages_total{answer="AA",type="ADT^A04"} 2.0' in shown
        assert 'hl7_messages_total{answer="AR 201",type="other"} 1.0' in shown
        assert 'hl7_ignored_total{type="RDE^O11"} 1.0' in shown
        assert "hl7_connections 1.0" in shown
        assert "환자" not in shown
        assert listener.stored() == 2


class TestFrames:
    def test_a_message_in_single_bytes_is_one_message(self, listening: Callable[..., Listening]) -> None:
        client = listening().client()
        for byte in START + GOOD + END:
            client.send(bytes((byte,)))
        assert client.answer().accepted

    def test_several_messages_in_one_packet_are_answered_each_in_order(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        client = listener.client()
        messages = [adt("A04", f"V{number}", "100000") for number in range(20)]
        messages[7] = b"MSH|no"
        client.send(b"".join(START + each + END for each in messages))
        answers = [client.answer() for _ in messages]
        assert [answer.accepted for answer in answers] == [number != 7 for number in range(20)]
        assert [answer.control_id for answer in answers if answer.accepted] == [
            f"ADTA04V{number}100000".encode() for number in range(20) if number != 7
        ]
        assert listener.stored() == 19

    def test_a_message_without_end_is_told_when_the_next_begins_and_not_kept(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        client = listener.client()
        client.send(START + GOOD)
        answer = client.say(adt("A04", "V2", "100000"))
        assert (answer.error, answer.control_id) == (b"100", b"ADTA04V1100000")
        assert client.answer().accepted
        assert listener.stored() == 1

    def test_a_message_cut_off_by_hanging_up_is_not_kept(self, listening: Callable[..., Listening]) -> None:
        listener = listening()
        client = listener.client()
        client.send(START + GOOD)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()
        assert listener.stored() == 0

    @pytest.mark.parametrize("longest", [8_000_000, 2_500_000])
    def test_an_endless_line_is_refused_by_its_control_id_and_the_connection_ends(
        self, listening: Callable[..., Listening], longest: int
    ) -> None:
        listener = listening(message_bytes=longest)
        client = listener.client()
        client.send(START + GOOD + b"NTE|1||" + b"x" * 10_000_000)
        answer = client.answer()
        assert (answer.code, answer.error, answer.control_id) == (b"AE", b"102", b"ADTA04V1100000")
        assert client.is_closed()
        assert listener.stored() == 0
        assert listener.client().say(GOOD).accepted

    def test_a_client_that_speaks_something_else_is_hung_up_on(
        self, listening: Callable[..., Listening]
    ) -> None:
        client = listening().client()
        client.send(b"GET / HTTP/1.1\r\n" * 200)
        assert client.answer().error == b"100"
        assert client.is_closed()

    def test_a_nul_is_kept_as_it_came(self, listening: Callable[..., Listening]) -> None:
        listener = listening()
        assert listener.client().say(adt("A03", "V1", "100000", name="환자\x00하나")).accepted
        (document,) = listener.adapter.read(None, 10).documents
        assert document.payload["patient"]["name"] == "환자\x00하나"


class TestBounds:
    def test_more_connections_than_allowed_are_hung_up_on_and_the_others_served(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        clients = [listener.client() for _ in range(100)]
        assert clients[99].say(GOOD).accepted
        assert listener.client().is_closed()
        clients[0].close()
        wait_for("a free place", lambda: "hl7_connections 99.0" in listener.metrics() or None, seconds=20)
        assert listener.client().say(GOOD).accepted

    def test_a_message_that_trickles_is_cut_off_and_others_are_served_meanwhile(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening(frame_seconds=0.5)
        slow, other = listener.client(), listener.client()
        slow.send(START + b"MSH|")
        assert other.say(GOOD).accepted

        def trickled() -> bool | None:
            try:
                slow.send(b"x")
            except OSError:
                return True
            return None

        wait_for("the trickling sender to be cut off", trickled, seconds=20, every=0.05)
        assert listener.stored() == 1

    def test_a_connection_that_says_nothing_ends(self, listening: Callable[..., Listening]) -> None:
        assert listening(idle_seconds=0.2).client().is_closed()

    def test_who_is_not_of_the_allowed_networks_is_hung_up_on(
        self, listening: Callable[..., Listening]
    ) -> None:
        assert listening(peers=["10.1.2.3/32"]).client().is_closed()
        assert listening(peers=["10.1.2.3/32", "127.0.0.0/8"]).client().say(GOOD).accepted

    def test_off_this_machine_it_must_be_known_who_sends(self, tmp_path: Path) -> None:
        files = {"certificate": tmp_path / "c.pem", "key": tmp_path / "k.pem"}
        for settings in ({}, {"tls": files}):
            with pytest.raises(ValidationError, match="client_ca"):
                Hl7Config(host="0.0.0.0", **settings)
        assert Hl7Config(host="0.0.0.0", peers=["10.1.2.3/32"]).peers
        assert Hl7Config(host="0.0.0.0", tls={**files, "client_ca": tmp_path / "a.pem"}).tls

    def test_closing_ends_every_connection_and_frees_the_address(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        client = listener.client()
        assert client.say(GOOD).accepted
        host, port = listener.adapter.address
        listener.adapter.close()
        assert client.is_closed()
        listener.adapter.check()
        late = make_hl7v2(Hl7Config(port=port), listener.database, utc_now, VAULT)
        with socket.create_server((host, port)), pytest.raises(HisUnavailable, match="address"):
            late.start()

    def test_an_address_that_something_else_took_is_told_by_check(self, database: Engine) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            other = make_hl7v2(Hl7Config(port=taken.getsockname()[1]), database, utc_now, VAULT)
            with pytest.raises(HisUnavailable, match="address"):
                other.check()

    def test_check_finds_in_order_that_an_oracle_listens_there_already(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()
        listener.adapter.check()
        other = make_hl7v2(Hl7Config(port=listener.adapter.address[1]), listener.database, utc_now, VAULT)
        other.check()
        with pytest.raises(HisUnavailable, match="address"):
            other.start()
        assert listener.stored() == 0


class TestNothingIsLostOrDoubled:
    def test_a_lost_acknowledgement_makes_the_sender_repeat_and_the_message_is_kept_once(
        self, listening: Callable[..., Listening]
    ) -> None:
        listener = listening()

        def lose() -> None:
            disarm()
            raise ConnectionAbortedError  # the connection breaks between the disk and the answer

        arm("hl7v2.stored", lose)
        client = listener.client()
        client.send(START + GOOD + END)
        assert client.is_closed()
        assert listener.stored() == 1
        again = listener.client()
        assert again.say(GOOD.replace(b"|20261124100000||ADT", b"|20261124100009||ADT")).accepted
        assert listener.stored() == 1

    def test_killed_between_disk_and_answer_the_message_is_there_and_not_doubled(
        self, listening: Callable[..., Listening], database: Engine, tmp_path: Path
    ) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(database.url), VAULT_KEY],
            env={**os.environ, "SAEGIM_CRASH_POINT": "hl7v2.stored"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            client = Client(socket.create_connection(("127.0.0.1", port), 20))
            client.send(START + GOOD + END)
            assert client.is_closed(), "killed before it answered"
            assert process.wait(20) == -signal.SIGKILL
        finally:
            process.kill()
            process.wait(20)
        listener = listening()
        assert listener.stored() == 1
        assert listener.client().say(GOOD).accepted
        assert listener.stored() == 1

    def test_what_is_kept_tells_nothing_without_the_key(
        self, listening: Callable[..., Listening], tmp_path: Path
    ) -> None:
        listener = listening()
        assert (
            listener.client().say(adt("A04", "V1", "100000", patient="PT-1234567", name="환자하나")).accepted
        )
        listener.database.dispose()
        raw = b"".join(file.read_bytes() for file in tmp_path.glob("oracle.db*"))
        assert b"V1" in raw
        assert b"PT-1234567" not in raw
        assert "환자하나".encode() not in raw


VAULT_KEY = bytes(range(32)).hex()
LISTENER = """
import sys, threading
from chain.clock import utc_now
from chain.db import make_engine
from oracle import crash
from oracle.his.hl7v2 import Hl7Config, make_hl7v2
from oracle.vault import Vault
crash.arm_from_environment()
vault = Vault.from_key(bytes.fromhex(sys.argv[2]))
adapter = make_hl7v2(Hl7Config(port=0), make_engine(sys.argv[1]), utc_now, vault)
adapter.start()
print(adapter.address[1], flush=True)
threading.Event().wait()
"""


class Authority:
    """A certificate authority of its own, for one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(self._name, self._key, authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Files with a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(self._sign(subject, key).public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False) -> Any:
        now = datetime.now().astimezone()
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())


def speak_as(listener: Listening, trusted: Authority, *files: Path) -> Client:
    """A client with this certificate and key, or none, that was served. Raises OSError, EOFError."""
    context = ssl.create_default_context(cafile=str(trusted.file))
    if files:
        context.load_cert_chain(*files)
    client = listener.client(lambda raw: context.wrap_socket(raw, server_hostname="127.0.0.1"))
    assert client.say(GOOD).accepted
    return client


class TestTls:
    @pytest.fixture
    def secured(self, listening: Callable[..., Listening], tmp_path: Path) -> tuple[Listening, Authority]:
        ours = Authority(tmp_path, "ours")
        certificate, key = ours.issue("oracle")
        tls = {"certificate": certificate, "key": key, "client_ca": ours.file}
        return listening(tls=tls, frame_seconds=5), ours

    def test_a_client_without_certificate_or_with_a_strangers_is_refused(
        self, secured: tuple[Listening, Authority], tmp_path: Path
    ) -> None:
        listener, ours = secured
        plain = listener.client()
        plain.send(START + GOOD + END)
        while not plain.is_closed():
            continue  # an alert, in TLS
        for files in ((), Authority(tmp_path, "strangers").issue("stranger")):
            with pytest.raises((OSError, EOFError)):
                speak_as(listener, ours, *files)
        assert listener.stored() == 0

    def test_a_client_with_a_certificate_is_served_and_let_go_at_the_end(
        self, secured: tuple[Listening, Authority]
    ) -> None:
        listener, ours = secured
        client = speak_as(listener, ours, *ours.issue("his"))
        listener.adapter.close()
        with pytest.raises((EOFError, OSError)):
            client.say(GOOD)
        assert listener.stored() == 1
