/** What a document says: its own fields, those of its parts, its tables. */
import { koreanTime } from "../verifier/times.js";
import { factList, make } from "./dom.js";
import { pick, say } from "./speech.js";

/** @typedef {import("../verifier/document.js").Document} Document */
/** @typedef {import("../verifier/document.js").Line} Line */
/** @typedef {import("../verifier/document.js").Cell} Cell */
/** @typedef {import("../verifier/document.js").Table} Table */

/**
 * @param {Document} content @param {boolean} accepted whether the verdict lets it be relied on
 * @returns {HTMLElement}
 */
export function documentView(content, accepted) {
  return make(
    "section",
    { class: "sg-card sp-long", "aria-labelledby": "content-title" },
    make("h2", { id: "content-title" }, pick(content.kind)),
    accepted ? null : make("p", { class: "sg-small" }, say("unverifiedContent")),
    ...groups(content).flatMap(([heading, facts]) => [
      heading ? make("h3", { class: "sg-group" }, heading) : null,
      factList(facts),
    ]),
    ...content.tables.map((table) => tableView(table, content.incomplete.includes(table.path))),
    hiddenNote(content),
  );
}

/** @param {Document} content @returns {[string, [string, string][]][]} heading ("" for its own fields) and facts */
function groups(content) {
  const { issuer, issuerName, issuedAt, lines, tables } = content;
  /** @type {Map<string, [string, string][]>} */
  const found = new Map([
    [
      "",
      [
        [say("issuer"), say("issuerNumber", { name: pick(issuerName), index: String(issuer) })],
        [say("issuedAt"), koreanTime(issuedAt)],
      ],
    ],
  ]);
  for (const { path, name, value } of lines) {
    if (value === null || tables.some((table) => path.startsWith(`${table.path}.`))) continue;
    const [heading, label] = split(pick(name));
    found.set(heading, [...(found.get(heading) ?? []), [label, pick(value)]]);
  }
  return [...found];
}

/** @param {string} name of a field, after those of what it is part of @returns {[string, string]} */
function split(name) {
  const at = name.lastIndexOf(" · ");
  return at < 0 ? ["", name] : [name.slice(0, at), name.slice(at + 3)];
}

/**
 * What is text stands before the numbers, and the first text names its row.
 *
 * @param {Table} table @param {boolean} incomplete @returns {HTMLElement}
 */
function tableView({ name, heads, rows }, incomplete) {
  const title = pick(name);
  const mark = incomplete ? make("span", { class: "sp-incomplete" }, ` ${say("incomplete")}`) : null;
  const table = make(
    "table",
    { class: "sg-table" },
    make("caption", {}, title, mark),
    make("thead", {}, make("tr", {}, ...textFirst(heads).map((head) => cellView("th", "col", head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...textFirst(row).map(rowCell)))),
  );
  return make("div", { class: "sg-table-wrap", tabindex: "0", role: "region", "aria-label": title }, table);
}

/** @param {Cell[]} cells @returns {Cell[]} */
function textFirst(cells) {
  return [...cells.filter(({ number }) => !number), ...cells.filter(({ number }) => number)];
}

/** @param {Cell} cell @param {number} place @returns {HTMLElement} */
function rowCell(cell, place) {
  return place === 0 && !cell.number ? cellView("th", "row", cell) : cellView("td", false, cell);
}

/** @param {string} tag @param {string | false} scope @param {Cell} cell @returns {HTMLElement} */
function cellView(tag, scope, { text, number }) {
  return make(tag, { scope, class: number ? "sg-num" : false }, pick(text));
}

/** @param {Document} content @returns {HTMLElement | null} */
function hiddenNote({ lines, unseen }) {
  const left = lines.filter(({ value }) => value === null).map(({ name }) => name);
  const names = [...left, ...unseen].map(pick);
  if (names.length === 0) return null;
  return make("p", { class: "sg-small sp-hidden" }, say("hidden", { names: names.join(", ") }));
}
