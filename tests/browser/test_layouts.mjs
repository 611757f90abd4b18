// Checks 2, 3 and 6 of the viewer: all rows in every layout, PCA's numbers, a layout steered while it runs.
import { join } from "node:path";
import { ask, assert, byId, click, cloud, drawn, equal, holds, mapStands, normal, note, project, run, slide, text, until, writeNpy, writeSet } from "./harness.mjs";

/** Leading eigenvalues of the centred covariance, and its trace, by orthogonal iteration. */
function spectrum(x, n, d, count) {
  const mean = new Float64Array(d), c = new Float64Array(d * d), row = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j] += x[i * d + j] / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) row[j] = x[i * d + j] - mean[j];
    for (let j = 0; j < d; j++) for (let k = j, v = row[j] / (n - 1); k < d; k++) c[j * d + k] += v * row[k];
  }
  let trace = 0;
  for (let j = 0; j < d; j++) {
    trace += c[j * d + j];
    for (let k = 0; k < j; k++) c[j * d + k] = c[k * d + j];
  }
  const r = normal(99), q = Array.from({ length: count }, () => Float64Array.from({ length: d }, r)), values = [];
  for (let turn = 0; turn < 300; turn++)
    for (let a = 0; a < count; a++) {
      const v = new Float64Array(d);
      for (let j = 0; j < d; j++) for (let k = 0; k < d; k++) v[j] += c[j * d + k] * q[a][k];
      for (let b = 0; b < a; b++) {
        const dot = v.reduce((s, t, j) => s + t * q[b][j], 0);
        for (let j = 0; j < d; j++) v[j] -= dot * q[b][j];
      }
      values[a] = Math.hypot(...v);
      for (let j = 0; j < d; j++) q[a][j] = v[j] / values[a];
    }
  return { values, trace };
}

/** Slope of a line through (x, y). */
function slope(x, y) {
  const mx = x.reduce((s, v) => s + v, 0) / x.length, my = y.reduce((s, v) => s + v, 0) / y.length;
  return x.reduce((s, v, i) => s + (v - mx) * (y[i] - my), 0) / x.reduce((s, v) => s + (v - mx) ** 2, 0);
}

run([
  ["every layout places all 30,522 rows", async (t) => {
    writeNpy(join(t.folder, "words.npy"), cloud(30522, 12), [30522, 12]);
    const page = await t.open(t.folder);
    await mapStands(page);
    for (const [method, set] of [["pca", null], ["tsne", { steps: 50 }], ["umap", { steps: 50 }]]) {
      if (set) await project(page, method, set);
      const { placed, non_finite, rows, seconds } = await ask(page, "g.layout");
      equal({ placed, non_finite, rows }, { placed: 30522, non_finite: 0, rows: 30522 }, method);
      equal(await ask(page, "g.data.positions.reduce((s, v) => s + (Number.isFinite(v) ? 0 : 1), 0)"), 0, method);
      equal(await ask(page, "g.data.positions.length"), 2 * 30522, method);
      equal(await text(page, "status-rows"), "30,522 of 30,522 rows placed");
      note(`${method}${set ? `, ${set.steps} steps` : ""}`, 1000 * seconds);
    }
  }],

  ["PCA is centred, exact, drawn to one scale and the same on two loads", async (t) => {
    const n = 1500, d = 768, r = normal(5), spread = [9, 6, 4], x = new Float32Array(n * d);
    const axes = spread.map(() => Float64Array.from({ length: d }, r)).map((v) => v.map((a) => a / Math.hypot(...v)));
    for (let i = 0; i < n; i++) {
      const g = spread.map((s) => s * r());
      // Far from the origin: a PCA that is not centred would show one component with all the variance.
      for (let j = 0; j < d; j++) x[i * d + j] = 20 + 0.2 * r() + g.reduce((s, v, a) => s + v * axes[a][j], 0);
    }
    writeNpy(join(t.folder, "planted.npy"), x, [n, d]);
    const want = spectrum(x, n, d, 3), shares = want.values.map((v) => (100 * v) / want.trace);
    const loads = [];
    for (let load = 0; load < 2; load++) {
      const page = await t.open(t.folder);
      await mapStands(page);
      await click(page, "dim-3");
      await mapStands(page, "g.layout.dim === 3");
      const written = [...(await ask(page, "g.plot.toSVG(900, 700)")).matchAll(/PC(\d)[^<]*?([\d.]+) %/g)];
      equal(written.map((m) => m[1]).sort(), ["1", "2", "3"], "components named on the axes:");
      for (const [, i, share] of written) assert(Math.abs(Number(share) - shares[i - 1]) <= 0.1, "PC", i, "says", share, "expected", shares[i - 1]);
      await click(page, "dim-2");
      await mapStands(page, "g.layout.dim === 2");
      const { flat, at } = await drawn(page);
      const pixels = await ask(page, "Array.from({ length: 200 }, (_, i) => g.project(i))");
      const sx = slope(at.slice(0, 200).map((p) => p[0]), pixels.map((p) => p[0]));
      const sy = slope(at.slice(0, 200).map((p) => p[1]), pixels.map((p) => -p[1]));
      assert(Math.abs(sx / sy - 1) < 1e-5, "pixels per unit in x and y:", sx, sy);
      loads.push(flat);
      await page.close();
    }
    equal(loads[0], loads[1], "coordinates of two loads:");
  }],

  ["labels of a finished layout are asked for once", async (t) => {
    const words = ["the bank of the river", "money in the bank", "a tree near water"], r = normal(3);
    writeSet(join(t.folder, "reps"), Array.from({ length: 60 }, (_, i) => [words[i % 3], "x"]), 2, 6, () => Float32Array.from({ length: 6 }, r));
    const page = await t.open(t.folder);
    const asked = () => page.seen.requests.filter((path) => path.endsWith("/labels")).length;
    const answered = (n) => holds(page, (n) => performance.getEntriesByType("resource").filter((e) => e.name.includes("/labels")).length >= n, n);
    await mapStands(page);
    await answered(1);
    for (const [k, method] of ["tsne", "umap"].entries()) {
      equal(asked(), k + 1, `before ${method}:`);
      await project(page, method, { steps: 100 });
      await answered(k + 2);
      await click(page, "labels");
      await click(page, "labels");
      await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
      equal(asked(), k + 2, `after ${method}, labels put away and back:`);
    }
  }],

  ["a layout is watched, paused, steered and never in the way", async (t) => {
    const n = 20000;
    writeNpy(join(t.folder, "live.npy"), cloud(n, 10, { clusters: 20 }), [n, 10]);
    const page = await t.open(t.folder);
    await mapStands(page);
    await click(page, "method-tsne");
    await slide(page, "steps", 3000);
    await page.evaluate(() => (window.sameDocument = true));
    await click(page, "run");
    await until(page, "g.layout?.method === 'tsne' && g.layout.state === 'running' && g.frames >= 1");
    // Ten different pictures while it runs.
    const sums = new Set();
    while (sums.size < 10) {
      const [frames, sum, state] = await ask(page, "[g.frames, g.data.positions.reduce((s, v, i) => s + v * (1 + (i % 7)), 0), g.layout.state]");
      equal(state, "running", "before ten frames came:");
      sums.add(sum);
      await until(page, `g.frames > ${frames}`);
    }
    const first = await ask(page, "({ frames: g.frames, epoch: g.epoch, seconds: g.layout.seconds })");
    console.log(`# ${first.frames} frames, ${first.epoch} steps in ${first.seconds.toFixed(1)} s: ${(first.frames / first.seconds).toFixed(1)} frames/s`);
    // Meanwhile everything else answers.
    const answers = await page.evaluate(async () => {
      const out = {};
      for (const path of ["/api/sources", "/api/sources/0", "/api/log", "/api/sources/0/rows/7?layer=0"]) {
        const begun = performance.now();
        await (await fetch(path)).arrayBuffer();
        out[path] = performance.now() - begun;
      }
      const begun = performance.now();
      document.querySelector('[data-testid="density"]').click();
      while (document.querySelector('[data-testid="density"]').getAttribute("aria-pressed") !== "true") await new Promise(requestAnimationFrame);
      out["the density button"] = performance.now() - begun;
      return out;
    });
    for (const [what, ms] of Object.entries(answers)) note(`while it runs, ${what}`, ms, 100);
    await click(page, "density");

    const begun = performance.now();
    await click(page, "pause");
    await until(page, "g.layout?.state === 'paused'");
    note("pause", performance.now() - begun);
    const id = await ask(page, "g.layout.id"), { epoch } = await page.server.json(`/api/layouts/${id}`);
    await page.evaluate(() => new Promise((r) => setTimeout(r, 400)));
    equal((await page.server.json(`/api/layouts/${id}`)).epoch, epoch, "epoch while paused:");
    await until(page, `g.epoch === ${epoch}`); // what is drawn is of that very step
    const before = await drawn(page);

    await slide(page, "perplexity", 12);
    await until(page, "g.layout?.params.perplexity === 12 || g.layout?.perplexity === 12");
    equal((await page.server.json(`/api/layouts/${id}`)).params.perplexity, 12);
    await click(page, "resume");
    await until(page, `g.layout?.state === 'running' && g.epoch > ${epoch}`);
    const after = await drawn(page);
    // The points go on from where they were: they were not thrown anew.
    const width = Math.max(...before.flat) - Math.min(...before.flat);
    const moved = before.flat.reduce((s, v, i) => s + Math.abs(v - after.flat[i]), 0) / before.flat.length;
    assert(moved > 0 && moved < width / 10, "mean step of a coordinate:", moved, "in a picture as wide as", width);
    equal(await page.evaluate(() => window.sameDocument), true, "the page was loaded again:");
    equal(await ask(page, "g.layout.id"), id, "the layout:");
    await click(page, "stop");
    await until(page, "g.layout?.state === 'stopped'");
    equal((await page.$$(byId("run"))).length, 1);
  }],

  ["a map that is made says how many neighbours it keeps so far; what it keeps in the end stands in the same place", async (t) => {
    writeNpy(join(t.folder, "table.npy"), cloud(3000, 12), [3000, 12]);
    const page = await t.open(t.folder);
    await mapStands(page);
    await click(page, "method-umap");
    await slide(page, "steps", 2000);
    await click(page, "run");
    await holds(page, () => /k = \d+/.test(document.querySelector('[data-testid="kept-now"]')?.parentElement.textContent));
    await holds(page, () => /^[\d.]+ ± [\d.]+$/.test(document.querySelector('[data-testid="loss"]')?.textContent));
    const top = (id) => page.$eval(byId(id), (e) => Math.round(e.getBoundingClientRect().top - e.closest(".gauges").getBoundingClientRect().top));
    const before = [await top("kept-now"), await top("loss")];
    assert(/so far/.test(await text(page, "gauges")), await text(page, "gauges"));
    await slide(page, "steps", 50);
    await page.waitForSelector(byId("kept"));
    equal(await page.$(byId("kept-now")), null);
    equal([await top("kept"), await top("loss")], before, "places of neighbours kept and stress:");
  }],
]);
