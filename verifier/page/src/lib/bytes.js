/** Bytes: hexadecimal, big-endian integers, joining, comparing, and text. */

/** @param {Uint8Array} bytes @returns {string} lower-case digits, without 0x */
export function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** @param {string} digits hexadecimal, an even number of digits, without 0x @returns {Uint8Array} */
export function fromHex(digits) {
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** @param {...Uint8Array} parts @returns {Uint8Array} */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {number} below, at or above zero, by byte value */
export function compare(a, b) {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} */
export function equal(a, b) {
  return compare(a, b) === 0;
}

/** @param {Uint8Array} bytes @returns {bigint} big-endian, 0 for none */
export function toBigInt(bytes) {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** @param {bigint | number} value not negative, below 2^256 @returns {Uint8Array} 32 bytes */
export function word(value) {
  return fromHex(BigInt(value).toString(16).padStart(64, "0"));
}

/** @param {Uint8Array} bytes @param {number} length @returns {Uint8Array} zeros to the left */
export function padLeft(bytes, length) {
  return concat(new Uint8Array(length - bytes.length), bytes);
}

/** @param {string} text @returns {boolean} */
export function isAscii(text) {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

const ENCODER = new TextEncoder();

/** @param {string} text well-formed @returns {Uint8Array} UTF-8 */
export function utf8(text) {
  return ENCODER.encode(text);
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} bytes @returns {string | null} null if they are no UTF-8; a byte order mark is kept */
export function fromUtf8(bytes) {
  try {
    return DECODER.decode(bytes);
  } catch {
    return null;
  }
}
