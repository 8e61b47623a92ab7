/** The compact form `<issuer-signed JWT>~<disclosure>~…~` and its verification (RFC 9901, section 7). */
import { isAscii } from "../lib/bytes.js";
import { Fraction } from "../lib/json.js";
import { readDisclosure } from "./disclosures.js";
import { CredentialError, malformed } from "./errors.js";
import { checkSignature, splitJws } from "./jose.js";
import { unpack } from "./unpack.js";

/** @typedef {import("./jose.js").JsonObject} JsonObject */
/** @typedef {{header: JsonObject, unpacked: import("./unpack.js").Unpacked, jwt: string}} VerifiedToken */

export const MAX_CHARS = 1_000_000;
export const MAX_DISCLOSURES = 4096;
/** How far two honest clocks may differ, in seconds. */
export const LEEWAY = 60;
/** 9999-12-31T23:59:59Z. */
const MAX_TIME = 253_402_300_799;

/** @param {string} compact */
export function takeApart(compact) {
  if (!isAscii(compact)) throw malformed("it is not ASCII text");
  if (compact.length > MAX_CHARS) throw malformed(`it is longer than ${MAX_CHARS} characters`);
  const [jwt, ...rest] = compact.split("~");
  if (rest.length === 0) throw malformed("the tilde after the JWT is missing");
  if (rest.length > MAX_DISCLOSURES) throw malformed(`it has more than ${MAX_DISCLOSURES} disclosures`);
  const binding = /** @type {string} */ (rest.pop());
  return { jwt, disclosures: rest.map(readDisclosure), binding };
}

/**
 * @param {string} compact @param {(header: JsonObject) => Uint8Array} keyFor the issuer's key (x ‖ y), or throws
 * @param {string} typ the type that the header must state @param {number} now seconds
 * @returns {VerifiedToken}
 */
export function verifyToken(compact, keyFor, typ, now) {
  const parts = takeApart(compact);
  const { header, payload, signed, signature } = splitJws(parts.jwt, "issuer-signed JWT");
  if (header.get("typ") !== typ) throw new CredentialError("wrong_type");
  checkSignature(keyFor(header), signed, signature);
  const unpacked = unpack(payload, parts.disclosures);
  // times are read after the disclosures are in place, so that none can hide an expiry (section 7.1, step 5)
  checkTimes(unpacked.claims, now);
  // a proof of possession that nobody asked for would be unread bytes in a document that counts as checked
  if (parts.binding) throw new CredentialError("key_binding_refused");
  return { header, unpacked, jwt: parts.jwt };
}

/** @param {JsonObject} claims @param {number} now seconds */
function checkTimes(claims, now) {
  for (const name of ["nbf", "iat"]) {
    if (claims.has(name) && timeOf(claims.get(name), name) > now + LEEWAY) throw new CredentialError("not_yet_valid");
  }
  if (claims.has("exp") && timeOf(claims.get("exp"), "exp") <= now - LEEWAY) throw new CredentialError("expired");
}

/**
 * A NumericDate (RFC 7519).
 *
 * @param {unknown} value @param {string} name @returns {number} seconds, to the microsecond
 */
export function timeOf(value, name) {
  const seconds = value instanceof Fraction ? value.value : value;
  if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= MAX_TIME)) throw malformed(`${name} is not a time`);
  return Math.round(seconds * 1e6) / 1e6;
}
