// The viewer as its users meet it: the real server, the real page, headless Chromium without a GPU.
//
//   run([["what must hold", async (t) => { const page = await t.open(folder); ... }], ...]);
//
// prints TAP. A page is watched from its first request: what it asks, what its console says. Nothing
// sleeps: tests wait for what window.__gonio shows.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const fromWeb = createRequire(join(here, "..", "..", "web", "package.json"));
const load = async (name) => (await import(fromWeb.resolve(name))).default;
const puppeteer = await load("puppeteer-core");
export const { PNG } = await load("pngjs");
export const pixelmatch = await load("pixelmatch");
const GONIO = process.env.GONIO || "gonio";
const CHROMIUM = process.env.GN_CHROMIUM || "/usr/bin/chromium";
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
  const ended = new Promise((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (e) => resolve({ error: String(e) }));
  });
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
    /** Exact positions of a layer of a layout: Float32Array, row by row. */
    async positions(layout, layer) {
      const raw = await (await fetch(new URL(`/api/layouts/${layout}/positions?layer=${layer}&dtype=f4`, url))).arrayBuffer();
      const head = JSON.parse(Buffer.from(raw, 4, new DataView(raw).getUint32(0, true)).toString());
      const { offset, shape } = head.arrays.positions;
      return new Float32Array(raw, offset, shape[0] * shape[1]);
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

  /** A page at `url` + `query` whose requests, own bytes and console are recorded in page.seen. */
  async page(url, { query = "?anim=0&seed=1", width = 1280, height = 800, theme = "light", ready = true } = {}) {
    const page = await this.browser.newPage();
    const seen = { requests: [], errors: [], foreign: [], bytes: 0 };
    page.seen = seen;
    page.setDefaultTimeout(LIMIT);
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    page.on("console", (m) => m.type() === "error" && seen.errors.push(`${m.text()} ${m.location().url ?? ""}`.trim()));
    page.on("pageerror", (e) => seen.errors.push(String(e)));
    page.on("request", (r) => {
      const u = new URL(r.url());
      seen.requests.push(u.pathname);
      if (["http:", "https:", "ws:", "wss:"].includes(u.protocol) && u.hostname !== "127.0.0.1") seen.foreign.push(r.url());
    });
    const network = await page.createCDPSession();
    await network.send("Network.enable");
    const data = new Set(); // of the server's answers, which are not the page
    network.on("Network.requestWillBeSent", (e) => new URL(e.request.url).pathname.startsWith("/api/") && data.add(e.requestId));
    network.on("Network.loadingFinished", (e) => (seen.bytes += data.has(e.requestId) ? 0 : e.encodedDataLength));
    await page.goto(new URL(query, url).href);
    if (ready) await holds(page, "window.__gonio?.ready === true");
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
/** Waits until a function or an expression holds. By the clock: a page at rest may draw no pictures to count. */
export const holds = (page, what, ...args) =>
  page.waitForFunction(what, { polling: 20 }, ...args).catch((e) => {
    throw new Error(`${e.message}: ${String(what).replace(/\s+/g, " ").slice(0, 300)}`);
  });
/** The same of window.__gonio; what is not there yet (a layout that was just asked for) does not hold. */
export const until = (page, expression) =>
  holds(page, `(() => { const g = window.__gonio; try { return ${expression}; } catch { return false; } })()`);
export const byId = (id) => `[data-testid="${id}"]`;
export async function click(page, id, options) {
  await (await page.waitForSelector(byId(id), { visible: true })).click(options);
}
export async function text(page, id) {
  return page.$eval(byId(id), (e) => e.textContent.trim());
}
/** Waits until the map shows a finished layout, its exact places and a picture at rest. */
export async function mapStands(page, more = "true") {
  await until(page, `g.layout?.state === 'done' && g.exact && g.data.n > 0 && g.frame > 0 && !g.plot.busy && (${more})`);
}
/** Types into a field what replaces its text. */
export async function fill(page, id, value) {
  await (await page.waitForSelector(byId(id), { visible: true })).click({ clickCount: 3 });
  await page.keyboard.type(value);
}
/** Presses a key of the page: no field has the focus. */
export async function press(page, key, held = []) {
  await page.evaluate(() => document.activeElement?.blur());
  for (const k of held) await page.keyboard.down(k);
  await page.keyboard.press(key);
  for (const k of held) await page.keyboard.up(k);
}
/** Steps back and forth, each until it is taken. */
export const undo = (page) => step(page, "z");
export const redo = (page) => step(page, "y");
async function step(page, key) {
  await press(page, key, ["Control"]);
  await page.evaluate(() => window.__gonio.settled());
}
/** Moves a slider to a value, as a hand does that lets go there. */
export async function slide(page, id, value) {
  await page.$eval(byId(id), (e, v) => {
    e.value = v;
    e.dispatchEvent(new Event("input", { bubbles: true }));
    e.dispatchEvent(new Event("change", { bubbles: true }));
  }, value);
}
/** Runs a projection from the left panel and waits for its map. */
export async function project(page, method, set = {}) {
  await click(page, `method-${method}`);
  for (const [id, value] of Object.entries(set)) await slide(page, id, value);
  const before = await ask(page, "g.layout?.id ?? -1");
  await click(page, "run");
  await mapStands(page, `g.layout.id !== ${before} && g.layout.method === '${method}'`);
}
/** Positions that the map draws: {n, dim, at: [[x, y(, z)]]}. */
export async function drawn(page) {
  const { n, dim, flat } = await ask(page, "({ n: g.data.n, dim: g.data.dim, flat: Array.from(g.data.positions) })");
  return { n, dim, flat, at: Array.from({ length: n }, (_, i) => flat.slice(dim * i, dim * i + dim)) };
}
/** Presses at the first point, moves through the others, lets go at the last; keys are held meanwhile. */
export async function drag(page, points, keys = []) {
  for (const k of keys) await page.keyboard.down(k);
  await page.mouse.move(...points[0]);
  await page.mouse.down();
  for (const p of points.slice(1)) await page.mouse.move(...p);
  await page.mouse.up();
  for (const k of keys) await page.keyboard.up(k);
}
/** The picture of an element without the focus ring, decoded: {width, height, data}. */
export async function pictureOf(page, id) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  return PNG.sync.read(Buffer.from(await (await page.$(byId(id))).screenshot()));
}
/** Clicks and waits for the file that the browser saves; its bytes. */
export async function download(page, id, folder) {
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allowAndName", downloadPath: folder, eventsEnabled: true });
  const ended = new Promise((resolve, reject) => {
    let name = null;
    session.on("Browser.downloadWillBegin", (e) => (name = e.suggestedFilename));
    session.on("Browser.downloadProgress", (e) => {
      if (e.state === "completed") resolve({ guid: e.guid, name });
      if (e.state === "canceled") reject(new Error(`the download of ${name} was given up`));
    });
    setTimeout(() => reject(new Error(`${id}: no file after ${LIMIT} ms`)), LIMIT).unref();
  });
  await click(page, id);
  const { guid, name } = await ended;
  await session.detach();
  const path = join(folder, `${guid}-${name}`);
  renameSync(join(folder, guid), path);
  return { name, path, bytes: readFileSync(path) };
}
/** Opens source `name` from the list and waits until its first map stands. */
export async function openSource(page, name) {
  await page.waitForSelector('[data-testid^="source-"]');
  await page.evaluate((n) => {
    const cards = [...document.querySelectorAll('[data-testid^="source-"]')];
    cards.find((c) => c.textContent.includes(n)).click();
  }, name);
  await mapStands(page);
}
/** Page coordinates of a row of the map. */
export async function pixel(page, row) {
  const box = await (await page.$(byId("plot"))).boundingBox();
  const [x, y] = await ask(page, `g.project(${row})`);
  return [box.x + x, box.y + y];
}

/** A measured time, for the reader: nothing is asserted about it. */
export const note = (what, ms, limit) => console.log(`# ${what}: ${ms.toFixed(0)} ms${limit ? ` (specified: ${limit})` : ""}`);

/** Runs a test in a folder of its own; the error, which it prints, or null. */
async function attempt(browser, body) {
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
  return error;
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
    let error = await attempt(browser, body);
    if (error) {
      // A browser on a machine that does other things loses races that nobody is to blame for. The
      // first failure is shown; only a second one fails the test.
      console.log(`# failed once: ${name}`);
      error = await attempt(browser, body);
    }
    console.log(`${error ? "not ok" : "ok"} ${i + 1} - ${name}`);
    failed += error !== null;
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}
