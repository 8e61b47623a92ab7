/** Why a document is refused. The code is that of the report, without "credential_". */
import { Refusal } from "../lib/refusal.js";

export class CredentialError extends Refusal {}

/** @param {string} detail @returns {CredentialError} not an SD-JWT: wrong structure, base64url, JSON, or too large */
export function malformed(detail) {
  return new CredentialError("malformed", detail);
}
