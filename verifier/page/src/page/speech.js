/** The language the page speaks now. */
import { filled } from "../verifier/findings.js";
import { ENGLISH, KOREAN, TEXTS } from "./texts.js";

/** @typedef {import("../data.js").Pair} Pair */

/** Korean unless the address ends in #en. */
const spoken = { language: /** @type {import("./texts.js").Language} */ (location.hash === "#en" ? ENGLISH : KOREAN) };

/** @returns {import("./texts.js").Language} */
export function language() {
  return spoken.language;
}

/** Changes to the other one. */
export function switchLanguage() {
  spoken.language = spoken.language === KOREAN ? ENGLISH : KOREAN;
}

/** @param {Pair} pair @returns {string} */
export function pick(pair) {
  return pair[spoken.language];
}

/** @param {string} key of TEXTS @param {Record<string, string>} [details] @returns {string} */
export function say(key, details = {}) {
  return filled(pick(TEXTS[key]), details);
}
