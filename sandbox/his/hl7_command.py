"""``python -m sandbox.his send-hl7``: the interface engine, as a command."""

from __future__ import annotations

import argparse
import ssl
import sys
from pathlib import Path
from threading import Event
from typing import Any

from sandbox.his.hl7_feed import Feed
from sandbox.his.hl7_query import QueryServer
from sandbox.his.hl7_sender import ListenerGone, Sender
from sandbox.his.operations import OperationRefused
from sandbox.his.store import open_database

_LONGEST_PAUSE = 5.0


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """`commands` is what `add_subparsers` gave; `shared` has the option --db."""
    send = commands.add_parser(
        "send-hl7",
        parents=[shared],
        help="send everything as HL7 v2 messages over MLLP, each until it is acknowledged",
    )
    send.add_argument(
        "--to", type=_address, required=True, metavar="HOST:PORT", help="where the oracle listens"
    )
    send.add_argument("--follow", action="store_true", help="go on with what changes, and never give up")
    send.add_argument("--every", type=float, default=1.0, help="with --follow: seconds between two looks")
    send.add_argument(
        "--tries", type=int, default=10, help="without --follow: sendings of one message at the most"
    )
    send.add_argument("--no-orders", action="store_true", help="leave the prescriptions (RDE^O11) out")
    send.add_argument(
        "--answer", type=int, metavar="PORT", help="also answer queries, at this port of loopback"
    )
    send.add_argument("--tls-ca", type=Path, help="PEM file of who may have issued the oracle's certificate")
    send.add_argument("--tls-certificate", type=Path, help="PEM file with certificate and key of this sender")
    send.set_defaults(run=_send)


def _send(options: argparse.Namespace) -> None:
    """Raises OperationRefused when the oracle does not answer, or refused a message for good."""
    stop = Event()
    host, port = options.to
    sender = Sender(
        host,
        port,
        pause=lambda tried: _wait(stop, min(0.2 * 2 ** min(tried, 8), _LONGEST_PAUSE)),
        tries=None if options.follow else options.tries,
        tls=_context(options),
    )
    engine = open_database(options.db)
    feed, total = Feed(engine, orders=not options.no_orders), sender.total
    answering = None if options.answer is None else QueryServer(engine, options.answer)
    try:
        if answering is not None:
            answering.start()
        while True:
            for control_id, answer in sender.send(feed.changes()).refused:
                print(f"{control_id} refused: {answer}", file=sys.stderr, flush=True)
            if not options.follow:
                break
            _wait(stop, options.every)
    except ListenerGone as gone:
        raise OperationRefused("send-hl7", str(gone)) from gone
    finally:
        sender.close()
        if answering is not None:
            answering.close()
        print(
            f"{total.accepted} acknowledged, {len(total.refused)} refused, {total.repeated} sent again",
            flush=True,
        )
    if total.refused:
        raise OperationRefused("send-hl7", f"{len(total.refused)} messages were refused for good")


def _wait(stop: Event, seconds: float) -> None:
    stop.wait(seconds)


def _context(options: argparse.Namespace) -> ssl.SSLContext | None:
    """TLS if an authority is named."""
    if options.tls_ca is None:
        return None
    context = ssl.create_default_context(cafile=options.tls_ca)
    if options.tls_certificate is not None:
        context.load_cert_chain(options.tls_certificate)
    return context


def _address(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError("must be HOST:PORT, such as 127.0.0.1:2575")
    return host.strip("[]"), int(port)
