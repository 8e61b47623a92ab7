/**
 * CBOR (RFC 8949) as proof bundles use it: no tags, no indefinite lengths, map keys that are text or bytes, none
 * twice. Whether an item was written in its one deterministic form is for whoever reads it to see, by writing it
 * again and comparing.
 *
 * @typedef {number | bigint | boolean | null | undefined | string | Uint8Array | Other | Cbor[]
 *   | Map<string, Cbor>} Cbor
 */
import { compare, concat, fromUtf8, toBigInt, toHex, utf8 } from "../lib/bytes.js";

/** Bytes that do not begin with such an item. */
export class CborMalformed extends Error {}

/** A floating point number or simple value: no bundle holds one. */
export class Other {}

/**
 * @param {Uint8Array} data @param {number} maxDepth arrays and maps within each other
 * @returns {Cbor} the first item
 */
export function decodeCbor(data, maxDepth) {
  return new Decoder(data, maxDepth).item(0);
}

/** A map's key as the Maps of this module hold it: no text is equal to bytes. @param {Cbor} key @returns {string} */
function keyName(key) {
  if (typeof key === "string") return key;
  if (key instanceof Uint8Array) return `\u0000${toHex(key)}`;
  throw new CborMalformed("a key is neither text nor bytes");
}

class Decoder {
  /** @param {Uint8Array} data @param {number} maxDepth */
  constructor(data, maxDepth) {
    this.data = data;
    this.maxDepth = maxDepth;
    this.at = 0;
  }

  /** @param {number} depth @returns {Cbor} */
  item(depth) {
    const first = this.take(1)[0];
    const major = first >> 5;
    if (major === 7) return this.simple(first & 31);
    const argument = this.argument(first & 31);
    switch (major) {
      case 0:
        return plain(argument);
      case 1:
        return plain(-1n - argument);
      case 2:
        return this.take(argument);
      case 3:
        return this.text(argument);
      case 4:
        return this.array(argument, depth + 1);
      case 5:
        return this.map(argument, depth + 1);
      default:
        throw new CborMalformed("a tag");
    }
  }

  /** @param {number | bigint} length @returns {Uint8Array} */
  take(length) {
    if (length > this.data.length - this.at) throw new CborMalformed("cut short");
    this.at += Number(length);
    return this.data.slice(this.at - Number(length), this.at);
  }

  /** @param {number} info @returns {bigint} */
  argument(info) {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new CborMalformed("an indefinite length, or a reserved one");
    return toBigInt(this.take(2 ** (info - 24)));
  }

  /** @param {number} info @returns {Cbor} */
  simple(info) {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    if (info === 23) return undefined;
    if (info > 27) throw new CborMalformed("a break, or a reserved value");
    const value = this.argument(info);
    if (info === 24 && value < 32n) throw new CborMalformed("a simple value written longer than allowed");
    return new Other();
  }

  /** @param {bigint} length @returns {string} */
  text(length) {
    const text = fromUtf8(this.take(length));
    if (text === null) throw new CborMalformed("text that is no UTF-8");
    return text;
  }

  /** @param {bigint} length @param {number} depth @returns {Cbor[]} */
  array(length, depth) {
    this.check(length, depth);
    /** @type {Cbor[]} */
    const items = [];
    for (let count = 0n; count < length; count += 1n) items.push(this.item(depth));
    return items;
  }

  /** @param {bigint} length @param {number} depth @returns {Map<string, Cbor>} */
  map(length, depth) {
    this.check(length, depth);
    /** @type {Map<string, Cbor>} */
    const entries = new Map();
    for (let count = 0n; count < length; count += 1n) {
      const name = keyName(this.item(depth));
      if (entries.has(name)) throw new CborMalformed("a key occurs twice");
      entries.set(name, this.item(depth));
    }
    return entries;
  }

  /** @param {bigint} length @param {number} depth */
  check(length, depth) {
    if (depth > this.maxDepth) throw new CborMalformed("nested too deeply");
    if (length > BigInt(this.data.length - this.at)) throw new CborMalformed("cut short");
  }
}

/** @param {bigint} value @returns {number | bigint} a plain number where that is exact */
function plain(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * The deterministic encoding (RFC 8949, section 4.2.1) of what bundles hold.
 *
 * @param {unknown} value null, whole numbers from 0, text, bytes, arrays, and Maps of text keys
 * @returns {Uint8Array}
 */
export function encodeCbor(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number") return head(0, value);
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (typeof value === "string") {
    const bytes = utf8(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encodeCbor));
  if (!(value instanceof Map)) throw new TypeError("no bundle holds this");
  // entries begin with their keys, and no key's encoding is the beginning of another's: they sort as keys do
  const entries = [...value].map(([name, inner]) => concat(encodeCbor(name), encodeCbor(inner)));
  return concat(head(5, entries.length), ...entries.sort(compare));
}

/** @param {number} major @param {number} argument below 2^32 @returns {Uint8Array} */
function head(major, argument) {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  if (argument < 0x100) return Uint8Array.of(first | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(first | 25, argument >> 8, argument & 0xff);
  return Uint8Array.of(
    first | 26, (argument >>> 24) & 0xff, (argument >>> 16) & 0xff, (argument >>> 8) & 0xff, argument & 0xff,
  );
}
