/** What the text of a field may be: the checks that verifier/page_kinds.py names. Each throws FieldRefused. */
import { data } from "../data.js";

/** A value that its field cannot hold. */
export class FieldRefused extends Error {}

const ODD_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]/;
const DATE = /^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?(?:Z|[+-](\d\d):(\d\d))$/;
const KCD = /^[A-Z][0-9]{2}(\.?[0-9]{1,3})?$/;
const DEPARTMENTS = new Set(data.departments);

/** @type {Record<string, (text: string) => string>} by the name of the check; gives the text as it is shown */
export const CHECKS = {
  plain(text) {
    demand(text.normalize("NFC") === text && !ODD_SPACES.test(text), "plain text");
    return text;
  },
  date(text) {
    demand(DATE.test(text) && isDay(`${text}-01-01`.slice(0, 10)), "a date");
    return text;
  },
  moment(text) {
    if (!text.includes("T")) return CHECKS.date(text);
    const found = MOMENT.exec(text);
    demand(found !== null && isMoment(found), "a time");
    return text;
  },
  department(text) {
    demand(DEPARTMENTS.has(text), "a department");
    return text;
  },
  kcd(text) {
    demand(KCD.test(text), "a diagnosis code");
    const bare = text.replace(".", "");
    return bare.length === 3 ? bare : `${bare.slice(0, 3)}.${bare.slice(3)}`;
  },
};

/** @type {Record<string, (value: unknown) => unknown>} what prepares a value before its type is looked at */
export const PREPARATIONS = {
  quantity(value) {
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    demand(typeof value === "string", "a quantity");
    const text = /** @type {string} */ (value);
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.+$/, "") : text;
  },
};

/** @param {boolean} holds @param {string} wanted */
function demand(holds, wanted) {
  if (!holds) throw new FieldRefused(wanted);
}

/** @param {string} text YYYY-MM-DD @returns {boolean} whether the calendar has it */
function isDay(text) {
  const [year, month, day] = text.split("-").map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1];
}

/** @param {RegExpExecArray} found of MOMENT @returns {boolean} */
function isMoment([, day, hours, minutes, seconds, zoneHours = "0", zoneMinutes = "0"]) {
  const offset = 60 * Number(zoneHours) + Number(zoneMinutes);
  return isDay(day) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60 && offset < 24 * 60;
}
