/** What the page itself says, in Korean and English. Sentences about a document come from the Python verifier. */

/** @typedef {import("../data.js").Pair} Pair */

/** @type {Record<string, Pair>} */
export const TEXTS = {
  brand: ["새김", "Saegim"],
  title: ["문서 확인", "Check a document"],
  skip: ["본문 바로가기", "Skip to the content"],
  lead: [
    "받은 문서가 발급된 그대로인지, 지금도 유효한지 이 기기에서 바로 확인합니다. 넣은 파일은 어디로도 보내지 않습니다.",
    "Checks on this device whether a document is as it was issued and still holds. What you put in is sent nowhere.",
  ],
  footerOffline: [
    "이 페이지는 인터넷을 쓰지 않으며, 따로 고르지 않으면 아무것도 저장하지 않습니다.",
    "This page uses no network and keeps nothing unless you ask it to.",
  ],
  footerRules: [
    "서식의 계산(합계 등)은 확인하지 않습니다. 그것까지 보려면 saegim-verify 명령을 쓰세요.",
    "The arithmetic of a form (its sums) is not checked here: the command saegim-verify does that too.",
  ],

  trustTitle: ["1. 신뢰 파일", "1. Trust file"],
  trustHint: [
    "네트워크의 신뢰 파일(network.json)이 한 번 필요합니다. 회원 기관(병원, 약사회, 보험사, 시)에서 받으세요.",
    "The network's trust file (network.json) is needed once. Get it from a member: a hospital, an insurer, the city.",
  ],
  chooseTrust: ["신뢰 파일 고르기", "Choose the trust file"],
  changeTrust: ["다른 신뢰 파일 고르기", "Choose another trust file"],
  fingerprint: ["지문", "Fingerprint"],
  compare: [
    "처음 한 번, 이 지문을 회원 기관이 공개한 지문과 비교하세요. 다르면 이 파일을 쓰지 마세요.",
    "Compare this fingerprint once with the one a member institution publishes. If they differ, do not use the file.",
  ],
  network: ["네트워크", "Network"],
  chain: ["체인 {chain} ({engine})", "chain {chain} ({engine})"],
  checkpoint: ["기준 블록", "Checkpoint"],
  signed: ["서명", "Signed by"],
  signedBy: ["회원 {members}곳 중 {signers}곳", "{signers} of {members} members"],
  development: [
    "개발용 네트워크의 신뢰 파일입니다. 이 파일로는 아무것도 증명되지 않습니다.",
    "A trust file of a development network: it proves nothing.",
  ],
  trustContinues: [
    "전에 쓰던 신뢰 파일의 회원 과반이 서명한 새 파일입니다. 지문을 다시 비교하지 않아도 됩니다.",
    "Signed by a majority of the members of the file used before: the fingerprint need not be compared again.",
  ],
  trustDoesNotContinue: [
    "전에 쓰던 신뢰 파일과 이어지지 않습니다. 지문을 다시 비교하기 전에는 믿지 마세요.",
    "It does not continue the file used before: do not rely on it before you have compared the fingerprint.",
  ],
  remember: ["이 기기에 신뢰 파일 기억하기", "Remember the trust file on this device"],
  remembered: [
    "기억해 둔 신뢰 파일을 쓰고 있습니다.",
    "The trust file remembered on this device is in use.",
  ],
  notRemembered: [
    "이 브라우저에서는 기억할 수 없습니다. 다음에 신뢰 파일을 다시 골라 주세요.",
    "This browser cannot remember it: choose the trust file again next time.",
  ],

  documentTitle: ["2. 문서", "2. Document"],
  dropHint: ["문서 파일(.saegim)을 여기에 끌어다 놓거나", "Drop the document (.saegim) here, or"],
  chooseDocument: ["문서 파일 고르기", "Choose the document"],
  chosen: ["고른 파일: {name}", "Chosen: {name}"],
  pasted: ["붙여넣은 글자", "pasted text"],
  pasteTitle: ["글자로 된 문서 붙여넣기", "Paste a document as text"],
  pasteLabel: ["문서 글자 (base64)", "Text of the document (base64)"],
  check: ["확인하기", "Check"],
  readerLabel: ["어디에 쓰시나요?", "What is it for?"],
  readerHint: [
    "쓰임새에 따라 증명이 얼마나 새것이어야 하는지가 달라집니다.",
    "The use decides how recent the proof must be.",
  ],
  reader_auto: ["문서 종류에 맞게 (보통)", "As usual for this kind of document"],
  reader_prescription: ["약 조제: 10분 안의 증명", "Dispensing medicine: a proof of the last 10 minutes"],
  reader_claim: ["보험 청구 심사: 24시간 안의 증명", "Deciding an insurance claim: a proof of the last 24 hours"],
  reader_certificate: ["증명서 제출: 7일 안의 증명", "Filing a certificate: a proof of the last 7 days"],

  needTrust: [
    "문서를 받았습니다. 신뢰 파일(network.json)을 고르면 확인합니다.",
    "The document is here. Choose the trust file (network.json) and it is checked.",
  ],
  done: ["확인을 마쳤습니다: {verdict}.", "Checked: {verdict}."],
  unreadable: ["파일을 읽지 못했습니다: {name}", "The file could not be read: {name}"],
  broken: [
    "이 페이지의 오류로 확인하지 못했습니다. 판단하지 말고 다른 방법(saegim-verify)으로 확인하세요.",
    "The page itself failed: draw no conclusion, check in another way (saegim-verify).",
  ],

  verdict_VALID: ["유효한 문서입니다", "This document is valid"],
  verdict_SUPERSEDED: ["새 문서로 바뀐 문서입니다", "This document was replaced by a newer one"],
  verdict_WITHDRAWN: ["발급이 취소된 문서입니다", "This document was withdrawn"],
  verdict_TAMPERED: ["내용이 바뀐 문서입니다", "This document was altered"],
  verdict_NOT_ISSUED: ["발급된 적이 없는 문서입니다", "This document was never issued"],
  verdict_ISSUER_NOT_TRUSTED: ["믿을 수 없는 기관의 문서입니다", "The issuer of this document is not trusted"],
  verdict_UNKNOWN: ["지금은 판단할 수 없습니다", "No answer is possible now"],

  findings: ["무엇을 확인했나요?", "What was checked?"],
  question_integrity: ["내용이 바뀌지 않았나요?", "Is it unchanged?"],
  question_anchoring: ["기록되어 있나요?", "Is it on record?"],
  question_status: ["지금도 유효한가요?", "Is it still in force?"],
  question_issuer: ["발급 기관을 믿을 수 있나요?", "Can the issuer be trusted?"],
  question_source: ["무엇을 근거로 확인했나요?", "What does this rest on?"],
  outcome_passed: ["확인됨", "confirmed"],
  outcome_failed: ["문제 있음", "problem"],
  outcome_unknown: ["알 수 없음", "not known"],

  noContent: [
    "문서의 내용은 확인되지 않아 보여 드리지 않습니다.",
    "The content is not confirmed, so it is not shown.",
  ],
  unverifiedContent: [
    "내용은 파일에 든 키로 서명된 그대로입니다. 그 키를 믿을 수 있는지, 받아도 되는지는 위의 결론을 따르세요.",
    "The content is as signed with the key in the file. Whether that key counts is what the result above says.",
  ],
  issuer: ["발급 기관", "Issuer"],
  issuerNumber: ["{name} ({index}번 기관)", "{name} (institution {index})"],
  issuedAt: ["발급 시각", "Issued at"],
  incomplete: ["(일부만 공개)", "(not all shown)"],
  hidden: ["소지자가 가린 항목: {names}", "Left out by the holder: {names}"],

  details: ["확인 정보", "Details of the check"],
  file: ["확인한 파일", "File"],
  checkedAt: ["확인한 시각", "Checked at"],
  asOf: ["기준 시각", "As of"],
  block: ["블록", "Block"],
  blockNumber: ["{number}번 (검증기관 {validators}곳 중 {sealers}곳)", "{number} ({sealers} of {validators} validators)"],
  blockHash: ["블록 해시", "Block hash"],
  successor: ["최신 문서의 식별값", "Leaf of the newest document"],
  trustFile: ["신뢰 파일 지문", "Trust file fingerprint"],
  print: ["결과 인쇄", "Print the result"],
  another: ["다른 문서 확인하기", "Check another document"],
};

/** @typedef {0 | 1} Language place in a Pair */
export const KOREAN = 0;
export const ENGLISH = 1;
export const LANGUAGE_CODES = ["ko", "en"];
