/**
 * RFC 9901, section 7.1, step 3: from the signed payload and the disclosures to the claims.
 *
 * Every digest is visited once. Nothing is dropped in silence except digests that have no disclosure (withheld, or
 * decoys), which are counted by place.
 *
 * @typedef {import("./jose.js").JsonValue} JsonValue
 * @typedef {import("./jose.js").JsonObject} JsonObject
 * @typedef {(string | number)[]} Path names, and positions among the disclosed elements
 * @typedef {{claims: JsonObject, paths: Path[], withheld: Map<string, number>}} Unpacked
 *   `paths`: where each disclosure landed; `withheld`: by `placeKey` of the object or array they stand in
 */
import { CredentialError, malformed } from "./errors.js";

/** Objects and arrays within each other; medical documents need four. */
export const MAX_DEPTH = 24;

/** @param {Path} path @returns {string} the same for the same path */
export function placeKey(path) {
  return JSON.stringify(path);
}

/** @param {JsonObject} payload @param {import("./disclosures.js").Disclosure[]} disclosures @returns {Unpacked} */
export function unpack(payload, disclosures) {
  if (payload.has("_sd_alg") && payload.get("_sd_alg") !== "sha-256") throw new CredentialError("hash_refused");
  const walk = new Walk(disclosures);
  const claims = walk.mapping(new Map([...payload].filter(([name]) => name !== "_sd_alg")), []);
  if (disclosures.some((each) => !walk.seen.has(each.digest))) throw new CredentialError("disclosure_without_digest");
  return { claims, paths: walk.paths, withheld: walk.withheld };
}

/** One pass over payload and disclosures; remembers every digest it met. */
class Walk {
  /** @type {Set<string>} */
  seen = new Set();
  /** @type {Path[]} */
  paths = [];
  /** @type {Map<string, number>} */
  withheld = new Map();

  /** @param {import("./disclosures.js").Disclosure[]} disclosures */
  constructor(disclosures) {
    this.disclosures = new Map(disclosures.map((each) => [each.digest, each]));
    if (this.disclosures.size !== disclosures.length) throw new CredentialError("digest_repeated");
  }

  /** @param {JsonValue} node @param {Path} path @returns {JsonValue} */
  value(node, path) {
    if (path.length > MAX_DEPTH) throw malformed("claims are nested too deeply");
    if (node instanceof Map) return this.mapping(node, path);
    return Array.isArray(node) ? this.sequence(node, path) : node;
  }

  /** @param {JsonObject} node @param {Path} path @returns {JsonObject} */
  mapping(node, path) {
    if (node.has("...")) throw new CredentialError("claim_name_forbidden", "...");
    /** @type {JsonObject} */
    const claims = new Map();
    for (const [name, value] of node) if (name !== "_sd") claims.set(name, this.value(value, [...path, name]));
    if (!node.has("_sd")) return claims;
    const digests = node.get("_sd");
    if (!Array.isArray(digests)) throw malformed("_sd is not an array");
    for (const digest of digests) this.disclose(digest, path, claims);
    return claims;
  }

  /** @param {JsonValue} digest of `_sd` @param {Path} path of the object @param {JsonObject} claims of the object */
  disclose(digest, path, claims) {
    const disclosure = this.take(digest, path);
    if (disclosure === null) return;
    const { name } = disclosure;
    if (name === null) throw malformed("an array element is disclosed as a claim");
    if (claims.has(name)) throw new CredentialError("claim_name_taken", path.join("."));
    const here = [...path, name];
    this.paths.push(here);
    claims.set(name, this.value(disclosure.value, here));
  }

  /** @param {JsonValue[]} node @param {Path} path @returns {JsonValue[]} */
  sequence(node, path) {
    /** @type {JsonValue[]} */
    const elements = [];
    for (const each of node) {
      const here = [...path, elements.length];
      if (!(each instanceof Map) || each.size !== 1 || !each.has("...")) {
        elements.push(this.value(each, here));
        continue;
      }
      const disclosure = this.take(/** @type {JsonValue} */ (each.get("...")), path);
      if (disclosure === null) continue;
      if (disclosure.name !== null) throw malformed("a claim is disclosed as an array element");
      this.paths.push(here);
      elements.push(this.value(disclosure.value, here));
    }
    return elements;
  }

  /** @param {JsonValue} digest @param {Path} path @returns {import("./disclosures.js").Disclosure | null} */
  take(digest, path) {
    if (typeof digest !== "string") throw malformed("a digest is not text");
    if (this.seen.has(digest)) throw new CredentialError("digest_repeated");
    this.seen.add(digest);
    const found = this.disclosures.get(digest) ?? null;
    if (found === null) this.withheld.set(placeKey(path), (this.withheld.get(placeKey(path)) ?? 0) + 1);
    return found;
  }
}
