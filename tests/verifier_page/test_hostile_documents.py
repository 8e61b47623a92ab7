"""Documents that an issuer signed but should not have, or that somebody changed in a way a byte flip does not find:
the page refuses what the Python verifier refuses, for the same reason.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from node_verifier import agree
from signing import HEADER, KEY, NOW, POINT, digest_for, dumped, issued, job, renamed, signed, taken_apart

from chain.p256 import GROUP_ORDER, kid_to_text, thumbprint
from records.credential import present_bound
from records.sdjwt.jose import b64encode

FIELD_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""Of P-256 (SEC 2, section 2.4.2)."""

Tweak = Callable[[dict[str, Any], list[Any]], object]


def test_what_the_standard_refuses(node_verifier, no_rules):
    jobs = []
    for name, tweak in (*disclosure_tweaks(), *claim_tweaks()):
        payload, disclosures = taken_apart(issued("receipt"))
        tweak(payload, disclosures)
        jobs.append(job(name, signed(payload, disclosures)))
    codes = agree(node_verifier, jobs, "integrity")
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
    codes = agree(node_verifier, jobs, "integrity")
    assert set(codes) >= {
        "credential_algorithm_refused", "credential_wrong_type", "credential_unknown_signing_key", "intact",
        "credential_malformed", "credential_signature_invalid", "credential_key_binding_refused",
    }  # fmt: skip


def test_a_key_that_is_none_under_its_own_name(node_verifier):
    """The name of a key is a hash of two numbers: it can be made of any, also of those that are no point."""
    payload, shown = taken_apart(issued("receipt"))
    x, y = POINT
    keys = {
        "off the curve": (x, bytes([y[0] ^ 1]) + y[1:]),
        "the other y": (x, (FIELD_PRIME - int.from_bytes(y, "big")).to_bytes(32, "big")),
        "zeros": (bytes(32), bytes(32)),
        "beyond the field": (b"\xff" * 32, y),
        "the field's prime": (x, FIELD_PRIME.to_bytes(32, "big")),
    }
    jobs = []
    for name, key in keys.items():
        header = {**HEADER, "kid": kid_to_text(thumbprint(*key))}
        jobs.append(job(name, signed(payload, shown, header), key=key))
    codes = agree(node_verifier, jobs, "integrity")
    assert codes == {"credential_unknown_signing_key": 4, "credential_signature_invalid": 1}


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
    codes = agree(node_verifier, jobs, "integrity")
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
    assert set(agree(node_verifier, jobs, "integrity")) == {"credential_malformed"}
