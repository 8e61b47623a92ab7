"""`python -m network monitor` and `python -m network daily-check`."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from chain.clock import utc_now
from chain.db import make_engine
from chain.keys import KeyRefused, KeyRing
from chain.settings import Environment, UnknownSetting
from network.errors import NetworkError
from network.monitor.daily import DailyChecks
from network.monitor.queue import Queue
from network.monitor.relay import Channel, Relay
from network.monitor.server import MonitorServer, run
from network.monitor.settings import MonitorSettings
from network.monitor.snmp import SnmpChannel, SnmpUser, engine_id, secret
from network.monitor.syslog import SyslogChannel, SyslogFormat

log = logging.getLogger("network.monitor")


@contextmanager
def _plain() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise click.ClickException(f"configuration: {problems}") from error
    except (UnknownSetting, KeyRefused, NetworkError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


@click.command("monitor")
def monitor_command() -> None:
    """Take alerts from Prometheus or Alertmanager and tell the control room by SNMP and syslog."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with _plain():
        settings = MonitorSettings.read()
        relay = make_relay(settings)
        stop, news = Event(), Event()
        address = (settings.listen_host, settings.listen_port)
        server = MonitorServer(address, relay, utc_now, news.set)

        def end(*_: object) -> None:
            stop.set()
            news.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        if settings.snmp_version == "3":
            log.info("SNMP engine id 0x%s", engine_id(settings.enterprise, socket.gethostname()).hex())
        log.info("takes alerts on http://%s:%d", *server.server_address[:2])
        run(relay, server, stop, news)


@click.command("daily-check")
@click.option("--verify", "folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def daily_check_command(folder: Path | None) -> None:
    """Ask every health address and write today's signed record; or check the records of a folder.

    Ends with 1 if something is not well, or a record is not to be believed.
    """
    with _plain():
        settings = MonitorSettings.read()
        key = check_key(settings)
        records = DailyChecks(folder or settings.check_folder, key.public_key())
        well = _write(records, key, settings) if folder is None else _verify(records)
    if not well:
        raise SystemExit(1)


def _write(records: DailyChecks, key: ec.EllipticCurvePrivateKey, settings: MonitorSettings) -> bool:
    record, checked = records.add(key, settings.check_urls, utc_now)
    for each in checked:
        click.echo(f"{each.address}: {'well' if each.well else f'NOT WELL ({each.status})'}")
    click.echo(f"record {record.sequence} of {record.day} written, {record.hash[:16]}…")
    return record.well


def _verify(records: DailyChecks) -> bool:
    found = records.verify()
    missing = records.missing(found)
    for day in missing:
        click.echo(f"{day}: nobody checked")
    click.echo(f"{len(found)} records believed, {sum(not record.well for record in found)} not well")
    if found:
        click.echo(f"last {found[-1].day} {found[-1].hash}")
    return not missing


def make_relay(settings: MonitorSettings) -> Relay:
    """The relay of these settings. Raises OSError for a secret's file that cannot be read."""
    channels = make_channels(settings)
    database = make_engine(settings.database_url)
    queue = Queue(database, [channel.name for channel in channels], utc_now, settings.repeat)
    queue.create_tables()
    return Relay(queue, channels, utc_now, settings.silent_after)


def make_channels(settings: MonitorSettings) -> list[Channel]:
    """One channel for each receiver named. Raises OSError for a secret's file that cannot be read."""
    machine, found = socket.gethostname(), list[Channel]()
    for target in settings.snmp_targets:
        found.append(
            SnmpChannel(
                target,
                _user(settings),
                settings.enterprise,
                utc_now,
                inform=settings.snmp_inform,
                machine=machine,
            )
        )
    form = SyslogFormat(settings.enterprise, settings.syslog_facility, machine)
    for url in settings.syslog_urls:
        found.append(SyslogChannel(url, form, utc_now, ca_file=settings.syslog_ca_file))
    return found


def _user(settings: MonitorSettings) -> SnmpUser:
    if settings.snmp_version == "2c":
        return SnmpUser("2c", secret(settings.snmp_community_file, "public"))
    return SnmpUser(
        "3", settings.snmp_user, secret(settings.snmp_auth_file), secret(settings.snmp_privacy_file)
    )


def check_key(settings: MonitorSettings) -> ec.EllipticCurvePrivateKey:
    """The key of the daily records; in development it is made. Raises KeyRefused."""
    ring = KeyRing(
        settings.keys_folder,
        password_file=settings.password_file,
        environ={"SAEGIM_ENV": settings.environment.value},
    )
    production = settings.environment is Environment.PRODUCTION
    make = ring.document_key if production else ring.create_document_key
    key, _ = make(settings.check_key)
    return key
