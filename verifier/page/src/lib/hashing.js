/** The two hashes: Keccak-256 as Ethereum uses it, and SHA-256. */
import { sha256 as sha } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

/** @param {Uint8Array} data @returns {Uint8Array} 32 bytes */
export function keccak256(data) {
  return keccak_256(data);
}

/** @param {Uint8Array} data @returns {Uint8Array} 32 bytes */
export function sha256(data) {
  return sha(data);
}
