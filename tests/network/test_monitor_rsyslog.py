"""A real rsyslogd takes the lines apart as they were meant, over UDP and over TCP."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from network.monitor.alerts import Message
from network.monitor.syslog import SyslogChannel, SyslogFormat
from network.ports import choose_ports
from network.waiting import wait_for
from tests.fixtures.missing import unavailable

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
MESSAGE = Message(
    identity="0123456789abcdef",
    name="HeadOld",
    severity="critical",
    raised=True,
    source='validator=validator-1 "odd]',
    summary_ko="10초 넘게 새 블록이 없습니다",
    summary_en="No new block",
    runbook="docs/operations.md#headold",
    since="2026-07-01T08:59:50+00:00",
)
FIELDS = (
    "protocol-version",
    "syslogfacility-text",
    "syslogseverity-text",
    "hostname",
    "app-name",
    "msgid",
    "structured-data",
    "msg",
)


class Rsyslogd:
    """One rsyslogd that listens on one port by UDP and TCP and writes every line's parts."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
        if program is None:
            unavailable("rsyslogd was not found: install rsyslog")
        (self.port,) = choose_ports(1)
        self._out = folder / "lines.txt"
        parts = "\t".join(f"%{field}%" for field in FIELDS)
        config = folder / "rsyslog.conf"
        config.write_text(
            f'global(workDirectory="{folder}")\n'
            'module(load="imudp")\nmodule(load="imtcp")\n'
            f'input(type="imudp" address="127.0.0.1" port="{self.port}")\n'
            f'input(type="imtcp" address="127.0.0.1" port="{self.port}")\n'
            f'template(name="parts" type="string" string="{parts}\\n")\n'
            f'action(type="omfile" file="{self._out}" template="parts")\n'
        )
        command = [program, "-n", "-f", str(config), "-i", str(folder / "pid")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self) -> list[dict[str, str]]:
        text = self._out.read_text("utf-8") if self._out.exists() else ""
        return [
            dict(zip(FIELDS, line.split("\t"), strict=True)) for line in text.rpartition("\n")[0].splitlines()
        ]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture
def rsyslogd(tmp_path: Path) -> Iterator[Rsyslogd]:
    server = Rsyslogd(tmp_path)
    try:
        wait_for("rsyslogd to listen", server.listens)
        yield server
    finally:
        server.close()


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_rsyslogd_reads_what_was_meant(rsyslogd: Rsyslogd, scheme: str) -> None:
    form = SyslogFormat(99_999, 16, "relay")
    SyslogChannel(f"{scheme}://127.0.0.1:{rsyslogd.port}", form, lambda: NOW).send(MESSAGE)
    (line,) = wait_for("the line", lambda: rsyslogd.lines() or None)
    data, said = line.pop("structured-data"), line.pop("msg")
    assert line == {
        "protocol-version": "1",
        "syslogfacility-text": "local0",
        "syslogseverity-text": "crit",
        "hostname": "relay",
        "app-name": "saegim",
        "msgid": "raised",
    }
    assert data.startswith('[saegim@99999 alert="HeadOld" state="raised" severity="critical"')
    assert r'source="validator=validator-1 \"odd\]"' in data
    assert said.removeprefix("\ufeff") == f"HeadOld raised: {MESSAGE.summary_ko} / {MESSAGE.summary_en}"
