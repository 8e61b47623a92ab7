"""What the static page shares with this package: sentences, storage places, kinds of document, as one JSON.

`python -m verifier.page_data` prints it; `verifier/page/build.mjs` puts it into the page, so each of these texts
and tables exists once. Rules and limits are not in it: the page implements those by itself.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chain.layout import Layout, layout_of
from chain.state import DOCUMENTS, REGISTRY
from records.kinds import KINDS
from verifier import sentences
from verifier.page_kinds import departments, kind_data
from verifier.readers import _BY_KIND, Reader

VERSION = 1

_PLACES: dict[str, tuple[str, ...]] = {
    REGISTRY: ("_institutions", "_institutionIds", "_keys", "_validatorSetHash"),
    DOCUMENTS: ("_batches", "_marks", "_successors"),
}
"""The mappings that light proofs show, by contract."""

_WITHOUT_A_NODE = {
    "key_missing": (
        "서명을 확인할 공개키({kid})가 파일에 없습니다. 공개키가 든 새 증명을 요청하세요.",
        "The public key ({kid}) to check the signature with is not in the file: ask for a fresh proof with it.",
    ),
    "no_source": (
        "파일에 증명이 없습니다. 새 증명을 요청하세요.",
        "The file carries no proof: ask for a fresh one.",
    ),
}
"""What the command's reader does with an option, the page's reader, who has no node, must ask for."""

_UNNAMED = 255
"""A reason's number that no version of the contract gives a name."""


def page_data() -> dict[str, Any]:
    """Everything, as plain JSON."""
    return {
        "version": VERSION,
        "sentences": {
            code: list(_WITHOUT_A_NODE.get(code) or sentences.sentence(code))
            for code in sorted(sentences.codes())
        },
        "reasons": {"amend": _reasons(amended=True), "withdraw": _reasons(amended=False)},
        "readers": {reader.value: int(reader.limit.total_seconds()) for reader in Reader},
        "readerOfKind": {kind: reader.value for kind, reader in _BY_KIND.items()},
        "layout": {
            contract: {label: _place(layout_of(contract), label) for label in labels}
            for contract, labels in _PLACES.items()
        },
        "kinds": {vct: kind_data(kind) for vct, kind in KINDS.items()},
        "departments": departments(),
    }


def _reasons(*, amended: bool) -> dict[str, list[str]]:
    """Names by number; under "*" that of every other number."""
    unnamed = sentences.reason_name(amended, _UNNAMED)
    every = {str(number): list(sentences.reason_name(amended, number)) for number in range(_UNNAMED)}
    named = {number: pair for number, pair in every.items() if pair[0] != unnamed.ko}
    return named | {"*": [unnamed.ko, unnamed.en.replace(str(_UNNAMED), "{number}")]}


def _place(layout: Layout, label: str) -> dict[str, Any]:
    """A mapping's slot and the packed members of what it leads to (none for a plain word)."""
    entry = layout.storage[label]
    type_name, keys = str(entry["type"]), 0
    while layout.types[type_name]["encoding"] == "mapping":
        type_name, keys = str(layout.types[type_name]["value"]), keys + 1
    packed = "members" in layout.types[type_name]
    members = [[member.name, member.shift, member.size] for member in layout.members(label)] if packed else []
    return {"slot": int(entry["slot"]), "keys": keys, "members": members}


def main() -> None:
    """Prints the JSON."""
    json.dump(page_data(), sys.stdout, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    main()
