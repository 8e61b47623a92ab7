/** Times (seconds since 1970) and durations (seconds) as people in Korea read them. */

const KOREA = 9 * 3600;
const YEAR_9999 = 253_370_764_800;

/** @type {[size: number, ko: string, en: string][]} */
const UNITS = [
  [86_400, "일", "day"],
  [3_600, "시간", "hour"],
  [60, "분", "minute"],
  [1, "초", "second"],
];

/** `2025-10-09 17:53:24 (KST)`; the last year there is stands for "no end". @param {number} seconds */
export function koreanTime(seconds) {
  if (seconds >= YEAR_9999) return "9999-12-31";
  const shown = new Date(Math.floor(seconds + KOREA) * 1000).toISOString();
  return `${shown.slice(0, 10)} ${shown.slice(11, 19)} (KST)`;
}

/** In the largest unit that divides it: `24시간` and `24 hours`. @param {number} seconds @returns {[string, string]} */
export function durationText(seconds) {
  if (seconds === 86_400) return ["24시간", "24 hours"];
  const [size, ko, en] = UNITS.find(([unit]) => seconds > 0 && seconds % unit === 0) ?? [1, "초", "second"];
  const count = seconds / size;
  return [`${count}${ko}`, `${count} ${en}${count === 1 ? "" : "s"}`];
}

/** ISO 8601 in UTC, to the microsecond where there are any. @param {number} seconds */
export function isoTime(seconds) {
  const whole = Math.floor(seconds);
  const micros = Math.round((seconds - whole) * 1e6);
  const fraction = micros === 0 ? "" : `.${String(micros).padStart(6, "0")}`;
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}${fraction}+00:00`;
}
