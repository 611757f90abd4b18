// Runs web/test/*.test.ts: bundles each with esbuild into a temporary folder, then `node --test`.
//   node test.mjs [--tap] [NAME...]     only the files whose name contains one of the words
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2).filter((a) => a !== "--tap");
const reporter = process.argv.includes("--tap") ? "tap" : "spec";
const files = readdirSync(join(here, "test"))
  .filter((f) => f.endsWith(".test.ts") && (!words.length || words.some((w) => f.includes(w))))
  .sort();
if (!files.length) {
  console.error(`no test in web/test matches ${words.join(", ")}`);
  process.exit(1);
}
const out = mkdtempSync(join(tmpdir(), "gonio-web-test-"));
let status = 1;
try {
  await build({
    absWorkingDir: here,
    entryPoints: files.map((f) => join("test", f)),
    bundle: true,
    format: "esm",
    platform: "node",
    target: ["node18"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".css": "empty" },
    outdir: out,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  const built = files.map((f) => join(out, f.replace(/\.ts$/, ".mjs")));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", `--test-reporter=${reporter}`, ...built], {
    stdio: "inherit",
  });
  status = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exit(status);
