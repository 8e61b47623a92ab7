/**
 * QBFT as Hyperledger Besu seals it: a header under which ⌈2N/3⌉ of the validators put their seal is final at once.
 * The set is the one given; a list in the header is never believed, only refused if it contradicts the set.
 */
import { equal, toHex } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { recoverAddress } from "./addresses.js";
import { checkLinks, checkTimes, PENDING, SealRefused, STRONG } from "./finality.js";
import { EXTRA_DATA } from "./headers.js";
import { BFT_DIGEST, decodeExtra, ExtraMalformed, sealedExtra } from "./qbft_extra.js";
import { encodeRlp } from "./rlp.js";

/** @typedef {import("./finality.js").Header} Header */
/** @typedef {import("./finality.js").FinalityResult} FinalityResult */
/** @typedef {import("./qbft_extra.js").Extra} Extra */

const UNCLES = 1;
const BENEFICIARY = 2;
const NONCE = 14;
const NO_UNCLES = keccak256(encodeRlp([]));
const SEAL_LAST = 64;

export class QbftEngine {
  /** @param {Uint8Array} vanity 32 bytes: headers sealed with another tag are of another network */
  constructor(vanity) {
    this.vanity = vanity;
    this.proves = true;
  }

  /**
   * The run's first block is strong if every header carries the seals of ⌈2N/3⌉ of `validators`.
   *
   * @param {Header[]} run @param {string[]} validators addresses @returns {FinalityResult}
   */
  finality(run, validators) {
    const members = membersOf(validators);
    checkLinks(run);
    checkTimes(run);
    const [first] = run.map((header) => this.#membersSeals(header, members).length);
    return { level: STRONG, distinct: first, weight: first, validators: members.size };
  }

  /**
   * How far members of an *earlier* set stand behind the run's first block: a seal commits to all ancestors, so each
   * member counts that sealed any header of the run.
   *
   * @param {Header[]} run @param {string[]} validators addresses @returns {FinalityResult}
   */
  endorsement(run, validators) {
    const members = membersOf(validators);
    checkLinks(run);
    checkTimes(run);
    const sealers = run.flatMap((header) => committers(header, this.#extra(header)));
    const known = sealers.filter((sealer) => members.has(sealer));
    const distinct = new Set(known).size;
    const level = distinct >= quorum(members.size) ? STRONG : PENDING;
    return { level, distinct, weight: known.length, validators: members.size };
  }

  /** @param {Header} header @param {Set<string>} members @returns {string[]} who sealed what the set decided on */
  #membersSeals(header, members) {
    const extra = this.#extra(header);
    const sealers = committers(header, extra);
    if (![...sealers, toHex(header.items[BENEFICIARY])].every((address) => members.has(address))) {
      throw new SealRefused("foreign_sealer", `block ${header.number}`);
    }
    const listed = new Set(extra.validators.map(toHex));
    if (listed.size > 0 && (listed.size !== members.size || ![...listed].every((one) => members.has(one)))) {
      throw new SealRefused("wrong_signer_list", `block ${header.number}`);
    }
    if (sealers.length < quorum(members.size)) throw new SealRefused("too_few_seals", `block ${header.number}`);
    return sealers;
  }

  /** @param {Header} header @returns {Extra} of a header whose constant fields are QBFT's */
  #extra(header) {
    const { items } = header;
    const constant =
      equal(header.mixDigest, BFT_DIGEST) && equal(items[NONCE], new Uint8Array(8)) && equal(items[UNCLES], NO_UNCLES);
    if (!constant) throw new SealRefused("seal_malformed", `block ${header.number}`);
    if (header.difficulty !== 1n) throw new SealRefused("wrong_difficulty", `block ${header.number}`);
    const extra = readExtra(header);
    if (!equal(extra.vanity, this.vanity)) throw new SealRefused("wrong_vanity", `block ${header.number}`);
    return extra;
  }
}

/** How many seals decide. @param {number} validators */
function quorum(validators) {
  return Math.ceil((2 * validators) / 3);
}

/** @param {Header} header @returns {Extra} */
function readExtra(header) {
  try {
    return decodeExtra(header.extraData);
  } catch (error) {
    if (error instanceof ExtraMalformed) throw new SealRefused("seal_malformed", `block ${header.number}`);
    throw error;
  }
}

/** @param {Header} header @param {Extra} extra @returns {string[]} who made the seals, each once */
function committers(header, extra) {
  const items = [...header.items];
  items[EXTRA_DATA] = sealedExtra(extra);
  const digest = keccak256(encodeRlp(items));
  /** @type {string[]} */
  const found = [];
  for (const seal of extra.seals) {
    // Besu writes v as 0 or 1 and reads nothing else.
    const committer = seal[SEAL_LAST] > 1 ? null : recoverAddress(digest, seal);
    if (committer === null) throw new SealRefused("seal_malformed", `block ${header.number}`);
    if (found.includes(committer)) throw new SealRefused("duplicate_seal", `block ${header.number}`);
    found.push(committer);
  }
  return found;
}

/** @param {string[]} validators @returns {Set<string>} */
function membersOf(validators) {
  const members = new Set(validators);
  if (members.size === 0) throw new SealRefused("no_validators");
  return members;
}
