/** Block headers from RLP. The hash is always computed here. Fields: execution specification, up to Prague. */
import { equal, toBigInt } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { Refusal } from "../lib/refusal.js";
import { BFT_DIGEST, decodeExtra, ExtraMalformed, hashedExtra } from "./qbft_extra.js";
import { decodeRlp, encodeRlp, RlpMalformed } from "./rlp.js";

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

const NUMBER = 8;
export const EXTRA_DATA = 12;
const MIX_DIGEST = 13;

/**
 * @typedef {{items: Uint8Array[], hash: Uint8Array, parentHash: Uint8Array, stateRoot: Uint8Array,
 *   difficulty: bigint, number: bigint, time: bigint, extraData: Uint8Array,
 *   mixDigest: Uint8Array}} Header
 */

/** @param {Uint8Array} data @returns {Header} */
export function readHeader(data) {
  if (data.length > MAX_HEADER_BYTES) throw new HeaderMalformed("too long");
  const items = headerItems(data);
  return {
    items,
    hash: hashOf(data, items),
    parentHash: items[0],
    stateRoot: items[3],
    difficulty: toBigInt(items[7]),
    number: toBigInt(items[NUMBER]),
    time: toBigInt(items[11]),
    extraData: items[EXTRA_DATA],
    mixDigest: items[MIX_DIGEST],
  };
}

/**
 * Of the encoding (only the canonical one is read); of a QBFT block, known by its mix digest, of the encoding without
 * committed seals and with round 0.
 *
 * @param {Uint8Array} data @param {Uint8Array[]} items @returns {Uint8Array}
 */
function hashOf(data, items) {
  if (!equal(items[MIX_DIGEST], BFT_DIGEST) || items[NUMBER].length === 0) return keccak256(data);
  try {
    const bare = [...items];
    bare[EXTRA_DATA] = hashedExtra(decodeExtra(items[EXTRA_DATA]));
    return keccak256(encodeRlp(bare));
  } catch (error) {
    if (error instanceof ExtraMalformed) return keccak256(data); // the engine refuses it, whatever its hash
    throw error;
  }
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

