"""Puts a relay together from the settings, and runs it."""

from __future__ import annotations

import logging
import signal
import socket
from threading import Event

from cryptography.hazmat.primitives.asymmetric import ec

from chain.clock import utc_now
from chain.db import make_engine
from chain.keys import KeyRing
from chain.settings import Environment
from network.monitor.queue import Queue
from network.monitor.relay import Channel, Relay
from network.monitor.server import MonitorServer, run
from network.monitor.settings import MonitorSettings
from network.monitor.snmp import SnmpChannel, SnmpUser, engine_id, secret
from network.monitor.syslog import SyslogChannel, SyslogFormat

log = logging.getLogger("network.monitor")


def run_relay(settings: MonitorSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError for a port in use or a secret's file that cannot be read."""
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
