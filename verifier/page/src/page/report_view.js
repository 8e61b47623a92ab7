/** A report: the verdict, what was checked, the document, and what the check rests on. */
import { toHex } from "../lib/bytes.js";
import { QUESTIONS, sentences } from "../verifier/findings.js";
import { koreanTime } from "../verifier/times.js";
import { factList, make } from "./dom.js";
import { documentView } from "./document_view.js";
import { pick, say } from "./speech.js";

/** @typedef {import("../verifier/report.js").Report} Report */
/** @typedef {"good" | "bad" | "warn"} Tone */

/** @type {Record<string, Tone>} */
const TONES = { VALID: "good", SUPERSEDED: "warn", UNKNOWN: "warn" };
const MARKS = { good: "✓", bad: "✕", warn: "!" };
const OUTCOME_MARKS = { passed: "✓", failed: "✕", unknown: "?" };

/** @param {Report} report @param {string} name of the file @param {() => void} onAnother @returns {HTMLElement} */
export function reportView(report, name, onAnother) {
  const content = report.document;
  return make(
    "div",
    {},
    verdictView(report),
    findingsView(report),
    content === null
      ? make("p", { class: "sg-small" }, say("noContent"))
      : documentView(content, report.verdict === "VALID"),
    detailsView(report, name),
    make(
      "p",
      { class: "sp-end" },
      make("button", { type: "button", class: "sp-button", click: () => window.print() }, say("print")),
      make("button", { type: "button", class: "sp-button sp-button-second", click: onAnother }, say("another")),
    ),
  );
}

/** @param {Report} report @returns {HTMLElement} */
function verdictView({ verdict, conclusion, findings }) {
  const developed = findings.source.code === "development_network";
  const tone = developed ? "warn" : (TONES[verdict] ?? "bad");
  return make(
    "section",
    { class: `sg-verdict sp-verdict sg-${tone}`, id: "verdict", "aria-labelledby": "verdict-title" },
    make("span", { class: `sg-mark sp-${tone}`, "aria-hidden": "true" }, MARKS[tone]),
    make(
      "div",
      {},
      make("p", { class: "sg-verdict-code" }, verdict),
      make("h2", { id: "verdict-title" }, say(`verdict_${verdict}`)),
      make("p", {}, pick(sentences(conclusion))),
    ),
  );
}

/** @param {Report} report @returns {HTMLElement} */
function findingsView({ findings }) {
  const items = QUESTIONS.map((question) => {
    const finding = findings[question];
    return make(
      "li",
      {},
      make(
        "span",
        { class: `sg-mark sg-mark-${finding.outcome}`, "aria-hidden": "true" },
        OUTCOME_MARKS[finding.outcome],
      ),
      make(
        "div",
        {},
        make(
          "h3",
          {},
          `${say(`question_${question}`)} `,
          make("span", { class: "sg-small" }, say(`outcome_${finding.outcome}`)),
        ),
        make("p", {}, pick(sentences(finding))),
        make("p", { class: "sg-small sg-mono" }, finding.code),
      ),
    );
  });
  return make(
    "section",
    { class: "sg-card", "aria-labelledby": "findings-title" },
    make("h2", { id: "findings-title" }, say("findings")),
    make("ul", { class: "sg-findings" }, ...items),
  );
}

/** @param {Report} report @param {string} name @returns {HTMLElement} */
function detailsView({ state, checkedAt, trustFile }, name) {
  const mono = (/** @type {string} */ text) => make("span", { class: "sg-mono" }, text);
  /** @type {[string, Node | string][]} */
  const facts = [
    [say("file"), name],
    [say("checkedAt"), koreanTime(checkedAt)],
    [say("trustFile"), mono(trustFile)],
  ];
  if (state !== null) {
    const { number, hash, time, finality, links } = state;
    const counts = { validators: String(finality.validators), sealers: String(finality.distinct) };
    facts.push([say("asOf"), koreanTime(time)]);
    facts.push([say("block"), say("blockNumber", { number: String(number), ...counts })]);
    facts.push([say("blockHash"), mono(`0x${toHex(hash)}`)]);
    const newest = links.length > 1 ? links.at(-1) : undefined;
    if (newest) facts.push([say("successor"), mono(`0x${toHex(newest.leaf)}`)]);
  }
  return make(
    "section",
    { class: "sg-card sp-details", "aria-labelledby": "details-title" },
    make("h2", { id: "details-title" }, say("details")),
    factList(facts),
  );
}
