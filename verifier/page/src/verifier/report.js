/**
 * The report on one document: what it is, five findings, the verdict, and what to do next.
 *
 * @typedef {import("./findings.js").Remark} Remark
 * @typedef {import("../chain/light.js").ProvenState} ProvenState
 * @typedef {import("./document.js").Document} Document
 * @typedef {{verdict: import("./verdict.js").Verdict, findings: import("./verdict.js").Findings, conclusion: Remark,
 *   document: Document | null, state: ProvenState | null, checkedAt: number, trustFile: string}} Report
 *   `document`: null if it is not intact or cannot be read: nothing in it is to be shown as its content
 */
import { LEVEL_NAMES } from "../chain/finality.js";
import { toHex } from "../lib/bytes.js";
import { QUESTIONS, sentences } from "./findings.js";
import { isoTime } from "./times.js";

export const VERSION = 1;

/** As plain JSON, in the form of `saegim-verify --json`. @param {Report} report */
export function toJson(report) {
  const findings = QUESTIONS.map((question) => {
    const finding = report.findings[question];
    return [question, { outcome: finding.outcome, ...remarkJson(finding) }];
  });
  return {
    version: VERSION,
    verdict: report.verdict,
    conclusion: remarkJson(report.conclusion),
    asOf: report.state === null ? null : isoTime(report.state.time),
    checkedAt: isoTime(report.checkedAt),
    findings: Object.fromEntries(findings),
    remarks: [],
    document: report.document === null ? null : documentJson(report.document),
    block: report.state === null ? null : blockJson(report.state),
    trustFile: report.trustFile,
  };
}

/** @param {Remark} remark */
function remarkJson(remark) {
  const [ko, en] = sentences(remark);
  return { code: remark.code, ko, en };
}

/** @param {Document} document */
function documentJson(document) {
  return {
    vct: document.vct,
    kind: { ko: document.kind[0], en: document.kind[1] },
    issuer: { index: document.issuer, ko: document.issuerName[0], en: document.issuerName[1] },
    issuedAt: isoTime(document.issuedAt),
    fields: document.lines.map(({ path, name, value }) => ({
      path,
      ko: name[0],
      en: name[1],
      value: value === null ? null : value[0],
      valueEn: value === null ? null : value[1],
    })),
    incomplete: document.incomplete,
  };
}

/** @param {ProvenState} state */
function blockJson(state) {
  return {
    number: Number(state.number),
    hash: `0x${toHex(state.hash)}`,
    time: isoTime(state.time),
    finality: LEVEL_NAMES[state.finality.level],
    sealers: state.finality.distinct,
    validators: state.finality.validators,
    validatorEpoch: state.epoch,
    successors: state.links.slice(1).map((link) => `0x${toHex(link.leaf)}`),
  };
}
