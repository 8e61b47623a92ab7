/**
 * Builds the static verifier page: `node verifier/page/build.mjs` writes verifier/page/dist/saegim-verify.html, one
 * file that holds everything, and dist/core.mjs, the same verifier without the page, for Node.
 *
 * The page's policy names the hashes of its one script and its one style: nothing else in it can run or load.
 * The same sources give the same bytes, so a member can publish the SHA-256 that is printed.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "..", "..");
const NODE = join(ROOT, "hardhat-node");
const DIST = join(HERE, "dist");
const PYTHON = process.env.SAEGIM_PYTHON ?? join(ROOT, ".venv", "bin", "python");
const STATIC = join(ROOT, "backend", "web", "static");

const esbuild = createRequire(join(NODE, "package.json"))("esbuild");

/** `import json from "saegim:data"`: what the page shares with the Python verifier, asked of it. */
function pageData() {
  const json = execFileSync(PYTHON, ["-m", "verifier.page_data"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 });
  return {
    name: "saegim-data",
    setup(build) {
      build.onResolve({ filter: /^saegim:data$/ }, ({ path }) => ({ path, namespace: "saegim" }));
      build.onLoad({ filter: /.*/, namespace: "saegim" }, () => ({ contents: json, loader: "json" }));
    },
  };
}

/** The licence of the libraries that go into the bundle asks to be there too; both have the same. */
function notice() {
  const noble = join(NODE, "node_modules", "@noble");
  const versions = ["curves", "hashes"].map((name) => {
    const { version } = JSON.parse(readFileSync(join(noble, name, "package.json"), "utf8"));
    return `@noble/${name} ${version}`;
  });
  return `/*! Contains ${versions.join(" and ")}.\n${readFileSync(join(noble, "curves", "LICENSE"), "utf8").trim()} */`;
}

async function bundle(entry, data, options) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(HERE, "src", entry)],
    absWorkingDir: ROOT,
    nodePaths: [join(NODE, "node_modules")],
    plugins: [data],
    bundle: true,
    write: false,
    charset: "utf8",
    legalComments: "none",
    banner: { js: notice() },
    target: ["es2022"],
    ...options,
  });
  return outputFiles[0].text;
}

/** The backend's own style, less what would have to be fetched, and the page's. */
async function style() {
  const shared = readFileSync(join(STATIC, "css", "saegim.css"), "utf8").replace(/@font-face\s*\{[^}]*\}\s*/g, "");
  const own = readFileSync(join(HERE, "page.css"), "utf8");
  const { code } = await esbuild.transform(shared + own, { loader: "css", minify: true, charset: "utf8" });
  if (/url\(|@import/.test(code)) throw new Error("the page's style would load something: take it out");
  return code.trim();
}

/** The page's one script. In HTML a script ends at its first closing tag, wherever that stands. */
async function script(data) {
  const code = await bundle("page/app.js", data, { format: "iife", minify: true });
  if (/<\/script|<!--/i.test(code)) throw new Error("the script holds what would end it early: rewrite that text");
  return code.trim();
}

function hashSource(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function policy(styleText, scriptText) {
  return [
    "default-src 'none'",
    `script-src ${hashSource(scriptText)}`,
    `style-src ${hashSource(styleText)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function logo() {
  const svg = readFileSync(join(STATIC, "img", "saegim.svg"), "utf8").trim();
  return svg.replace(/ role="img" aria-label="[^"]*"/, ' width="32" height="32" aria-hidden="true" focusable="false"');
}

async function main() {
  const data = pageData();
  const [styleText, scriptText] = [await style(), await script(data)];
  const parts = { policy: policy(styleText, scriptText), style: styleText, script: scriptText, logo: logo() };
  const html = readFileSync(join(HERE, "index.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  mkdirSync(DIST, { recursive: true });
  writeFileSync(join(DIST, "saegim-verify.html"), html);
  writeFileSync(join(DIST, "core.mjs"), await bundle("core.js", data, { format: "esm" }));
  const digest = createHash("sha256").update(html).digest("hex");
  console.log(`verifier/page/dist/saegim-verify.html ${Buffer.byteLength(html)} bytes, sha256 ${digest}`);
}

await main();
