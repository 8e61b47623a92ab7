"""Documents that an issuer signed but should not have, or that somebody changed in a way a byte flip does not find:
the page refuses what the Python verifier refuses, for the same reason.
"""

from __future__ import annotations

import copy
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from node_verifier import Job, disagreements, python_report
from signing import HEADER, KEY, NOW, digest_for, dumped, issued, job, signed, taken_apart

from bench.samples import SAMPLES
from chain.p256 import GROUP_ORDER
from records.credential import present_bound
from records.kinds import KINDS
from records.sdjwt.jose import b64encode

ROUNDS = 5 if os.environ.get("CI") else 1


@pytest.fixture
def no_rules(monkeypatch):
    """Without the rules over several fields, which the page leaves out."""
    for kind in KINDS.values():
        monkeypatch.setattr(kind.model, "RULES", ())


def agree(node_verifier, jobs: list[Job]) -> Counter[str]:
    """Asserts that the two agree on every job; gives how often each code of integrity came."""
    assert not (found := disagreements(node_verifier, jobs)), "\n".join(found[:20])
    return Counter(python_report(each)["findings"]["integrity"]["code"] for each in jobs)


STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10, 1.0, 10.0, 0.5, 1e3, 1e300, 2**53, -(2**63), 2**70, 10**12, 10**12 + 1,
    "", " ", " x", "x ", "가나", "\u1100\u1161", "a\u00a0b", "a\u202eb", "a\u200bb", "a\tb", "a\0b", "\U0001f3e5",
    "x" * 100, "x" * 101, "가" * 300, "가" * 301, "0", "00", "01", "1.50", "1.", "0.12345", "99999.9999", "100000",
    "2024", "2024-02", "2024-02-29", "2023-02-29", "2024-13", "0000", "0001-01-01", "2024-1-1", "２０２４",
    "2024-02-29T23:59:59Z", "2024-02-29T24:00:00Z", "2024-02-29T10:00:00", "2024-02-29T10:00:00.123456+09:00",
    "2024-02-29T10:00:00.1234567Z", "2024-02-29T10:00:00+23:59", "2024-02-29T10:00:00+24:00",
    "2024-02-29T10:00:60Z", "2024-02-29T10:00:00+00:99", "male", "outpatient", "일반", "의사", "11", "81", "E119",
    "E11.9", "E11", "E11.", "e11", "constructor", "__proto__", "toString", "*", "...", "_sd", [], [1], [[]], {},
    {"__proto__": 1}, {"start": "2024", "end": "2024"}, {"...": "x"}, {"_sd": []}, [{"...": "x"}],
)  # fmt: skip


def test_signed_documents_with_strange_values(node_verifier, no_rules):
    rng = random.Random(20260305)
    jobs = [
        job(f"{kind} #{place}", strange(kind, rng))
        for kind in sorted(SAMPLES)
        for place in range(80 * ROUNDS)
    ]
    codes = agree(node_verifier, jobs)
    assert codes["credential_claims_invalid"] > 50
    assert codes["intact"] + codes["intact_partly"] > 10


def strange(kind: str, rng: random.Random) -> str:
    """A document in which a value or two are replaced, removed or added before it is signed."""
    payload, disclosures = taken_apart(issued(kind, full=rng.random() < 0.5))
    if rng.random() < 0.3:
        disclosures = [each for each in disclosures if rng.random() < 0.7]
    whole = {"payload": payload, "disclosures": disclosures}
    digests = [digest_for(each) for each in disclosures]
    for _ in range(rng.choice((1, 1, 2))):
        holder, key = rng.choice([each for each in places(whole) if each[0] is not whole])
        change = rng.randrange(10)
        if change == 0 and isinstance(holder, dict):
            name = rng.choice(("more", "name", "__proto__", "nbf", "exp", "iat", "cnf", "rows", "diagnoses"))
            holder[name] = copy.deepcopy(rng.choice(STRANGE))
        elif change == 1 and holder is not disclosures:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))
    renewed = dict(zip(digests, map(digest_for, disclosures), strict=True))
    return signed(renamed(payload, renewed), disclosures)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value where something could be replaced, as holder and key."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def renamed(value: Any, names: dict[str, str]) -> Any:
    """A JSON value with some texts replaced by others."""
    if isinstance(value, dict):
        return {name: renamed(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


Tweak = Callable[[dict[str, Any], list[Any]], object]


def test_what_the_standard_refuses(node_verifier, no_rules):
    jobs = []
    for name, tweak in (*disclosure_tweaks(), *claim_tweaks()):
        payload, disclosures = taken_apart(issued("receipt"))
        tweak(payload, disclosures)
        jobs.append(job(name, signed(payload, disclosures)))
    codes = agree(node_verifier, jobs)
    assert set(codes) >= {
        "credential_malformed", "credential_hash_refused", "credential_digest_repeated", "credential_expired",
        "credential_disclosure_without_digest", "credential_salt_too_short", "credential_claim_name_forbidden",
        "credential_claim_name_taken", "credential_not_yet_valid", "credential_claims_invalid", "intact",
        "credential_issuer_refused", "issuer_mismatch", "credential_unknown_credential_type",
    }  # fmt: skip


def disclosure_tweaks() -> Iterator[tuple[str, Tweak]]:
    """RFC 9901, section 7.1, step 3."""
    yield "as it is", lambda payload, shown: None
    for value in ("sha-512", None, 1):
        yield f"_sd_alg {value}", lambda payload, shown, value=value: payload.update(_sd_alg=value)
    for value in ("x", {}, None, [1], [[]], [None]):
        yield f"_sd {value}", lambda payload, shown, value=value: payload.update(_sd=value)
    yield "digest twice", lambda payload, shown: payload["_sd"].append(payload["_sd"][0])
    yield "disclosure twice", lambda payload, shown: shown.append(shown[0])
    yield "disclosure of no digest", lambda payload, shown: shown.append(["s" * 22, "more", 1])
    for salt in ("s" * 21, "가" * 22, "\U0001f3e5" * 21, 1, None):
        yield f"salt {salt}", lambda payload, shown, salt=salt: replace(payload, shown, [salt, *shown[0][1:]])
    for count in (0, 1, 2, 4):
        content = ["s" * 22, "more", 1, 1][:count]
        yield f"{count} elements", lambda payload, shown, content=content: replace(payload, shown, content)
    yield "no array", lambda payload, shown: replace(payload, shown, {"salt": "s" * 22})
    for name in (
        "_sd",
        "...",
        "iss",
        "vct",
        "iat",
        "total",
        "__proto__",
        "patient.name",
        "rows",
        "",
        1,
        None,
    ):
        yield (
            f"claim {name}",
            lambda payload, shown, name=name: replace(payload, shown, ["s" * 22, name, 1]),
        )
    yield "claim as element", lambda payload, shown: payload.update(rows=[{"...": digest_for(shown[0])}])
    yield "dots beside others", lambda payload, shown: payload.update(rounding={"...": "x", "unit": 1})
    yield "dots no text", lambda payload, shown: payload.update(rows=[{"...": 1}])
    for depth in (10, 22, 23, 24, 25, 30, 2000):
        yield (
            f"nested {depth} deep",
            lambda payload, shown, depth=depth: payload.update(more=nested(min(depth, 200))),
        )


def claim_tweaks() -> Iterator[tuple[str, Tweak]]:
    """Times, issuer, type."""
    times = (
        0,
        1e9,
        1.5e9,
        99999999999,
        253402300799,
        253402300800,
        -1,
        "1",
        True,
        None,
        2**70,
        1759999999.9999996,
    )
    values: dict[str, tuple[Any, ...]] = {
        "nbf": times,
        "iat": (*times, 1_760_000_070, 1_760_000_071, 1_760_000_000.25),
        "exp": (*times, 1_759_999_950, 1_759_999_951),
        "iss": (
            "urn:saegim:710:institution:2", "urn:saegim:711:institution:1", "urn:saegim:0710:institution:1", "x", 1,
            "urn:saegim:710:institution:1\n", "urn:saegim:7１0:institution:1", "urn:saegim:710:institution:01",
            "urn:saegim:99999999999999999999:institution:1", "urn:saegim:710:institution:9999999999",
        ),
        "vct": ("urn:saegim:visit:1", "urn:saegim:receipt:2", "__proto__", 1, None),
        "kind": ("visit", "bill", None, 1),
        "cnf": ({"jwk": {}}, 1),
    }  # fmt: skip
    for name, each in values.items():
        for value in each:
            yield (
                f"{name} {value!r}",
                lambda payload, shown, name=name, value=value: payload.update({name: value}),
            )
        yield f"no {name}", lambda payload, shown, name=name: payload.pop(name, None)


def replace(payload: dict[str, Any], shown: list[Any], content: Any) -> None:
    """The first disclosure says something else, and its digest is signed."""
    old, shown[0] = digest_for(shown[0]), content
    payload["_sd"] = [digest_for(content) if each == old else each for each in payload["_sd"]]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_headers_signatures_and_key_bindings(node_verifier):
    payload, shown = taken_apart(issued("receipt"))
    headers: list[Any] = [
        {**HEADER, "alg": alg} for alg in ("none", "HS256", "es256", "ES384", None, ["ES256"])
    ] + [{**HEADER, "typ": typ} for typ in ("JWT", "vc+sd-jwt", "dc+SD-JWT", None, 1)]
    headers += [{**HEADER, "kid": kid} for kid in ("", "A" * 43, KEY.kid[:-1], KEY.kid + "=", 1, None)]
    headers += [{**HEADER, "crit": ["exp"]}, {**HEADER, "crit": None}, {"alg": "ES256"}, [], "null", HEADER]
    jobs = [job(f"header {header}", signed(payload, shown, header)) for header in headers]
    good = signed(payload, shown)
    jwt, _, rest = good.partition("~")
    head, body, signature = jwt.split(".")
    for name, other in other_signatures(signature):
        jobs.append(job(f"signature {name}", f"{head}.{body}.{other}~{rest}"))
    jobs += [job(f"text {place}", text) for place, text in enumerate(other_texts(good))]
    codes = agree(node_verifier, jobs)
    assert set(codes) >= {
        "credential_algorithm_refused", "credential_wrong_type", "credential_unknown_signing_key", "intact",
        "credential_malformed", "credential_signature_invalid", "credential_key_binding_refused",
    }  # fmt: skip


def other_signatures(signature: str) -> Iterator[tuple[str, str]]:
    """What is not the signature: the other s, other lengths, other texts of it."""
    from base64 import urlsafe_b64decode

    raw = urlsafe_b64decode(signature + "==")
    s = int.from_bytes(raw[32:], "big")
    yield "high s", b64encode(raw[:32] + (GROUP_ORDER - s).to_bytes(32, "big"))
    for name, other in {
        "empty": b"", "short": raw[:-1], "long": raw + b"\0", "zeros": bytes(64), "r zero": bytes(32) + raw[32:],
        "s zero": raw[:32] + bytes(32), "all ones": b"\xff" * 64,
    }.items():  # fmt: skip
        yield name, b64encode(other)
    yield "padded", signature + "=="
    yield "unused bits", signature[:-1] + chr(ord(signature[-1]) + 1)
    yield "standard alphabet", signature.replace("-", "+").replace("_", "/") + "+"


def other_texts(good: str) -> Iterator[str]:
    """Presentations that are not the issuer's and the holder's."""
    jwt, _, rest = good.partition("~")
    holder = ec.derive_private_key(5, ec.SECP256R1())
    document = issued("receipt", holder=holder.public_key())
    yield present_bound(document.compact, holder, nonce="n", audience="a", iat=NOW)
    yield document.compact
    yield from (
        jwt,
        f"{jwt}~",
        f"~{rest}",
        f"{good}x",
        f"{good}~",
        f"{jwt}.~{rest}",
        f"{jwt}~~{rest}",
        "~",
        ".",
        "..~",
    )
    yield "~".join([jwt, *["x"] * 5000, ""])
    yield good.replace(".", "..", 1)
    yield good.replace("~", " ~", 1)
    yield good + "A" * 990_000


def test_json_that_two_readers_could_read_differently(node_verifier):
    """In the payload, where it is signed, and in a disclosure."""
    payload, shown = taken_apart(issued("receipt"))
    text = dumped(payload).decode()
    jobs = [job(f"payload {place}", signed(each, shown)) for place, each in enumerate(other_json(text))]
    first = dumped(shown[0]).decode()
    for place, each in enumerate(other_json(first)):
        changed, disclosures = copy.deepcopy(payload), [each, *shown[1:]]
        changed["_sd"] = renamed(changed["_sd"], {digest_for(shown[0]): digest_for(each)})
        jobs.append(job(f"disclosure {place}", signed(changed, disclosures)))
    codes = agree(node_verifier, jobs)
    assert codes["credential_malformed"] > 20
    assert codes["intact"] > 5


ESCAPES = (
    "\\u0041", "\\u000041", "\\/", "\\'", "\\x41", "\\ud83c\\udfe5", "\\ud83c", "\\udfe5\\ud83c", "\\", "\n",
)  # fmt: skip
NUMBERS = (
    "01", "-", "+1", "1.", ".5", "1e", "1E+2", "0x10", "NaN", "Infinity", "-0", "1_000", "１", "9" * 4301, "9" * 4300,
)  # fmt: skip


def other_json(text: str) -> Iterator[str | bytes]:
    """Other texts of a JSON object or array, some the same to a strict reader, most not JSON."""
    first, last, inner = text[0], text[-1], text[1:-1]
    yield f" \t\r\n{text} \n"
    yield from (
        f"\ufeff{text}",
        f"\x0c{text}",
        f"{text}x",
        f"{text}{text}",
        f"{first}{inner},{last}",
        f"{first},{inner}{last}",
    )
    yield text.encode() + b"\xff"
    yield text.encode("utf-16")
    yield dumped(text).replace(b'"', b'"\xed\xa0\x80', 1)
    for escape in ESCAPES:
        yield inserted(text, escape)
    for number in NUMBERS:
        yield inserted_value(first, inner, last, number)
    for word in ("True", "nulls", "'x'", "undefined", "/* */1", '"a" "b"'):
        yield inserted_value(first, inner, last, word)


def inserted(text: str, escape: str) -> str:
    """The text with something put at the end of its last string."""
    place = text.rindex('"')
    return text[:place] + escape + text[place:]


def inserted_value(first: str, inner: str, last: str, value: str) -> str:
    """The object or array with a value more: a member of a name that the profile allows, or an element."""
    return f'{first}"cnf":{value},{inner}{last}' if first == "{" else f"{first}{inner},{value}{last}"


def test_a_name_twice_is_refused_wherever_it_stands(node_verifier):
    payload, shown = taken_apart(issued("receipt"))
    text = dumped(payload).decode()
    doubled = [
        text.replace("{", '{"iss":"urn:saegim:710:institution:1",', 1),
        text.replace('"institution":{', '"institution":{"name":"x",', 1),
        text.replace('"institution":{', '"institution":{"n\\u0061me":"x",', 1),
        text.replace("{", '{"__proto__":1,"__proto__":2,', 1),
    ]
    jobs = [job(f"twice {place}", signed(each, shown)) for place, each in enumerate(doubled)]
    jobs.append(job("header", signed(payload, shown, '{"alg":"none",' + dumped(HEADER).decode()[1:])))
    assert set(agree(node_verifier, jobs)) == {"credential_malformed"}
