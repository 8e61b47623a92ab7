"""Every reason code with its sentence in Korean and English. Codes are stable; sentences may be improved.

Written for a pharmacist or a clerk: what was found and, where something is to be done, what.
"""

from __future__ import annotations

from typing import NamedTuple

from verifier import sentences_refusals


class Sentence(NamedTuple):
    """The same thing said twice."""

    ko: str
    en: str


def sentence(code: str) -> Sentence:
    """The sentence of a code. Raises KeyError for a code that nobody wrote one for (a bug)."""
    return Sentence(*(_FOUND.get(code) or sentences_refusals.REFUSALS[code]))


def codes() -> frozenset[str]:
    """Every code there is."""
    return frozenset(_FOUND) | frozenset(sentences_refusals.REFUSALS)


def reason_name(amended: bool, reason: int) -> Sentence:
    """Name of an AmendReason or a WithdrawReason (IDocumentRegistry.sol) by its number."""
    names = _AMEND if amended else _WITHDRAW
    return Sentence(*names.get(reason, ("알 수 없는 사유", f"reason {reason}")))


_AMEND = {
    1: ("오기 정정", "content corrected"),
    2: ("재정산", "amounts settled anew"),
    3: ("확정", "an interim document became final"),
    4: ("재발급", "issued again under a new key or format"),
    5: ("법원·관청의 명령", "ordered by a court or an authority"),
}
_WITHDRAW = {
    1: ("취소", "what it documents was undone"),
    2: ("착오 발급", "issued in error"),
    3: ("다른 사람에게 발급", "issued to or for the wrong person"),
    4: ("중복", "a duplicate of another document"),
    5: ("서명키 유출", "the signing key was compromised"),
    6: ("본인 요청", "requested by its holder"),
    7: ("법원·관청의 명령", "ordered by a court or an authority"),
}

_FOUND: dict[str, tuple[str, str]] = {
    # ---- integrity
    "intact": (
        "서명, 항목, 해시 경로가 모두 맞습니다. 발급된 뒤 바뀐 글자가 없습니다.",
        "Signature, fields and path all hold: not a character has changed since it was issued.",
    ),
    "intact_partly": (
        "서명, 항목, 해시 경로가 모두 맞습니다. 소지자가 일부 항목({hidden}개)을 가렸습니다.",
        "Signature, fields and path all hold. The holder left out some fields ({hidden}).",
    ),
    "key_missing": (
        "서명을 확인할 공개키({kid})가 파일에 없습니다. --node 로 회원 기관의 노드를 지정하세요.",
        "The public key ({kid}) to check the signature with is not in the file. Give a member's node with --node.",
    ),
    "issuer_mismatch": (
        "문서가 밝힌 발급기관과 파일이 가리키는 기관이 다릅니다.",
        "The document names another issuer than the file points to.",
    ),
    "path_broken": (
        "문서가 등록된 묶음에 속하지 않습니다. 문서나 파일이 바뀌었습니다.",
        "The document does not lead to the anchored batch: it or the file was altered.",
    ),
    # ---- anchoring
    "anchored_strong": (
        "{at}에 블록체인에 등록되었습니다. 검증기관 {validators}곳 중 {distinct}곳이 확인하였습니다.",
        "Anchored on {at}; {distinct} of {validators} validators stand behind the proof (strong).",
    ),
    "anchored_settled": (
        "{at}에 블록체인에 등록되었습니다. 검증기관 {validators}곳 중 과반인 {distinct}곳이 확인하였습니다.",
        "Anchored on {at}; {distinct} of {validators} validators, a majority, stand behind the proof (settled).",
    ),
    "not_anchored": (
        "{as_of} 기준으로 발급기관은 이 문서를 등록한 적이 없습니다.",
        "As of {as_of} the issuer has never anchored this document.",
    ),
    "not_anchored_yet": (
        "{as_of} 기준으로 아직 등록되지 않았습니다. 발급 후 24시간 안에는 등록 중일 수 있으니 나중에 다시 확인하세요.",
        "Not anchored as of {as_of}. Within 24 hours of issue it may still be on its way: check again later.",
    ),
    "wrong_depth": (
        "해시 경로의 길이({found})가 등록된 묶음의 깊이({depth})와 다릅니다.",
        "The path has {found} steps, the anchored batch {depth}: it is not one of the batch's documents.",
    ),
    "no_proof": (
        "블록체인의 내용을 알 수 없어 판단할 수 없습니다.",
        "Cannot be told: nothing is known of the chain.",
    ),
    # ---- status
    "active": ("{as_of} 기준으로 유효합니다.", "In force as of {as_of}."),
    "stale": (
        "{as_of}에는 유효하였습니다. 확인 기준({limit_ko})보다 오래되었으니 새 증명을 요청하세요.",
        "It was in force on {as_of}, longer ago than your limit ({limit_en}): ask for a fresh proof.",
    ),
    "superseded": (
        "{at}에 다른 문서로 바뀌었습니다({reason_ko}). 최신 문서(식별값 {leaf}…)를 요청하세요.",
        "Replaced on {at} ({reason_en}). Ask for the newest document (leaf {leaf}…, {steps} on).",
    ),
    "superseded_then_withdrawn": (
        "{at}에 다른 문서로 바뀌었고({reason_ko}), 그 마지막 문서(식별값 {leaf}…)도 철회되었습니다.",
        "Replaced on {at} ({reason_en}), and the last of its successors (leaf {leaf}…, {steps} on) was withdrawn.",
    ),
    "withdrawn": (
        "{at}에 철회되었습니다({reason_ko}). {as_of} 기준입니다.",
        "Withdrawn on {at} ({reason_en}), as of {as_of}.",
    ),
    "clock_behind": (
        "증명의 시각({as_of})이 이 기기의 시계보다 앞섭니다. 시계를 맞추고 다시 확인하세요.",
        "The proof's time ({as_of}) is ahead of this machine's clock: set the clock and check again.",
    ),
    "no_anchor": (
        "등록이 확인되지 않아 상태를 알 수 없습니다.",
        "No status can be told: the document is not known to be anchored.",
    ),
    # ---- issuer
    "issuer_active": (
        "발급기관은 정상 회원이고, 등록 당시 서명키가 유효하였습니다.",
        "The issuer is a member in good standing, and its key was valid when the document was anchored.",
    ),
    "issuer_suspended": (
        "서명키는 등록 당시 유효하였습니다. 발급기관은 {since}부터 정지 상태이나 그 전 문서는 유효합니다.",
        "The key was valid then. The issuer has been suspended since {since}; documents from before stay valid.",
    ),
    "issuer_retired": (
        "서명키는 등록 당시 유효하였습니다. 발급기관은 {since}에 탈퇴하였으나 그 전 문서는 유효합니다.",
        "The key was valid then. The issuer left the network on {since}; documents from before stay valid.",
    ),
    "issuer_expelled_later": (
        "서명키는 등록 당시 유효하였습니다. 발급기관은 {since}에 제명되었으나 이 문서는 의심 기간 전의 것입니다.",
        "The key was valid then. The issuer was expelled on {since}; this document is from before the doubt begins.",
    ),
    "issuer_reaffirmed": (
        "서명키가 유출되었으나, 발급기관이 {at}에 이 문서를 자기 것으로 다시 확인하였습니다.",
        "The key was compromised, but on {at} the issuer vouched for this document again.",
    ),
    "issuer_expelled": (
        "발급기관이 제명되었고, {since} 이후 등록된 문서는 신뢰하지 않습니다.",
        "The issuer was expelled, and documents anchored from {since} on are not trusted.",
    ),
    "issuer_unknown": (
        "{index}번 기관은 이 네트워크의 회원이 아닙니다.",
        "Institution {index} is no member of this network.",
    ),
    "issuer_no_anchor": (
        "등록이 확인되지 않아 당시의 서명키를 판단할 수 없습니다.",
        "Whether the key counted cannot be told: the document is not known to be anchored.",
    ),
    "key_unknown": (
        "서명키가 등록되어 있지 않습니다. 발급기관의 키가 아닙니다.",
        "The signing key is not registered: it is not the issuer's.",
    ),
    "key_of_another": (
        "서명키가 다른 기관({index}번)의 것입니다.",
        "The signing key belongs to another institution (number {index}).",
    ),
    "key_not_for_signing": (
        "이 키는 문서 서명용으로 등록되지 않았습니다.",
        "The key is not registered for signing documents.",
    ),
    "key_not_yet_valid": (
        "등록 당시 서명키가 아직 유효하지 않았습니다(유효 시작 {since}).",
        "The key was not yet valid when the document was anchored (valid from {since}).",
    ),
    "key_expired": (
        "등록 당시 서명키의 유효기간이 끝난 뒤였습니다(만료 {until}).",
        "The key had expired when the document was anchored (valid until {until}).",
    ),
    "key_compromised": (
        "서명키가 {since}부터 유출된 것으로 신고되었고, 이 문서는 그 뒤에 등록되었습니다.",
        "The key is declared compromised since {since}, and this document was anchored after that.",
    ),
    # ---- source
    "light_proof": (
        "파일의 증명으로 확인(블록 {number}, 검증기관 {sealers}/{validators}곳 서명). 서버를 믿지 않아도 됩니다.",
        "Checked by the file's own proof (block {number}, {sealers} of {validators} validators): no server is trusted.",
    ),
    "node_proof": (
        "노드에서 새로 받은 증명으로 확인하였습니다(블록 {number}, 검증기관 {sealers}/{validators}곳 서명).",
        "Checked by a fresh proof from the node (block {number}, {sealers} of {validators} validators).",
    ),
    "both_agree": (
        "파일의 증명과 노드의 새 증명이 일치합니다(블록 {number}, 검증기관 {sealers}/{validators}곳 서명).",
        "The file's proof and the node's fresh one agree (block {number}, {sealers} of {validators} validators).",
    ),
    "development_network": (
        "개발용 네트워크입니다. 아무것도 증명되지 않으며 노드의 말일 뿐입니다.",
        "A development network: nothing is proven, it is the node's word.",
    ),
    "no_source": (
        "파일에 증명이 없습니다. --node 로 회원 기관의 노드를 지정하거나 새 증명을 요청하세요.",
        "The file carries no proof. Give a member's node with --node, or ask for a fresh proof.",
    ),
    "sources_disagree": (
        "파일의 증명과 노드의 증명이 서로 어긋납니다. 판단하지 말고 네트워크 운영자에게 알리세요.",
        "The file's proof and the node's contradict each other. Do not rely on either; tell the network's operators.",
    ),
    "node_behind": (
        "노드의 최신 블록이 오래되었습니다. 노드나 네트워크가 멈추어 있을 수 있습니다.",
        "The node's newest block is old: the node is behind, or the network stands still.",
    ),
    "not_looked_at": ("확인하지 않았습니다.", "Not looked at."),
    # ---- verdicts
    "verdict_valid": (
        "유효한 문서입니다({as_of} 기준).",
        "Valid as of {as_of}.",
    ),
    "verdict_valid_development": (
        "개발용 네트워크에서 유효한 문서입니다({as_of} 기준). 실제 증명으로 쓸 수 없습니다.",
        "Valid as of {as_of} on a development network: not to be relied on.",
    ),
    "verdict_superseded": (
        "다른 문서로 바뀐 문서입니다. 받지 말고 최신 문서를 요청하세요.",
        "Replaced by a newer document. Do not accept it; ask for the newest one.",
    ),
    "verdict_withdrawn": (
        "발급기관이 철회한 문서입니다. 받지 마세요.",
        "Withdrawn by its issuer. Do not accept it.",
    ),
    "verdict_tampered": (
        "발급된 그대로가 아닌 문서입니다. 받지 말고 발급기관에 확인하세요.",
        "Not as it was issued. Do not accept it; ask the issuer.",
    ),
    "verdict_not_issued": (
        "발급기관이 등록한 적이 없는 문서입니다. 받지 말고 발급기관에 확인하세요.",
        "Never anchored by the issuer it names. Do not accept it; ask the issuer.",
    ),
    "verdict_issuer_not_trusted": (
        "발급기관이나 서명키를 신뢰할 수 없는 문서입니다. 받지 말고 발급기관에 확인하세요.",
        "The issuer or its signing key is not to be trusted. Do not accept it; ask the issuer.",
    ),
    "verdict_unknown": (
        "지금은 판단할 수 없습니다. 위조라는 뜻이 아닙니다. 아래 사유를 해결하고 다시 확인하세요.",
        "Cannot be told now. This does not mean that it is false: see the reasons and check again.",
    ),
    "verdict_unknown_stale": (
        "{as_of}에는 유효하였으나 그 뒤의 상태를 모릅니다. 새 증명을 요청하세요.",
        "It was valid on {as_of}; what became of it since is not known. Ask for a fresh proof.",
    ),
}
