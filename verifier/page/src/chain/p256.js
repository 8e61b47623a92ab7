/** P-256 keys as registry and credentials know them: points, RFC 7638 thumbprints, ES256 signatures. */
import { p256 } from "@noble/curves/nist.js";
import { concat, toBigInt, utf8 } from "../lib/bytes.js";
import { decode, encode } from "../lib/base64url.js";
import { sha256 } from "../lib/hashing.js";

const UNCOMPRESSED = Uint8Array.of(4);
const HALF_ORDER = p256.Point.Fn.ORDER / 2n;

/** @param {Uint8Array} point x ‖ y, 64 bytes @returns {Uint8Array} the `kid`, 32 bytes */
export function thumbprint(point) {
  const [x, y] = [encode(point.subarray(0, 32)), encode(point.subarray(32))];
  return sha256(utf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`));
}

/** @param {unknown} text a JWT header's `kid` @returns {Uint8Array | null} its 32 bytes */
export function kidFromText(text) {
  if (typeof text !== "string" || text.length !== 43) return null;
  return decode(text);
}

/** @param {Uint8Array} point x ‖ y @returns {boolean} */
export function isOnCurve(point) {
  try {
    p256.Point.fromBytes(concat(UNCOMPRESSED, point)).assertValidity();
    return true;
  } catch {
    return false; // the library says no more than that
  }
}

/** @param {Uint8Array} signature r ‖ s, 64 bytes @returns {boolean} whether s is in the upper half */
export function isHighS(signature) {
  return toBigInt(signature.subarray(32)) > HALF_ORDER;
}

/** @param {Uint8Array} point x ‖ y on the curve @param {Uint8Array} signed @param {Uint8Array} signature */
export function verifyEs256(point, signed, signature) {
  return p256.verify(signature, signed, concat(UNCOMPRESSED, point), { prehash: true, lowS: false });
}
