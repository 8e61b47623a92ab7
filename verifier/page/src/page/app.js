/** The page: takes a trust file and a document, shows the report. All state is here, none leaves the tab unasked. */
import { TrustError, TrustFile } from "../chain/trust.js";
import { data } from "../data.js";
import { fromUtf8, utf8 } from "../lib/bytes.js";
import { MAX_BYTES } from "../verifier/bundle.js";
import { failed, sentences } from "../verifier/findings.js";
import { trustRefusal, verifyBytes } from "../verifier/verification.js";
import { byId, fill, make } from "./dom.js";
import { forget, recall, remember } from "./memory.js";
import { reportView } from "./report_view.js";
import { language, pick, say, switchLanguage } from "./speech.js";
import { ENGLISH, LANGUAGE_CODES } from "./texts.js";
import { note, originOf, trustView } from "./trust_view.js";

/** One byte more than any bundle as text has, to tell that a file is too large. */
const MOST = 2 * MAX_BYTES + 1;

/** @typedef {{bytes: Uint8Array, name: string | null}} Held a document; `name` is null if it was pasted */

const state = {
  /** @type {import("./trust_view.js").HeldTrust | null} */
  trust: null,
  /** @type {Held | null} */
  document: null,
  /** @type {import("../verifier/report.js").Report | null} */
  report: null,
  /** @type {(() => string) | null} what went wrong, in the language of the moment */
  problem: null,
  /** Whether the browser refused to keep the trust file when asked to. */
  forgetful: false,
};

/** @returns {number} seconds since 1970: the one place where the page asks for the time */
function now() {
  return Date.now() / 1000;
}

/** @param {Iterable<File>} files in any order: trust files are JSON, documents are not */
async function take(files) {
  state.problem = null;
  for (const file of files) {
    try {
      const bytes = new Uint8Array(await file.slice(0, MOST).arrayBuffer());
      if (isJson(bytes)) takeTrust(bytes, null);
      else state.document = { bytes, name: file.name };
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // the file went away, or may not be read
      state.problem = () => say("unreadable", { name: file.name });
    }
  }
  check();
}

/** @param {Uint8Array} bytes @returns {boolean} whether the first thing in it is a brace */
function isJson(bytes) {
  return /^\s*\{/.test(String.fromCharCode(...bytes.subarray(0, 64)));
}

/** @param {Uint8Array} bytes @param {import("./trust_view.js").Origin | null} origin null: see what was held before */
function takeTrust(bytes, origin) {
  try {
    const file = TrustFile.parse(bytes);
    const text = /** @type {string} */ (fromUtf8(bytes)); // it was parsed, so it is text
    state.trust = { file, text, origin: origin ?? originOf(file, state.trust?.file ?? null, now()) };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const { code } = error;
    state.problem = () => pick(sentences(failed(code)));
  }
}

/** Checks what is there and shows the result. */
function check() {
  state.report = null;
  try {
    if (state.trust && state.document) {
      state.report = verifyBytes(state.document.bytes, state.trust.file, now(), limit());
    }
  } catch (error) {
    console.error(error);
    state.problem = () => say("broken");
  }
  render();
  if (state.report) {
    byId("announcement").textContent = say("done", { verdict: say(`verdict_${state.report.verdict}`) });
    byId("verdict").scrollIntoView();
  }
}

/** @returns {number | null} greatest age of the status in seconds, as its reader chose */
function limit() {
  return data.readers[/** @type {HTMLSelectElement} */ (byId("reader")).value] ?? null;
}

/** Shows everything anew, in the language of the moment. */
function render() {
  renderTexts();
  fill("problem", state.problem ? note("bad", state.problem()) : null);
  fill("trust", trustView(state.trust, now()));
  fill("trust-choose", say(state.trust ? "changeTrust" : "chooseTrust"));
  fill("memory", memoryView());
  fill("document-name", state.document ? say("chosen", { name: documentName(state.document) }) : null);
  fill("result", resultView());
  byId("announcement").textContent = "";
}

/** Everything in index.html that names a text. */
function renderTexts() {
  document.documentElement.lang = LANGUAGE_CODES[language()];
  document.title = `${say("title")} | ${say("brand")}`;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(/** @type {HTMLElement} */ (element).dataset.text ?? "");
  }
  const button = byId("language");
  button.textContent = language() === ENGLISH ? "한국어" : "English";
  button.lang = LANGUAGE_CODES[1 - language()];
  renderReaders();
}

function renderReaders() {
  const select = /** @type {HTMLSelectElement} */ (byId("reader"));
  const chosen = select.value;
  const values = ["auto", ...Object.keys(data.readers).sort((a, b) => data.readers[a] - data.readers[b])];
  select.replaceChildren(...values.map((value) => make("option", { value }, say(`reader_${value}`))));
  select.value = chosen || "auto";
}

/** @param {Held} held @returns {string} */
function documentName({ name }) {
  return name ?? say("pasted");
}

/** @returns {HTMLElement | null} */
function resultView() {
  if (state.report && state.document) return reportView(state.report, documentName(state.document), another);
  return state.document && !state.trust ? note("warn", say("needTrust")) : null;
}

/** @returns {HTMLElement | null} the choice to remember a trust file that may be relied on, or to forget it */
function memoryView() {
  if (state.trust === null) return null;
  const kept = recall() === state.trust.text;
  if (!kept && trustRefusal(state.trust.file, now()) !== null) return null;
  const box = make("input", { type: "checkbox", id: "remember", checked: kept, change: changeMemory });
  return make(
    "div",
    { class: "sg-field" },
    make("label", { class: "sp-check", for: "remember" }, box, say("remember")),
    state.forgetful ? make("p", { class: "sg-hint" }, say("notRemembered")) : null,
  );
}

/** @param {Event} event */
function changeMemory(event) {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.checked && state.trust) state.forgetful = !remember(state.trust.text);
  else forget();
  fill("memory", memoryView());
  byId("remember").focus();
}

/** Makes place for the next document; the trust file stays. */
function another() {
  state.document = null;
  state.report = null;
  state.problem = null;
  /** @type {HTMLTextAreaElement} */ (byId("paste")).value = "";
  render();
  window.scrollTo(0, 0);
  byId("document-file").focus();
}

function listen() {
  for (const id of ["trust-file", "document-file"]) {
    const input = /** @type {HTMLInputElement} */ (byId(id));
    input.addEventListener("change", async () => {
      await take([...(input.files ?? [])]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  byId("paste-check").addEventListener("click", () => {
    state.problem = null;
    state.document = { bytes: utf8(/** @type {HTMLTextAreaElement} */ (byId("paste")).value), name: null };
    check();
  });
  byId("reader").addEventListener("change", check);
  byId("language").addEventListener("click", () => {
    switchLanguage();
    render();
  });
  listenToDrops();
}

/** Files may be dropped anywhere. */
function listenToDrops() {
  const { body } = document;
  body.addEventListener("dragover", (event) => {
    event.preventDefault();
    body.classList.add("sp-dropping");
  });
  body.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) body.classList.remove("sp-dropping");
  });
  body.addEventListener("drop", (event) => {
    event.preventDefault();
    body.classList.remove("sp-dropping");
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

const remembered = recall();
if (remembered !== null) takeTrust(utf8(remembered), "remembered");
listen();
render();
