/** What a check refuses, with the stable reason code under which a report names it. */
export class Refusal extends Error {
  /** @param {string} code @param {string} [detail] where or why, for a developer */
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
  }
}
