/**
 * Proof bundles: the file that a document travels in when a stranger is to check it (`.saegim`). CBOR in its
 * deterministic form, so one bundle has one encoding.
 *
 * @typedef {{credential: string, issuer: number, root: Uint8Array, path: Uint8Array[], key: Uint8Array | null,
 *   proof: import("../chain/light.js").LightProof | null}} ProofBundle `key`: x ‖ y of the signing key
 */
import { LightProofError, plainLightProof, readLightProof } from "../chain/light.js";
import { MAX_DEPTH } from "../chain/merkle.js";
import { decodeLoosely } from "../lib/base64url.js";
import { equal, fromUtf8, isAscii } from "../lib/bytes.js";
import { Refusal } from "../lib/refusal.js";
import { CborMalformed, decodeCbor, encodeCbor } from "./cbor.js";

export const VERSION = 1;
export const MAX_BYTES = 1_000_000;
/** Deepest a bundle of this version nests is 5. */
export const MAX_NESTING = 8;

const FIELDS = ["version", "credential", "issuer", "root", "path", "key", "proof"];

/** Bytes that are no proof bundle. */
export class BundleError extends Refusal {}

/** Reads a file's or a paste's bytes: a bundle, or its base64url. @param {Uint8Array} data @returns {ProofBundle} */
export function readBundle(data) {
  if (data.length > 2 * MAX_BYTES) throw new BundleError("bundle_too_large");
  const text = data.length > 0 && data[0] < 0x80 ? fromUtf8(data) : null;
  const trimmed = text === null || !isAscii(text) ? "" : text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");
  if (startsLikeJwt(data)) throw new BundleError("bundle_bare_credential");
  return decodeBundle(trimmed === "" ? data : fromText(trimmed));
}

/** Whether it begins, after white space, as base64url of '{"' does. @param {Uint8Array} data @returns {boolean} */
function startsLikeJwt(data) {
  const start = data.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  return start >= 0 && String.fromCharCode(...data.subarray(start, start + 3)) === "eyJ";
}

/** @param {string} text base64, in either alphabet, with or without padding @returns {Uint8Array} */
function fromText(text) {
  const padded = text + "=".repeat((4 - (text.length % 4)) % 4);
  const found = /^([A-Za-z0-9+/_-]*)={0,2}$/.exec(padded);
  const bytes = found && decodeLoosely(found[1].replaceAll("+", "-").replaceAll("/", "_"));
  if (!bytes) throw new BundleError("bundle_malformed", "neither CBOR nor base64url");
  return bytes;
}

/** Reads a bundle; nothing in it is believed yet. @param {Uint8Array} data @returns {ProofBundle} */
export function decodeBundle(data) {
  if (data.length > MAX_BYTES) throw new BundleError("bundle_too_large");
  const plain = decoded(data);
  if (!(plain instanceof Map)) throw new BundleError("bundle_malformed", "not a map");
  if (plain.get("version") !== VERSION) throw new BundleError("bundle_version");
  if (plain.size !== FIELDS.length || FIELDS.some((name) => !plain.has(name))) {
    throw new BundleError("bundle_malformed", "other fields than version 1 has");
  }
  const bundle = fromPlain(plain);
  if (!equal(encodeBundle(bundle), data)) throw new BundleError("bundle_not_canonical");
  return bundle;
}

/** The one encoding of a bundle. @param {ProofBundle} bundle @returns {Uint8Array} */
export function encodeBundle({ proof, ...rest }) {
  const fields = { version: VERSION, ...rest, proof: proof === null ? null : plainLightProof(proof) };
  return encodeCbor(new Map(Object.entries(fields)));
}

/** @param {Uint8Array} data */
function decoded(data) {
  try {
    return decodeCbor(data, MAX_NESTING);
  } catch (error) {
    if (error instanceof CborMalformed) throw new BundleError("bundle_malformed", error.message);
    throw error;
  }
}

/** @param {Map<string, any>} plain @returns {ProofBundle} */
function fromPlain(plain) {
  const [credential, issuer, path] = ["credential", "issuer", "path"].map((name) => plain.get(name));
  if (typeof credential !== "string" || !isAscii(credential)) throw new BundleError("bundle_malformed", "credential");
  if (typeof issuer !== "number" || issuer <= 0 || issuer >= 2 ** 32) {
    throw new BundleError("bundle_malformed", "issuer");
  }
  if (!Array.isArray(path) || path.length > MAX_DEPTH) throw new BundleError("bundle_malformed", "path");
  return {
    credential,
    issuer,
    root: bytes(plain.get("root"), 32),
    path: path.map((item) => bytes(item, 32)),
    key: plain.get("key") === null ? null : bytes(plain.get("key"), 64),
    proof: plain.get("proof") === null ? null : lightProof(plain.get("proof")),
  };
}

/** @param {unknown} value */
function lightProof(value) {
  try {
    return readLightProof(value);
  } catch (error) {
    if (error instanceof LightProofError) throw new BundleError("bundle_malformed", error.message);
    throw error;
  }
}

/** @param {unknown} value @param {number} length @returns {Uint8Array} */
function bytes(value, length) {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new BundleError("bundle_malformed", "bytes");
  return value;
}
