/**
 * Clique (EIP-225) as geth 1.13 seals it: sealer by signature, finality by distinct sealers and weight.
 *
 * For a run of linked headers in a set of N: D = distinct sealers of the set, W = sum of difficulties.
 * settled: D ≥ ⌊N/2⌋+1 and W > 2⌊N/2⌋; strong: settled and D ≥ ⌈2N/3⌉.
 */
import { equal, fromHex } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { recoverAddress } from "./addresses.js";
import { checkLinks, checkTimes, PENDING, SealRefused, SETTLED, STRONG } from "./finality.js";
import { EXTRA_DATA } from "./headers.js";
import { encodeRlp } from "./rlp.js";

/** @typedef {import("./finality.js").Header} Header */
/** @typedef {import("./finality.js").FinalityResult} FinalityResult */

const VANITY_BYTES = 32;
const SEAL_BYTES = 65;
const IN_TURN = 2n;
const OUT_OF_TURN = 1n;
/** Clique has no header field after London's base fee: geth refuses to seal one. */
const LONDON_ITEMS = 16;
/** Clique uses no mix digest; another one would say that the header is hashed in another way. */
const NO_DIGEST = new Uint8Array(32);

export class CliqueEngine {
  /** @param {Uint8Array} vanity 32 bytes: headers sealed with another tag are of another network */
  constructor(vanity) {
    this.vanity = vanity;
    this.proves = true;
  }

  /** @param {Header} header @returns {string} address of who sealed it */
  sealer(header) {
    const extra = header.extraData;
    const middle = extra.length - VANITY_BYTES - SEAL_BYTES;
    const known = header.items.length <= LONDON_ITEMS && equal(header.mixDigest, NO_DIGEST);
    if (middle < 0 || middle % 20 !== 0 || !known) {
      throw new SealRefused("seal_malformed", `block ${header.number}`);
    }
    if (!equal(extra.subarray(0, VANITY_BYTES), this.vanity)) {
      throw new SealRefused("wrong_vanity", `block ${header.number}`);
    }
    const address = recoverAddress(sealHash(header), extra.subarray(-SEAL_BYTES));
    if (address === null) throw new SealRefused("seal_malformed", `block ${header.number}`);
    return address;
  }

  /**
   * How final the run's first block is under `validators`, the set in force for the whole run.
   *
   * @param {Header[]} run @param {string[]} validators addresses @returns {FinalityResult}
   */
  finality(run, validators) {
    const signers = [...new Set(validators)].sort();
    if (signers.length === 0) throw new SealRefused("no_validators");
    checkLinks(run);
    checkTimes(run);
    const sealers = run.map((header) => this.sealer(header));
    run.forEach((header, at) => checkTurn(header, sealers[at], signers));
    checkSpacing(run, sealers, Math.floor(signers.length / 2) + 1);
    const weight = run.reduce((sum, header) => sum + Number(header.difficulty), 0);
    return judge(new Set(sealers).size, weight, signers.length);
  }

  /**
   * How far members of an *earlier* set stand behind the run's first block, to prove a change of the set: later
   * headers follow the new set's turns, so only who sealed counts, each once.
   *
   * @param {Header[]} run @param {string[]} validators addresses @returns {FinalityResult}
   */
  endorsement(run, validators) {
    const members = new Set(validators);
    if (members.size === 0) throw new SealRefused("no_validators");
    checkLinks(run);
    checkTimes(run);
    const known = run.map((header) => this.sealer(header)).filter((sealer) => members.has(sealer));
    return judge(new Set(known).size, known.length, members.size);
  }
}

/** @param {number} distinct @param {number} weight @param {number} validators @returns {FinalityResult} */
export function judge(distinct, weight, validators) {
  const half = Math.floor(validators / 2);
  let level = PENDING;
  if (distinct > half && weight > 2 * half) level = 3 * distinct >= 2 * validators ? STRONG : SETTLED;
  return { level, distinct, weight, validators };
}

/** What a sealer signs: the header with the 65 signature bytes cut off. @param {Header} header */
function sealHash(header) {
  const items = [...header.items];
  items[EXTRA_DATA] = header.extraData.subarray(0, -SEAL_BYTES);
  return keccak256(encodeRlp(items));
}

/** @param {Header} header @param {string} sealer @param {string[]} signers sorted */
function checkTurn(header, sealer, signers) {
  const place = signers.indexOf(sealer);
  if (place < 0) throw new SealRefused("foreign_sealer", `block ${header.number}`);
  const inTurn = header.number % BigInt(signers.length) === BigInt(place);
  if (header.difficulty !== (inTurn ? IN_TURN : OUT_OF_TURN)) {
    throw new SealRefused("wrong_difficulty", `block ${header.number}`);
  }
  const listed = header.extraData.subarray(VANITY_BYTES, -SEAL_BYTES);
  if (listed.length > 0 && !equal(listed, fromHex(signers.join("")))) {
    throw new SealRefused("wrong_signer_list", `block ${header.number}`);
  }
}

/**
 * Nobody seals twice within `limit` consecutive blocks (EIP-225: SIGNER_LIMIT).
 *
 * @param {Header[]} run linked @param {string[]} sealers @param {number} limit
 */
function checkSpacing(run, sealers, limit) {
  /** @type {Map<string, number>} */
  const last = new Map();
  sealers.forEach((sealer, at) => {
    const before = last.get(sealer);
    if (before !== undefined && at - before < limit) {
      throw new SealRefused("sealed_too_soon", `block ${run[at].number}`);
    }
    last.set(sealer, at);
  });
}
