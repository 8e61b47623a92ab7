/**
 * The extra data of a QBFT header: RLP of [vanity, validators, vote, round, committed seals]. The block hash leaves
 * the seals out and takes the round for 0; what a validator seals leaves the seals out and keeps the round.
 */
import { fromHex } from "../lib/bytes.js";
import { decodeRlp, encodeRlp, RlpMalformed } from "./rlp.js";

/** @typedef {import("./rlp.js").Item} Item */

export const VANITY_BYTES = 32;
const SEAL_BYTES = 65;
const ADDRESS_BYTES = 20;
const ROUND_BYTES = 4;
const ADD = 0xff;

/** The mix digest by which a header says that it is of the Istanbul family (EIP-650), QBFT included. */
export const BFT_DIGEST = fromHex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365");

/** Extra data that no QBFT node writes. */
export class ExtraMalformed extends Error {}

/**
 * @typedef {{vanity: Uint8Array, validators: Uint8Array[], vote: Item, round: Uint8Array, seals: Uint8Array[]}} Extra
 */

/** @param {Uint8Array} data @returns {Extra} */
export function decodeExtra(data) {
  const parts = decoded(data);
  if (!Array.isArray(parts) || parts.length !== 5) throw new ExtraMalformed("not five parts");
  const [vanity, validators, vote, round, seals] = parts;
  return {
    vanity: bytes(vanity, VANITY_BYTES),
    validators: many(validators, ADDRESS_BYTES),
    vote: checkedVote(vote),
    round: checkedRound(round),
    seals: many(seals, SEAL_BYTES),
  };
}

/** As in what a validator seals. @param {Extra} extra */
export function sealedExtra(extra) {
  return encodeRlp([extra.vanity, extra.validators, extra.vote, extra.round, []]);
}

/** As in what the block hash is of. @param {Extra} extra */
export function hashedExtra(extra) {
  return encodeRlp([extra.vanity, extra.validators, extra.vote, new Uint8Array(), []]);
}

/** @param {Uint8Array} data */
function decoded(data) {
  try {
    return decodeRlp(data);
  } catch (error) {
    if (error instanceof RlpMalformed) throw new ExtraMalformed(error.message);
    throw error;
  }
}

/** @param {Item} item @param {number} length */
function bytes(item, length) {
  if (!(item instanceof Uint8Array) || item.length !== length) throw new ExtraMalformed(`not ${length} bytes`);
  return item;
}

/** @param {Item} item @param {number} length */
function many(item, length) {
  if (!Array.isArray(item)) throw new ExtraMalformed("no list");
  return item.map((entry) => bytes(entry, length));
}

/** @param {Item} item @returns {Item} [], or a candidate and 0xff to add it, nothing to drop it */
function checkedVote(item) {
  if (!Array.isArray(item)) throw new ExtraMalformed("the vote is no list");
  if (item.length === 0) return item;
  const way = item[1];
  const known = way instanceof Uint8Array && (way.length === 0 || (way.length === 1 && way[0] === ADD));
  if (item.length !== 2 || !known) throw new ExtraMalformed("the vote has no direction");
  return [bytes(item[0], ADDRESS_BYTES), way];
}

/** @param {Item} item */
function checkedRound(item) {
  if (!(item instanceof Uint8Array) || item.length > ROUND_BYTES || item[0] === 0) {
    throw new ExtraMalformed("the round is no canonical integer");
  }
  return item;
}
