/**
 * What a document says, as labelled lines and tables in Korean and English, for the person who reads the report.
 *
 * @typedef {import("../data.js").Pair} Pair
 * @typedef {import("../data.js").FieldPlan} FieldPlan
 * @typedef {import("../data.js").TypePlan} TypePlan
 * @typedef {import("../records/record.js").Rec} Rec
 * @typedef {{path: string, name: Pair, value: Pair | null}} Line `value`: null where the holder left it out
 * @typedef {{text: Pair, number: boolean}} Cell
 * @typedef {{path: string, name: Pair, heads: Cell[], rows: Cell[][]}} Table
 * @typedef {{vct: string, kind: Pair, issuer: number, issuerName: Pair, issuedAt: number, lines: Line[],
 *   tables: Table[], incomplete: string[], unseen: Pair[]}} Document `incomplete`: lists of which elements may have
 *   been left out; `unseen`: names of those of which nothing is shown
 */
import { issuerOf } from "../records/credential.js";
import { HIDDEN } from "../records/record.js";

/**
 * @param {import("../records/credential.js").VerifiedCredential} credential
 * @param {import("../chain/trust.js").TrustFile} trust names issuers as the members of the network sign it
 * @returns {Document}
 */
export function describe(credential, trust) {
  const { kind, record } = credential;
  const issuer = issuerOf(credential.iss).index;
  const name = trust.institutionName(issuer);
  const own = record.values.get("institution").values.get("name");
  const incomplete = credential.hidden.filter((path) => path.endsWith(".*")).map((path) => path.slice(0, -2)).sort();
  const tables = tablesOf(record, "");
  const shown = new Set(tables.map((table) => table.path));
  return {
    vct: credential.vct,
    kind: [kind.ko, kind.en],
    issuer,
    issuerName: name ? [name.nameKo, name.nameEn] : [own, own],
    issuedAt: credential.iat,
    lines: linesOf(record, "", ["", ""]),
    tables,
    incomplete,
    unseen: incomplete.filter((path) => !shown.has(path)).map((path) => nameOf(kind.fields, path.split("."))),
  };
}

/** @param {FieldPlan[]} plan @param {string[]} path of one of its fields @returns {Pair} */
function nameOf(plan, [first, ...rest]) {
  const field = /** @type {FieldPlan} */ (plan.find(({ name }) => name === first));
  if (rest.length === 0) return [field.ko, field.en];
  return joined([field.ko, field.en], nameOf(/** @type {FieldPlan[]} */ (field.type.fields), rest));
}

/** @param {Rec} part @param {string} prefix @param {Pair} outer names @returns {Line[]} empty fields are left out */
function linesOf({ plan, values }, prefix, outer) {
  return plan.flatMap((field) => {
    const value = values.get(field.name);
    const path = prefix + field.name;
    const name = joined(outer, [field.ko, field.en]);
    if (value === HIDDEN) return [{ path, name, value: null }];
    if (field.place === "parts") return linesOf(value, `${path}.`, name);
    if (Array.isArray(value)) return value.map((element, at) => elementLine(field, element, at, path, name));
    if (value === null || value === false || value === "") return [];
    return [{ path, name, value: bothTexts(field.type, value) }];
  });
}

/** @param {FieldPlan} field @param {any} element @param {number} at @param {string} path @param {Pair} name */
function elementLine(field, element, at, path, name) {
  const value = bothTexts(/** @type {TypePlan} */ (field.type.of), element);
  return { path: `${path}.${at}`, name: /** @type {Pair} */ (name.map((each) => `${each} ${at + 1}`)), value };
}

/** @param {Rec} part @param {string} prefix @returns {Table[]} its lists of parts, in the order of its fields */
function tablesOf({ plan, values }, prefix) {
  return plan.flatMap((field) => {
    const value = values.get(field.name);
    if (value === HIDDEN) return [];
    if (field.place === "parts") return tablesOf(value, `${prefix}${field.name}.`);
    const parts = Array.isArray(value) && value.length > 0 && field.type.of?.is === "part";
    return parts ? [tableOf(field, value, prefix + field.name)] : [];
  });
}

/** @param {FieldPlan} field @param {Rec[]} elements @param {string} path @returns {Table} */
function tableOf(field, elements, path) {
  const columns = elements[0].plan.filter((own) => isFilled(own, elements)).map((own) => ({
    own,
    number: elements.every(({ values }) => typeof values.get(own.name) === "number"),
  }));
  return {
    path,
    name: [field.ko, field.en],
    heads: columns.map(({ own, number }) => ({ text: [own.ko, own.en], number })),
    rows: elements.map(({ values }) =>
      columns.map(({ own, number }) => ({ text: cellTexts(own, values.get(own.name)), number })),
    ),
  };
}

/** @param {FieldPlan} field @param {Rec[]} elements @returns {boolean} whether any of them says something there */
function isFilled(field, elements) {
  return elements.some(({ values }) => ![null, ""].includes(values.get(field.name)));
}

/** @param {FieldPlan} field @param {any} value @returns {Pair} */
function cellTexts(field, value) {
  return value === null ? ["", ""] : bothTexts(field.type, value);
}

/** @param {Pair} outer @param {Pair} inner @returns {Pair} */
function joined([ko, en], inner) {
  return [ko ? `${ko} · ${inner[0]}` : inner[0], en ? `${en} · ${inner[1]}` : inner[1]];
}

/** @param {TypePlan} type @param {any} value @returns {Pair} */
function bothTexts(type, value) {
  return [textOf(type, value, 0), textOf(type, value, 1)];
}

/**
 * A value as people read it: amounts in groups of three, codes with their names, parts in one line.
 *
 * @param {TypePlan} type @param {any} value @param {0 | 1} language place in a Pair @returns {string}
 */
function textOf(type, value, language) {
  if (type.is === "part") return partTexts(value, language).join(", ");
  if (type.is === "code") return type.values[value][language];
  if (value === true) return language === 0 ? "예" : "yes";
  return typeof value === "string" ? value : grouped(Number(value));
}

/** @param {Rec} part @param {0 | 1} language @returns {string[]} */
function partTexts({ plan, values }, language) {
  return plan.flatMap((field) => {
    const value = values.get(field.name);
    if (value === null || (typeof value !== "string" && value === field.default)) return [];
    return [`${[field.ko, field.en][language]} ${textOf(field.type, value, language)}`];
  });
}

/** @param {number} value @returns {string} */
function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
