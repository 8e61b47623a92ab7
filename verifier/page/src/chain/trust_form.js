/**
 * The form of a trust file: every field's type and limits. What has another form is refused as a whole.
 *
 * @typedef {import("../lib/json.js").JsonValue} JsonValue
 * @typedef {(value: JsonValue) => any} Reader gives the value as it is signed, or throws FormError
 */
import { fromUtf8 } from "../lib/bytes.js";
import { Fraction, JsonMalformed, parseJson } from "../lib/json.js";
import { checksummed } from "./addresses.js";

export const MAX_FILE_BYTES = 1_000_000;
const MAX_DEPTH = 32;

/** A field is missing, of another type, or out of its limits. */
export class FormError extends Error {}

/** @param {boolean} holds @param {string} problem */
function demand(holds, problem) {
  if (!holds) throw new FormError(problem);
}

/** @param {number} least @param {number} most @returns {Reader} */
function integer(least, most) {
  return (value) => {
    demand(typeof value === "number" && value >= least && value <= most, "an integer in its limits");
    return value;
  };
}

/** @param {number} shortest @param {number} longest in characters @returns {Reader} */
function text(shortest, longest) {
  return (value) => {
    demand(typeof value === "string", "text");
    const { length } = [.../** @type {string} */ (value)];
    demand(length >= shortest && length <= longest, "text in its limits");
    return value;
  };
}

/** @param {RegExp} pattern of the whole text @param {(text: string) => string} [normal] @returns {Reader} */
function matching(pattern, normal = (found) => found) {
  return (value) => {
    demand(typeof value === "string" && pattern.test(value), `text like ${pattern}`);
    return normal(/** @type {string} */ (value));
  };
}

/** @param {Reader} element @param {number} shortest @param {number} longest @returns {Reader} */
function list(element, shortest, longest) {
  return (value) => {
    demand(Array.isArray(value), "a list");
    const elements = /** @type {JsonValue[]} */ (value);
    demand(elements.length >= shortest && elements.length <= longest, "a list in its limits");
    return elements.map(element);
  };
}

/**
 * @param {Record<string, {read: Reader, or?: string, fallback?: any}>} fields by name; `or`: another name for it
 * @returns {Reader}
 */
function object(fields) {
  return (value) => {
    demand(value instanceof Map, "an object");
    const members = new Map(/** @type {Map<string, JsonValue>} */ (value));
    /** @type {Record<string, any>} */
    const found = {};
    for (const [name, field] of Object.entries(fields)) {
      const given = [name, field.or ?? name].find((each) => members.has(each));
      demand(given !== undefined || "fallback" in field, `${name} is missing`);
      found[name] = given === undefined ? field.fallback : field.read(/** @type {JsonValue} */ (members.get(given)));
      if (given !== undefined) members.delete(given);
    }
    demand(members.size === 0, "no other fields");
    return found;
  };
}

/** 1 in any of the ways that equal it. @type {Reader} */
function one(value) {
  demand(value === 1 || value === true || (value instanceof Fraction && value.value === 1), "version 1");
  return 1;
}

const ADDRESS = matching(/^0x[0-9a-fA-F]{40}$/, (found) => checksummed(found.slice(2).toLowerCase()));
const HASH = matching(/^0x[0-9a-fA-F]{64}$/, (found) => found.toLowerCase());
const SIGNATURE = matching(/^0x[0-9a-fA-F]{130}$/, (found) => found.toLowerCase());
const INDEX = integer(1, 2 ** 32 - 1);
const NAME = text(1, 200);

/** A whole number below 2^63, which may be larger than a plain number holds exactly. @type {Reader} */
function blockNumber(value) {
  const whole = typeof value === "number" || typeof value === "bigint";
  demand(whole && value >= 0 && BigInt(value) < 2n ** 63n, "a block number");
  return BigInt(/** @type {number} */ (value));
}

const FORM = object({
  version: { read: one },
  chainId: { or: "chain_id", read: integer(1, 2 ** 53 - 1) },
  engine: { read: text(1, 20) },
  genesisHash: { or: "genesis_hash", read: HASH },
  vanity: { read: matching(/^[0-9a-f]{32}$/) },
  contracts: {
    read: object({
      InstitutionRegistry: { or: "institution_registry", read: ADDRESS },
      DocumentRegistry: { or: "document_registry", read: ADDRESS },
      TransferLedger: { or: "transfer_ledger", read: ADDRESS },
    }),
  },
  institutions: {
    read: list(
      object({
        index: { read: INDEX },
        id: { read: text(1, 32) },
        kind: { read: text(1, 40) },
        nameKo: { or: "name_ko", read: NAME },
        nameEn: { or: "name_en", read: NAME },
      }),
      0,
      10_000,
    ),
  },
  members: { read: list(object({ institution: { read: INDEX }, admin: { read: ADDRESS } }), 1, 64) },
  checkpoint: {
    read: object({
      number: { read: blockNumber },
      hash: { read: HASH },
      time: { read: integer(0, 2 ** 40 - 1) },
      epoch: { read: integer(0, 2 ** 32 - 1) },
      validators: { read: list(ADDRESS, 1, 64) },
    }),
  },
  signatures: {
    read: list(
      object({ institution: { read: INDEX }, address: { read: ADDRESS }, signature: { read: SIGNATURE } }),
      0,
      64,
    ),
    fallback: [],
  },
});

/** @param {any} content */
function demandConsistent(content) {
  demand(content.vanity === content.genesisHash.slice(2, 34), "the vanity tag of the genesis hash");
  const lists = [
    content.institutions.map((/** @type {any} */ entry) => entry.index),
    content.members.map((/** @type {any} */ entry) => entry.institution),
    content.members.map((/** @type {any} */ entry) => entry.admin),
    content.checkpoint.validators,
  ];
  for (const each of lists) demand(new Set(each).size === each.length, "nothing listed twice");
}

/**
 * @param {Uint8Array} bytes a whole file
 * @returns {any} its content as it is signed: names of the file, addresses in EIP-55, hashes in lower case
 */
export function readTrustForm(bytes) {
  demand(bytes.length <= MAX_FILE_BYTES, `at most ${MAX_FILE_BYTES} bytes`);
  const json = fromUtf8(bytes);
  if (json === null) throw new FormError("UTF-8");
  try {
    const content = FORM(parseJson(json, MAX_DEPTH));
    demandConsistent(content);
    return content;
  } catch (error) {
    if (error instanceof JsonMalformed) throw new FormError(error.message);
    throw error;
  }
}
