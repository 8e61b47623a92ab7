"""Commands of the backend: serve, migrate, links to documents, persons, the log of accesses, keys, erasure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import uvicorn
from pydantic import ValidationError

from backend import logs
from backend.app import create_app
from backend.audit import commands as audit
from backend.clients import commands as clients
from backend.clients.errors import ScopeSheetInvalid
from backend.config import Settings
from backend.db import migrate
from backend.devices import commands as devices
from backend.documents import links, repository
from backend.documents.errors import DocumentNotFound
from backend.documents.service import erase
from backend.eligibility import commands as eligibility
from backend.family import commands as family
from backend.identity import commands as persons
from backend.node import NodeConfigInvalid
from backend.providers.errors import ProviderConfigInvalid
from backend.relay import commands as relay
from backend.relay.errors import RelayConfigInvalid
from backend.service_token import ServiceKeysInvalid
from backend.services import Services
from backend.staff import commands as staff
from backend.vault import KeyEncryptionKeys, KeyRingInvalid, Vault
from chain.db import make_engine, reading, writing
from chain.settings import Environment, UnknownSetting


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Answer requests until told to stop."""
    logs.set_up(settings.log_format)
    migrate_all(settings, arguments)
    app = create_app(Services.build(settings))
    uvicorn.run(app, host=arguments.host, port=arguments.port, **server_options(settings))
    return 0


def server_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn is run wherever this application is served."""
    return {
        # uvicorn's own access log would write addresses, which may carry a link's token; ours writes routes.
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "http": "h11",  # the one whose size of headers can be bounded
        "h11_max_incomplete_event_size": settings.header_size_limit,
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": 30,
    }


def migrate_all(settings: Settings, arguments: argparse.Namespace) -> int:
    """Bring both databases to the newest form."""
    for url, history in ((settings.database_url, "main"), (settings.keys_database_url, "keys")):
        engine = make_engine(url)
        migrate(engine, history)
        engine.dispose()
    return 0


def make_links(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print links that show documents: of one document, or of the newest ones."""
    services = Services.build(settings)
    with writing(services.database) as session:
        if arguments.document is not None:
            found = repository.document(session, arguments.document)
            chosen = [found] if found else []
        else:
            chosen = list(repository.latest(session, arguments.latest))
        rows = [
            {
                "documentId": str(d.id),
                "kind": d.vct,
                "state": str(d.state),
                "url": links.create(services, session, d.id),
            }
            for d in chosen
        ]
    services.close()
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['kind']:28} {row['state']:11} {row['url']}")
    return 0 if rows else 1


def list_documents(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the newest documents, without anything that leads to a person."""
    engine = make_engine(settings.database_url)
    with reading(engine) as session:
        for found in repository.latest(session, arguments.latest):
            print(f"{found.id} {found.vct:28} {found.state:11} block {found.block} leaf {found.leaf[:16]}…")
    return 0


def erase_document(settings: Settings, arguments: argparse.Namespace) -> int:
    """Destroy a document's key and content."""
    services = Services.build(settings)
    with writing(services.database) as session:
        erase(services, session, arguments.document)
    services.close()
    print(f"erased {arguments.document}: its key is destroyed; what is on chain leads to no content")
    return 0


def keys_init(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make the file of key-encryption keys; never over an existing one."""
    KeyEncryptionKeys.create(settings.key_encryption_key_file)
    print(f"made {settings.key_encryption_key_file}; keep a copy apart from the databases' backups")
    return 0


def keys_rotate(settings: Settings, arguments: argparse.Namespace) -> int:
    """Add a new key-encryption key and wrap every document key with it. Restart the servers afterwards."""
    strict = settings.environment is Environment.PRODUCTION
    path = settings.key_encryption_key_file
    keys = KeyEncryptionKeys.load(path, strict_mode=strict).rotate(path)
    changed = Vault(make_engine(settings.keys_database_url), keys).rewrap()
    print(f"{changed} document keys are now wrapped by {keys.current}; restart the backend processes")
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m backend", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Settings, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    server = add("serve", serve)
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=8000)
    add("migrate", migrate_all)
    link = add("links", make_links)
    link.add_argument("--document", type=UUID, help="one document's id")
    link.add_argument("--latest", type=int, default=5, help="how many of the newest (default 5)")
    link.add_argument("--json", action="store_true")
    add("documents", list_documents).add_argument("--latest", type=int, default=20)
    add("erase", erase_document).add_argument("document", type=UUID)
    audit.add_to(commands)
    persons.add_to(commands)
    relay.add_to(commands)
    family.add_to(commands)
    clients.add_to(commands)
    staff.add_to(commands)
    eligibility.add_to(commands)
    devices.add_to(commands)
    keys = commands.add_parser("keys", help="key-encryption keys").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for name, run in (("init", keys_init), ("rotate", keys_rotate)):
        keys.add_parser(name, help=run.__doc__).set_defaults(run=run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 nothing found or refused, 2 wrong use or configuration."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(Settings.read(), arguments))
    except UnknownSetting as error:
        print(f"configuration: {error}", file=sys.stderr)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        print(f"configuration: {problems}", file=sys.stderr)
    except FileExistsError as error:
        print(f"configuration: {error.filename} is already there and is never overwritten", file=sys.stderr)
    except (
        KeyRingInvalid,
        ServiceKeysInvalid,
        NodeConfigInvalid,
        ProviderConfigInvalid,
        RelayConfigInvalid,
        ScopeSheetInvalid,
    ) as error:
        print(f"configuration: {error}", file=sys.stderr)
    except DocumentNotFound:
        print("no such document", file=sys.stderr)
        return 1
    return 2
