/**
 * Where the contracts keep what light proofs prove. Rules: Solidity documentation, "Layout of State Variables in
 * Storage": a mapping's value lies at keccak256(key ‖ slot), members of a one-slot struct are packed from the right.
 */
import { data } from "../data.js";
import { concat, word } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";

/** @typedef {number | Uint8Array} Key an integer, or 32 bytes */

/**
 * @param {string} contract @param {string} label @param {...Key} keys from the outermost inward
 * @returns {Uint8Array} the slot of the mapping's value
 */
export function slotOf(contract, label, ...keys) {
  const place = data.layout[contract][label];
  if (keys.length !== place.keys) throw new TypeError(`${contract}.${label} takes ${place.keys} keys`);
  return keys.reduce(
    (/** @type {Uint8Array} */ slot, key) => keccak256(concat(key instanceof Uint8Array ? key : word(key), slot)),
    word(place.slot),
  );
}

/**
 * @param {string} contract @param {string} label @param {bigint} value the slot's
 * @returns {Record<string, bigint>} the packed members by their Solidity names
 */
export function unpack(contract, label, value) {
  /** @type {Record<string, bigint>} */
  const members = {};
  for (const [name, shift, size] of data.layout[contract][label].members) {
    members[name] = (value >> BigInt(shift)) & ((1n << BigInt(8 * size)) - 1n);
  }
  return members;
}
