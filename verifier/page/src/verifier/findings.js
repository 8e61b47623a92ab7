/**
 * The five questions about a document, and the form of their answers.
 *
 * @typedef {"passed" | "failed" | "unknown"} Outcome
 * @typedef {"integrity" | "anchoring" | "status" | "issuer" | "source"} Question
 * @typedef {{code: string, details: Record<string, string>}} Remark
 * @typedef {Remark & {outcome: Outcome}} Finding
 */
import { data } from "../data.js";

/** @type {Question[]} in the order in which they are shown */
export const QUESTIONS = ["integrity", "anchoring", "status", "issuer", "source"];

/** @param {string} code @param {Record<string, string>} [details] @returns {Finding} answered well */
export function passed(code, details = {}) {
  return { code, details, outcome: "passed" };
}

/** @param {string} code @param {Record<string, string>} [details] @returns {Finding} answered badly */
export function failed(code, details = {}) {
  return { code, details, outcome: "failed" };
}

/** @param {string} code @param {Record<string, string>} [details] @returns {Finding} cannot be answered now */
export function unknown(code, details = {}) {
  return { code, details, outcome: "unknown" };
}

/** What a remark says, in Korean and English. @param {Remark} remark @returns {[string, string]} */
export function sentences({ code, details }) {
  const [ko, en] = data.sentences[code];
  return [filled(ko, details), filled(en, details)];
}

/** @param {string} sentence @param {Record<string, string>} details @returns {string} with its places filled */
export function filled(sentence, details) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => details[name]);
}
