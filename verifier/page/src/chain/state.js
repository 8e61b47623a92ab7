/**
 * What the contracts' storage says: the records that light proofs prove. Times are seconds since 1970.
 *
 * @typedef {{time: number, depth: number, reaffirmedAt: number | null}} Batch
 * @typedef {{state: number, reason: number, time: number | null}} Mark
 * @typedef {{institution: number, purpose: number, validFrom: number, validUntil: number,
 *   compromisedSince: number | null, declaredAt: number | null}} DocKey
 * @typedef {{standing: number, standingSince: number, doubtSince: number | null}} Institution
 */
import { compare, concat, fromHex, padLeft, word } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { Refusal } from "../lib/refusal.js";
import { slotOf, unpack } from "./layout.js";

const REGISTRY = "InstitutionRegistry";
const DOCUMENTS = "DocumentRegistry";

/** `Standing`, `KeyPurpose` (Common.sol) and `State` (IDocumentRegistry.sol), as far as they are asked for. */
export const STANDING = { SUSPENDED: 2, RETIRED: 3, EXPELLED: 4 };
export const PURPOSE_SIGN = 1;
export const STATE = { SUPERSEDED: 2, WITHDRAWN: 3 };

const LAST = { kind: 6, standing: 4, purpose: 2, state: 3 };

/** 9999-12-31T23:59:59Z: a key without an end is given this one. */
const LAST_SECOND = 253_402_300_799;

/** A slot holds what the contract never writes. */
export class StateMalformed extends Refusal {
  /** @param {string} label */
  constructor(label) {
    super("state_malformed", label);
  }
}

/** The two registries at one block. Records that were never written read as null. */
export class ContractState {
  /**
   * @param {import("./trust.js").Contracts} contracts
   * @param {{slot(account: string, slot: Uint8Array): bigint}} reader
   */
  constructor(contracts, reader) {
    /** @type {Record<string, string>} */
    this.addresses = { [REGISTRY]: contracts.InstitutionRegistry, [DOCUMENTS]: contracts.DocumentRegistry };
    this.reader = reader;
  }

  /** @param {number} issuer @param {Uint8Array} root @returns {Batch | null} */
  batch(issuer, root) {
    const fields = this.#record(DOCUMENTS, "_batches", issuer, root);
    const time = moment(fields.time);
    return time === null ? null : { time, depth: Number(fields.depth), reaffirmedAt: moment(fields.reaffirmedAt) };
  }

  /** @param {number} issuer @param {Uint8Array} leaf @returns {Mark | null} */
  mark(issuer, leaf) {
    const fields = this.#record(DOCUMENTS, "_marks", issuer, leaf);
    if (fields.state === 0n) return null;
    const state = member(fields.state, LAST.state, "_marks");
    return { state, reason: Number(fields.reason), time: moment(fields.time) };
  }

  /** @param {number} issuer @param {Uint8Array} leaf @returns {Uint8Array | null} */
  successor(issuer, leaf) {
    const value = this.#value(DOCUMENTS, "_successors", issuer, leaf);
    return value === 0n ? null : word(value);
  }

  /** @param {Uint8Array} kid @returns {DocKey | null} */
  key(kid) {
    const fields = this.#record(REGISTRY, "_keys", kid);
    if (fields.institution === 0n) return null;
    return {
      institution: Number(fields.institution),
      purpose: member(fields.purpose, LAST.purpose, "_keys"),
      validFrom: certain(fields.validFrom),
      validUntil: certain(fields.validUntil),
      compromisedSince: moment(fields.compromisedSince),
      declaredAt: moment(fields.declaredAt),
    };
  }

  /** @param {number} index @returns {Institution | null} */
  institution(index) {
    const fields = this.#record(REGISTRY, "_institutions", index);
    this.#value(REGISTRY, "_institutionIds", index); // shown by every proof; the page calls it by the trust file's name
    if (fields.standing === 0n) return null;
    member(fields.kind, LAST.kind, "_institutions");
    return {
      standing: member(fields.standing, LAST.standing, "_institutions"),
      standingSince: certain(fields.standingSince),
      doubtSince: moment(fields.doubtSince),
    };
  }

  /** @param {number} epoch @returns {Uint8Array} zeros for an epoch not reached */
  validatorSetHash(epoch) {
    return word(this.#value(REGISTRY, "_validatorSetHash", epoch));
  }

  /** @param {string} contract @param {string} label @param {...import("./layout.js").Key} keys */
  #record(contract, label, ...keys) {
    return unpack(contract, label, this.#value(contract, label, ...keys));
  }

  /** @param {string} contract @param {string} label @param {...import("./layout.js").Key} keys */
  #value(contract, label, ...keys) {
    return this.reader.slot(this.addresses[contract], slotOf(contract, label, ...keys));
  }
}

/** keccak256(abi.encode(address[])) of a set in ascending order. @param {string[]} validators */
export function validatorSetHash(validators) {
  const words = validators.map((validator) => padLeft(fromHex(validator), 32)).sort(compare);
  return keccak256(concat(word(32), word(words.length), ...words));
}

/** @param {bigint} seconds @returns {number} */
function certain(seconds) {
  return Math.min(Number(seconds), LAST_SECOND);
}

/** @param {bigint} seconds @returns {number | null} null for zero (never) */
function moment(seconds) {
  return seconds === 0n ? null : certain(seconds);
}

/** @param {bigint} value @param {number} last greatest member of the enumeration @param {string} label */
function member(value, last, label) {
  if (value > BigInt(last)) throw new StateMalformed(label);
  return Number(value);
}

/** @param {bigint} time a header's @returns {number | null} null if no calendar has it */
export function blockTime(time) {
  return time > BigInt(LAST_SECOND) ? null : Number(time);
}

