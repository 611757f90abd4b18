// A TensorBoard folder in the page: layouts of its bookmarks, pictures of its rows, names by a column.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ask, assert, byId, click, download, drawn, equal, holds, mapStands, normal, pixel, PNG, run, text, until } from "./harness.mjs";

const n = 60, cell = { width: 12, height: 10, columns: 8 };
const grey = (row) => 4 * row; // of the whole cell

/** An image whose cell of row i has the grey of row i. */
function sprite(path) {
  const png = new PNG({ width: cell.columns * cell.width, height: Math.ceil(n / cell.columns) * cell.height });
  for (let y = 0; y < png.height; y++) for (let x = 0; x < png.width; x++) {
    const row = Math.floor(y / cell.height) * cell.columns + Math.floor(x / cell.width);
    png.data.set([grey(row), grey(row), 255 - grey(row), 255], 4 * (y * png.width + x));
  }
  writeFileSync(path, PNG.sync.write(png));
}

/** State as TensorBoard's bookmark panel saves it. */
const state = (points, more) => ({
  label: "State", isSelected: false, tSNEIteration: 0, tSNEPerplexity: 0, tSNELearningRate: 0, tSNEis3d: false, umapIs3d: true,
  umapNeighbors: 15, pcaComponentDimensions: [0, 1], projections: points, selectedPoints: [], filteredPoints: null,
  dataSetDimensions: [points.length, 5], selectedProjection: "tsne", selectedColorOptionName: "No color map", selectedLabelOption: "word", ...more,
});

function folder(base) {
  const r = normal(5), dir = join(base, "logs");
  mkdirSync(dir);
  const vectors = Array.from({ length: n }, () => Array.from({ length: 5 }, () => r()));
  const ring = (row) => [10 * Math.cos(row), 10 * Math.sin(row)];
  const maps = Array.from({ length: n }, (_, i) => ({ "tsne-0": ring(i)[0], "tsne-1": ring(i)[1], "pca-0": i, "pca-1": -i }));
  const some = [3, 1, 20, 40].map((row) => ({ "umap-0": row, "umap-1": row % 3, "umap-2": row % 5 }));
  delete maps[7]["tsne-1"]; // was not in the sample
  writeFileSync(join(dir, "v.tsv"), vectors.map((v) => v.join("\t") + "\n").join(""));
  writeFileSync(join(dir, "m.tsv"), "word\tkind\tsize\n" + vectors.map((_, i) => `w${i}\t${["red", "green", "blue"][i % 3]}\t${i / 2}\n`).join(""));
  writeFileSync(join(dir, "b.json"), JSON.stringify([
    state(maps, { label: "a map", selectedPoints: [4, 2], selectedColorOptionName: "size" }),
    state(some, { label: "four words", filteredPoints: [3, 1, 20, 40], selectedProjection: "umap", selectedLabelOption: "kind", selectedPoints: [2] }),
    state(maps.slice(0, 9), { label: "of other data" }),
  ]));
  sprite(join(dir, "s.png"));
  writeFileSync(join(dir, "projector_config.pbtxt"), `embeddings { tensor_name: "words" tensor_path: "v.tsv" metadata_path: "m.tsv" bookmarks_path: "b.json"
    sprite { image_path: "s.png" single_image_dim: ${cell.width} single_image_dim: ${cell.height} } }`);
  return { dir, ring };
}

run([
  ["bookmarks are layouts, with what was on TensorBoard's screen", async (t) => {
    const { dir, ring } = folder(t.folder), page = await t.open(dir);
    await mapStands(page, "g.layout.method === 'pca'");
    await holds(page, () => document.querySelector('[data-testid="bookmarks-note"]')?.textContent.includes("'of other data' is a bookmark of 9 x 5 vectors"));
    await page.waitForSelector(byId("bookmark"));
    equal(await page.$eval(byId("bookmark"), (e) => [e.value, e.options[0].textContent]), ["", "Saved layouts: 3"]);
    await page.select(byId("bookmark"), "0 tsne");
    await mapStands(page, "g.layout.method === 'bookmark'");
    equal(await page.$$eval(`${byId("bookmark")} option`, (o) => o.map((x) => x.textContent)),
      ["TensorBoard: PCA (a map)", "TensorBoard: t-SNE (a map)", "TensorBoard: UMAP (four words)"]);
    const { dim, at } = await drawn(page);
    equal(dim, 2);
    for (let i = 0; i < n; i++)
      if (i === 7) assert(Number.isNaN(at[i][0] ?? NaN), "row 7 has a place", at[i]);
      else assert(at[i].every((v, k) => v === Math.fround(ring(i)[k])), "row", i, "is at", at[i], "expected", ring(i));
    equal(await ask(page, "g.selection"), [2, 4]);
    assert((await ask(page, "g.legend")).title === "size", await ask(page, "g.legend"));
    assert((await text(page, "bookmark-about")).includes("59 of 60 rows have a place"), await text(page, "bookmark-about"));
    equal(await page.$eval(byId("label-by"), (e) => e.selectedOptions[0].textContent), "word");
    assert((await text(page, "status-rows")).startsWith("59 of 59 rows placed"), await text(page, "status-rows"));

    await page.select(byId("bookmark"), "1 umap");
    await mapStands(page, "g.layout.dim === 3 && g.data.dim === 3");
    equal([await ask(page, "g.layout.placed"), await ask(page, "g.selection")], [4, [20]]);
    await page.waitForSelector(byId("isolated"));
    equal(await page.$eval(byId("label-by"), (e) => e.value), "kind");
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
    await mapStands(page, "g.data.dim === 2 && g.selection.length === 2");
    // The address brings the layout back.
    await holds(page, () => decodeURIComponent(location.hash).includes("'bookmark':{'place':0,'projection':'tsne'"));
    const url = new URL(page.url()), other = await t.page(url, { query: url.search + url.hash });
    await mapStands(other, "g.layout.method === 'bookmark' && g.selection.length === 2");
    equal((await drawn(other)).flat, (await drawn(page)).flat);
  }],

  ["rows have pictures, in cards and on the map, and names by any column", async (t) => {
    const { dir } = folder(t.folder), page = await t.open(dir);
    await mapStands(page);
    await page.select(byId("label-by"), "kind");
    const row = await ask(page, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => i > 8 && g.plot.pick(...g.project(i)) === i)");
    await page.mouse.move(...(await pixel(page, row)));
    await page.waitForSelector(`${byId("hover-card")} ${byId("sprite")}`);
    await holds(page, (kind) => document.querySelector('[data-testid="hover-card"] .token')?.textContent === kind, ["red", "green", "blue"][row % 3]);
    const place = await page.$eval(`${byId("hover-card")} ${byId("sprite")}`, (e) => {
      const s = getComputedStyle(e), [x, y] = s.backgroundPosition.split(" ").map(parseFloat);
      return { x: Math.round(-x / parseFloat(s.width)), y: Math.round(-y / parseFloat(s.height)), image: s.backgroundImage };
    });
    equal([place.x, place.y], [row % cell.columns, Math.floor(row / cell.columns)], "cell:");
    assert(place.image.startsWith('url("blob:'), place.image);
    await page.mouse.click(...(await pixel(page, row)));
    await page.waitForSelector(`${byId("token-card")} ${byId("sprite")}`);
    await until(page, `g.pinned === ${row}`);
    await holds(page, () => document.querySelectorAll('[data-testid="neighbour-list"] [data-testid="sprite"]').length === 10);
    await page.keyboard.press("Escape");
    await click(page, "pictures");
    await page.mouse.move(5, 5);
    await until(page, "!g.plot.busy && g.hover === -1");
    // A row that no other lies on: the pixel at its place is that of its cell.
    const alone = await ask(page, `(() => { const at = Array.from({ length: ${n} }, (_, i) => g.project(i));
      const far = at.map(([x, y], i) => Math.min(...at.map(([u, v], j) => i === j ? 1e9 : Math.hypot(x - u, y - v))));
      return far.indexOf(Math.max(...far)); })()`);
    await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
    const shot = PNG.sync.read(Buffer.from(await page.screenshot()));
    const [x, y] = (await pixel(page, alone)).map((v) => Math.round(v) + 2), o = 4 * (y * shot.width + x);
    const got = [...shot.data.subarray(o, o + 3)], want = [grey(alone), grey(alone), 255 - grey(alone)];
    assert(got.every((v, k) => Math.abs(v - want[k]) <= 3), "row", alone, "is drawn as", got, "expected", want);

    // A saved page keeps them.
    await click(page, "open-export");
    const file = await download(page, "export-html", t.folder);
    const saved = await t.page(pathToFileURL(file.path).href, { query: "" });
    await mapStands(saved);
    await saved.mouse.move(...(await pixel(saved, row)));
    await saved.waitForSelector(`${byId("hover-card")} ${byId("sprite")}`);
  }],
]);
