/**
 * RLP (Yellow Paper, appendix B), strictly: only the one canonical encoding of an item is read.
 *
 * @typedef {Uint8Array | Item[]} Item
 */
import { concat } from "../lib/bytes.js";

/** Bytes that are not the canonical RLP of one item. */
export class RlpMalformed extends Error {}

/** Deepest nesting that is read; headers and trie nodes need three. */
const MAX_DEPTH = 64;

/** @param {Uint8Array} data @returns {Item} */
export function decodeRlp(data) {
  const [item, end] = read(data, 0, data.length, 0);
  if (end !== data.length) throw new RlpMalformed("something after the item");
  return item;
}

/** @param {Item} item @returns {Uint8Array} */
export function encodeRlp(item) {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0] < 0x80 ? item : concat(head(0x80, item.length), item);
  }
  const payload = concat(...item.map(encodeRlp));
  return concat(head(0xc0, payload.length), payload);
}

/** @param {number} base @param {number} length @returns {Uint8Array} */
function head(base, length) {
  if (length < 56) return Uint8Array.of(base + length);
  const bytes = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.of(base + 55 + bytes.length, ...bytes);
}

/**
 * @param {Uint8Array} data @param {number} at @param {number} limit first place that is not the parent's any more
 * @param {number} depth
 * @returns {[Item, number]} the item that begins at `at`, and where it ends
 */
function read(data, at, limit, depth) {
  if (at >= limit) throw new RlpMalformed("an item is missing");
  const first = data[at];
  if (first < 0x80) return [data.subarray(at, at + 1), at + 1];
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const [start, length] = short < 56 ? [at + 1, short] : longLength(data, at + 1, short - 55, limit);
  const end = start + length;
  if (end > limit) throw new RlpMalformed("an item is cut short");
  if (isList) return [readList(data, start, end, depth + 1), end];
  if (length === 1 && data[start] < 0x80) throw new RlpMalformed("a byte is written longer than needed");
  return [data.subarray(start, end), end];
}

/** @param {Uint8Array} data @param {number} start @param {number} end @param {number} depth @returns {Item[]} */
function readList(data, start, end, depth) {
  if (depth > MAX_DEPTH) throw new RlpMalformed("nested too deeply");
  /** @type {Item[]} */
  const items = [];
  for (let at = start; at < end; ) {
    const [item, next] = read(data, at, end, depth);
    items.push(item);
    at = next;
  }
  return items;
}

/**
 * @param {Uint8Array} data @param {number} at @param {number} size of the length itself @param {number} limit
 * @returns {[number, number]} where the payload starts, and its length
 */
function longLength(data, at, size, limit) {
  if (at + size > limit || data[at] === 0) throw new RlpMalformed("a length is not canonical");
  let length = 0;
  for (let place = 0; place < size; place += 1) length = length * 256 + data[at + place];
  if (length < 56) throw new RlpMalformed("a length is written longer than needed");
  return [at + size, length];
}
