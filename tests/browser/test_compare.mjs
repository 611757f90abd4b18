// Check 10 of the viewer: two maps side by side. And the rest of the compare screen: three dimensions, its state in
// the address, small sets, progress and stopping, layers over all pairs, what leaves it.
import { join } from "node:path";
import {
  PNG, ask, assert, byId, click, download, drag, equal, holds, mapStands, normal, pictureOf, pixelmatch, run, text, until, writeNpy, writeSet,
} from "./harness.mjs";

const n = 600, d = 8, k = 15;

async function choose(page, left, right) {
  for (const [side, name] of [["a", left], ["b", right]]) {
    const value = await page.$eval(byId(`compare-${side}-source`), (e, w) => [...e.options].find((o) => o.text === w).value, name);
    await page.select(byId(`compare-${side}-source`), value);
  }
  await holds(page, (a, b) => {
    const caption = (s) => document.querySelector(`[data-testid="compare-${s}"] figcaption`)?.textContent;
    return caption("a") === a && caption("b") === b && document.querySelector('[data-testid="compare-mean"]') && !document.querySelector('.compare [aria-live="polite"]');
  }, left, right);
}

/** Sentences in two senses; each layer mixes a word's own vector with its sense's. */
function stack(t, layers = 5, name = "stack") {
  const r = normal(5), words = "bank river money loan water shore credit boat".split(" "), d = 10;
  const sentences = Array.from({ length: 40 }, (_, s) => [Array.from({ length: 6 }, (_, p) => words[(5 * s + 3 * p + (s >> 2)) % 8]).join(" "), s % 2 ? "finance" : "nature"]);
  const own = new Map(words.map((w) => [w, Float32Array.from({ length: d }, () => 3 * r())])), sense = [0, 1].map(() => Float32Array.from({ length: d }, () => 3 * r()));
  writeSet(join(t.folder, name), sentences, layers, d, (l, i, row) =>
    Float32Array.from({ length: d }, (_, j) => own.get(row.token)[j] * (1 - l / (layers - 1)) + (sense[row.s % 2][j] * l) / (layers - 1) + 0.3 * r()));
}

/** The comparison that is asked for is on both maps. */
const compared = (page, more = "true") => until(page, `g.compare.shown && document.querySelector('[data-testid="compare-mean"]') && !document.querySelector('.compare .job') && (${more})`);
const near = (a, b, tolerance = 1e-6) => a.every((v, i) => Math.abs(v - b[i]) <= tolerance * (1 + Math.abs(b[i])));

/** The page's questions under a path are answered by `answer(request, parameters)`: {status, body}, or null for the
 *  server's own answer. The methods that were asked with. */
async function standIn(page, path, answer) {
  const seen = [];
  if (!page.standIns) {
    page.standIns = new Map();
    await page.setRequestInterception(true);
    page.on("request", (q) => {
      const u = new URL(q.url()), { status = 200, body } = page.standIns.get(u.pathname)?.(q, u.searchParams) ?? {};
      if (body === undefined) void q.continue();
      else void q.respond({ status, contentType: "application/json", body: JSON.stringify(body) });
    });
  }
  page.standIns.set(path, (q, params) => {
    seen.push(q.method());
    return answer(q, params);
  });
  return seen;
}

run([
  ["the same rows overlap wholly, shuffled ones by chance; hovering is linked", async (t) => {
    const r = normal(2), x = Float32Array.from({ length: n * d }, r), order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(r.uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    writeNpy(join(t.folder, "one.npy"), x, [n, d]);
    writeNpy(join(t.folder, "same.npy"), x, [n, d]);
    writeNpy(join(t.folder, "shuffled.npy"), Float32Array.from({ length: n * d }, (_, i) => x[order[Math.floor(i / d)] * d + (i % d)]), [n, d]);
    const page = await t.open(t.folder);
    await click(page, "source-0");
    await mapStands(page);
    await click(page, "screen-compare");
    await choose(page, "one.npy", "same.npy");
    equal(Number.parseFloat(await text(page, "compare-mean")), 1);
    equal(Number.parseFloat(await text(page, "compare-cka")), 1);
    equal(await text(page, "compare-matched"), String(n));
    const rows = await page.$$eval(`${byId("compare-rows")} .kept`, (all) => all.map((e) => e.textContent.replace(/\s/g, "")));
    assert(rows.length > 3 && rows.every((s) => s === `${k}/${k}`), "rows of the list:", rows);
    // Everywhere, not in the mean alone.
    const { id: a } = await page.server.json("/api/sources/0"), overlap = await page.evaluate(async (s) => {
      const reply = await fetch("/api/overlap", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ a: { source: s, layer: 0 }, b: { source: s + 1, layer: 0 }, k: 15, match: "row" }) });
      const raw = await reply.arrayBuffer(), length = new DataView(raw).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 4, length)));
      return Array.from(new Float32Array(raw, head.arrays.overlap.offset, head.arrays.overlap.shape[0]));
    }, a);
    equal(overlap.length, n);
    assert(overlap.every((v) => v === 1), "rows with less than the whole overlap:", overlap.filter((v) => v !== 1).length);

    // Pointing at the left map marks the same row on the right.
    const box = await (await page.$(byId("compare-a"))).boundingBox(), quiet = await pictureOf(page, "compare-b");
    let hovered = -1;
    for (let turn = 0; turn < 60 && hovered < 0; turn++) {
      await page.mouse.move(box.x + box.width * (0.35 + 0.005 * turn), box.y + box.height * (0.4 + 0.003 * ((turn * 7) % 30)));
      hovered = await page.$eval(byId("compare-a"), (e) => Number(e.dataset.hover));
    }
    assert(hovered >= 0, "no row was found under the pointer");
    await holds(page, (row) => document.querySelector('[data-testid="compare-b"]').dataset.hover === row, String(hovered));
    await page.waitForSelector(byId("compare-card-b"));
    const marked = await pictureOf(page, "compare-b");
    assert(pixelmatch(quiet.data, marked.data, null, quiet.width, quiet.height, { threshold: 0.1 }) > 20, "the right map looks the same");

    await choose(page, "one.npy", "shuffled.npy");
    const mean = Number.parseFloat(await text(page, "compare-mean")), chance = k / (n - 1);
    assert(Math.abs(mean - chance) < 4 * Math.sqrt((chance * (1 - chance)) / (k * n)) + 0.0005, "overlap with a shuffled copy:", mean, "expected about", chance);
  }],

  ["first beside last layer, in three dimensions with one camera; the address brings all of it back; undo asks again", async (t) => {
    stack(t);
    const page = await t.open(t.folder);
    await mapStands(page);
    await click(page, "screen-compare");
    await compared(page);
    equal(await ask(page, "[g.compare.shown.a.layer, g.compare.shown.b.layer, g.compare.k, g.compare.dim]"), [0, 4, 15, 2]);
    await page.keyboard.press("[");
    await compared(page, "g.compare.shown.b.layer === 3");
    await click(page, "compare-dim-3");
    await page.select(byId("compare-k"), "5");
    await page.select(byId("compare-metric"), "cosine");
    await page.select(byId("compare-match"), "token");
    await page.select(byId("compare-colour"), "sense");
    await compared(page, "g.compare.shown.dim === 3 && g.compare.shown.k === 5 && g.compare.shown.metric === 'cosine' && g.compare.shown.match === 'token'");
    await page.waitForSelector(".compare-legend li");
    const box = await (await page.$(byId("compare-b"))).boundingBox(), [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const before = await ask(page, "g.compare.cameras[0].rotation");
    await drag(page, [[x, y], [x + 40, y + 25], [x + 90, y + 40]]);
    const [left, right] = await ask(page, "g.compare.cameras");
    assert(!near(left.rotation, before, 1e-3), "the left map did not turn with the right one");
    assert(near(left.rotation, right.rotation) && near(left.target, right.target) && near([left.extent], [right.extent]), "two looks:", left, right);
    await page.mouse.move(3, 300);
    await holds(page, () => decodeURIComponent(location.hash).includes("compare"));
    await holds(page, (r) => decodeURIComponent(location.hash).includes(String(r).slice(0, 9)), left.rotation[0]);
    const wanted = await ask(page, "JSON.stringify({ ...g.compare, project: 0 })");

    const again = await t.page(page.server.url, { query: "?anim=0&seed=1" + (await page.evaluate(() => location.hash)) });
    await compared(again);
    await again.waitForSelector(".compare-legend li");
    await compared(again, `g.compare.cameras.every((c) => Math.abs(c.extent - ${left.extent}) < 1e-3 * ${left.extent})`);
    equal(JSON.parse(await ask(again, "JSON.stringify({ ...g.compare, project: 0 })")), JSON.parse(wanted), "the view from the address:");

    await again.close();
    await page.select(byId("compare-metric"), "euclidean");
    await compared(page, "g.compare.shown.metric === 'euclidean'");
    await click(page, "undo");
    await compared(page, "g.compare.shown.metric === 'cosine'");
  }],
  ["few rows: k that tells something, or a sentence", async (t) => {
    const r = normal(9);
    for (const few of [2, 4]) writeNpy(join(t.folder, `rows${few}.npy`), Float32Array.from({ length: few * 5 }, r), [few, 5]);
    writeNpy(join(t.folder, "rows4b.npy"), Float32Array.from({ length: 20 }, r), [4, 5]);
    const page = await t.open(t.folder);
    page.mayComplain = true; // the console tells of the answer 400
    await click(page, "source-1");
    await mapStands(page);
    await click(page, "screen-compare");
    await compared(page);
    equal(await ask(page, "[g.compare.shown.k, g.compare.shown.a.source === g.compare.shown.b.source]"), [1, false], "the other table of four rows, and k:");
    assert((await text(page, "compare-caveats")).startsWith("k is 1 instead of 15"), await text(page, "compare-caveats"));
    const two = await page.$eval(byId("compare-a-source"), (e) => [...e.options].find((o) => o.text === "rows2.npy").value);
    await page.select(byId("compare-b-source"), two);
    await page.select(byId("compare-a-source"), two);
    await page.waitForSelector(byId("compare-failed"));
    assert(/3/.test(await text(page, "compare-error")), "a sentence with what was expected:", await text(page, "compare-error"));
  }],
  ["a long comparison says how far it is, and stops; so do the layers, which come one by one", async (t) => {
    stack(t);
    stack(t, 3, "other");
    const page = await t.open(t.folder);
    page.mayComplain = true;
    await click(page, "source-0");
    await mapStands(page);
    let slow = true;
    const overlaps = await standIn(page, "/api/overlap", (q) =>
      q.method() === "DELETE" ? { body: { state: "stopped" } } : slow ? { status: 202, body: { state: "running", progress: 0.25, estimate_s: 40 } } : null);
    await click(page, "screen-compare");
    await holds(page, () => /25 %.*about 40 s left/.test(document.querySelector('[data-testid="compare-progress"]')?.textContent ?? ""));
    await click(page, "compare-progress-stop");
    await page.waitForSelector(byId("compare-retry"));
    await holds(page, () => !document.querySelector('[data-testid="compare-progress"]'));
    for (let turn = 0; turn < 100 && !overlaps.includes("DELETE"); turn++) await page.evaluate(() => new Promise((r) => setTimeout(r, 20)));
    assert(overlaps.includes("DELETE"), "the server was not told:", overlaps);
    slow = false;
    await click(page, "compare-retry");
    await compared(page);

    // Layers of two sources: the server has one more with every question.
    const other = await page.$eval(byId("compare-b-source"), (e) => [...e.options].find((o) => o.value !== e.value).value);
    await page.select(byId("compare-b-source"), other);
    await compared(page);
    const entry = (layer) => ({ layer, depth: 0, overlap: 0.5 + layer / 10, se: 0.01, chance: 0.02, cka: 0.25, matched: 240 });
    let known = 1;
    const asked = await standIn(page, "/api/compare", (q, params) => {
      if (q.method() === "DELETE") return { body: { state: "stopped", layers: [] } };
      equal([params.get("k"), params.get("pairs")], ["15", "false"]);
      return { body: { state: "running", progress: known / 3, seconds: 5, sampled: 2000, k: 15, layers: [0, 1, 2].slice(0, known).map(entry) } };
    });
    await click(page, "compare-tab-layers");
    await click(page, "compare-all-layers");
    await page.waitForSelector(byId("compare-curves"));
    assert((await text(page, "compare-layers-sampled")).includes("2,000 sampled rows"));
    known = 2;
    await holds(page, () => /67 %/.test(document.querySelector('[data-testid="compare-layers-progress"]').textContent));
    await click(page, "compare-layers-progress-stop");
    await page.waitForSelector(byId("compare-layers-stopped"));
    for (let turn = 0; turn < 100 && !asked.includes("DELETE"); turn++) await page.evaluate(() => new Promise((r) => setTimeout(r, 20)));
    assert(asked.includes("DELETE"), "the server was not told:", asked);
    assert(await page.$(byId("compare-curves")), "what had come is still there");
  }],
  ["every layer beside every other: the matrix is the server's, a cell opens its two layers", async (t) => {
    stack(t);
    const page = await t.open(t.folder);
    await mapStands(page);
    await click(page, "screen-compare");
    await compared(page);
    await click(page, "compare-tab-layers");
    assert(!page.seen.requests.includes("/api/compare"), "layers were compared before anybody asked");
    await click(page, "compare-all-pairs");
    await page.waitForSelector(`${byId("compare-matrix")} canvas`);
    await holds(page, () => !document.querySelector('[data-testid="compare-layers-progress"]'));
    const { matrix } = await page.server.json("/api/compare?a=0&b=0&k=15&match=row&metric=euclidean&pairs=true");
    await click(page, "compare-matrix-save-open");
    const lines = String((await download(page, "compare-matrix-save-csv", t.folder)).bytes).trim().split("\r\n").map((l) => l.split(","));
    equal(lines[0], ["left_layer", "right_layer", "overlap", "overlap_se", "cka"]);
    for (const [column, name] of [[2, "overlap"], [3, "overlap_se"], [4, "cka"]])
      equal(lines.slice(1).map((l) => Number(l[column])), matrix[name].flat(), `${name} of the file:`);
    // The cell of layers 1 and 3, by the pointer; then one to the left by keys.
    const canvas = await page.$(`${byId("compare-matrix")} canvas`), box = await canvas.boundingBox();
    const [gutter, header] = [44, 35], cell = Math.min(40, (box.width - gutter) / 5);
    await canvas.scrollIntoView();
    const at = await canvas.boundingBox();
    await page.mouse.click(at.x + gutter + 3.5 * cell, at.y + header + 1.5 * cell);
    await compared(page, "g.compare.shown.a.layer === 1 && g.compare.shown.b.layer === 3");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await compared(page, "g.compare.shown.a.layer === 1 && g.compare.shown.b.layer === 2");
    const shares = await page.$eval(byId("compare-mean"), (e) => Number.parseFloat(e.textContent));
    assert(Math.abs(shares - matrix.overlap[1][2]) < 1e-3, "the pair's overlap:", shares, "the cell's:", matrix.overlap[1][2]);
  }],
  ["each chart is saved with the numbers of the server; both maps as pictures", async (t) => {
    stack(t);
    const page = await t.open(t.folder);
    await mapStands(page);
    await click(page, "screen-compare");
    await compared(page);
    const save = async (id, format) => {
      await click(page, `${id}-open`);
      return download(page, `${id}-${format}`, t.folder);
    };
    const png = PNG.sync.read((await save("compare-save", "png")).bytes), colours = new Set();
    for (let i = 0; i < png.data.length; i += 4) colours.add(png.data.readUInt32BE(i));
    assert(colours.size > 20, "the picture of both maps has", colours.size, "colours");
    const svg = String((await save("compare-save", "svg")).bytes);
    assert(svg.includes("layer 0") && svg.includes("layer 4") && svg.match(/<image /g).length === 2, "the drawing of both maps:", svg.slice(0, 200));
    assert((await save("compare-save", "pdf")).bytes.subarray(0, 5).equals(Buffer.from("%PDF-")));
    const lines = String((await save("compare-save", "csv")).bytes).trim().split("\r\n");
    equal([lines[0], lines.length], ["row,match,overlap", 241]);
    const mean = lines.slice(1).reduce((s, l) => s + Number(l.split(",")[2]), 0) / 240;
    assert(Math.abs(mean - Number.parseFloat(await text(page, "compare-mean"))) < 1e-3, "mean of the rows:", mean);

    await click(page, "screen-geometry");
    await click(page, "geometry-start");
    await page.waitForSelector(byId("geometry-csv"));
    const { rows } = await page.server.json("/api/sources/0/geometry?center=0&remove=0");
    const told = (measure, variant = null) => rows.filter((x) => x.measure === measure && (x.variant ?? null) === variant).map((x) => x.value);
    const table = async (id) => String((await save(id, "csv")).bytes).trim().split("\r\n").map((l) => [...l.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1] ?? m[2]));
    const isoscore = await table("geometry-save-isoscore");
    equal(isoscore.slice(1).map((l) => Number(l[1])), told("isoscore"), "IsoScore of the file:");
    const [head, ...twonn] = await table("geometry-save-dimension");
    const variants = [...new Set(rows.filter((x) => x.measure === "twonn").map((x) => x.variant))];
    for (const v of variants) equal(twonn.map((l) => Number(l[head.indexOf(`TwoNN, ${v.replaceAll("_", " ")}`)])), told("twonn", v), `TwoNN, ${v}, of the file:`);
    const { spectra } = await page.server.json("/api/sources/0/geometry?center=0&remove=0"), [names, ...shares] = await table("geometry-save-spectrum");
    for (const [layer, list] of Object.entries(spectra)) equal(shares.map((l) => Number(l[names.indexOf(`layer ${layer}`)])), list, `spectrum of layer ${layer}:`);
    await click(page, "geometry-paint-norm");
    await until(page, "g.legend.kind === 'scale' && /^norm/.test(g.legend.title)");
    await holds(page, () => decodeURIComponent(location.hash).includes("painted"));
    const [title, hash] = [await ask(page, "g.legend.title"), await page.evaluate(() => location.hash)];
    const again = await t.page(page.server.url, { query: "?anim=0&seed=1" + hash });
    await until(again, `g.legend.kind === 'scale' && g.legend.title === ${JSON.stringify(title)}`);
    await again.close();
    for (const format of ["png", "svg", "pdf"]) assert((await save("geometry-save-cosine", format)).bytes.length > 1000, format);
    assert((await table("geometry-save-gride")).length > 3 && (await table("geometry-save-dominant")).length > 5);
  }],
]);
