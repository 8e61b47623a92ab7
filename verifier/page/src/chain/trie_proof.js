/**
 * Reading accounts and storage slots out of a bag of Merkle-Patricia-trie nodes, given a state root.
 *
 * Nodes are looked up by their own Keccak-256, so a node that was altered is a node that is missing.
 */
import { fromHex, toBigInt, toHex } from "../lib/bytes.js";
import { keccak256 } from "../lib/hashing.js";
import { Refusal } from "../lib/refusal.js";
import { decodeRlp, RlpMalformed } from "./rlp.js";

/** @typedef {import("./rlp.js").Item} Item */

export const MAX_NODES = 2048;
export const MAX_NODE_BYTES = 1024;

const EMPTY_ROOT = toHex(keccak256(Uint8Array.of(0x80)));
const BRANCH = 17;
const NOTHING = new Uint8Array(0);

/** The nodes do not show what was asked. */
export class StateUnreadable extends Refusal {}

/** Trie nodes by their hash; remembers which were needed. */
export class NodeBag {
  /** @type {Map<string, Uint8Array>} */
  #nodes = new Map();
  /** @type {Map<string, Item[]>} */
  #decoded = new Map();

  /** @param {Uint8Array[]} nodes */
  constructor(nodes) {
    for (const node of nodes) {
      if (node.length > MAX_NODE_BYTES || this.#nodes.size >= MAX_NODES) throw new StateUnreadable("bag_too_large");
      this.#nodes.set(toHex(keccak256(node)), node);
    }
  }

  /** @param {string} reference the node's hash in hexadecimal @returns {Item[]} */
  load(reference) {
    const known = this.#decoded.get(reference);
    if (known) return known;
    const node = this.#nodes.get(reference);
    if (!node) throw new StateUnreadable("node_missing");
    const decoded = decodeList(node, "node_malformed");
    this.#decoded.set(reference, decoded);
    return decoded;
  }

  /** @returns {number} how many different nodes were needed so far */
  get used() {
    return this.#decoded.size;
  }
}

/** The state of one block as far as a bag shows it. Every answer is proven, absence (0) included. */
export class StateReader {
  /** @type {Map<string, string>} */
  #storageRoots = new Map();

  /** @param {Uint8Array} stateRoot @param {NodeBag} bag */
  constructor(stateRoot, bag) {
    this.stateRoot = stateRoot;
    this.bag = bag;
  }

  /** @param {string} account 40 digits @param {Uint8Array} slot 32 bytes @returns {bigint} 0 if never written */
  slot(account, slot) {
    const root = this.#storageRoots.get(account) ?? this.#storageRoot(account);
    this.#storageRoots.set(account, root);
    const item = walk(this.bag, root, toHex(keccak256(slot)));
    if (item.length === 0) return 0n;
    const value = decode(item, "slot_malformed");
    // No node that validates writes a zero, but anvil keeps one for every slot it ever read; both mean zero.
    if (!(value instanceof Uint8Array) || value.length > 32) {
      throw new StateUnreadable("slot_malformed");
    }
    return value.length === 0 ? 0n : toBigInt(value);
  }

  /** @param {string} account @returns {string} */
  #storageRoot(account) {
    const item = walk(this.bag, toHex(this.stateRoot), toHex(keccak256(fromHex(account))));
    if (item.length === 0) throw new StateUnreadable("account_absent");
    const fields = decodeList(item, "account_malformed");
    const root = fields[2];
    if (fields.length !== 4 || !(root instanceof Uint8Array) || root.length !== 32) {
      throw new StateUnreadable("account_malformed");
    }
    return toHex(root);
  }
}

/**
 * @param {NodeBag} bag @param {string} root hash in hexadecimal @param {string} key 64 digits
 * @returns {Uint8Array} the value under the key, or nothing if the trie shows that it is absent
 */
function walk(bag, root, key) {
  /** @type {Item} */
  let reference = root === EMPTY_ROOT ? NOTHING : fromHex(root);
  let nibbles = key;
  while (Array.isArray(reference) || reference.length > 0) {
    /** @type {Item[]} */
    const node = Array.isArray(reference) ? reference : bag.load(asHash(reference));
    if (node.length === BRANCH && nibbles) {
      reference = node[parseInt(nibbles[0], 16)];
      nibbles = nibbles.slice(1);
      continue;
    }
    if (node.length !== 2) throw new StateUnreadable("node_malformed");
    const { path, isLeaf } = readPath(node[0]);
    if (isLeaf) {
      const value = asValue(node[1]);
      return path === nibbles ? value : NOTHING;
    }
    // an extension that leads nowhere: no trie has one, and it could be followed for ever
    if (!path) throw new StateUnreadable("node_malformed");
    if (!nibbles.startsWith(path)) return NOTHING;
    reference = node[1];
    nibbles = nibbles.slice(path.length);
  }
  return NOTHING;
}

/** The nibbles of a hex-prefix encoded path and whether it ends in a leaf. @param {Item} item */
function readPath(item) {
  const encoded = toHex(asValue(item));
  const flag = encoded[0];
  if (flag === "1" || flag === "3") return { path: encoded.slice(1), isLeaf: flag === "3" };
  if ((flag === "0" || flag === "2") && encoded[1] === "0") return { path: encoded.slice(2), isLeaf: flag === "2" };
  throw new StateUnreadable("node_malformed");
}

/** @param {Item} reference @returns {string} */
function asHash(reference) {
  if (reference instanceof Uint8Array && reference.length === 32) return toHex(reference);
  throw new StateUnreadable("node_malformed");
}

/** @param {Item} item @returns {Uint8Array} */
function asValue(item) {
  if (item instanceof Uint8Array && item.length > 0) return item;
  throw new StateUnreadable("node_malformed");
}

/** @param {Uint8Array} item @param {string} code @returns {Item} */
function decode(item, code) {
  try {
    return decodeRlp(item);
  } catch (error) {
    if (error instanceof RlpMalformed) throw new StateUnreadable(code);
    throw error;
  }
}

/** @param {Uint8Array} item @param {string} code @returns {Item[]} */
function decodeList(item, code) {
  const decoded = decode(item, code);
  if (!Array.isArray(decoded)) throw new StateUnreadable(code);
  return decoded;
}
