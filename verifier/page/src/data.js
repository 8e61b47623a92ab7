/**
 * What the page shares with the Python verifier (verifier/page_data.py writes it; the build puts it in place of
 * "saegim:data"): sentences, storage places, kinds of document.
 *
 * @typedef {[ko: string, en: string]} Pair
 * @typedef {[name: string, shift: number, size: number]} Member
 * @typedef {{slot: number, keys: number, members: Member[]}} Place
 * @typedef {{is: string, nullable?: boolean, min?: number, max?: number, pattern?: string, checks?: string[],
 *   before?: string, values?: any, fields?: FieldPlan[], of?: TypePlan}} TypePlan
 * @typedef {{name: string, ko: string, en: string, place: string, type: TypePlan, default?: any}} FieldPlan
 * @typedef {{name: string, ko: string, en: string, fields: FieldPlan[]}} KindPlan
 * @typedef {{
 *   version: number,
 *   sentences: Record<string, Pair>,
 *   reasons: {amend: Record<string, Pair>, withdraw: Record<string, Pair>},
 *   readers: Record<string, number>,
 *   readerOfKind: Record<string, string>,
 *   layout: Record<string, Record<string, Place>>,
 *   kinds: Record<string, KindPlan>,
 *   departments: string[],
 * }} PageData
 */
import json from "saegim:data";

/** @type {PageData} */
export const data = /** @type {any} */ (json);
