/** base64url without padding (RFC 7515, section 2), strictly: one text for one run of bytes. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** @type {Map<string, number>} */
const VALUES = new Map([...ALPHABET].map((char, value) => [char, value]));

/** @param {Uint8Array} bytes @returns {string} */
export function encode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const chars = Math.min(bytes.length - at, 3) + 1;
    for (let place = 0; place < chars; place += 1) text += ALPHABET[(group >> (18 - 6 * place)) & 63];
  }
  return text;
}

/**
 * @param {string} text
 * @returns {Uint8Array | null} null for a foreign character, padding, an impossible length or unused bits set
 */
export function decode(text) {
  const bytes = decodeLoosely(text);
  return bytes !== null && encode(bytes) === text ? bytes : null;
}

/**
 * @param {string} text
 * @returns {Uint8Array | null} as `decode`, but unused bits may be set
 */
export function decodeLoosely(text) {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const char of text) {
    const value = VALUES.get(char);
    if (value === undefined) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      at += 1;
    }
  }
  return bytes;
}
