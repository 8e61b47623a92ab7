/**
 * The overall verdict from the five findings. The order of the questions here is the order of their weight.
 *
 * @typedef {"VALID" | "SUPERSEDED" | "WITHDRAWN" | "TAMPERED" | "NOT_ISSUED" | "ISSUER_NOT_TRUSTED"
 *   | "UNKNOWN"} Verdict
 * @typedef {Record<import("./findings.js").Question, import("./findings.js").Finding>} Findings
 */

/** @type {Record<string, Verdict>} */
const STATUS = { withdrawn: "WITHDRAWN", superseded: "SUPERSEDED", superseded_then_withdrawn: "SUPERSEDED" };

/**
 * Only a document about which nothing failed and nothing is unknown is VALID. A development network's source can be
 * no better than unknown; who chose its trust file chose that.
 *
 * @param {Findings} findings @returns {Verdict}
 */
export function decide({ integrity, anchoring, status, issuer, source }) {
  if (integrity.outcome === "failed" || anchoring.code === "wrong_depth") return "TAMPERED";
  const believed = source.outcome === "passed" || source.code === "development_network";
  if (integrity.outcome !== "passed" || !believed) return "UNKNOWN";
  if (anchoring.outcome === "failed") return "NOT_ISSUED";
  if (issuer.outcome === "failed") return "ISSUER_NOT_TRUSTED";
  if (status.outcome === "failed") return STATUS[status.code];
  const all = [anchoring, issuer, status].every((finding) => finding.outcome === "passed");
  return all ? "VALID" : "UNKNOWN";
}
