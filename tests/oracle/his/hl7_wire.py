"""Messages written by hand, and a bare client, for tests of the hl7v2 adapter."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hl7_hospital import VAULT
from prometheus_client import generate_latest
from sqlalchemy import Engine, func, select

from chain.clock import Clock, utc_now
from oracle.his.hl7v2 import Hl7Adapter, Hl7Config, make_hl7v2
from oracle.his.hl7v2.inbox import INBOX
from sandbox.his.hl7_sender import Answer, read_answer

START, END = b"\x0b", b"\x1c\r"


def adt(
    event: str,
    visit: str,
    at: str,
    *,
    control_id: str = "",
    patient: str = "P1",
    name: str = "환자하나",
    department: str = "내과",
    diagnoses: tuple[str, ...] = (),
    kind: str = "ADT",
    **header: str,
) -> bytes:
    """A message about a visit at a time of day (HHMMSS…)."""
    fields = {
        "app": "HIS",
        "sent": f"20261124{at}",
        "processing": "P",
        "version": "2.5.1",
        "charset": "UNICODE UTF-8",
    }
    fields |= header
    control_id = control_id or f"{kind}{event}{visit}{at}"
    msh = [
        "MSH",
        "^~\\&",
        fields["app"],
        "SAMPLE",
        "SAEGIM",
        "SAMPLE",
        fields["sent"],
        "",
        f"{kind}^{event}",
        control_id,
    ]
    msh += [fields["processing"], fields["version"], "", "", "", "", "", fields["charset"]]
    lines = ["|".join(msh), f"EVN||20261124{at}", f"PID|1||{patient}^^^SAMPLE^PI||{name}||19700101|F"]
    if event == "A40":
        lines.append(f"MRG|{visit}")
    else:
        done = "20261124120000" if event == "A03" else ""
        pv1 = [
            "PV1",
            "",
            "O",
            f"IM^^^^^^^^{department}",
            "",
            "",
            "",
            "123456^의사하나",
            "",
            "",
            "01",
            *[""] * 8,
            visit,
            "10",
        ]
        lines.append("|".join([*pv1, *[""] * 23, "20261124090000", done]))
    lines += [
        f"DG1|{number}||{code}^병명^KCD|||F|||||||||{number}" for number, code in enumerate(diagnoses, 1)
    ]
    return "\r".join(lines).encode() + b"\r"


class Listening:
    """An adapter that listens, and its database."""

    def __init__(self, database: Engine, clock: Clock = utc_now, **settings: Any) -> None:
        self.database = database
        self.adapter: Hl7Adapter = make_hl7v2(Hl7Config(port=0, **settings), database, clock, VAULT)
        self.adapter.start()
        self._clients: list[Client] = []

    def client(self, wrap: Callable[[socket.socket], socket.socket] = lambda raw: raw) -> Client:
        raw = socket.create_connection(self.adapter.address, 20)
        client = Client(wrap(raw))
        self._clients.append(client)
        return client

    def stored(self) -> int:
        with self.database.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(INBOX)).scalar_one())

    def metrics(self) -> str:
        return generate_latest(self.adapter.collector).decode()  # type: ignore[arg-type]

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.adapter.close()


@dataclass
class Client:
    """Sends bytes and reads acknowledgements."""

    socket: socket.socket
    held: bytes = b""

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def say(self, message: bytes) -> Answer:
        """A message, and its answer."""
        self.send(START + message + END)
        return self.answer()

    def answer(self) -> Answer:
        while b"\x1c" not in self.held:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self.held += data
        frame, _, self.held = self.held.partition(b"\x1c")
        return read_answer(frame)

    def is_closed(self) -> bool:
        """Whether the listener hung up; waits for it."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.socket.close()
