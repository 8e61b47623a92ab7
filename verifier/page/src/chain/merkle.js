/** The batch tree: OpenZeppelin's standard Merkle tree (sorted pairs, Keccak-256, double-hashed leaves). */
import { compare, concat, equal } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";

export const MAX_DEPTH = 32;

/** @param {Uint8Array} digest SHA-256 of the issuer-signed JWT @returns {Uint8Array} its leaf */
export function leafOf(digest) {
  return keccak256(keccak256(digest));
}

/** @param {Uint8Array} root @param {Uint8Array} leaf @param {Uint8Array[]} path siblings upward; 32 bytes each */
export function verifyPath(root, leaf, path) {
  if (path.length > MAX_DEPTH) return false;
  const top = path.reduce(hashPair, leaf);
  return equal(top, root);
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {Uint8Array} the parent, whichever side they stand on */
function hashPair(a, b) {
  return keccak256(compare(a, b) < 0 ? concat(a, b) : concat(b, a));
}
