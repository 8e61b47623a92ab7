/**
 * Anchoring, status and issuer: what the proven state of the chain says about a document. All questions of time are
 * asked at the anchor's block time, never at a time the document itself names.
 *
 * @typedef {import("../chain/light.js").ProvenState} ProvenState
 * @typedef {import("../chain/state.js").Batch} Batch
 * @typedef {import("../chain/state.js").DocKey} DocKey
 * @typedef {import("../chain/state.js").Institution} Institution
 * @typedef {import("../chain/state.js").Mark} Mark
 * @typedef {import("./findings.js").Finding} Finding
 */
import { STRONG } from "../chain/finality.js";
import { PURPOSE_SIGN, STANDING, STATE } from "../chain/state.js";
import { data } from "../data.js";
import { toHex } from "../lib/bytes.js";
import { failed, filled, passed, unknown } from "./findings.js";
import { durationText, koreanTime } from "./times.js";

/** A document that is not on the chain this long (seconds) after it was issued never was anchored by its issuer. */
export const ISSUE_TO_ANCHOR = 86_400;
/** How far the chain may be ahead of the reader's clock, in seconds. */
export const CLOCK_LEEWAY = 120;

/** @param {ProvenState | null} state @param {number | null} issuedAt @param {number} pathLength @returns {Finding} */
export function judgeAnchoring(state, issuedAt, pathLength) {
  if (state === null) return unknown("no_proof");
  const as_of = koreanTime(state.time);
  if (state.batch === null) {
    const early = issuedAt === null || state.time < issuedAt + ISSUE_TO_ANCHOR;
    return early ? unknown("not_anchored_yet", { as_of }) : failed("not_anchored", { as_of });
  }
  const { depth, time } = state.batch;
  if (depth !== pathLength) return failed("wrong_depth", { depth: String(depth), found: String(pathLength) });
  const { level, distinct, validators } = state.finality;
  return passed(level >= STRONG ? "anchored_strong" : "anchored_settled", {
    at: koreanTime(time),
    distinct: String(distinct),
    validators: String(validators),
  });
}

/**
 * Whether the document still holds, and as of when. Replaced is for ever; active grows stale.
 *
 * @param {ProvenState | null} state @param {number} now @param {number} limit all in seconds @returns {Finding}
 */
export function judgeStatus(state, now, limit) {
  if (state === null) return unknown("no_proof");
  if (state.batch === null) return unknown("no_anchor");
  const as_of = koreanTime(state.time);
  const { mark } = state.links[0];
  if (mark?.state === STATE.SUPERSEDED) return superseded(state, mark, as_of);
  if (mark?.state === STATE.WITHDRAWN) return failed("withdrawn", { ...markDetails(mark), as_of });
  if (state.time > now + CLOCK_LEEWAY) return unknown("clock_behind", { as_of });
  if (now - state.time > limit) {
    const [limit_ko, limit_en] = durationText(limit);
    return unknown("stale", { as_of, limit_ko, limit_en });
  }
  return passed("active", { as_of });
}

/** @param {ProvenState} state @param {Mark} mark @param {string} as_of @returns {Finding} */
function superseded(state, mark, as_of) {
  const end = /** @type {import("../chain/light.js").Link} */ (state.links.at(-1));
  const code = end.mark?.state === STATE.WITHDRAWN ? "superseded_then_withdrawn" : "superseded";
  const [steps, leaf] = [String(state.links.length - 1), toHex(end.leaf).slice(0, 16)];
  return failed(code, { ...markDetails(mark), as_of, steps, leaf });
}

/** @param {Mark} mark */
function markDetails({ state, reason, time }) {
  const names = state === STATE.SUPERSEDED ? data.reasons.amend : data.reasons.withdraw;
  const [ko, en] = names[String(reason)] ?? names["*"];
  const [reason_ko, reason_en] = [ko, filled(en, { number: String(reason) })];
  return { at: time === null ? "" : koreanTime(time), reason_ko, reason_en };
}

/**
 * The institution's standing and the signing key, at the anchor's time.
 *
 * @param {ProvenState | null} state @param {number} issuer @returns {Finding}
 */
export function judgeIssuer(state, issuer) {
  if (state === null) return unknown("no_proof");
  const { institution, batch } = state;
  if (institution === null) return failed("issuer_unknown", { index: String(issuer) });
  if (batch === null) return unknown("issuer_no_anchor");
  return doubt(institution, batch) ?? keyFault(state.key, batch, issuer) ?? standing(institution);
}

/** @param {Institution} institution @param {Batch} batch @returns {Finding | null} */
function doubt({ standing: found, standingSince, doubtSince }, { time }) {
  if (doubtSince !== null && time >= doubtSince) return failed("issuer_expelled", { since: koreanTime(doubtSince) });
  if (found === STANDING.EXPELLED && doubtSince === null) {
    return failed("issuer_expelled", { since: koreanTime(standingSince) });
  }
  return null;
}

/**
 * Why the key did not count when the document was anchored, or null if it did.
 *
 * @param {DocKey | null} key @param {Batch} batch @param {number} issuer @returns {Finding | null}
 */
function keyFault(key, batch, issuer) {
  if (key === null) return failed("key_unknown");
  if (key.institution !== issuer) return failed("key_of_another", { index: String(key.institution) });
  if (key.purpose !== PURPOSE_SIGN) return failed("key_not_for_signing");
  if (batch.time < key.validFrom) return failed("key_not_yet_valid", { since: koreanTime(key.validFrom) });
  if (batch.time >= key.validUntil) return failed("key_expired", { until: koreanTime(key.validUntil) });
  if (key.compromisedSince === null || batch.time < key.compromisedSince) return null;
  // after the declaration the issuer may have vouched again for what is really its own
  const again = batch.reaffirmedAt;
  if (again !== null && key.declaredAt !== null && again > key.declaredAt) {
    return passed("issuer_reaffirmed", { at: koreanTime(again) });
  }
  return failed("key_compromised", { since: koreanTime(key.compromisedSince) });
}

/**
 * The institution may have had to stop since; what it anchored before stays valid, and says so.
 *
 * @param {Institution} institution @returns {Finding}
 */
function standing({ standing: found, standingSince }) {
  const since = koreanTime(standingSince);
  if (found === STANDING.SUSPENDED) return passed("issuer_suspended", { since });
  if (found === STANDING.RETIRED) return passed("issuer_retired", { since });
  if (found === STANDING.EXPELLED) return passed("issuer_expelled_later", { since });
  return passed("issuer_active");
}
