/** Making elements. Text is only ever set as text: nothing here, or anywhere in the page, parses markup. */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | ((event: Event) => void)>} attributes a function listens to the event
 * @param {...(Node | string | null)} children text, elements, or null for none
 * @returns {HTMLElement}
 */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {string} id @returns {HTMLElement} an element of index.html */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id @param {...(Node | string | null)} children in place of what is there */
export function fill(id, ...children) {
  byId(id).replaceChildren(...children.filter((child) => child !== null));
}

/** Label and value pairs. @param {[label: string, value: Node | string][]} facts @returns {HTMLElement} */
export function factList(facts) {
  const items = facts.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)]);
  return make("dl", { class: "sg-facts" }, ...items);
}
