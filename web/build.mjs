// Builds the page: one self-contained HTML file, its gzip, and the policy it may be served with.
//
//   node build.mjs [--out DIR] [--dev] [--target NAME]
//
// DIR is web/dist by default; --dev: readable, with a source map; NAME: what index.d calls the page.
//
// Writes index.html, index.html.gz (the same bytes on every machine), index.csp (the value of the
// Content-Security-Policy header: hashes of the inline script and style) and index.d (what the page
// was made from, for Ninja). Prints the sizes and fails above the budget of 150 KB gzip.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const budget = 150 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const dev = args.includes("--dev");
const option = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
const out = resolve(option("--out", join(here, "dist")));
const target = option("--target", join(out, "index.html.gz"));

const result = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx"],
  bundle: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: !dev,
  sourcemap: dev ? "inline" : false,
  metafile: true,
  write: false,
  outdir: "out",
  logLevel: "warning",
});

const text = (suffix) => result.outputFiles.find((f) => f.path.endsWith(suffix))?.text ?? "";
// An end tag inside a string would close the element early.
const script = text(".js").replaceAll("</script", "<\\/script");
const style = text(".css").replaceAll("</style", "<\\/style");
// Functions as replacements: a "$&" in the bundle is text, not a pattern.
const html = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("/*STYLE*/", () => style)
  .replace("/*SCRIPT*/", () => script);

const hash = (s) => `'sha256-${createHash("sha256").update(s, "utf8").digest("base64")}'`;
const csp = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "img-src blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const gz = gzipSync(html, { level: constants.Z_BEST_COMPRESSION });
gz.writeUInt32LE(0, 4); // no time stamp
gz[9] = 255; // no operating system
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "index.html"), html);
writeFileSync(join(out, "index.html.gz"), gz);
writeFileSync(join(out, "index.csp"), csp + "\n");
const inputs = [...Object.keys(result.metafile.inputs), "src/index.html", "build.mjs", "package-lock.json"];
const escaped = inputs.map((f) => join(here, f).replaceAll(" ", "\\ ")).sort();
writeFileSync(join(out, "index.d"), `${target.replaceAll(" ", "\\ ")}: ${escaped.join(" ")}\n`);

const kb = (n) => `${(n / 1024).toFixed(1)} KB`;
console.log(`page: script ${kb(script.length)}, style ${kb(style.length)}, gzip ${kb(gz.length)} of ${kb(budget)}`);
if (!dev && gz.length > budget) {
  console.error(`The page has ${gz.length} bytes gzipped; the budget is ${budget}.`);
  process.exit(1);
}
