/** The limits that this verifier sets by itself, under the names that the Python verifier has for them. */
import { MAX_RUN } from "./chain/finality.js";
import { MAX_HEADER_BYTES } from "./chain/headers.js";
import { MAX_ADVANCES, MAX_SUCCESSORS, MAX_VALIDATORS } from "./chain/light.js";
import { MAX_DEPTH as MAX_PATH } from "./chain/merkle.js";
import { MAX_NODE_BYTES, MAX_NODES } from "./chain/trie_proof.js";
import { MAX_AGE, MAX_FUTURE } from "./chain/trust.js";
import { MAX_FILE_BYTES } from "./chain/trust_form.js";
import { SALT_CHARS } from "./records/disclosures.js";
import { LEEWAY, MAX_CHARS, MAX_DISCLOSURES } from "./records/token.js";
import { MAX_DEPTH as MAX_CLAIM_DEPTH } from "./records/unpack.js";
import { MAX_BYTES, MAX_NESTING } from "./verifier/bundle.js";
import { CLOCK_LEEWAY, ISSUE_TO_ANCHOR } from "./verifier/judging.js";

export const limits = {
  "chain.finality.MAX_RUN": MAX_RUN,
  "chain.headers.MAX_HEADER_BYTES": MAX_HEADER_BYTES,
  "chain.light.MAX_ADVANCES": MAX_ADVANCES,
  "chain.light.MAX_SUCCESSORS": MAX_SUCCESSORS,
  "chain.light.MAX_VALIDATORS": MAX_VALIDATORS,
  "chain.merkle.MAX_DEPTH": MAX_PATH,
  "chain.trie_proof.MAX_NODES": MAX_NODES,
  "chain.trie_proof.MAX_NODE_BYTES": MAX_NODE_BYTES,
  "chain.trust.MAX_AGE": MAX_AGE,
  "chain.trust.MAX_FUTURE": MAX_FUTURE,
  "chain.trust.MAX_FILE_BYTES": MAX_FILE_BYTES,
  "records.sdjwt.disclosures._SALT_CHARS": SALT_CHARS,
  "records.sdjwt.token.LEEWAY": LEEWAY,
  "records.sdjwt.token.MAX_CHARS": MAX_CHARS,
  "records.sdjwt.token.MAX_DISCLOSURES": MAX_DISCLOSURES,
  "records.sdjwt.unpack.MAX_DEPTH": MAX_CLAIM_DEPTH,
  "verifier.bundle.MAX_BYTES": MAX_BYTES,
  "verifier.bundle.MAX_NESTING": MAX_NESTING,
  "verifier.judging.CLOCK_LEEWAY": CLOCK_LEEWAY,
  "verifier.judging.ISSUE_TO_ANCHOR": ISSUE_TO_ANCHOR,
};
