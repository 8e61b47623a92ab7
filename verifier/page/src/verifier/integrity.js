/**
 * Integrity: the issuer's signature, the disclosures, and the path from the document to the anchored root.
 *
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {{finding: Finding, subject: import("../chain/light.js").ProofSubject | null,
 *   credential: import("../records/credential.js").VerifiedCredential | null}} Checked
 *   `subject`: what must be proven about the document, null if it cannot even be read
 */
import { leafOf, verifyPath } from "../chain/merkle.js";
import { isOnCurve, kidFromText, thumbprint } from "../chain/p256.js";
import { encode } from "../lib/base64url.js";
import { digestOf, issuerOf, verifyCredential } from "../records/credential.js";
import { CredentialError } from "../records/errors.js";
import { splitJws } from "../records/jose.js";
import { failed, passed, unknown } from "./findings.js";

/** Refusals that say something about this reader (clock, version), not about the document. */
const UNDECIDED = ["not_yet_valid", "unknown_credential_type"];

/** The bundle does not have the signing key. */
class KeyMissing extends Error {}

/** @param {import("./bundle.js").ProofBundle} bundle @param {number} now seconds @returns {Checked} */
export function checkIntegrity(bundle, now) {
  /** @type {import("../chain/light.js").ProofSubject | null} */
  let subject = null;
  try {
    subject = subjectOf(bundle);
    const credential = verifyCredential(bundle.credential, (header) => keyOf(bundle, header.get("kid")), now);
    return judged(bundle, subject, credential);
  } catch (error) {
    if (error instanceof CredentialError) return { finding: refusal(error.code), subject: null, credential: null };
    if (error instanceof KeyMissing) {
      return { finding: unknown("key_missing", { kid: error.message }), subject, credential: null };
    }
    throw error;
  }
}

/**
 * @param {import("./bundle.js").ProofBundle} bundle @param {import("../chain/light.js").ProofSubject} subject
 * @param {import("../records/credential.js").VerifiedCredential} credential @returns {Checked}
 */
function judged(bundle, subject, credential) {
  if (issuerOf(credential.iss).index !== bundle.issuer) {
    return { finding: failed("issuer_mismatch"), subject, credential: null };
  }
  if (!verifyPath(bundle.root, subject.leaf, bundle.path)) {
    return { finding: failed("path_broken"), subject, credential: null };
  }
  const hidden = String(credential.hidden.length);
  return { finding: passed(hidden === "0" ? "intact" : "intact_partly", { hidden }), subject, credential };
}

/**
 * What must be proven, read before anything in the document is believed.
 *
 * @param {import("./bundle.js").ProofBundle} bundle @returns {import("../chain/light.js").ProofSubject}
 */
function subjectOf({ credential, issuer, root }) {
  const jwt = credential.split("~", 1)[0];
  const kid = kidFromText(splitJws(jwt, "issuer-signed JWT").header.get("kid"));
  if (kid === null) throw new CredentialError("unknown_signing_key");
  return { issuer, root, leaf: leafOf(digestOf(jwt)), kid };
}

/**
 * The bundle's key where its thumbprint is the kid asked for; a key under another name is refused.
 *
 * @param {import("./bundle.js").ProofBundle} bundle @param {unknown} kid @returns {Uint8Array}
 */
function keyOf({ key }, kid) {
  if (typeof kid !== "string") throw new CredentialError("unknown_signing_key");
  if (key === null) throw new KeyMissing(kid);
  if (encode(thumbprint(key)) !== kid || !isOnCurve(key)) throw new CredentialError("unknown_signing_key");
  return key;
}

/** @param {string} code @returns {Finding} */
function refusal(code) {
  return UNDECIDED.includes(code) ? unknown(`credential_${code}`) : failed(`credential_${code}`);
}
