/**
 * Disclosures (RFC 9901, section 4.2), as they come in.
 *
 * @typedef {{digest: string, name: string | null, value: import("./jose.js").JsonValue}} Disclosure
 *   `name` is null for an array element
 */
import { CredentialError, malformed } from "./errors.js";
import { decodeStrictly, digestText, fromJson } from "./jose.js";

/** Length of 128 bits in base64url. */
export const SALT_CHARS = 22;

const RESERVED = ["_sd", "..."];

/** @param {string} encoded @param {number} position @returns {Disclosure} */
export function readDisclosure(encoded, position) {
  const what = `disclosure ${position}`;
  const content = fromJson(decodeStrictly(encoded, what), what);
  if (!Array.isArray(content) || (content.length !== 2 && content.length !== 3)) {
    throw malformed(`${what} is not an array of two or three`);
  }
  const [salt, ...rest] = content;
  if (typeof salt !== "string") throw malformed(`the salt of ${what} is not text`);
  if ([...salt].length < SALT_CHARS) throw new CredentialError("salt_too_short");
  const digest = digestText(encoded);
  if (rest.length === 1) return { digest, name: null, value: rest[0] };
  const [name, value] = rest;
  if (typeof name !== "string") throw malformed(`the claim name of ${what} is not text`);
  if (RESERVED.includes(name)) throw new CredentialError("claim_name_forbidden", name);
  return { digest, name, value };
}
