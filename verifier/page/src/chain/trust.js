/**
 * The trust file `network.json`: all that a verifier knows about a network before it sees a document.
 *
 * Whoever verifies gets it from somebody they trust and compares its fingerprint; a newer one is accepted without
 * that if the members named in the old one signed it.
 *
 * @typedef {{InstitutionRegistry: string, DocumentRegistry: string, TransferLedger: string}} Contracts
 * @typedef {{index: number, id: string, kind: string, nameKo: string, nameEn: string}} InstitutionName
 * @typedef {{institution: number, admin: string}} Member
 * @typedef {{number: bigint, hash: string, time: number, epoch: number, validators: string[]}} Checkpoint
 */
import { concat, fromHex, padLeft, toHex, utf8, word } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { Refusal } from "../lib/refusal.js";
import { checksummed, recoverAddress } from "./addresses.js";
import { canonicalJson } from "./canonical.js";
import { engineFor } from "./engine.js";
import { FormError, readTrustForm } from "./trust_form.js";

const DAY = 86_400;
export const MAX_AGE = 400 * DAY;
export const MAX_FUTURE = DAY;

const DOMAIN_TYPE = keccak256(
  utf8("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
);
const TRUST_TYPE = keccak256(utf8("TrustFile(bytes32 content)"));

/** A trust file that is not to be relied on. */
export class TrustError extends Refusal {}

/** A whole trust file. Reading one checks its form only; `verify` decides whether to rely on it. */
export class TrustFile {
  /** Whether every signature is right; null until it was asked for the first time. @type {boolean | null} */
  #sound = null;

  /** @param {any} content as `readTrustForm` gives it */
  constructor(content) {
    this.content = content;
    /** @type {number} */
    this.chainId = content.chainId;
    /** @type {string} */
    this.engine = content.engine;
    /** @type {string} */
    this.genesisHash = content.genesisHash;
    /** @type {Contracts} addresses as 40 lower-case digits */
    this.contracts = {
      InstitutionRegistry: plainAddress(content.contracts.InstitutionRegistry),
      DocumentRegistry: plainAddress(content.contracts.DocumentRegistry),
      TransferLedger: plainAddress(content.contracts.TransferLedger),
    };
    /** @type {Checkpoint} */
    this.checkpoint = {
      ...content.checkpoint,
      hash: content.checkpoint.hash.slice(2),
      validators: content.checkpoint.validators.map(plainAddress),
    };
    /** @type {Member[]} */
    this.members = content.members;
    this.digest = digestOf(content);
  }

  /** @param {Uint8Array} bytes @returns {TrustFile} throws TrustError("trust_malformed") */
  static parse(bytes) {
    try {
      return new TrustFile(readTrustForm(bytes));
    } catch (error) {
      if (error instanceof FormError) throw new TrustError("trust_malformed", error.message);
      throw error;
    }
  }

  /** The digest's first 16 bytes in groups of four digits, to be read out over the telephone. */
  get fingerprint() {
    return /** @type {string[]} */ (toHex(this.digest.subarray(0, 16)).match(/.{4}/g)).join(" ");
  }

  /** @returns {number} members whose valid signature it carries */
  get signers() {
    return this.#count(this.members);
  }

  /** Refuses a file that is too old or not signed by more than half of its members. @param {number} now seconds */
  verify(now) {
    this.#checkAge(now);
    this.#checkMajority(this.members);
  }

  /**
   * As `verify`, and by more than half of the members of the file held until now.
   *
   * @param {TrustFile} held @param {number} now seconds
   */
  verifyUpdate(held, now) {
    this.verify(now);
    if (this.chainId !== held.chainId || this.genesisHash !== held.genesisHash) {
      throw new TrustError("trust_other_network");
    }
    if (this.checkpoint.number < held.checkpoint.number) throw new TrustError("trust_older_than_held");
    this.#checkMajority(held.members);
  }

  /** @returns {import("./engine.js").Engine} throws UnknownEngine */
  engineRules() {
    return engineFor(this.engine, this.content.vanity);
  }

  /** @param {number} index @returns {InstitutionName | undefined} the entry of an institution, if it is listed */
  institutionName(index) {
    return this.content.institutions.find((/** @type {InstitutionName} */ entry) => entry.index === index);
  }

  /** @param {number} now seconds */
  #checkAge(now) {
    if (now - this.checkpoint.time > MAX_AGE) throw new TrustError("trust_too_old");
    if (this.checkpoint.time - now > MAX_FUTURE) throw new TrustError("trust_in_future");
  }

  /** More than half of `members` signed, and no signature is wrong. @param {Member[]} members */
  #checkMajority(members) {
    this.#sound ??= this.content.signatures.every((/** @type {any} */ { address, signature }) => {
      return signerOf(this.digest, fromHex(signature.slice(2))) === address;
    });
    if (!this.#sound) throw new TrustError("trust_wrong_signature");
    if (2 * this.#count(members) <= members.length) throw new TrustError("trust_no_majority");
  }

  /** @param {Member[]} members @returns {number} how many of them are named in a signature */
  #count(members) {
    const signed = new Set(
      this.content.signatures.map((/** @type {any} */ entry) => `${entry.institution} ${entry.address}`),
    );
    return members.filter((member) => signed.has(`${member.institution} ${member.admin}`)).length;
  }
}

/** @param {string} address 0x and 40 digits @returns {string} */
function plainAddress(address) {
  return address.slice(2).toLowerCase();
}

/** What members sign: EIP-712 over the Keccak-256 of the canonical JSON without the signatures. @param {any} content */
function digestOf(content) {
  const { signatures: _, ...signed } = content;
  const domain = keccak256(
    concat(
      DOMAIN_TYPE,
      keccak256(utf8("Saegim TrustFile")),
      keccak256(utf8("1")),
      word(content.chainId),
      padLeft(fromHex(plainAddress(content.contracts.InstitutionRegistry)), 32),
    ),
  );
  const struct = keccak256(concat(TRUST_TYPE, keccak256(utf8(canonicalJson(signed)))));
  return keccak256(concat(Uint8Array.of(0x19, 0x01), domain, struct));
}

/** @param {Uint8Array} digest @param {Uint8Array} signature r ‖ s ‖ v, v 27 or 28 @returns {string | null} */
function signerOf(digest, signature) {
  const address = recoverAddress(digest, concat(signature.subarray(0, 64), Uint8Array.of(signature[64] - 27)));
  return address === null ? null : checksummed(address);
}
