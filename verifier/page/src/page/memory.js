/** What the page keeps when its reader asks for it: the trust file, in this browser. Nothing else, ever. */

const KEY = "saegim.network";

/** @returns {string | null} the remembered trust file; null if there is none, or the browser does not let pages ask */
export function recall() {
  return attempt(() => localStorage.getItem(KEY));
}

/** @param {string} text @returns {boolean} whether it is kept */
export function remember(text) {
  attempt(() => localStorage.setItem(KEY, text));
  return recall() === text;
}

/** Keeps it no longer. */
export function forget() {
  attempt(() => localStorage.removeItem(KEY));
}

/**
 * Browsers may refuse storage (private windows, policies) by an exception of any of several kinds.
 *
 * @template T @param {() => T} action @returns {T | null}
 */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
