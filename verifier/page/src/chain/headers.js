/** Block headers from RLP. The hash is always computed here. Fields: execution specification, up to Prague. */
import { toBigInt } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { Refusal } from "../lib/refusal.js";
import { decodeRlp, RlpMalformed } from "./rlp.js";

export const MAX_HEADER_BYTES = 4096;

/** Bytes that are no block header. */
export class HeaderMalformed extends Refusal {
  /** @param {string} detail */
  constructor(detail) {
    super("header_malformed", detail);
  }
}

const INTEGER = -1;
const ANY = 0;

/** Length of each field in bytes, in order; the first 15 are always there. */
const LENGTHS = [
  32, 32, 20, 32, 32, 32, 256, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, ANY, 32, 8,
  INTEGER, 32, INTEGER, INTEGER, 32, 32,
];
const FIXED_FIELDS = 15;

export const EXTRA_DATA = 12;

/**
 * @typedef {{items: Uint8Array[], hash: Uint8Array, parentHash: Uint8Array, stateRoot: Uint8Array,
 *   difficulty: bigint, number: bigint, time: bigint, extraData: Uint8Array}} Header
 */

/** @param {Uint8Array} data @returns {Header} */
export function readHeader(data) {
  if (data.length > MAX_HEADER_BYTES) throw new HeaderMalformed("too long");
  const items = headerItems(data);
  return {
    items,
    hash: keccak256(data), // only the canonical encoding is read, so it is the one that was hashed
    parentHash: items[0],
    stateRoot: items[3],
    difficulty: toBigInt(items[7]),
    number: toBigInt(items[8]),
    time: toBigInt(items[11]),
    extraData: items[EXTRA_DATA],
  };
}

/** @param {Uint8Array} data @returns {Uint8Array[]} */
function headerItems(data) {
  const items = decoded(data);
  if (!Array.isArray(items) || items.length < FIXED_FIELDS || items.length > LENGTHS.length) {
    throw new HeaderMalformed("is not a list of 15 to 21 fields");
  }
  return items.map((item, place) => checked(item, LENGTHS[place], place));
}

/** @param {Uint8Array} data */
function decoded(data) {
  try {
    return decodeRlp(data);
  } catch (error) {
    if (error instanceof RlpMalformed) throw new HeaderMalformed(error.message);
    throw error;
  }
}

/** @param {import("./rlp.js").Item} item @param {number} length @param {number} place @returns {Uint8Array} */
function checked(item, length, place) {
  if (!(item instanceof Uint8Array)) throw new HeaderMalformed(`field ${place} is a list`);
  if (length === INTEGER ? item.length > 32 || item[0] === 0 : length !== ANY && item.length !== length) {
    throw new HeaderMalformed(`field ${place} has another form`);
  }
  return item;
}

