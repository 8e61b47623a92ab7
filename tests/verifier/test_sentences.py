"""Every code that can come up has a sentence in both languages, with places that its details fill."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from chain.finality import SealFault
from chain.trust import TrustFault
from records.credential import CredentialError
from verifier import EXIT_CODES, Verdict
from verifier.findings import Remark
from verifier.integrity import _refusal
from verifier.sentences import codes, reason_name, sentence

VERIFIER = Path(__file__).parents[2] / "verifier"
MAKERS = {"passed", "failed", "unknown", "Remark", "BundleError", "_rest", "_proven"}
CHAIN = Path(__file__).parents[2] / "chain"


def subclasses(cls):
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def literal_codes() -> set[str]:
    """Codes given to passed(), failed(), unknown(), Remark() and BundleError() anywhere in the package."""
    found = set()
    for file in VERIFIER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def light_proof_codes() -> set[str]:
    found = {fault.value for fault in SealFault} | {"header_malformed", "state_malformed", "unknown_engine"}
    for name, raised in (("light.py", "LightProofError"), ("trie_proof.py", "StateUnreadable")):
        found |= set(re.findall(rf'{raised}\("([a-z_]+)"', (CHAIN / name).read_text()))
    found |= set(re.findall(r'_decode(?:_list)?\([^)]*"([a-z_]+)"\)', (CHAIN / "trie_proof.py").read_text()))
    return found


def test_there_is_something_to_look_at():
    assert len(literal_codes()) > 35
    assert {"stray_nodes", "node_missing", "slot_malformed", "foreign_sealer"} <= light_proof_codes()


@pytest.mark.parametrize("code", sorted(literal_codes()))
def test_every_code_of_the_verifier_has_a_sentence(code):
    assert sentence(code)


@pytest.mark.parametrize("code", sorted(light_proof_codes()))
def test_every_refusal_of_a_light_proof_has_a_sentence(code):
    assert sentence(code if code.startswith("proof_") else f"proof_{code}")


@pytest.mark.parametrize("code", [fault.value for fault in TrustFault])
def test_every_refusal_of_a_trust_file_has_a_sentence(code):
    assert sentence(code)


@pytest.mark.parametrize("refusal", sorted(set(subclasses(CredentialError)), key=lambda c: c.__name__))
def test_every_refusal_of_a_credential_has_a_sentence(refusal):
    assert sentence(_refusal(refusal.__new__(refusal)).code)


def test_every_verdict_has_a_sentence_and_an_exit_code_of_its_own():
    for verdict in Verdict:
        assert sentence(f"verdict_{verdict.value.lower()}")
    assert len(set(EXIT_CODES.values())) == len(Verdict)
    assert 2 not in EXIT_CODES.values()


@pytest.mark.parametrize("code", sorted(codes()))
def test_both_languages_are_there_and_end_as_sentences_do(code):
    ko, en = sentence(code)
    assert re.search("[가-힣]", ko)
    assert not re.search("[가-힣]", en)
    assert ko.endswith((".", "세요."))
    assert en.endswith(".")


@pytest.mark.parametrize("code", sorted(codes()))
def test_places_are_named_so_that_details_can_fill_them(code):
    names = {name for text in sentence(code) for _, name, _, _ in string.Formatter().parse(text) if name}
    filled = Remark(code, dict.fromkeys(names, "X"))
    assert "{" not in filled.ko + filled.en


def test_reasons_have_names_and_an_unknown_number_says_so():
    for amended, count in ((True, 5), (False, 7)):
        names = {reason_name(amended, number) for number in range(1, count + 1)}
        assert len(names) == count
        assert reason_name(amended, 99).en == "reason 99"


def test_an_unwritten_code_is_a_bug_that_shows():
    with pytest.raises(KeyError):
        sentence("nobody_wrote_this")
