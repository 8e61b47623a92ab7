/** Which engine judges a network's headers. */
import { utf8 } from "../lib/bytes.js";
import { Refusal } from "../lib/refusal.js";
import { CliqueEngine } from "./clique.js";
import { checkLinks, STRONG } from "./finality.js";
import { QbftEngine } from "./qbft.js";

/** @typedef {import("./finality.js").Header} Header */
/** @typedef {import("./finality.js").FinalityResult} FinalityResult */

/**
 * @typedef {{
 *   proves: boolean,
 *   finality(run: Header[], validators: string[]): FinalityResult,
 *   endorsement(run: Header[], validators: string[]): FinalityResult,
 * }} Engine `proves`: whether a judged run convinces somebody who does not trust the node that gave it
 */

/** The trust file names an engine that this page does not know. */
export class UnknownEngine extends Refusal {
  /** @param {string} name */
  constructor(name) {
    super("unknown_engine", name);
    this.name = name;
  }
}

/** A development node (anvil, Hardhat): each block is final at once, and nothing is proven by it. */
class DevEngine {
  proves = false;

  /** @param {Header[]} run @param {string[]} validators @returns {FinalityResult} */
  finality(run, validators) {
    checkLinks(run);
    return { level: STRONG, distinct: validators.length, weight: run.length, validators: validators.length };
  }

  /** @param {Header[]} run @param {string[]} validators @returns {FinalityResult} */
  endorsement(run, validators) {
    return this.finality(run, validators);
  }
}

/** @param {string} name @param {string} vanity 32 ASCII characters @returns {Engine} */
export function engineFor(name, vanity) {
  if (name === "clique") return new CliqueEngine(utf8(vanity));
  if (name === "qbft") return new QbftEngine(utf8(vanity));
  if (name === "dev") return new DevEngine();
  throw new UnknownEngine(name);
}
