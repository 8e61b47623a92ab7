/** Accounts: from recoverable secp256k1 signatures, and as text. Inside the page they are 40 lower-case digits. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { toBigInt, toHex, utf8 } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";

/**
 * @param {Uint8Array} digest 32 bytes @param {Uint8Array} signature r ‖ s ‖ v, 65 bytes, v from 0 to 3
 * @returns {string | null} the address whose key made the signature, null if none did
 */
export function recoverAddress(digest, signature) {
  try {
    const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32, 64))];
    const point = new secp256k1.Signature(r, s, signature[64]).recoverPublicKey(digest);
    return toHex(keccak256(point.toBytes(false).subarray(1)).subarray(12));
  } catch {
    return null; // out of range, no such point, or the point at infinity: the library says no more than that
  }
}

/** @param {string} address 40 lower-case digits @returns {string} 0x and the digits in the case of EIP-55 */
export function checksummed(address) {
  const digits = toHex(keccak256(utf8(address)));
  return `0x${[...address].map((char, at) => (digits[at] >= "8" ? char.toUpperCase() : char)).join("")}`;
}
