/**
 * A document's claims as its kind describes them: known fields only, each of its type. Rules over several fields
 * (the sums of a form) are not looked at here; see README.md.
 *
 * @typedef {import("../data.js").FieldPlan} FieldPlan
 * @typedef {import("../data.js").TypePlan} TypePlan
 * @typedef {import("./jose.js").JsonValue} JsonValue
 * @typedef {string | number | boolean | null | typeof HIDDEN | Rec[] | Rec} Value
 * @typedef {{plan: FieldPlan[], values: Map<string, any>}} Rec a record or one of its parts
 */
import { Fraction } from "../lib/json.js";
import { CHECKS, FieldRefused, PREPARATIONS } from "./texts.js";

/** Stands in a field that the holder left out. Unlike null, which says that the field is empty. */
export const HIDDEN = Symbol("left out");

/**
 * @param {FieldPlan[]} plan @param {Map<string, JsonValue>} claims
 * @param {boolean} partial whether fields may have been left out
 * @returns {Rec} throws FieldRefused
 */
export function readRecord(plan, claims, partial) {
  const names = new Set(plan.map((field) => field.name));
  for (const name of claims.keys()) if (!names.has(name)) throw new FieldRefused("no such field");
  return { plan, values: new Map(plan.map((field) => [field.name, readField(field, claims, partial)])) };
}

/** @param {FieldPlan} field @param {Map<string, JsonValue>} claims @param {boolean} partial @returns {Value} */
function readField(field, claims, partial) {
  const value = claims.get(field.name);
  if (value === undefined) return absent(field, partial);
  if (field.place === "parts") return readPart(field.type, value, partial);
  const elements = partial && field.place === "elements";
  return readValue(elements ? { ...field.type, min: 0, max: Infinity } : field.type, value);
}

/** @param {FieldPlan} field @param {boolean} partial @returns {Value} */
function absent(field, partial) {
  if (partial && field.place === "hideable") return HIDDEN;
  if (partial && field.place === "elements") return [];
  if (!("default" in field)) throw new FieldRefused("a field is missing");
  return readValue(field.type, fromPlain(field.default));
}

/** @param {TypePlan} type @param {JsonValue} value @param {boolean} partial @returns {Rec} */
function readPart(type, value, partial) {
  if (!(value instanceof Map)) throw new FieldRefused("an object");
  return readRecord(/** @type {FieldPlan[]} */ (type.fields), value, partial);
}

/** @param {TypePlan} type @param {JsonValue} given @returns {any} */
function readValue(type, given) {
  if (given === null && type.nullable) return null;
  const value = /** @type {JsonValue} */ (type.before ? PREPARATIONS[type.before](given) : given);
  return READERS[type.is](type, value);
}

/** @type {Record<string, (type: TypePlan, value: JsonValue) => any>} */
const READERS = {
  text(type, value) {
    if (typeof value !== "string") throw new FieldRefused("text");
    const { length } = [...value];
    if (length < (type.min ?? 0) || length > (type.max ?? Infinity)) throw new FieldRefused("text in its limits");
    if (type.pattern && !patternOf(type.pattern).test(value)) throw new FieldRefused("text of its form");
    return (type.checks ?? []).reduce((text, check) => CHECKS[check](text), value);
  },
  int(type, value) {
    const fits = typeof value === "number" && value >= Number(type.min) && value <= Number(type.max);
    if (!fits) throw new FieldRefused("a whole number in its limits");
    return value;
  },
  bool(_, value) {
    if (typeof value !== "boolean") throw new FieldRefused("true or false");
    return value;
  },
  code(type, value) {
    if (typeof value !== "string" || !Object.hasOwn(type.values, value)) throw new FieldRefused("a code of the list");
    return value;
  },
  "one-of"(type, value) {
    const plain = value instanceof Fraction ? value.value : value === true ? 1 : value === false ? 0 : value;
    if (!type.values.includes(plain)) throw new FieldRefused("one of the values");
    return plain;
  },
  part(type, value) {
    return readPart(type, value, false);
  },
  list(type, value) {
    if (!Array.isArray(value)) throw new FieldRefused("a list");
    const fits = value.length >= Number(type.min) && value.length <= Number(type.max);
    if (!fits) throw new FieldRefused("a list in its limits");
    return value.map((element) => readValue(/** @type {TypePlan} */ (type.of), element));
  },
};

/** @type {Map<string, RegExp>} */
const PATTERNS = new Map();

/** @param {string} source @returns {RegExp} */
function patternOf(source) {
  const pattern = PATTERNS.get(source) ?? new RegExp(source, "u");
  PATTERNS.set(source, pattern);
  return pattern;
}

/** A default as a document would say it. @param {any} value @returns {JsonValue} */
function fromPlain(value) {
  if (value === null || typeof value !== "object") return value;
  return new Map(Object.entries(value).map(([name, inner]) => [name, fromPlain(inner)]));
}
