/** How final a run of headers is, and why a header's seal is refused: the vocabulary of all engines. */
import { equal } from "../lib/bytes.js";
import { Refusal } from "../lib/refusal.js";

/** @typedef {import("./headers.js").Header} Header */
/** @typedef {{level: number, distinct: number, weight: number, validators: number}} FinalityResult */

/** How sure it is that a block stays. */
export const PENDING = 0;
export const SETTLED = 1;
export const STRONG = 2;

export const LEVEL_NAMES = ["pending", "settled", "strong"];

export const MAX_RUN = 256;

/** A header or run that no honest validator set can have sealed. */
export class SealRefused extends Refusal {}

/** Each header names its predecessor by hash and follows it by one. @param {Header[]} run */
export function checkLinks(run) {
  if (run.length === 0) throw new SealRefused("empty_run");
  if (run.length > MAX_RUN) throw new SealRefused("run_too_long");
  for (let at = 1; at < run.length; at += 1) {
    const [before, header] = [run[at - 1], run[at]];
    if (!equal(header.parentHash, before.hash) || header.number !== before.number + 1n) {
      throw new SealRefused("not_linked", `block ${header.number}`);
    }
  }
}

/** Each header is later than the one before. (Not so on a development node.) @param {Header[]} run */
export function checkTimes(run) {
  for (let at = 1; at < run.length; at += 1) {
    const header = run[at];
    if (header.time <= run[at - 1].time) throw new SealRefused("time_not_increasing", `block ${header.number}`);
  }
}
