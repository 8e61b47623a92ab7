/**
 * Light proofs: what a contract's storage says, believed because validators sealed it, not because a node said so.
 *
 * @typedef {{issuer: number, root: Uint8Array, leaf: Uint8Array, kid: Uint8Array}} ProofSubject
 * @typedef {{epoch: number, validators: Uint8Array[], headers: Uint8Array[]}} Advance
 * @typedef {{headers: Uint8Array[], nodes: Uint8Array[], advances: Advance[]}} LightProof
 * @typedef {{leaf: Uint8Array, mark: import("./state.js").Mark | null}} Link
 * @typedef {{
 *   number: bigint, hash: Uint8Array, time: number, finality: import("./finality.js").FinalityResult,
 *   epoch: number, proves: boolean, batch: import("./state.js").Batch | null, links: Link[],
 *   key: import("./state.js").DocKey | null, institution: import("./state.js").Institution | null,
 * }} ProvenState as of one block; `links` is the document itself, then what replaced it, to the end
 */
import { equal, fromHex, toHex } from "../lib/bytes.js";
import { Refusal } from "../lib/refusal.js";
import { MAX_RUN, SETTLED, STRONG } from "./finality.js";
import { MAX_HEADER_BYTES, readHeader } from "./headers.js";
import { blockTime, ContractState, validatorSetHash } from "./state.js";
import { MAX_NODE_BYTES, MAX_NODES, NodeBag, StateReader } from "./trie_proof.js";

/** @typedef {import("./headers.js").Header} Header */
/** @typedef {import("./trust.js").TrustFile} TrustFile */

export const MAX_ADVANCES = 64;
export const MAX_VALIDATORS = 64;
export const MAX_SUCCESSORS = 128;

/** A light proof that proves nothing. */
export class LightProofError extends Refusal {}

/** Nested lists of bytes and integers as a proof, within limits. @param {unknown} value @returns {LightProof} */
export function readLightProof(value) {
  const [headers, nodes, advances] = fixed(value, 3);
  return {
    headers: byteStrings(headers, MAX_RUN, 1, MAX_HEADER_BYTES),
    nodes: byteStrings(nodes, MAX_NODES, 1, MAX_NODE_BYTES),
    advances: list(advances, MAX_ADVANCES).map(readAdvance),
  };
}

/** The reverse of `readLightProof`. @param {LightProof} proof */
export function plainLightProof({ headers, nodes, advances }) {
  return [headers, nodes, advances.map((each) => [each.epoch, each.validators, each.headers])];
}

/**
 * What `proof` shows about `subject` to somebody who relies on `trust` (already verified).
 *
 * @param {TrustFile} trust @param {ProofSubject} subject @param {LightProof} proof @returns {ProvenState}
 */
export function verifyLightProof(trust, subject, proof) {
  try {
    return prove(trust, subject, proof);
  } catch (error) {
    if (error instanceof Refusal) throw new LightProofError(error.code, error.message);
    throw error;
  }
}

/** @param {TrustFile} trust @param {ProofSubject} subject @param {LightProof} proof @returns {ProvenState} */
function prove(trust, subject, proof) {
  const engine = trust.engineRules();
  const run = proof.headers.map(readHeader);
  const bag = new NodeBag(proof.nodes);
  const { epoch, validators } = followChanges(trust, engine, run, bag, proof.advances);
  const finality = engine.finality(run, validators);
  const first = run[0];
  checkAnchor(trust, first, finality);
  const found = readSubject(new ContractState(trust.contracts, new StateReader(first.stateRoot, bag)), subject);
  if (bag.used !== proof.nodes.length) throw new LightProofError("stray_nodes");
  const time = blockTime(first.time);
  if (time === null) throw new LightProofError("header_malformed", "a time that no calendar has");
  return { number: first.number, hash: first.hash, time, finality, epoch, proves: engine.proves, ...found };
}

/**
 * The block is final enough and does not contradict the checkpoint.
 *
 * @param {TrustFile} trust @param {Header} first @param {import("./finality.js").FinalityResult} finality
 */
function checkAnchor(trust, first, finality) {
  if (finality.level < SETTLED) throw new LightProofError("not_final");
  const { number, hash } = trust.checkpoint;
  if (first.number === number && !equal(first.hash, fromHex(hash))) throw new LightProofError("wrong_checkpoint");
}

/**
 * From the checkpoint's validator set to the last one proven.
 *
 * @param {TrustFile} trust @param {import("./engine.js").Engine} engine @param {Header[]} run
 * @param {NodeBag} bag @param {Advance[]} advances @returns {{epoch: number, validators: string[]}}
 */
function followChanges(trust, engine, run, bag, advances) {
  let { epoch, validators } = trust.checkpoint;
  for (const advance of advances) {
    const headers = advance.headers.length > 0 ? advance.headers.map(readHeader) : run;
    if (headers.length === 0) throw new LightProofError("empty_run");
    const members = advance.validators.map(toHex);
    const known = advance.epoch <= epoch; // the trust file is newer than the proof: nothing to believe here
    if (!known && engine.endorsement(headers, validators).level < STRONG) {
      throw new LightProofError("change_not_strong", `epoch ${advance.epoch}`);
    }
    const state = new ContractState(trust.contracts, new StateReader(headers[0].stateRoot, bag));
    if (!equal(state.validatorSetHash(advance.epoch), validatorSetHash(members))) {
      throw new LightProofError("wrong_validator_set", `epoch ${advance.epoch}`);
    }
    if (!known) [epoch, validators] = [advance.epoch, members];
  }
  return { epoch, validators };
}

/** All records about a subject. @param {ContractState} state @param {ProofSubject} subject */
function readSubject(state, { issuer, root, leaf, kid }) {
  /** @type {Link[]} */
  const links = [];
  for (let at = /** @type {Uint8Array | null} */ (leaf); at !== null; at = state.successor(issuer, at)) {
    if (links.length > MAX_SUCCESSORS) throw new LightProofError("endless_successors");
    links.push({ leaf: at, mark: state.mark(issuer, at) });
  }
  return { batch: state.batch(issuer, root), links, key: state.key(kid), institution: state.institution(issuer) };
}

/** @param {unknown} value @returns {Advance} */
function readAdvance(value) {
  const [epoch, validators, headers] = fixed(value, 3);
  if (typeof epoch !== "number" || !Number.isInteger(epoch) || epoch < 0 || epoch >= 2 ** 32) {
    throw new LightProofError("proof_malformed", "epoch");
  }
  return {
    epoch,
    validators: byteStrings(validators, MAX_VALIDATORS, 20, 20),
    headers: byteStrings(headers, MAX_RUN, 1, MAX_HEADER_BYTES),
  };
}

/** @param {unknown} value @param {number} length @returns {unknown[]} */
function fixed(value, length) {
  const items = list(value, length);
  if (items.length !== length) throw new LightProofError("proof_malformed", `a list of ${length} was expected`);
  return items;
}

/** @param {unknown} value @param {number} most @returns {unknown[]} */
function list(value, most) {
  if (!Array.isArray(value) || value.length > most) {
    throw new LightProofError("proof_malformed", `a list of at most ${most} was expected`);
  }
  return value;
}

/** @param {unknown} value @param {number} most @param {number} shortest @param {number} longest */
function byteStrings(value, most, shortest, longest) {
  return list(value, most).map((item) => {
    if (!(item instanceof Uint8Array) || item.length < shortest || item.length > longest) {
      throw new LightProofError("proof_malformed", `byte strings of ${shortest} to ${longest} were expected`);
    }
    return item;
  });
}
