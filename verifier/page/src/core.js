/** What the page's tests run in Node, and whoever wants to check documents in JavaScript without the page. */
export { decodeRlp, RlpMalformed } from "./chain/rlp.js";
export { TrustError, TrustFile } from "./chain/trust.js";
export { toJson } from "./verifier/report.js";
export { verifyBytes } from "./verifier/verification.js";
export { limits } from "./limits.js";
