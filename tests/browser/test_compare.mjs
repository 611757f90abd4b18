// Check 10 of the viewer: two maps side by side.
import { join } from "node:path";
import { assert, byId, click, equal, holds, mapStands, normal, pictureOf, pixelmatch, run, text, writeNpy } from "./harness.mjs";

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
]);
