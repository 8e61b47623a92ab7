"""The desk behind an interface engine that answers queries, and one that answers badly."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import desk_contract
import pytest
from desk_hospital import ME, DeskHospital
from pydantic import ValidationError

from oracle.adapters import make_desk
from oracle.his.base import HisError, HisMalformed, HisUnavailable
from oracle.his.desk import HospitalDesk
from oracle.his.desk_fields import Question
from oracle.his.hl7v2 import Hl7Config
from oracle.his.hl7v2.queries import escaped
from sandbox.his.hl7_query import QueryServer


class Behind:
    def __init__(self, folder: Path) -> None:
        self.world = DeskHospital(folder)
        self.server = QueryServer(self.world.engine, 0, self.world.clock)
        self.server.start()
        self.desk = desk_at(self.server.port, self.world)

    @contextmanager
    def outage(self) -> Iterator[None]:
        port = self.server.port
        self.server.close()
        try:
            yield
        finally:
            self.server = QueryServer(self.world.engine, port, self.world.clock)
            self.server.start()

    def close(self) -> None:
        self.server.close()
        self.world.close()


def desk_at(port: int, world: DeskHospital, seconds: float = 5.0) -> HospitalDesk:
    asked = {"host": "127.0.0.1", "port": port, "seconds": seconds}
    desk = make_desk("hl7v2", {"query": asked}, world.clock)
    assert desk is not None
    return desk


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    made = Behind(tmp_path_factory.mktemp("hl7"))
    yield made
    made.close()


class TestHl7v2(desk_contract.PeopleContract):
    offered = frozenset({Question.PATIENT, Question.BORN, Question.MERGED})

    @pytest.fixture
    def hospital(self, behind: Behind) -> Behind:
        return behind


def test_without_an_address_this_hospital_answers_nothing(behind: Behind) -> None:
    assert make_desk("hl7v2", {}, behind.world.clock) is None


@contextmanager
def engine_that(answers: Callable[[str], bytes]) -> Iterator[int]:
    """A port where one query is answered with what `answers` makes of its control id."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            held = b""
            while b"\x1c" not in held:
                held += connection.recv(65_536)
            control_id = held.decode().split("|")[9]
            connection.sendall(answers(control_id))

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join(10)
        listening.close()


def rsp(*segments: str) -> Callable[[str], bytes]:
    head = "MSH|^~\\&|HIS||||20261124||RSP^K22^RSP_K21|1|P|2.5.1||||||UNICODE UTF-8"
    return lambda id_: b"\x0b" + "\r".join([head, *segments]).replace("{id}", id_).encode() + b"\x1c\r"


MARKED = "PID|1||99999999^^^SAMPLE^PI||MARKED||19900101|F"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (rsp("MSA|AE|{id}", "ERR|||207^^HL70357|E"), HisUnavailable),
        (rsp("MSA|AR|{id}", "ERR|||200^^HL70357|E"), HisMalformed),
        (rsp("MSA|AE|{id}", "ERR|||MARKED|E"), HisMalformed),
        (rsp("MSA|AA|{id}", "QAK|x|AE"), HisMalformed),
        (rsp("MSA|AA|other", "QAK|x|OK", MARKED), HisMalformed),
        (rsp("MSA|AA|{id}", "QAK|x|OK", MARKED), HisMalformed),
        (lambda _: b"\x0bMARKED\x1c\r", HisMalformed),
        (lambda _: b"", HisUnavailable),
        (lambda _: b"\x0bMSH|", HisUnavailable),
        (lambda _: b"x" * 2_000, HisMalformed),
    ],
)
def test_every_bad_answer_is_a_typed_error_without_a_value(
    behind: Behind, answers: Callable[[str], bytes], expected: type[HisError]
) -> None:
    with engine_that(answers) as port:
        desk = desk_at(port, behind.world)
        with pytest.raises(expected) as raised:
            desk.patient(ME.number)
    assert "MARKED" not in str(raised.value)


def test_an_engine_that_never_answers_is_not_waited_for(behind: Behind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk = desk_at(silent.getsockname()[1], behind.world, seconds=0.2)
        with pytest.raises(HisUnavailable):
            desk.patient(ME.number)


def test_a_value_separates_nothing() -> None:
    assert escaped("a|b^c~d\\e&f\r\x0b") == "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f"


def test_beyond_this_machine_it_is_asked_over_tls() -> None:
    with pytest.raises(ValidationError, match="ca"):
        Hl7Config.model_validate({"query": {"host": "10.0.0.5", "port": 2576}})
