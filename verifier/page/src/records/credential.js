/**
 * A document as a credential: the profile of SD-JWT VC that this project uses.
 *
 * @typedef {import("./jose.js").JsonObject} JsonObject
 * @typedef {import("../data.js").KindPlan} KindPlan
 * @typedef {{kind: KindPlan, vct: string, record: import("./record.js").Rec, iss: string, iat: number,
 *   hidden: string[]}} VerifiedCredential
 *   `hidden`: paths that were left out; `rows.*` says that a list is not, or may not be, complete
 */
import { data } from "../data.js";
import { utf8 } from "../lib/bytes.js";
import { sha256 } from "../lib/hashing.js";
import { CredentialError } from "./errors.js";
import { readRecord } from "./record.js";
import { FieldRefused } from "./texts.js";
import { timeOf, verifyToken } from "./token.js";
import { placeKey } from "./unpack.js";

/** @typedef {import("../data.js").FieldPlan} FieldPlan */
/** @typedef {import("./unpack.js").Path} Path */
/** @typedef {import("./unpack.js").Unpacked} Unpacked */

const TYPE = "dc+sd-jwt";
const META = new Set(["iss", "iat", "vct", "kind", "cnf"]);
const ISSUER = /^urn:saegim:(0|[1-9][0-9]{0,19}):institution:([1-9][0-9]{0,9})$/;

/** @param {string} jwt @returns {Uint8Array} what is anchored, before it becomes a leaf */
export function digestOf(jwt) {
  return sha256(utf8(jwt));
}

/** @param {unknown} iss @returns {{chain: string, index: number}} of `urn:saegim:<chain id>:institution:<index>` */
export function issuerOf(iss) {
  const found = typeof iss === "string" ? ISSUER.exec(iss) : null;
  if (found === null) throw new CredentialError("issuer_refused");
  return { chain: found[1], index: Number(found[2]) };
}

/**
 * @param {string} compact a presentation @param {(header: JsonObject) => Uint8Array} keyFor x ‖ y, or throws
 * @param {number} now seconds @returns {VerifiedCredential}
 */
export function verifyCredential(compact, keyFor, now) {
  const { unpacked } = verifyToken(compact, keyFor, TYPE, now);
  const { claims } = unpacked;
  const vct = claims.get("vct");
  const kind = kindFor(vct, claims.get("kind"));
  const places = new Map(hideable(kind.fields, ""));
  for (const path of unpacked.paths) {
    if (!mayHide(places, path)) throw new CredentialError("claim_name_forbidden", path.join("."));
  }
  const hidden = hiddenPaths(places, unpacked);
  issuerOf(claims.get("iss"));
  return {
    kind,
    vct: /** @type {string} */ (vct),
    record: recordOf(kind, claims, hidden.length > 0),
    iss: /** @type {string} */ (claims.get("iss")),
    iat: timeOf(claims.get("iat"), "iat"),
    hidden,
  };
}

/** @param {unknown} vct @param {unknown} name @returns {KindPlan} which both must agree on */
function kindFor(vct, name) {
  const known = typeof vct === "string" && Object.hasOwn(data.kinds, vct) ? data.kinds[vct] : undefined;
  if (known === undefined || known.name !== name) throw new CredentialError("unknown_credential_type");
  return known;
}

/** @param {FieldPlan[]} plan @param {string} prefix @returns {[string, string][]} path and place */
function hideable(plan, prefix) {
  return plan.flatMap((field) => {
    if (field.place === "parts") {
      return hideable(/** @type {FieldPlan[]} */ (field.type.fields), `${prefix}${field.name}.`);
    }
    return field.place === "visible" ? [] : [[prefix + field.name, field.place]];
  });
}

/** Whether the kind gives this place a disclosure of its own. @param {Map<string, string>} places @param {Path} path */
function mayHide(places, path) {
  if (typeof path.at(-1) === "number") return places.get(path.slice(0, -1).join(".")) === "elements";
  return places.get(path.join(".")) === "hideable";
}

/** @param {Map<string, string>} places @param {Unpacked} unpacked @returns {string[]} */
function hiddenPaths(places, unpacked) {
  const shown = new Set(unpacked.paths.map((path) => path.join(".")));
  return [...places].flatMap(([path, place]) => {
    if (place === "hideable") return shown.has(path) ? [] : [path];
    return unpacked.withheld.has(placeKey(path.split("."))) ? [`${path}.*`] : [];
  });
}

/** @param {KindPlan} kind @param {JsonObject} claims @param {boolean} partial @returns {import("./record.js").Rec} */
function recordOf(kind, claims, partial) {
  const own = new Map([...claims].filter(([name]) => !META.has(name)));
  try {
    return readRecord(kind.fields, own, partial);
  } catch (error) {
    if (error instanceof FieldRefused) throw new CredentialError("claims_invalid", error.message);
    throw error;
  }
}
