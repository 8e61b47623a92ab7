/** The pieces of JOSE that SD-JWT needs, each strict: base64url, JSON, compact JWS with ES256. */
import { isHighS, verifyEs256 } from "../chain/p256.js";
import { decode, encode } from "../lib/base64url.js";
import { fromUtf8, utf8 } from "../lib/bytes.js";
import { sha256 } from "../lib/hashing.js";
import { JsonMalformed, parseJson } from "../lib/json.js";
import { CredentialError, malformed } from "./errors.js";

/** @typedef {import("../lib/json.js").JsonValue} JsonValue */
/** @typedef {Map<string, JsonValue>} JsonObject */

/** Far deeper than any document; what claims may nest is limited when they are unpacked. */
const MAX_DEPTH = 900;

/** @param {string} text ASCII @returns {string} base64url(SHA-256(text)): how a disclosure is referred to */
export function digestText(text) {
  return encode(sha256(utf8(text)));
}

/** @param {string} text @param {string} what @returns {Uint8Array} */
export function decodeStrictly(text, what) {
  const bytes = decode(text);
  if (bytes === null) throw malformed(`${what} is not canonical base64url`);
  return bytes;
}

/** @param {Uint8Array} bytes @param {string} what @returns {JsonValue} */
export function fromJson(bytes, what) {
  const text = fromUtf8(bytes);
  if (text === null) throw malformed(`${what} is not UTF-8`);
  try {
    return parseJson(text, MAX_DEPTH);
  } catch (error) {
    if (error instanceof JsonMalformed) throw malformed(`${what}: ${error.message}`);
    throw error;
  }
}

/**
 * Takes a compact JWS apart; nothing is verified yet.
 *
 * @param {string} jws @param {string} what
 * @returns {{header: JsonObject, payload: JsonObject, signed: Uint8Array, signature: Uint8Array}}
 */
export function splitJws(jws, what) {
  const parts = jws.split(".");
  if (parts.length !== 3) throw malformed(`${what} is not a compact JWS of three parts`);
  const header = objectIn(parts[0], `${what} header`);
  if (header.get("alg") !== "ES256" || header.has("crit")) throw new CredentialError("algorithm_refused");
  const payload = objectIn(parts[1], `${what} payload`);
  const signature = decodeStrictly(parts[2], `${what} signature`);
  return { header, payload, signed: utf8(`${parts[0]}.${parts[1]}`), signature };
}

/** @param {string} encoded @param {string} what @returns {JsonObject} */
function objectIn(encoded, what) {
  const value = fromJson(decodeStrictly(encoded, what), what);
  if (!(value instanceof Map)) throw malformed(`${what} is not a JSON object`);
  return value;
}

/**
 * An ES256 signature of 64 bytes with the low s, the only one of the two that this project's tokens carry.
 *
 * @param {Uint8Array} point x ‖ y on the curve @param {Uint8Array} signed @param {Uint8Array} signature
 */
export function checkSignature(point, signed, signature) {
  if (signature.length !== 64 || isHighS(signature) || !verifyEs256(point, signed, signature)) {
    throw new CredentialError("signature_invalid");
  }
}

