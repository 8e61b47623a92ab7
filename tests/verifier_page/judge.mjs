/**
 * Runs the page's verifier in Node for the tests: JSON in on stdin, JSON out on stdout.
 *
 * in: {core: path of core.mjs, trusts: {name: base64}, rlps: [hex],
 *   jobs: [{trust, bundle: base64, now: seconds, limit: seconds|null}]}
 * out: {limits, reports: [report | {refused: code of the trust file} | {crash: text}], times: [ms of each job],
 *   rlps: [hex and lists of it | null]}
 */
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { core, trusts, jobs, rlps } = JSON.parse(readFileSync(0, "utf8"));
const { decodeRlp, limits, RlpMalformed, toJson, TrustError, TrustFile, verifyBytes } = await import(pathToFileURL(core));

const read = Object.fromEntries(Object.entries(trusts).map(([name, text]) => [name, trustOf(text)]));
const times = [];
const reports = jobs.map((job) => {
  const trust = read[job.trust];
  if (trust.refused) return trust;
  const started = performance.now();
  const report = judged(job, trust);
  times.push(performance.now() - started);
  return report;
});
writeWhole(JSON.stringify({ limits, reports, times, rlps: rlps.map(decoded) }));

function trustOf(text) {
  try {
    return TrustFile.parse(new Uint8Array(Buffer.from(text, "base64")));
  } catch (error) {
    if (error instanceof TrustError) return { refused: error.code };
    throw error;
  }
}

function judged({ bundle, now, limit }, trust) {
  try {
    return toJson(verifyBytes(new Uint8Array(Buffer.from(bundle, "base64")), trust, now, limit));
  } catch (error) {
    return { crash: String(error.stack) };
  }
}

function decoded(hex) {
  try {
    return asHex(decodeRlp(new Uint8Array(Buffer.from(hex, "hex"))));
  } catch (error) {
    if (error instanceof RlpMalformed) return null;
    throw error;
  }
}

function asHex(item) {
  return Array.isArray(item) ? item.map(asHex) : Buffer.from(item).toString("hex");
}

/** A pipe takes 64 KiB at a time. */
function writeWhole(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
