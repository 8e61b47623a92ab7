"""`python -m network monitor` and `python -m network daily-check`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from chain.clock import utc_now
from chain.keys import KeyRefused
from chain.settings import UnknownSetting
from network.errors import NetworkError
from network.monitor.daily import DailyChecks
from network.monitor.settings import MonitorSettings


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
        raise click.ClickException(
            f"{error.filename or 'the address to listen on'}: {error.strerror}"
        ) from error


@click.command("monitor")
def monitor_command() -> None:
    """Take alerts from Prometheus or Alertmanager and tell the control room by SNMP and syslog."""
    from network.monitor.assembly import run_relay  # loads SNMP, for which no other command should wait

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with _plain():
        run_relay(MonitorSettings.read())


@click.command("daily-check")
@click.option("--verify", "folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def daily_check_command(folder: Path | None) -> None:
    """Ask every health address and write today's signed record; or check the records of a folder.

    Ends with 1 if something is not well, or a record is not to be believed.
    """
    from network.monitor.assembly import check_key

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
