"""Which keys and scopes are not taken; the administrator's commands from adding to suspending."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insurer import Insurer, public
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend.cli import parser
from backend.clients.errors import KeySetRefused, ScopeUnknown
from backend.clients.keys import checked

KEY = ECKey.generate_key("P-256")
GOOD = public(KEY, "one")
P521 = ECKey.generate_key("P-521")


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"keys": []},
        {"keys": [GOOD] * 11},
        {"keys": [GOOD, GOOD]},
        {"keys": ["x"]},
        {"keys": [{**GOOD, "kid": ""}]},
        {"keys": [{**GOOD, "kid": 5}]},
        {"keys": [{**KEY.as_dict(private=True), "kid": "one"}]},
        {"keys": [{**OctKey.generate_key(256).as_dict(private=True), "kid": "one"}]},
        {"keys": [public(P521, "one")]},
        {"keys": [public(RSAKey.generate_key(1024), "one")]},
        {"keys": [{**GOOD, "use": "enc"}]},
        {"keys": [{**GOOD, "alg": "ES384"}]},
        {"keys": [{**GOOD, "x": GOOD["y"]}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "kid": "one"}]},
    ],
)
def test_a_key_set_that_is_not_sound_is_refused(content: Any) -> None:
    with pytest.raises(KeySetRefused):
        checked(content)


def test_a_client_cannot_be_registered_for_what_the_sheet_does_not_have(insurer: Insurer) -> None:
    for scopes in ([], ["receipt:research"], ["*"]):
        with pytest.raises(ScopeUnknown):
            insurer.register(scopes, GOOD)


class Terminal:
    """The administrator's terminal on the backend's own databases."""

    def __init__(self, insurer: Insurer, tmp_path: Path) -> None:
        folder = Path(__file__).resolve().parents[3] / "deploy" / "scope"
        self.settings = insurer.world.settings.model_copy(update={"scope_folder": folder})

    def run(self, *arguments: object) -> int:
        given = parser().parse_args([str(each) for each in ("clients", *arguments)])
        return int(given.run(self.settings, given))


def test_the_administrator_adds_rotates_suspends_and_lists(
    insurer: Insurer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(insurer, tmp_path)
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [GOOD]}))
    new = ("add", "--institution", 3, "--name", "claims-2", "--jwks", file, "--scope")
    assert terminal.run(*new, "receipt:research") == 1
    assert terminal.run(*new, "receipt:insurance-claim") == 0
    out = capsys.readouterr()
    assert "not in the institution's data-scope sheet: receipt:research" in out.err
    client = out.out.strip()
    assert terminal.run("suspend", uuid4()) == 1
    assert terminal.run("rotate-key", client, "--jwks", tmp_path / "none.json") == 1
    assert terminal.run("rotate-key", client, "--jwks", file) == 0
    assert terminal.run("suspend", client) == 0
    capsys.readouterr()
    assert terminal.run("list") == 0
    assert f"{client} 3 suspended claims-2 | one(ES256) | receipt:insurance-claim" in capsys.readouterr().out
    assert terminal.run("resume", client) == 0
