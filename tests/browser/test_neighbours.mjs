// Checks 4 and 5 of the viewer: neighbours in the original space, search.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, byId, click, cloud, equal, holds, mapStands, normal, pixel, run, text, until, writeNpy } from "./harness.mjs";

/** Ids of the k nearest rows by differences in double precision; `x` may have been centred before. */
function nearest(x, n, d, row, k, metric) {
  const norm = (i) => Math.hypot(...x.slice(i * d, i * d + d));
  const distance = (i) => {
    let dot = 0, square = 0;
    for (let j = 0; j < d; j++) {
      dot += x[i * d + j] * x[row * d + j];
      square += (x[i * d + j] - x[row * d + j]) ** 2;
    }
    return metric === "cosine" ? 1 - dot / (norm(i) * norm(row)) : Math.sqrt(square);
  };
  return Array.from({ length: n }, (_, i) => [distance(i), i]).filter(([, i]) => i !== row).sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, k);
}

function centred(x, n, d) {
  const mean = new Float64Array(d);
  for (let i = 0; i < n * d; i++) mean[i % d] += x[i] / n;
  return Float64Array.from(x, (v, i) => v - mean[i % d]);
}

/** The list as it is shown, once it is of the named space and metric. */
async function listed(page, where) {
  await holds(page, (w) => {
    const box = document.querySelector('[data-testid="neighbours"]');
    return box?.getAttribute("aria-busy") === "false" && document.querySelector('[data-testid="neighbours-space"]').textContent === w &&
      document.querySelectorAll('[data-testid="neighbour-list"] [data-row]').length > 0;
  }, where);
  return page.$$eval(`${byId("neighbour-list")} [data-row]`, (all) => all.map((b) => Number(b.dataset.row)));
}

run([
  ["a click lists the nearest rows of the original space", async (t) => {
    // Norms of very different size and a mean far from the origin: each metric and space has a list of its own.
    const n = 600, d = 24, r = normal(8), x = cloud(n, d, { clusters: 6, spread: 1.5 });
    for (let i = 0; i < n; i++) for (let j = 0, s = Math.exp(0.7 * r()); j < d; j++) x[i * d + j] = x[i * d + j] * s + (j < 4 ? 6 : 0);
    writeNpy(join(t.folder, "planted.npy"), x, [n, d]);
    const page = await t.open(t.folder);
    await mapStands(page);
    const token = await ask(page, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => g.plot.pick(...g.project(i)) === i)");
    await page.mouse.click(...(await pixel(page, token)));
    await until(page, `g.pinned === ${token}`);
    const z = centred(x, n, d), lists = new Set();
    for (const [data, name] of [[x, "raw vectors"], [z, "centred vectors"]]) {
      for (const [metric, title] of [["cosine", "cosine"], ["euclidean", "Euclidean"]]) {
        await click(page, `metric-${metric}`);
        const got = await listed(page, `${title} distance, ${name}`), want = nearest(data, n, d, token, 10, metric);
        equal(got, want.map(([, i]) => i), `${title}, ${name}:`);
        const shown = await page.$$eval(`${byId("neighbour-list")} .distance`, (all) => all.map((e) => Number(e.textContent)));
        shown.forEach((s, i) => assert(Math.abs(s - want[i][0]) <= 0.006 * want[i][0], "distance", s, "expected", want[i][0]));
        equal(await text(page, "neighbours-title"), "10 nearest in the original space");
        lists.add(JSON.stringify(got));
      }
      if (name === "raw vectors") await click(page, "neighbours-center");
    }
    // Euclidean distances do not know the origin; cosines do.
    equal(lists.size, 3, "different lists:");
  }],

  ["the answer is exact beside duplicates, ties and rows without direction", async (t) => {
    const x = [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
    writeNpy(join(t.folder, "ties.npy"), x.flat(), [8, 4]);
    const server = await t.serve(t.folder), page = await t.page(server.url);
    await mapStands(page);
    const ask10 = (metric) => server.json("/api/neighbors", { method: "POST", body: { source: 0, layer: 0, metric, space: { center: false, remove: 0 }, k: 10, query: { row: 0 } } });
    equal((await ask10("euclidean")).rows.map((r) => r.row), [1, 2, 3, 4, 5, 6, 7]);
    equal((await ask10("cosine")).rows.map((r) => r.row), [1, 3, 4, 5, 6, 7]);
  }],

  ["search selects what it says while it is typed", async (t) => {
    const n = 4000, words = ["bank", "banks", "Bank", "banker", "embankment", "river", "", "b(ank", "Ünïcode", "the"], r = normal(3);
    const word = Array.from({ length: n }, () => words[Math.floor(r.uniform() * words.length)]);
    const kind = Array.from({ length: n }, () => ["river", "finance", ""][Math.floor(r.uniform() * 3)]);
    writeNpy(join(t.folder, "words.npy"), cloud(n, 6), [n, 6]);
    writeFileSync(join(t.folder, "words.metadata.tsv"), ["word\tkind", ...word.map((w, i) => `${w}\t${kind[i]}`)].join("\n") + "\n");
    const page = await t.open(t.folder);
    await mapStands(page);
    const rows = (test) => word.flatMap((w, i) => (test(w, i) ? [i] : []));
    const hits = async (want, what) => {
      await holds(page, (count) => document.querySelector('[data-testid="search-count"]')?.textContent === count, want.length.toLocaleString("en"));
      equal(await ask(page, "g.selection"), want, what);
    };
    await page.select(byId("search-mode"), "regex");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("^bank");
    await hits(rows((w) => /^bank/i.test(w)), "^bank");
    await click(page, "search-case");
    await hits(rows((w) => /^bank/.test(w)), "^bank with capitals");

    // An expression that is not finished says so, and the last hits stay.
    const before = await ask(page, "g.selection");
    await page.focus(byId("search"));
    page.mayComplain = true; // the browser's console notes the refused request
    await page.keyboard.type("(");
    await page.waitForSelector(byId("search-error"));
    const said = await text(page, "search-error");
    assert(said.length > 20 && said.includes("stay selected"), said);
    equal(await ask(page, "g.selection"), before, "hits kept beside the message:");
    await page.keyboard.type("er)");
    await hits(rows((w) => /^bank(er)/.test(w)), "^bank(er)");
    equal(await page.$(byId("search-error")), null);

    // Cells that are missing neither match nor fail, in any mode.
    await page.select(byId("search-mode"), "field");
    await page.$eval(byId("search"), (e) => e.select());
    await page.keyboard.type("kind:river");
    await hits(rows((_, i) => kind[i] === "river"), "kind:river");
    await page.select(byId("search-mode"), "substring");
    await page.$eval(byId("search"), (e) => e.select());
    await page.keyboard.type("nïc");
    await hits(rows((w) => w === "Ünïcode"), "nïc");
    await page.select(byId("search-mode"), "regex");
    await page.$eval(byId("search"), (e) => e.select());
    await page.keyboard.type(".?");
    await hits(rows((w) => w !== ""), ".? where words are missing");

    // Every step can be taken back.
    await click(page, "undo");
    await until(page, `g.selection.length !== ${rows((w) => w !== "").length}`);
  }],
]);
