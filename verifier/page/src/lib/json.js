/**
 * JSON read strictly: no name twice in an object, nothing after the value, no half characters, bounded nesting.
 *
 * Objects become Maps (no name can touch a prototype); whole numbers stay whole, whatever their size; a number
 * with a fraction or an exponent becomes a `Fraction`, so that 1 and 1.0 are told apart.
 *
 * @typedef {null | boolean | number | bigint | Fraction | string | JsonValue[] | Map<string, JsonValue>} JsonValue
 */

/** Not the JSON of one value. */
export class JsonMalformed extends Error {}

/** A number that was written with a fraction or an exponent. */
export class Fraction {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}

/** Python's `int()` reads no longer ones, so neither does this. */
const MAX_DIGITS = 4300;
const NUMBER = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;
const HALF = /\p{Surrogate}/u;

/** @param {string} text @param {number} maxDepth objects and arrays within each other @returns {JsonValue} */
export function parseJson(text, maxDepth) {
  const parser = new Parser(text, maxDepth);
  const value = parser.value(0);
  parser.take(SPACE);
  if (parser.at !== text.length) throw new JsonMalformed("something after the value");
  return value;
}

class Parser {
  /** @param {string} text @param {number} maxDepth */
  constructor(text, maxDepth) {
    this.text = text;
    this.maxDepth = maxDepth;
    this.at = 0;
  }

  /** @param {RegExp} pattern sticky @returns {RegExpExecArray | null} what stands here, stepping over it */
  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  /** @param {string} word @returns {boolean} */
  skip(word) {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** @param {number} depth @returns {JsonValue} */
  value(depth) {
    this.take(SPACE);
    if (this.skip("{")) return this.object(depth + 1);
    if (this.skip("[")) return this.array(depth + 1);
    if (this.text[this.at] === '"') return this.string();
    if (this.skip("null")) return null;
    if (this.skip("true")) return true;
    if (this.skip("false")) return false;
    return this.number();
  }

  /** @param {number} depth @returns {Map<string, JsonValue>} */
  object(depth) {
    this.check(depth);
    /** @type {Map<string, JsonValue>} */
    const members = new Map();
    this.take(SPACE);
    if (this.skip("}")) return members;
    do {
      this.take(SPACE);
      const name = this.string();
      this.take(SPACE);
      if (!this.skip(":")) throw new JsonMalformed("a colon is missing");
      const value = this.value(depth);
      if (members.has(name)) throw new JsonMalformed("a name occurs twice");
      members.set(name, value);
      this.take(SPACE);
    } while (this.skip(","));
    if (!this.skip("}")) throw new JsonMalformed("an object does not end");
    return members;
  }

  /** @param {number} depth @returns {JsonValue[]} */
  array(depth) {
    this.check(depth);
    /** @type {JsonValue[]} */
    const elements = [];
    this.take(SPACE);
    if (this.skip("]")) return elements;
    do {
      elements.push(this.value(depth));
      this.take(SPACE);
    } while (this.skip(","));
    if (!this.skip("]")) throw new JsonMalformed("an array does not end");
    return elements;
  }

  /** @returns {string} */
  string() {
    if (this.text[this.at] !== '"') throw new JsonMalformed("text was expected");
    const start = this.at;
    let escaped = false;
    for (this.at += 1; this.text[this.at] !== '"'; ) {
      if (!(this.text.charCodeAt(this.at) >= 0x20)) throw new JsonMalformed("text does not end");
      if (this.text[this.at] !== "\\") this.at += 1;
      else if (this.take(ESCAPE)) escaped = true;
      else throw new JsonMalformed("no such escape");
    }
    this.at += 1;
    const text = escaped ? JSON.parse(this.text.slice(start, this.at)) : this.text.slice(start + 1, this.at - 1);
    if (HALF.test(text)) throw new JsonMalformed("half a character");
    return text;
  }

  /** @returns {number | bigint | Fraction} */
  number() {
    const found = this.take(NUMBER);
    if (!found) throw new JsonMalformed("a value was expected");
    const [whole, digits, fraction, exponent] = found;
    if (fraction !== undefined || exponent !== undefined) return new Fraction(Number(whole));
    if (digits.replace("-", "").length > MAX_DIGITS) throw new JsonMalformed("a number is too long");
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value + 0 : BigInt(digits);
  }

  /** @param {number} depth */
  check(depth) {
    if (depth > this.maxDepth) throw new JsonMalformed("nested too deeply");
  }
}
