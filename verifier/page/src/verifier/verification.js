/** Checking a document: from a bundle's bytes and a trust file to a report, without a network. */
import { UnknownEngine } from "../chain/engine.js";
import { LightProofError, verifyLightProof } from "../chain/light.js";
import { TrustError } from "../chain/trust.js";
import { data } from "../data.js";
import { issuerOf } from "../records/credential.js";
import { BundleError, readBundle } from "./bundle.js";
import { describe } from "./document.js";
import { failed, passed, unknown } from "./findings.js";
import { checkIntegrity } from "./integrity.js";
import { judgeAnchoring, judgeIssuer, judgeStatus } from "./judging.js";
import { koreanTime } from "./times.js";
import { decide } from "./verdict.js";

/** @typedef {import("../chain/trust.js").TrustFile} TrustFile */
/** @typedef {import("../chain/light.js").ProvenState} ProvenState */
/** @typedef {import("./bundle.js").ProofBundle} ProofBundle */
/** @typedef {import("./findings.js").Finding} Finding */
/** @typedef {import("./integrity.js").Checked} Checked */
/** @typedef {import("./report.js").Report} Report */
/** @typedef {{state: ProvenState | null, finding: Finding}} Account */
/** @typedef {Record<"anchoring" | "status" | "issuer", Finding>} Rest */

const DEFAULT_READER = "certificate";

/**
 * Checks one document. Never throws for anything about the document, the network or the trust file.
 *
 * @param {Uint8Array} bytes a file's or a paste's @param {TrustFile} trust @param {number} now seconds
 * @param {number | null} [limit] greatest age of the status in seconds; by default the document's kind decides
 * @returns {Report}
 */
export function verifyBytes(bytes, trust, now, limit = null) {
  try {
    return verify(readBundle(bytes), trust, now, limit);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const nothing = { finding: unknown(error.code), subject: null, credential: null };
    return report(nothing, { state: null, finding: unknown("not_looked_at") }, notLookedAt(), trust, now);
  }
}

/**
 * @param {ProofBundle} bundle @param {TrustFile} trust @param {number} now @param {number | null} limit
 * @returns {Report}
 */
function verify(bundle, trust, now, limit) {
  const refusal = trustRefusal(trust, now);
  const checked = checkIntegrity(bundle, now);
  const given = refusal ?? noNeedToLook(checked, trust);
  if (given !== null) return report(checked, { state: null, finding: given }, notLookedAt(), trust, now);
  const subject = /** @type {import("../chain/light.js").ProofSubject} */ (checked.subject);
  const account = accountFor(trust, subject, bundle.proof);
  const { credential } = checked;
  const rest = {
    anchoring: judgeAnchoring(account.state, credential?.iat ?? null, bundle.path.length),
    status: judgeStatus(account.state, now, limit ?? limitFor(credential?.kind.name)),
    issuer: judgeIssuer(account.state, bundle.issuer),
  };
  return report(checked, account, rest, trust, now);
}

/**
 * Why the trust file is not relied on, or null.
 *
 * @param {TrustFile} trust @param {number} now @returns {Finding | null}
 */
export function trustRefusal(trust, now) {
  try {
    trust.verify(now);
    trust.engineRules();
    return null;
  } catch (error) {
    if (error instanceof UnknownEngine) return failed(error.code, { engine: error.name });
    if (error instanceof TrustError) return failed(error.code);
    throw error;
  }
}

/**
 * The finding on the source where the chain need not be asked.
 *
 * @param {Checked} checked @param {TrustFile} trust @returns {Finding | null}
 */
function noNeedToLook({ subject, finding, credential }, trust) {
  if (subject === null || finding.outcome === "failed") return unknown("not_looked_at");
  const chain = credential === null ? null : issuerOf(credential.iss).chain;
  return chain === null || chain === String(trust.chainId) ? null : failed("other_network", { chain });
}

/**
 * On whose account the chain's state is believed: the bundle's light proof, or nobody's.
 *
 * @param {TrustFile} trust @param {import("../chain/light.js").ProofSubject} subject
 * @param {import("../chain/light.js").LightProof | null} proof @returns {Account}
 */
function accountFor(trust, subject, proof) {
  if (proof === null) return { state: null, finding: unknown("no_source") };
  try {
    const state = verifyLightProof(trust, subject, proof);
    return { state, finding: proven(state) };
  } catch (error) {
    if (!(error instanceof LightProofError)) throw error;
    return { state: null, finding: failed(error.code.startsWith("proof_") ? error.code : `proof_${error.code}`) };
  }
}

/** @param {ProvenState} state @returns {Finding} */
function proven({ proves, number, finality }) {
  if (!proves) return unknown("development_network");
  const [sealers, validators] = [String(finality.distinct), String(finality.validators)];
  return passed("light_proof", { number: String(number), sealers, validators });
}

/** @param {string | undefined} kind @returns {number} seconds */
function limitFor(kind) {
  return data.readers[data.readerOfKind[kind ?? ""] ?? DEFAULT_READER];
}

/** @returns {Rest} */
function notLookedAt() {
  return { anchoring: unknown("not_looked_at"), status: unknown("not_looked_at"), issuer: unknown("not_looked_at") };
}

/** @param {Checked} checked @param {Account} account @param {Rest} rest @param {TrustFile} trust @param {number} now */
function report(checked, account, rest, trust, now) {
  const findings = { integrity: checked.finding, ...rest, source: account.finding };
  const verdict = decide(findings);
  return {
    verdict,
    findings,
    conclusion: conclusion(verdict, findings, account.state),
    document: checked.credential === null ? null : describe(checked.credential, trust),
    state: account.state,
    checkedAt: now,
    trustFile: trust.fingerprint,
  };
}

/**
 * The verdict in a sentence; a document that is only stale is told apart from one nobody can tell about.
 *
 * @param {import("./verdict.js").Verdict} verdict @param {import("./verdict.js").Findings} findings
 * @param {ProvenState | null} state
 */
function conclusion(verdict, findings, state) {
  const details = { as_of: state === null ? "" : koreanTime(state.time) };
  if (verdict === "UNKNOWN" && onlyStale(findings)) return { code: "verdict_unknown_stale", details };
  if (verdict === "VALID" && findings.source.code === "development_network") {
    return { code: "verdict_valid_development", details };
  }
  return { code: `verdict_${verdict.toLowerCase()}`, details };
}

/** @param {import("./verdict.js").Findings} findings @returns {boolean} */
function onlyStale({ status, ...others }) {
  const well = Object.values(others).every(
    (finding) => finding.outcome === "passed" || finding.code === "development_network",
  );
  return status.code === "stale" && well;
}
