// Check 12 of the viewer: what leaves the page, and what comes back.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ask, assert, byId, click, download, drag, drawn, equal, holds, mapStands, normal, pictureOf, pixel, pixelmatch, PNG, run, text, until, writeSet } from "./harness.mjs";

const texts = Array.from({ length: 60 }, (_, i) => [["the old bank stood, \"here\"", "a bank of sand", "we crossed at dawn", "Übergang, bei Nacht"][i % 4] + ` ${i}`, ["river", "finance", "other"][i % 3]]);

function set(folder) {
  const r = normal(21), dir = join(folder, "reps");
  const rows = writeSet(dir, texts, 4, 10, (l, row, { label }) => Array.from({ length: 10 }, (_, j) => (j === 0 ? 4 * ["river", "finance", "other"].indexOf(label) : 0) + l * (j === 1) * r() + 2 * r()));
  return { dir, rows };
}

/** Fields of CSV text by RFC 4180. */
function parseCsv(s) {
  const rows = [[]];
  for (const [, quoted, plain, end] of s.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") rows.push([]);
  }
  return rows.filter((r) => r.length > 1 || r[0]);
}

run([
  ["coordinates, neighbours, selection and pictures are what is on the screen", async (t) => {
    const { dir, rows } = set(t.folder), n = rows.length;
    const page = await t.open(dir, {}, "--seed", "1");
    await mapStands(page, "g.layout.layers.length === 4");
    const { at } = await drawn(page);
    await page.keyboard.press("l");
    const box = await (await page.$(byId("plot"))).boundingBox();
    await drag(page, [[0.3, 0.2], [0.7, 0.25], [0.65, 0.8], [0.35, 0.7]].map(([x, y]) => [box.x + box.width * x, box.y + box.height * y]));
    await until(page, "g.selection.length > 5");
    const selected = await ask(page, "g.selection");
    await click(page, "open-export");

    const csv = parseCsv((await download(page, "export-coordinates-csv", t.folder)).bytes.toString());
    const head = csv[0], place = ["x", "y"].map((name) => head.indexOf(name)), rowAt = head.indexOf("row"), layerAt = head.indexOf("layer");
    assert(place.every((i) => i >= 0) && rowAt >= 0, head);
    const here = csv.slice(1).filter((line) => layerAt < 0 || line[layerAt] === "3");
    equal(here.length, n, "rows of the CSV file:");
    for (const line of here) place.forEach((c, k) => {
      const want = at[Number(line[rowAt])][k];
      assert(Math.abs(Number(line[c]) - want) <= 1e-6 * Math.max(1, Math.abs(want)), "row", line[rowAt], "is", line[c], "expected", want);
    });
    const npy = (await download(page, "export-coordinates-npy", t.folder)).bytes;
    equal(npy.toString("latin1", 1, 6), "NUMPY");
    const values = new Float32Array(npy.buffer.slice(npy.byteOffset + npy.length - 8 * n, npy.byteOffset + npy.length));
    at.forEach(([x, y], i) => assert(values[2 * i] === Math.fround(x) && values[2 * i + 1] === Math.fround(y), "row", i, "of the npy file"));
    const lines = (await download(page, "export-coordinates-jsonl", t.folder)).bytes.toString().trim().split("\n").map((l) => JSON.parse(l));
    assert(lines.length % n === 0 && lines.every((l) => Number.isFinite(l.x)), lines[0]);

    const chosen = parseCsv((await download(page, "export-selection-csv", t.folder)).bytes.toString());
    equal(chosen.slice(1).map((l) => Number(l[chosen[0].indexOf("row")])), selected, "rows of the selection:");
    for (const l of chosen.slice(1)) {
      const cell = (name) => l[chosen[0].indexOf(name)], { s, token } = rows[Number(cell("row"))];
      equal(cell("context_before") + cell("context_token") + cell("context_after"), texts[s][0]);
      equal(cell("token"), token);
    }
    const near = parseCsv((await download(page, "export-neighbors", t.folder)).bytes.toString());
    equal(near.length - 1, 10 * n, "lines of the neighbours:");

    for (const [id, value] of [["export-width", "640"], ["export-height", "400"]]) {
      await page.$eval(byId(id), (e) => e.select());
      await page.type(byId(id), value);
      await page.keyboard.press("Tab");
    }
    const png = PNG.sync.read((await download(page, "export-png", t.folder)).bytes);
    equal([png.width, png.height], [640, 400]);
    const colours = new Map();
    for (let i = 0; i < png.data.length; i += 4) {
      const c = png.data.readUInt32LE(i);
      colours.set(c, (colours.get(c) ?? 0) + 1);
    }
    assert(colours.size > 50 && Math.max(...colours.values()) < 0.98 * 640 * 400, "the picture is blank:", colours.size);
    const svg = (await download(page, "export-svg", t.folder)).bytes.toString();
    assert(svg.includes("PC1") && svg.includes('width="640"') && svg.includes("data:image/png"), svg.slice(0, 300));
    const pdf = (await download(page, "export-pdf", t.folder)).bytes.toString("latin1");
    assert(pdf.startsWith("%PDF-1") && pdf.trimEnd().endsWith("%%EOF"), pdf.slice(0, 20));
    const log = JSON.parse((await download(page, "export-log", t.folder)).bytes);
    assert(log.some((e) => e.what === "layout" && e.seconds >= 0), log);
  }],

  ["an address and a session bring the view back", async (t) => {
    const { dir } = set(t.folder), server = await t.serve(dir), page = await t.page(server.url);
    await mapStands(page);
    await page.select(byId("colour-by"), "measure:norm");
    await until(page, "g.legend.kind !== 'categories'");
    await page.keyboard.press("[");
    await mapStands(page, "g.layer === 2 && g.shownLayer === 2");
    const row = await ask(page, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => g.plot.pick(...g.project(i)) === i)");
    await page.mouse.click(...(await pixel(page, row)));
    await until(page, `g.pinned === ${row}`);
    const box = await (await page.$(byId("plot"))).boundingBox();
    await page.keyboard.press("l");
    await drag(page, [[0.3, 0.2], [0.7, 0.25], [0.65, 0.8], [0.35, 0.7]].map(([x, y]) => [box.x + box.width * x, box.y + box.height * y]));
    await until(page, "g.selection.length > 5");
    await page.keyboard.press("l");
    await page.mouse.move(box.x + 200, box.y + 200);
    await page.mouse.wheel({ deltaY: -400 });
    await drag(page, [[box.x + 300, box.y + 200], [box.x + 340, box.y + 230], [box.x + 350, box.y + 260]]);
    await mapStands(page);
    const state = (p) => ask(p, "({ layer: g.layer, camera: g.camera, selection: g.selection, pinned: g.pinned, legend: g.legend, dim: g.data.dim, method: g.layout.method })");
    const want = await state(page), address = page.url(), coordinates = (await drawn(page)).flat;
    await holds(page, (was) => location.href !== was, address).catch(() => undefined);
    await page.mouse.move(5, 5);
    await holds(page, `!document.querySelector('[data-testid="hover-card"]')`);
    const picture = await pictureOf(page, "plot");
    await click(page, "open-export");
    const session = await download(page, "export-session", t.folder);
    const saved = JSON.parse(session.bytes);
    assert(saved.view.source.hash && !session.bytes.toString().includes(String(coordinates[0])), "the session holds coordinates");

    const url = page.url();
    assert(url.includes("#"), url);
    const other = await t.page(url, { query: "" + new URL(url).search + new URL(url).hash });
    await mapStands(other, `g.layer === 2 && g.selection.length === ${want.selection.length}`);
    await until(other, `JSON.stringify(g.legend) === ${JSON.stringify(JSON.stringify(want.legend))}`);
    equal(await state(other), want, "the view by its address:");
    const again = await pictureOf(other, "plot");
    const differ = pixelmatch(picture.data, again.data, null, picture.width, picture.height, { threshold: 0.1 });
    assert(differ < 0.002 * picture.width * picture.height, "pixels that differ:", differ);

    // The same in a server of another day: layouts are made again from their seed.
    const later = await t.serve(dir), third = await t.page(later.url);
    await mapStands(third);
    await click(third, "open-export");
    await (await third.$(byId("export-session-file"))).uploadFile(session.path);
    await mapStands(third, `g.layer === 2 && g.selection.length === ${want.selection.length} && g.pinned === ${row}`);
    await until(third, `JSON.stringify(g.legend) === ${JSON.stringify(JSON.stringify(want.legend))}`);
    equal(await state(third), want, "the view by its session:");
    equal((await drawn(third)).flat, coordinates, "coordinates:");
  }],

  ["the page in one file opens without the server", async (t) => {
    const { dir, rows } = set(t.folder), page = await t.open(dir);
    await mapStands(page, "g.layout.layers.length === 4");
    const want = await drawn(page);
    const asked = { source: 0, layer: 3, metric: "cosine", k: 10, query: { row: 17 } };
    const near = (await page.server.json("/api/neighbors", { method: "POST", body: asked })).rows.map((x) => x.row);
    await click(page, "open-export");
    await page.waitForSelector(byId("export-html"));
    const says = await page.$eval(byId("export-dialog"), (e) => e.textContent);
    assert(says.includes("each row's 10 nearest neighbours (cosine, layer 3, raw vectors); no vectors"), says);
    const file = await download(page, "export-html", t.folder);
    assert(file.name.endsWith(".html") && file.bytes.length > 50000, file.name, file.bytes.length);
    await page.close();
    await page.server.stop();
    t.close.splice(0, t.close.length); // both are gone, and ended well

    const alone = await t.page(pathToFileURL(file.path).href, { query: "" });
    await mapStands(alone, "g.layer === 3 && g.shownLayer === 3");
    equal(alone.seen.requests.filter((p) => !p.endsWith(".html")), [], "requests:");
    const got = await drawn(alone), width = Math.max(...want.flat) - Math.min(...want.flat);
    equal([got.n, got.dim], [want.n, 2]);
    got.flat.forEach((v, i) => assert(Math.abs(v - want.flat[i]) < width / 20000, "coordinate", i, "is", v, "expected", want.flat[i]));
    const row = await ask(alone, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => g.plot.pick(...g.project(i)) === i)");
    await alone.mouse.move(...(await pixel(alone, row)));
    await alone.waitForSelector(`${byId("hover-card")} ${byId("context")}`);
    equal(await alone.$eval(`${byId("hover-card")} ${byId("context")}`, (e) => [e.textContent, e.querySelector("mark").textContent]), [texts[rows[row].s][0], rows[row].token]);
    // A click lists the neighbours that were saved, at the layer they are of.
    const hit = await ask(alone, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => i >= 17 && g.plot.pick(...g.project(i)) === i)");
    equal(hit, 17, "row 17 can be hit:");
    await alone.mouse.click(...(await pixel(alone, 17)));
    await until(alone, "g.pinned === 17");
    await alone.waitForSelector(byId("neighbour-list"));
    equal(await alone.$$eval(`${byId("neighbour-list")} [data-row]`, (l) => l.map((e) => Number(e.dataset.row))), near, "neighbours:");
    equal(await text(alone, "neighbours-space"), "cosine distance, layer 3, raw vectors");
    assert(!(await alone.$(byId("neighbours-k"))), "the saved list can be asked for otherwise");
    await alone.keyboard.press("[");
    await mapStands(alone, "g.layer === 2 && g.shownLayer === 2");
    await holds(alone, () => document.querySelector('[data-testid="neighbours-error"]')?.textContent.includes("neighbours at layer 3"));
    await alone.keyboard.press("/");
    await alone.keyboard.type("bank");
    await until(alone, `g.selection.length === ${rows.filter((r) => r.token.includes("bank")).length}`);
    assert((await text(alone, "status-rows")).includes(String(rows.length)), await text(alone, "status-rows"));
  }],
]);
