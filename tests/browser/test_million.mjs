// Check 11 of the viewer, and the million-row parts of checks 4 and 5: a laptop without a GPU.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, byId, click, cloud, equal, holds, mapStands, note, pictureOf, pixelmatch, run, text, until, writeNpy } from "./harness.mjs";

const median = (v) => v.sort((a, b) => a - b)[v.length >> 1];

/** Turns the camera `turns` times about the picture's vertical axis; milliseconds of each picture. */
const rotate = (page, turns) => page.evaluate(async (count) => {
  const g = window.__gonio, ms = [];
  for (let i = 0; i < count; i++) {
    const c = g.camera, [x, y, z, w] = c.rotation, s = Math.sin(0.05), k = Math.cos(0.05), frame = g.frame;
    const begun = performance.now();
    g.plot.camera.set({ ...c, rotation: [k * x + s * z, k * y + s * w, k * z - s * x, k * w - s * y] });
    while (g.frame === frame || g.plot.busy) await new Promise(requestAnimationFrame);
    ms.push(performance.now() - begun);
  }
  return ms;
}, turns);

/** One camera, and no words: they come when the server has found them. */
async function sameCamera(page) {
  await click(page, "labels");
  await page.evaluate(() => window.__gonio.plot.camera.set({ target: [0, 0, 0], extent: 30, rotation: [0.2, 0.3, 0, Math.sqrt(0.87)], perspective: 0.35 }));
  await mapStands(page);
}

run([
  ["a million rows: opened, turned, searched, asked for neighbours", async (t) => {
    const n = 1_000_000, x = cloud(n, 3, { clusters: 20 });
    const words = ["the", "bank", "river", "banks", "of", "", "money", "embankment"];
    const word = Array.from({ length: n }, (_, i) => words[(i * 7 + (i >> 5)) % 8]);
    writeNpy(join(t.folder, "million.npy"), x, [n, 3]);
    writeFileSync(join(t.folder, "million.metadata.tsv"), `word\tplace\n${word.map((w, i) => `${w}\t${i % 97}`).join("\n")}\n`);
    const server = await t.serve(t.folder), pictures = [];
    for (let load = 0; load < 2; load++) {
      const page = await t.page(server.url, { query: "?anim=0&seed=1&renderer=splat" });
      await until(page, "g.data.n === 1000000 && g.frame > 0");
      note("first picture of 1,000,000 rows", await page.evaluate("performance.now()"), 3000);
      await mapStands(page, "g.renderer === 'splat' && g.layout.dim === 3 && g.legend.kind === 'categories'");
      equal(await text(page, "status-rows"), "1,000,000 of 1,000,000 rows placed");
      const turning = await rotate(page, 10);
      note("turned by a little, median of 10 pictures", median(turning), 250);
      await sameCamera(page);
      pictures.push(await pictureOf(page, "plot"));
      if (load === 0) {
        await page.close();
        continue;
      }
      // Twice the same picture, byte for byte, and something on it.
      assert(Buffer.compare(pictures[0].data, pictures[1].data) === 0, "two loads draw different pictures");
      assert(new Set(new Uint32Array(new Uint8Array(pictures[0].data).buffer)).size > 100, "the picture is empty");

      const row = 123456, c = await page.evaluate(async (i) => {
        const begun = performance.now();
        const reply = await fetch("/api/neighbors", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ source: 0, layer: 0, metric: "euclidean", space: { center: false, remove: 0 }, k: 10, query: { row: i } }) });
        return { rows: (await reply.json()).rows.map((p) => p.row), ms: performance.now() - begun };
      }, row);
      note("10 neighbours among 1,000,000 x 3", c.ms, 1000);
      const far = Float64Array.from({ length: n }, (_, i) => (i === row ? Infinity : Math.hypot(x[3 * i] - x[3 * row], x[3 * i + 1] - x[3 * row + 1], x[3 * i + 2] - x[3 * row + 2])));
      const limit = Float64Array.from(far).sort()[9];
      equal(c.rows.slice().sort((a, b) => a - b), [...far.keys()].filter((i) => far[i] <= limit), "neighbours:");

      await page.select(byId("search-mode"), "regex");
      await page.focus(byId("search"));
      const times = [];
      for (const [typed, sofar] of [["^", ""], ["b", "^b"], ["ank", "^bank"]]) {
        await page.evaluate(() => {
          window.typed = performance.now();
          window.first = null;
          const count = () => document.querySelector('[data-testid="search-count"]')?.textContent;
          const before = count();
          const look = () => (window.first === null && count() !== before ? (window.first = performance.now() - window.typed) : requestAnimationFrame(look));
          look();
        });
        await page.keyboard.type(typed);
        if (sofar) {
          const want = word.reduce((s, w) => s + (new RegExp(sofar).test(w) ? 1 : 0), 0).toLocaleString("en");
          await holds(page, (w) => document.querySelector('[data-testid="search-count"]')?.textContent === w, want);
          times.push(await page.evaluate("window.first ?? NaN"));
        }
      }
      note("count of hits among 1,000,000 rows after a key", times[1], 100);
      equal(await ask(page, "g.selection.length"), word.reduce((s, w) => s + (w.startsWith("bank") ? 1 : 0), 0));
      const hits = await ask(page, "g.selection.reduce((s, r) => (s * 31 + r) % 1000000007, 7)");
      equal(hits, word.reduce((s, w, i) => (w.startsWith("bank") ? (s * 31 + i) % 1000000007 : s), 7), "rows found:");
    }
  }],

  ["GL and the splat draw the same scene", async (t) => {
    const n = 20000;
    writeNpy(join(t.folder, "scene.npy"), cloud(n, 3, { clusters: 12 }), [n, 3]);
    writeFileSync(join(t.folder, "scene.metadata.tsv"), `cluster\tother\n${Array.from({ length: n }, (_, i) => `c${i % 12}\tx`).join("\n")}\n`);
    const server = await t.serve(t.folder), pictures = [];
    for (const renderer of ["splat", "gl"]) {
      const page = await t.page(server.url, { query: `?anim=0&seed=1&renderer=${renderer}` });
      await mapStands(page, `g.renderer === '${renderer}' && g.legend.kind === 'categories'`);
      await sameCamera(page);
      pictures.push(await pictureOf(page, "plot"));
      await page.close();
    }
    const [a, b] = pictures, differ = pixelmatch(a.data, b.data, null, a.width, a.height, { threshold: 0.1 }) / (a.width * a.height);
    console.log(`# ${(100 * differ).toFixed(3)} % of the pixels differ`);
    // Rims of points are sampled in another way; the rest must agree.
    assert(differ < 0.02, "share of pixels that differ:", differ);
    const colours = new Set(new Uint32Array(new Uint8Array(b.data).buffer));
    assert(colours.size > 500, "colours in the picture:", colours.size);
  }],

  ["neighbours among 100,000 rows", async (t) => {
    const n = 100_000, d = 64, x = cloud(n, d, { clusters: 30 });
    writeNpy(join(t.folder, "large.npy"), x, [n, d]);
    const page = await t.open(t.folder);
    await mapStands(page);
    for (const metric of ["cosine", "euclidean"]) {
      const ms = await page.evaluate(async (m) => {
        const all = [];
        for (let i = 0; i < 7; i++) {
          const begun = performance.now();
          await (await fetch("/api/neighbors", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ source: 0, layer: 0, metric: m, space: { center: false, remove: 0 }, k: 10, query: { row: 1000 * i } }) })).json();
          all.push(performance.now() - begun);
        }
        return all;
      }, metric);
      note(`10 ${metric} neighbours among 100,000 x 64, first`, ms[0]);
      note(`10 ${metric} neighbours among 100,000 x 64, then`, median(ms.slice(1)), 100);
    }
  }],
]);
