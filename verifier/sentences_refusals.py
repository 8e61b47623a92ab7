"""Sentences for what is refused before a document can be judged: files, proofs, trust files, nodes."""

from __future__ import annotations

_FILE = "파일이 손상되었거나 진본증명 파일이 아닙니다. 다시 받으세요"
_PROOF = "파일의 블록체인 증명을 믿을 수 없습니다"
_FRESH = "새 증명을 요청하세요."
_CHANGED = "문서가 발급된 뒤 바뀌었습니다"

REFUSALS: dict[str, tuple[str, str]] = {
    # ---- the file
    "bundle_too_large": (
        "파일이 너무 큽니다(1 MB 초과). 진본증명 파일이 아닙니다.",
        "The file is larger than any proof bundle (1 MB).",
    ),
    "bundle_malformed": (f"{_FILE}.", "The file is damaged or is no proof bundle: ask for it again."),
    "bundle_not_canonical": (
        f"{_FILE}(인코딩이 표준과 다름).",
        "The file is not encoded as a proof bundle is: ask for it again.",
    ),
    "bundle_version": (
        "이 프로그램이 모르는 형식의 파일입니다. 프로그램을 갱신하세요.",
        "The file has a version that this program does not know: update the program.",
    ),
    "bundle_bare_credential": (
        "증명 없는 문서만 있습니다. 확장자가 .saegim 인 파일을 요청하세요.",
        "This is a document without its proof: ask for the .saegim file.",
    ),
    "bundle_other_document": (
        "보내 온 증명은 다른 문서의 것입니다. 이 문서의 증명을 요청하세요.",
        "The proof that was sent is of another document: ask for the proof of this one.",
    ),
    # ---- the credential
    "credential_malformed": (
        f"{_CHANGED}(형식이 깨짐).",
        "The document was altered or is none: its form is broken.",
    ),
    "credential_algorithm_refused": (
        "서명 방식이 허용되지 않습니다. 서명이 없거나 위조된 문서입니다.",
        "Its signature algorithm is refused: unsigned, or forged.",
    ),
    "credential_hash_refused": (
        "허용되지 않는 해시 방식을 쓴 문서입니다.",
        "It uses a hash algorithm that is refused.",
    ),
    "credential_wrong_type": (
        "진료 문서로 서명된 것이 아닙니다.",
        "What was signed is not a document of this kind.",
    ),
    "credential_unknown_signing_key": (
        "문서가 가리키는 서명키와 파일의 키가 다릅니다.",
        "The key in the file is not the one that the document names.",
    ),
    "credential_key_refused": (
        "서명키가 올바른 키가 아닙니다.",
        "The signing key is not a proper key.",
    ),
    "credential_signature_invalid": (
        f"{_CHANGED}(발급기관의 서명이 맞지 않음).",
        "The document was altered: the issuer's signature does not fit.",
    ),
    "credential_disclosure_refused": (
        f"{_CHANGED}(항목이 서명과 맞지 않음).",
        "The document was altered: a field does not fit the signature.",
    ),
    "credential_disclosure_without_digest": (
        f"{_CHANGED}(서명에 없는 항목이 들어 있음).",
        "The document was altered: it holds a field that was never signed.",
    ),
    "credential_digest_repeated": (
        f"{_CHANGED}(같은 항목이 두 번 들어 있음).",
        "The document was altered: a field occurs twice.",
    ),
    "credential_claim_name_taken": (
        f"{_CHANGED}(항목이 다른 항목을 덮어씀).",
        "The document was altered: a field would overwrite another.",
    ),
    "credential_claim_name_forbidden": (
        f"{_CHANGED}(허용되지 않는 항목).",
        "The document was altered: a field that may not be there.",
    ),
    "credential_salt_too_short": (
        "항목의 난수가 너무 짧습니다. 규격에 맞지 않는 문서입니다.",
        "A field's salt is too short: the document does not keep the standard.",
    ),
    "credential_not_yet_valid": (
        "발급 시각이 이 기기의 시계보다 앞섭니다. 시계를 맞추고 다시 확인하세요.",
        "It was issued in this machine's future: set the clock and check again.",
    ),
    "credential_expired": ("유효기간이 지난 문서입니다.", "The document has expired."),
    "credential_key_binding_missing": (
        "소지자 증명이 필요하나 없습니다.",
        "The holder's proof of possession is required and missing.",
    ),
    "credential_key_binding_refused": (
        "소지자 증명이 맞지 않습니다.",
        "The holder's proof of possession does not hold.",
    ),
    "credential_path_unknown": (
        "없는 항목을 가리킵니다.",
        "It points to a field that does not exist.",
    ),
    "credential_presentation_incomplete": (
        "받는 기관이 꼭 보아야 할 항목이 가려져 있습니다.",
        "A field that the receiver must see is left out.",
    ),
    "credential_claims_invalid": (
        "내용이 서식의 규칙(형식, 합계)에 맞지 않습니다.",
        "Its content breaks the rules of its form (types, sums).",
    ),
    "credential_issuer_refused": (
        "발급기관 표기가 올바르지 않습니다.",
        "It does not name its issuer properly.",
    ),
    "credential_unknown_credential_type": (
        "이 프로그램이 모르는 종류의 문서입니다. 프로그램을 갱신하세요.",
        "A kind of document that this program does not know: update the program.",
    ),
    # ---- the light proof
    "proof_malformed": (f"{_PROOF}(형식 오류). {_FRESH}", "The proof is malformed: ask for a fresh one."),
    "proof_header_malformed": (
        f"{_PROOF}(블록 머리글 오류). {_FRESH}",
        "The proof holds something that is no block header: ask for a fresh one.",
    ),
    "proof_empty_run": (f"{_PROOF}(블록 없음). {_FRESH}", "The proof holds no block: ask for a fresh one."),
    "proof_no_validators": (
        f"{_PROOF}(검증기관 없음). {_FRESH}",
        "The proof names no validators: ask for a fresh one.",
    ),
    "proof_run_too_long": (
        f"{_PROOF}(블록이 너무 많음). {_FRESH}",
        "The proof holds too many blocks: ask for a fresh one.",
    ),
    "proof_seal_malformed": (
        f"{_PROOF}(블록 서명 오류). {_FRESH}",
        "A block in the proof is not sealed: ask for a fresh one.",
    ),
    "proof_wrong_vanity": (
        f"{_PROOF}. 다른 네트워크의 블록입니다. {_FRESH}",
        "The proof is of another network (its blocks carry another tag): ask for a fresh one.",
    ),
    "proof_foreign_sealer": (
        f"{_PROOF}. 회원이 아닌 자가 서명한 블록입니다. {_FRESH}",
        "A block in the proof was sealed by somebody who is no validator: ask for a fresh one.",
    ),
    "proof_duplicate_seal": (
        f"{_PROOF}. 한 기관의 서명이 두 번 들어 있습니다. {_FRESH}",
        "A block in the proof carries one validator's seal twice: ask for a fresh one.",
    ),
    "proof_too_few_seals": (
        f"{_PROOF}. 블록에 서명한 검증기관이 모자랍니다. {_FRESH}",
        "Too few validators sealed a block in the proof: ask for a fresh one.",
    ),
    "proof_sealed_too_soon": (
        f"{_PROOF}. 한 기관이 차례보다 빨리 서명하였습니다. {_FRESH}",
        "One validator sealed too many of the proof's blocks: ask for a fresh one.",
    ),
    "proof_wrong_difficulty": (
        f"{_PROOF}. 서명 차례가 맞지 않습니다. {_FRESH}",
        "A block in the proof claims a turn that was not its sealer's: ask for a fresh one.",
    ),
    "proof_wrong_signer_list": (
        f"{_PROOF}. 검증기관 목록이 다릅니다. {_FRESH}",
        "A block in the proof lists other validators: ask for a fresh one.",
    ),
    "proof_not_linked": (
        f"{_PROOF}. 블록이 이어지지 않습니다. {_FRESH}",
        "The proof's blocks do not follow each other: ask for a fresh one.",
    ),
    "proof_time_not_increasing": (
        f"{_PROOF}. 블록의 시각이 거꾸로입니다. {_FRESH}",
        "The proof's blocks go back in time: ask for a fresh one.",
    ),
    "proof_not_final": (
        f"{_PROOF}. 서명한 검증기관이 모자랍니다. {_FRESH}",
        "Too few validators stand behind the proof: ask for a fresh one.",
    ),
    "proof_change_not_strong": (
        f"{_PROOF}. 검증기관의 변경이 증명되지 않았습니다. 최신 신뢰 파일로 다시 확인하세요.",
        "A change of the validators is not proven: try with a newer trust file.",
    ),
    "proof_wrong_validator_set": (
        f"{_PROOF}. 검증기관 목록이 등록된 것과 다릅니다. {_FRESH}",
        "The proof names validators that were never registered: ask for a fresh one.",
    ),
    "proof_wrong_checkpoint": (
        f"{_PROOF}. 신뢰 파일의 기준 블록과 다릅니다.",
        "The proof contradicts the trust file's checkpoint.",
    ),
    "proof_node_missing": (
        f"{_PROOF}. 필요한 값이 없거나 바뀌었습니다. {_FRESH}",
        "Something that the proof must show is missing or altered: ask for a fresh one.",
    ),
    "proof_node_malformed": (
        f"{_PROOF}(값의 형식 오류). {_FRESH}",
        "The proof's tree is malformed: ask for a fresh one.",
    ),
    "proof_account_absent": (
        f"{_PROOF}. 계약이 없는 네트워크입니다. {_FRESH}",
        "The contracts are not there in the proof's state: ask for a fresh one.",
    ),
    "proof_account_malformed": (
        f"{_PROOF}(계정 형식 오류). {_FRESH}",
        "The proof's accounts are malformed: ask for a fresh one.",
    ),
    "proof_slot_malformed": (
        f"{_PROOF}(값 형식 오류). {_FRESH}",
        "The proof's values are malformed: ask for a fresh one.",
    ),
    "proof_bag_too_large": (
        f"{_PROOF}(너무 큼). {_FRESH}",
        "The proof is larger than any can be: ask for a fresh one.",
    ),
    "proof_stray_nodes": (
        f"{_PROOF}. 필요 없는 값이 섞여 있습니다. {_FRESH}",
        "The proof holds things that prove nothing: ask for a fresh one.",
    ),
    "proof_endless_successors": (
        f"{_PROOF}. 정정 문서의 사슬이 끝나지 않습니다.",
        "The chain of corrected documents has no end.",
    ),
    "proof_state_malformed": (
        f"{_PROOF}. 이 프로그램이 모르는 계약입니다. 프로그램을 갱신하세요.",
        "The contracts hold what this program does not know: update the program.",
    ),
    "proof_unknown_engine": (
        "이 프로그램이 모르는 합의 방식입니다. 프로그램을 갱신하세요.",
        "A consensus engine that this program does not know: update the program.",
    ),
    # ---- the trust file
    "trust_unreadable": ("신뢰 파일을 읽을 수 없습니다.", "The trust file cannot be read."),
    "trust_malformed": ("신뢰 파일의 형식이 잘못되었습니다.", "The trust file is malformed."),
    "trust_too_old": (
        "신뢰 파일이 400일보다 오래되었습니다. 회원 기관에서 새로 받으세요.",
        "The trust file is older than 400 days: get a newer one from a member.",
    ),
    "trust_in_future": (
        "신뢰 파일의 날짜가 이 기기의 시계보다 앞섭니다. 시계를 확인하세요.",
        "The trust file is from this machine's future: check the clock.",
    ),
    "trust_wrong_signature": (
        "신뢰 파일의 서명이 맞지 않습니다. 쓰지 말고 회원 기관에서 새로 받으세요.",
        "A signature of the trust file is wrong: do not use it, get one from a member.",
    ),
    "trust_no_majority": (
        "신뢰 파일에 회원 과반의 서명이 없습니다.",
        "The trust file is not signed by a majority of the members.",
    ),
    "trust_other_network": ("다른 네트워크의 신뢰 파일입니다.", "The trust file is of another network."),
    "trust_older_than_held": (
        "이미 가진 것보다 오래된 신뢰 파일입니다.",
        "The trust file is older than the one held.",
    ),
    "unknown_engine": (
        "이 프로그램이 모르는 합의 방식({engine})입니다. 프로그램을 갱신하세요.",
        "This program does not know the consensus engine {engine}: update it.",
    ),
    "other_network": (
        "다른 네트워크(체인 {chain})의 문서입니다. 그 네트워크의 신뢰 파일로 확인하세요.",
        "A document of another network (chain {chain}): check it with that network's trust file.",
    ),
    # ---- the node
    "node_unreachable": (
        "노드에서 쓸 수 있는 답을 받지 못했습니다. 다른 노드로 다시 확인하세요.",
        "The node gave no usable answer: try another one.",
    ),
    "node_unavailable": (
        "노드에 연결하지 못했습니다. 네트워크를 확인하거나 다른 노드로 다시 확인하세요.",
        "The node cannot be reached: check the network, or try another node.",
    ),
    "malformed_answer": (
        "노드의 답이 잘못되었습니다. 다른 노드를 쓰세요.",
        "The node's answers are malformed: use another one.",
    ),
    "wrong_chain": (
        "다른 네트워크의 노드입니다. 주소를 확인하세요.",
        "The node is of another network: check its address.",
    ),
    "node_contradicts_itself": (
        "노드의 답이 서로 맞지 않습니다. 다시 시도하거나 다른 노드를 쓰세요.",
        "The node's answers do not fit together: try again, or use another one.",
    ),
    "node_cannot_prove": (
        "이 노드는 증명(eth_getProof)을 주지 않습니다. 다른 회원의 노드를 쓰세요.",
        "This node gives no proofs (eth_getProof): use another member's.",
    ),
    "not_final_yet": (
        "지금은 서명하는 검증기관이 모자랍니다. 잠시 뒤 다시 확인하세요.",
        "Too few validators are sealing at the moment: check again in a while.",
    ),
    "validator_change_unprovable": (
        "신뢰 파일 이후 검증기관이 바뀌었습니다. 최신 신뢰 파일을 받으세요.",
        "The validators have changed since the trust file: get a newer one.",
    ),
}
