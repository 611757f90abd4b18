// The viewer as its users meet it: the real server, the real page, headless Chromium without a GPU.
//
//   run([["what must hold", async (t) => { const page = await t.open(folder); ... }], ...]);
//
// prints TAP. A page is watched from its first request: what it asks, what its console says. Nothing
// sleeps: tests wait for what window.__gonio shows.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const fromWeb = createRequire(join(here, "..", "..", "web", "package.json"));
const puppeteer = (await import(fromWeb.resolve("puppeteer-core"))).default;
const GONIO = process.env.GONIO ?? "gonio";
const CHROMIUM = process.env.GN_CHROMIUM ?? "/usr/bin/chromium";
export const LIMIT = Number(process.env.GN_BROWSER_LIMIT ?? 60000); // ms to wait for anything

export function assert(value, ...say) {
  if (!value) throw new Error(say.map((s) => (typeof s === "string" ? s : JSON.stringify(s))).join(" ") || "does not hold");
}
export function equal(got, want, say = "") {
  const a = JSON.stringify(got), b = JSON.stringify(want);
  assert(a === b, `${say} ${a?.slice(0, 400)}, expected ${b?.slice(0, 400)}`);
}

// ---- data ----------------------------------------------------------------------------------

/** Normal numbers from a seed (Mulberry32 and Box-Muller). */
export function normal(seed) {
  let s = seed >>> 0;
  const uniform = () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Object.assign(() => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()), { uniform });
}

const npyTypes = { f4: Float32Array, i4: Int32Array };
export function writeNpy(path, values, shape, type = "f4") {
  const data = values instanceof npyTypes[type] ? values : npyTypes[type].from(values);
  let header = `{'descr': '<${type}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + "\n";
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(header.length, 8);
  writeFileSync(path, Buffer.concat([head, Buffer.from(header, "latin1"), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

/** Clustered points: row i in cluster i % clusters. */
export function cloud(n, d, { clusters = 8, spread = 4, seed = 1 } = {}) {
  const r = normal(seed), centre = Float32Array.from({ length: clusters * d }, () => spread * r());
  const x = new Float32Array(n * d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) x[i * d + j] = centre[(i % clusters) * d + j] + r();
  return x;
}

/** A representation set: sentences is [[text, label]], a row a word, layers(l, row, token) its vector. */
export function writeSet(dir, sentences, layers, dims, vector) {
  mkdirSync(join(dir, "rows"), { recursive: true });
  const rows = sentences.flatMap(([text, label], s) => text.split(" ").map((token, p) => ({ token, p, s, label })));
  const vocab = [...new Set(rows.map((r) => r.token))].sort(), n = rows.length;
  const names = [...new Set(sentences.map((s) => s[1]).filter(Boolean))].sort();
  const put = (name, lines) => writeFileSync(join(dir, name), lines.map((l) => l + "\n").join(""));
  for (let l = 0; l < layers; l++) {
    const x = new Float32Array(n * dims);
    rows.forEach((r, i) => x.set(vector(l, i, r), i * dims));
    writeNpy(join(dir, `layer.${String(l).padStart(2, "0")}.npy`), x, [n, dims]);
  }
  writeNpy(join(dir, "rows/token_id.npy"), rows.map((r) => vocab.indexOf(r.token)), [n], "i4");
  writeNpy(join(dir, "rows/sequence.npy"), rows.map((r) => r.s), [n], "i4");
  writeNpy(join(dir, "rows/position.npy"), rows.map((r) => r.p), [n], "i4");
  writeNpy(join(dir, "rows/sense.npy"), rows.map((r) => names.indexOf(r.label)), [n], "i4");
  put("rows/sense.txt", names);
  put("vocab.txt", vocab);
  put("text.jsonl", sentences.map(([text, label]) => {
    let at = 0;
    const tokens = text.split(" ").map((w) => [at, (at += w.length + 1) - 1]);
    return JSON.stringify({ text, n_tokens: tokens.length, tokens, labels: label ? { sense: label } : {} });
  }));
  writeFileSync(join(dir, "gonio.json"), JSON.stringify({
    gonio: "0.1.0", format: 1, state: "complete", rows_written: n, sequences_done: sentences.length, rows: n, dims,
    sequences: sentences.length, dtype: "float32",
    layers: Array.from({ length: layers }, (_, index) => ({
      index, depth: layers > 1 ? index / (layers - 1) : 0, file: `layer.${String(index).padStart(2, "0")}.npy` })),
    labels: [{ name: "sense", file: "rows/sense", classes: names.length }], options: { pool: "none" },
  }));
  return rows;
}

// ---- server and page -----------------------------------------------------------------------

/** Starts `gonio view`; {url, stop}. */
export async function serve(...args) {
  const child = spawn(GONIO, ["view", ...args, "--no-browser", "--quiet"], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "", err = "";
  child.stderr.on("data", (b) => (err += b));
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (b) => {
      out += b;
      if (out.includes("\n")) resolve(out.split("\n")[0]);
    });
    ended.then((e) => reject(new Error(`gonio view ended: ${JSON.stringify(e)} ${err}`)));
  });
  return {
    url,
    /** Ctrl-C; a server that crashed or leaked says so here. */
    async stop() {
      child.kill("SIGINT");
      const e = await ended;
      assert(e.code === 130 && !err, "the server ended with", e, err.slice(-2000));
    },
    async json(path, init) {
      const reply = await fetch(new URL(path, url), init && { ...init, headers: { "Content-Type": "application/json" }, body: JSON.stringify(init.body) });
      const doc = await reply.json();
      assert(reply.ok, path, reply.status, doc);
      return doc;
    },
  };
}

class Test {
  constructor(browser, folder) {
    Object.assign(this, { browser, folder, close: [] });
  }

  async serve(...args) {
    const server = await serve(...args);
    this.close.push(() => server.stop());
    return server;
  }

  /** A page at `url` + `query` whose requests and console are recorded in page.seen. */
  async page(url, { query = "?anim=0&seed=1", width = 1280, height = 800, theme = "light", ready = true } = {}) {
    const page = await this.browser.newPage();
    const seen = { requests: [], errors: [], foreign: [], bytes: 0 };
    page.seen = seen;
    page.setDefaultTimeout(LIMIT);
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    page.on("console", (m) => m.type() === "error" && seen.errors.push(m.text()));
    page.on("pageerror", (e) => seen.errors.push(String(e)));
    page.on("request", (r) => {
      const u = new URL(r.url());
      seen.requests.push(u.pathname);
      if (["http:", "https:", "ws:", "wss:"].includes(u.protocol) && u.hostname !== "127.0.0.1") seen.foreign.push(r.url());
    });
    const network = await page.createCDPSession();
    await network.send("Network.enable");
    network.on("Network.loadingFinished", (e) => (seen.bytes += e.encodedDataLength));
    await page.goto(new URL(query, url).href);
    if (ready) await page.waitForFunction("window.__gonio?.ready === true");
    this.close.push(async () => {
      if (!page.isClosed()) await page.close();
      equal(seen.foreign, [], "requests to other hosts:");
      if (!page.mayComplain) equal(seen.errors, [], "the console has errors:");
    });
    return page;
  }

  /** Serves the folder and opens its page. */
  async open(folder, options = {}, ...args) {
    const server = await this.serve(folder, ...args);
    return Object.assign(await this.page(server.url, options), { server });
  }
}

/** A value of window.__gonio, or of an expression over it. */
export const ask = (page, expression) => page.evaluate(`(() => { const g = window.__gonio; return ${expression}; })()`);
export const until = (page, expression, limit = LIMIT) =>
  page.waitForFunction(`(() => { const g = window.__gonio; return ${expression}; })()`, { timeout: limit, polling: 20 }).catch((e) => {
    throw new Error(`${e.message}: ${expression}`);
  });
export const byId = (id) => `[data-testid="${id}"]`;
export async function click(page, id, options) {
  await (await page.waitForSelector(byId(id), { visible: true })).click(options);
}
export async function text(page, id) {
  return page.$eval(byId(id), (e) => e.textContent.trim());
}
/** Opens source `name` from the list and waits until its first map stands. */
export async function openSource(page, name) {
  await page.waitForSelector('[data-testid^="source-"]');
  await page.evaluate((n) => {
    const cards = [...document.querySelectorAll('[data-testid^="source-"]')];
    cards.find((c) => c.textContent.includes(n)).click();
  }, name);
  await until(page, "g.layout?.state === 'done' && g.data.n > 0 && g.frame > 0");
}
/** Page coordinates of a row of the map. */
export async function pixel(page, row) {
  const box = await (await page.$(byId("plot"))).boundingBox();
  const [x, y] = await ask(page, `g.project(${row})`);
  return [box.x + x, box.y + y];
}

export async function run(tests) {
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    protocolTimeout: 4 * LIMIT,
  });
  let failed = 0;
  console.log(`1..${tests.length}`);
  for (const [i, [name, body]] of tests.entries()) {
    const base = process.env.GN_TMP ?? "/tmp";
    mkdirSync(base, { recursive: true });
    const folder = mkdtempSync(join(base, "browser-"));
    const t = new Test(browser, folder);
    let error = null;
    try {
      await body(t);
    } catch (e) {
      error = e;
    }
    for (const end of t.close.reverse()) await end().catch((e) => (error ??= e));
    rmSync(folder, { recursive: true, force: true });
    if (error) console.log(String(error.stack ?? error).split("\n").map((l) => `# ${l}`).join("\n"));
    console.log(`${error ? "not ok" : "ok"} ${i + 1} - ${name}`);
    failed += error !== null;
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}
