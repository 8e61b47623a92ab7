"""Which versions of the clients that are installed somewhere may still talk to this server.

A page is as new as the server; a native shell, a kiosk or the installed app's service worker is as old as its last
update. Such a client says what it is in each request (`Saegim-Client: shell/1.4.2`); the settings say which version
is the least that is answered and which is recommended. Who says nothing, or a name without a rule, is answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

HEADER: Final = "saegim-client"
PATTERN: Final = r"[a-z][a-z0-9-]{0,31}/[0-9]{1,6}(\.[0-9]{1,6}){0,3}"
_CLIENT: Final = re.compile(PATTERN)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_VERSION: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")

Version = tuple[int, ...]


class ClientRuleInvalid(ValueError):
    """A rule of the settings is not `name=version`. `rule`: which one."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"{rule!r} is not written as name=version, such as shell=1.4")


class Standing(StrEnum):
    """How a client's version stands to the rules."""

    CURRENT = "current"
    OLD = "old"
    """Answered, and told that there is a newer one."""
    TOO_OLD = "too-old"
    """Not answered."""


@dataclass(frozen=True, slots=True)
class Client:
    """What a request says that it comes from."""

    name: str
    version: Version


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """Least and recommended versions by client."""

    least: Mapping[str, Version] = field(default_factory=dict)
    recommended: Mapping[str, Version] = field(default_factory=dict)

    @classmethod
    def read(cls, least: str, recommended: str) -> Self:
        """From the settings' text, `shell=1.4, kiosk=2`.

        Raises:
            ClientRuleInvalid: a rule is not of that form.
        """
        return cls(_rules(least), _rules(recommended))

    def judge(self, client: Client) -> Standing:
        """How a client stands."""
        if client.version < self.least.get(client.name, ()):
            return Standing.TOO_OLD
        return Standing.OLD if client.version < self.recommended.get(client.name, ()) else Standing.CURRENT

    def least_of(self, name: str) -> str:
        """The least version of a client that is answered; "" if every one is."""
        return written(self.least.get(name, ()))

    def told(self, name: str) -> str:
        """What a client is told of its versions: `least=1.4, recommended=1.6`."""
        rules = (("least", self.least), ("recommended", self.recommended))
        return ", ".join(f"{word}={written(rule[name])}" for word, rule in rules if name in rule)


def client_of(header: str | None) -> Client | None:
    """Who asks; None when nothing is said. What cannot be read counts as version 0 of what it is called."""
    if not header:
        return None
    name, _, version = header.strip().partition("/")
    if not _NAME.fullmatch(name):
        return None
    return Client(name, _version(version) if _CLIENT.fullmatch(header.strip()) else (0,))


def written(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def _version(text: str) -> Version:
    """Trailing zeros say nothing: 1.4 is 1.4.0."""
    parts = [int(part) for part in text.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _rules(text: str) -> dict[str, Version]:
    rules = {}
    for rule in filter(None, (part.strip() for part in text.split(","))):
        name, _, version = (part.strip() for part in rule.partition("="))
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise ClientRuleInvalid(rule)
        rules[name] = _version(version)
    return rules
