#!/usr/bin/env node
// The npm package `solc` (emscripten) behind the command line that py-solc-x and ape speak:
// `--version` and `--standard-json`. Used where py-solc-x cannot download a native compiler.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");
const flags = process.argv.slice(2);

// process.exit() right after a write cuts a pipe at 64 KiB, so everything is written in a loop first.
function writeAll(text) {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(1, bytes, offset);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

if (flags.includes("--version")) {
  // py-solc-x reads the platform from this line and knows only native names.
  const version = solc.version().replace("Emscripten.clang", "Linux.g++");
  writeAll(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (flags.includes("--standard-json")) {
  writeAll(solc.compile(readFileSync(0, "utf8")) + "\n");
} else {
  process.stderr.write("solc launcher: only --version and --standard-json are supported\n");
  process.exitCode = 2;
}
