/** The trust file as its reader must see it: fingerprint first. */
import { TrustError } from "../chain/trust.js";
import { sentences } from "../verifier/findings.js";
import { koreanTime } from "../verifier/times.js";
import { trustRefusal } from "../verifier/verification.js";
import { factList, make } from "./dom.js";
import { pick, say } from "./speech.js";

/** @typedef {import("../chain/trust.js").TrustFile} TrustFile */
/** @typedef {"first" | "continues" | "breaks" | "remembered"} Origin how the file relates to what was held before */
/** @typedef {{file: TrustFile, text: string, origin: Origin}} HeldTrust */

/** @param {TrustFile} file @param {TrustFile | null} held until now @param {number} now seconds @returns {Origin} */
export function originOf(file, held, now) {
  if (held === null || held.fingerprint === file.fingerprint) return "first";
  try {
    file.verifyUpdate(held, now);
    return "continues";
  } catch (error) {
    if (error instanceof TrustError) return "breaks";
    throw error;
  }
}

/** @param {HeldTrust | null} trust @param {number} now seconds @returns {HTMLElement} */
export function trustView(trust, now) {
  if (trust === null) return make("p", {}, say("trustHint"));
  const { file } = trust;
  return make(
    "div",
    {},
    ...notes(trust, now),
    make("p", { class: "sp-label", id: "fingerprint-label" }, say("fingerprint")),
    make(
      "p",
      { class: "sp-fingerprint", id: "fingerprint", role: "group", "aria-labelledby": "fingerprint-label" },
      ...file.fingerprint.split(" ").map((group) => make("span", {}, group)),
    ),
    make("p", { class: "sg-small" }, say("compare")),
    factList([
      [say("network"), say("chain", { chain: String(file.chainId), engine: file.engine })],
      [say("checkpoint"), `${file.checkpoint.number} · ${koreanTime(file.checkpoint.time)}`],
      [say("signed"), say("signedBy", { signers: String(file.signers), members: String(file.members.length) })],
    ]),
  );
}

/** @param {HeldTrust} trust @param {number} now @returns {HTMLElement[]} */
function notes({ file, origin }, now) {
  const refusal = trustRefusal(file, now);
  if (refusal !== null) return [note("bad", pick(sentences(refusal)))];
  const found = [];
  if (!file.engineRules().proves) found.push(note("warn", say("development")));
  if (origin === "remembered") found.push(note("good", say("remembered")));
  if (origin === "continues") found.push(note("good", say("trustContinues")));
  if (origin === "breaks") found.push(note("bad", say("trustDoesNotContinue")));
  return found;
}

/** @param {string} tone @param {string} text @returns {HTMLElement} */
export function note(tone, text) {
  return make("p", { class: `sp-note sg-${tone}` }, text);
}
