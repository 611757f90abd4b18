// What undo, redo, the browser's Back, a reload and a pasted address bring back: all of the view, and no
// more. Tags and sets are undone at the server.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, byId, click, cloud, equal, fill, holds, mapStands, normal, openSource, pixel, press, redo, run, slide, text, undo, until, writeNpy, writeSet } from "./harness.mjs";

/** Forty sentences with `bank` in each, at four layers. */
function banks(dir) {
  const r = normal(3), sentences = Array.from({ length: 40 }, (_, i) =>
    i % 2 ? [`the river bank was wet number ${i}`, "river"] : [`a bank lends money to firms ${i}`, "money"]);
  writeSet(dir, sentences, 4, 16, (l, _i, row) => Float32Array.from({ length: 16 }, (_, j) =>
    r() + (j === 0 ? 4 * l * (row.label === "river" ? 1 : -1) : 0) + (j === (row.token.length % 5) + 1 ? 5 : 0)));
  return dir;
}
const screen = (page, name) => page.waitForSelector(`[data-screen="${name}"]`);
/** The address has come to rest on the view: it holds this. */
const addressHas = (page, word) => holds(page, (w) => decodeURIComponent(location.hash).includes(w), word);

run([
  ["searches and selections: undo gives back what there was, not what the words find", async (t) => {
    const page = await t.open(banks(join(t.folder, "set")));
    await mapStands(page);
    await fill(page, "search", "bank");
    await until(page, "g.selection.length === 40");
    await click(page, "inspector-tab-selection");
    await click(page, "invert");
    await until(page, "g.selection.length === 240");
    await fill(page, "search", "river");
    await until(page, "g.selection.length === 20");
    await undo(page);
    await holds(page, () => document.querySelector("[data-testid=search]").value === "bank" && document.querySelector("[data-testid=search-count]").textContent === "40");
    equal(await ask(page, "g.selection.length"), 240, "the search that came back is counted and selects nothing:");
    await redo(page);
    await until(page, "g.selection.length === 20");
    await addressHas(page, "river");
    await undo(page);
    await until(page, "g.selection.length === 240");
    // A reload is such a return, too.
    await addressHas(page, "bank");
    await page.reload();
    await mapStands(page, "g.selection.length > 0");
    await holds(page, () => document.querySelector("[data-testid=search-count]")?.textContent === "40");
    equal(await ask(page, "g.selection.length"), 240, "after a reload:");
  }],

  ["any number of layouts can be undone: one that was dropped is made again", async (t) => {
    const page = await t.open(banks(join(t.folder, "set")));
    await mapStands(page);
    await click(page, "scope-layer");
    for (let seed = 2; seed < 13; seed++) {
      const id = await ask(page, "g.layout.id");
      await fill(page, "seed", String(seed));
      await page.keyboard.press("Enter");
      await click(page, "run");
      await mapStands(page, `g.layout.id !== ${id}`);
    }
    equal(await ask(page, "g.layout.seed"), 12);
    for (let i = 0; i < 30; i++) await undo(page);
    await mapStands(page, "g.layout.seed === 1 && g.layout.layers.length === 4");
    for (let i = 0; i < 30; i++) await redo(page);
    await mapStands(page, "g.layout.seed === 12 && g.layout.layers.length === 1");
  }],

  ["isolated rows come back with their own layout; sums and single tokens keep their own lists", async (t) => {
    const page = await t.open(banks(join(t.folder, "set")));
    await mapStands(page);
    await fill(page, "search", "bank");
    await until(page, "g.selection.length === 40");
    await page.select(byId("colour-by"), "column:sense");
    await click(page, "inspector-tab-selection");
    await click(page, "isolate");
    await until(page, "g.counts.within === 40");
    const counts = () => page.$$eval(`${byId("legend")} .count`, (all) => all.map((e) => e.textContent));
    await holds(page, () => document.querySelector('[data-testid="legend"] .count')?.textContent === "20");
    equal(await counts(), ["20", "20"], "the legend counts what is on the map:");
    const whole = await ask(page, "g.layout.id");
    await click(page, "run");
    await mapStands(page, `g.layout.id !== ${whole} && g.layout.placed === 40`);
    await undo(page);
    await undo(page);
    await mapStands(page, `g.layout.id === ${whole} && g.counts.within === 280 && g.selection.length === 40`);
    await redo(page);
    await redo(page);
    await mapStands(page, `g.layout.placed === 40 && g.counts.within === 40`);
    await page.mouse.click(...(await pixel(page, await ask(page, "g.data.positions.findIndex((v, i) => i % 2 === 0 && Number.isFinite(v)) / 2"))));
    await holds(page, () => document.querySelector('[data-testid="neighbours-space"]')?.textContent.includes("among 40 isolated rows"));
    await click(page, "restore-all");
    equal(await counts(), ["140", "140"]);

    await click(page, "inspector-tab-arithmetic");
    for (const [slot, word] of [["A", "bank"], ["B", "money"]]) {
      await fill(page, `operand-${slot}`, word);
      await page.keyboard.press("Enter");
    }
    const listed = () => page.$$eval(`${byId("neighbour-list")} button`, (all) => all.map((b) => Number(b.dataset.row)));
    await page.waitForSelector(byId("neighbour-list"));
    await click(page, "inspector-tab-token");
    const [row] = await ask(page, "g.selection.length ? g.selection : [9]");
    await page.mouse.click(...(await pixel(page, row)));
    await until(page, "g.pinned >= 0");
    const pinned = await ask(page, "g.pinned");
    const own = (await page.server.json("/api/neighbors", { method: "POST", body: { source: 0, layer: 3, metric: "cosine", k: 10, query: { row: pinned } } })).rows.map((n) => n.row);
    await holds(page, (want) => JSON.stringify([...document.querySelectorAll('[data-testid="neighbour-list"] button')].map((b) => Number(b.dataset.row))) === want, JSON.stringify(own));
    await click(page, "inspector-tab-arithmetic");
    await holds(page, (other) => JSON.stringify([...document.querySelectorAll('[data-testid="neighbour-list"] button')].map((b) => Number(b.dataset.row))) !== other, JSON.stringify(own));
    page.mayComplain = true; // a refused question is in the console
    await fill(page, "operand-C", "nonesuch");
    await page.keyboard.press("Enter");
    await page.waitForSelector(byId("neighbours-error"));
    assert((await text(page, "neighbours-error")).includes("nonesuch"));
    equal(await page.$(byId("neighbour-list")), null, "a list that answers another question:");
    await click(page, "operands-clear");
    await undo(page);
    equal(await page.$eval(byId("operand-B"), (e) => e.value), "money", "one step clears A, B and C:");
    equal((await listed()).length, 0);
  }],

  ["a layout that nobody looks at any more ends; fast keys and clicks make what was asked for last", async (t) => {
    writeNpy(join(t.folder, "table.npy"), cloud(4000, 24), [4000, 24]);
    const page = await t.open(t.folder), states = async () => (await page.server.json("/api/layouts")).map((l) => `${l.method} ${l.state}`);
    await mapStands(page);
    await click(page, "method-tsne");
    await slide(page, "steps", 3000);
    await click(page, "run");
    await until(page, "g.layout.method === 'tsne' && g.epoch > 2");
    await undo(page);
    await until(page, "g.layout.method === 'pca'");
    for (let left = 200; (await states()).some((s) => s === "tsne running"); left--) {
      assert(left > 0, "the layout that was undone goes on");
      await new Promise((r) => setTimeout(r, 50));
    }
    await redo(page);
    await until(page, "g.layout.method === 'tsne' && g.layout.state === 'running' && g.epoch > 2");
    await click(page, "stop");
    await until(page, "g.layout.state === 'stopped'");
    await click(page, "method-pca");
    for (const key of "323232323") await press(page, key);
    await mapStands(page, "g.layout.dim === 3 && g.data.dim === 3 && g.layout.method === 'pca'");
    equal(await page.$eval(byId("stale"), (e) => e.hidden), true, "the map is what the panel says:");
    const n = (await states()).length;
    await page.evaluate(() => {
      for (let i = 0; i < 20; i++) document.querySelector("[data-testid=run]").click();
    });
    await mapStands(page);
    for (let left = 200; (await states()).length > n + 1; left--) { // what nobody waits for is dropped
      assert(left > 0, await states());
      await new Promise((r) => setTimeout(r, 50));
    }
    // Esc leaves the lasso when there is nothing else to leave.
    await press(page, "l");
    await press(page, "Escape");
    equal(await page.evaluate(() => window.__gonio.plot.tool), "navigate");
  }],

  ["tags and sets: undone at the server, kept beside the data, seen on the card and in another tab", async (t) => {
    const dir = banks(join(t.folder, "set")), marks = () => {
      const path = `${dir}.view.json`;
      return existsSync(path) ? Object.values(JSON.parse(readFileSync(path, "utf8")).data)[0] : {};
    };
    const page = await t.open(dir);
    await mapStands(page);
    const columns = () => page.$$eval(`${byId("colour-by")} option`, (all) => all.map((o) => o.value).filter((v) => v.startsWith("column:")));
    const before = await columns();
    await fill(page, "search", "river");
    await until(page, "g.selection.length === 20");
    await click(page, "inspector-tab-selection");
    await fill(page, "set-name", "wet");
    await page.keyboard.press("Enter");
    await page.waitForSelector(byId("set-wet"));
    await fill(page, "tag-column", "mood");
    await fill(page, "tag-value", "calm");
    await click(page, "tag-save");
    await holds(page, () => [...document.querySelectorAll('[data-testid="colour-by"] option')].some((o) => o.value === "column:mood"));
    equal(Object.keys(marks().tags.mood).length, 20, "tags beside the data:");
    equal(marks().sets.wet.length, 20, "sets beside the data:");

    // A name that tokens have: labels of lists and cards follow.
    const row = (await ask(page, "g.selection"))[0];
    await page.mouse.click(...(await pixel(page, row)));
    await until(page, "g.pinned >= 0");
    const pinned = await ask(page, "g.pinned");
    await click(page, "inspector-tab-selection");
    if (!(await ask(page, "g.selection")).includes(pinned)) await page.evaluate((r) => document.querySelector(`[data-testid=selected-rows] [data-row="${r}"]`).click(), row);
    await click(page, "inspector-tab-selection");
    await fill(page, "tag-column", "token");
    await fill(page, "tag-value", "STREAM");
    await click(page, "tag-save");
    await holds(page, () => [...document.querySelectorAll("[data-testid=selected-rows] .token")].every((e) => e.textContent === "STREAM"));
    await click(page, "inspector-tab-token");
    await holds(page, () => document.querySelector("[data-testid=token-card] .token")?.textContent === "STREAM");
    await undo(page); // the tab
    await undo(page); // the names
    await holds(page, () => [...document.querySelectorAll("[data-testid=selected-rows] .token")].every((e) => e.textContent === "river"));

    // Another tab is told when it is looked at.
    const other = await t.page(page.server.url);
    await mapStands(other);
    await other.bringToFront();
    await click(other, "inspector-tab-selection");
    await other.waitForSelector(byId("set-wet"));
    await page.bringToFront();
    while ((await columns()).includes("column:mood")) await undo(page);
    equal(await columns(), before, "a column that a tag made goes with it:");
    equal(marks().tags?.mood, undefined, "tags after undo:");
    for (let i = 0; i < 8 && (await page.$(byId("set-wet"))); i++) await undo(page);
    equal(marks().sets ?? {}, {}, "sets after undo:");
    await other.bringToFront();
    await other.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await holds(other, () => !document.querySelector('[data-testid="set-wet"]'));
  }],

  ["Back and Forward go between screens and sources; a pasted address is shown; a bad one is told", async (t) => {
    banks(join(t.folder, "all", "set"));
    writeNpy(join(t.folder, "all", "table.npy"), cloud(200, 8), [200, 8]);
    const page = await t.open(join(t.folder, "all"));
    await screen(page, "open");
    await mapStands(page);
    await addressHas(page, "open");
    await openSource(page, "set");
    await mapStands(page, "g.data.n === 280");
    await page.mouse.click(...(await pixel(page, 5)));
    await until(page, "g.pinned >= 0");
    const pinned = await ask(page, "g.pinned");
    await addressHas(page, `"pinned":${pinned}`.replaceAll('"', "'"));
    const address = page.url();
    await click(page, "screen-geometry");
    await addressHas(page, "geometry");
    await page.goBack();
    await screen(page, "map");
    await until(page, `g.pinned === ${pinned}`);
    await page.goForward();
    await screen(page, "geometry");
    await page.goBack();
    await screen(page, "map");
    await page.goBack();
    await screen(page, "open");
    // Undo takes the way back, too.
    await undo(page);
    await screen(page, "geometry");

    await page.evaluate((to) => (location.href = to), address);
    await screen(page, "map");
    await mapStands(page, `g.pinned === ${pinned} && g.data.n === 280`);
    await page.evaluate(() => (location.hash = "#v=broken{"));
    await page.waitForSelector(byId("message-error"));
    assert((await text(page, "message-error")).includes("no view"), await text(page, "message-error"));
    await mapStands(page);
    // Members of any kind do no harm.
    await page.evaluate((to) => {
      const { source } = JSON.parse(decodeURIComponent(to.split("#v=")[1].replaceAll("'", "%22")));
      const view = { v: 1, source, layer: "x", projection: { method: 7, components: [1] }, nearest: 5, operands: "abc", search: null, camera: { target: 1 }, colour: { kind: "column" }, screen: "moon", sets: 3 };
      location.hash = "#v=" + encodeURIComponent(JSON.stringify(view));
    }, address);
    await mapStands(page, "g.pinned === -1 && g.layout.method === 'pca'");
  }],

  ["whatever was done: all of it undone and done again is the same view, with the same sets and tags", async (t) => {
    const dir = banks(join(t.folder, "set")), page = await t.open(dir), chance = normal(17).uniform;
    page.mayComplain = true; // refused searches and runs are among the actions
    await mapStands(page);
    const pick = (list) => list[Math.floor(chance() * list.length)];
    const press1 = (id) => page.evaluate((i) => document.querySelector(`[data-testid="${i}"]:not(:disabled)`)?.click(), id);
    const write = (id, value) => page.evaluate(([i, v]) => {
      const field = document.querySelector(`[data-testid="${i}"]`);
      if (!field) return;
      field.value = v;
      for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
    }, [id, value]);
    const actions = [
      () => write("search", pick(["bank", "river", "wet", "zzz", "[", ""])),
      () => page.select(byId("search-mode"), pick(["substring", "regex", "prefix"])),
      () => press1(`inspector-tab-${pick(["token", "selection", "arithmetic"])}`),
      () => press1(pick(["invert", "isolate", "restore-all", "restore-all"])),
      () => press1(`method-${pick(["pca", "raw", "umap"])}`).then(() => press1("run")),
      () => press(page, pick(["2", "3", "[", "]", "Home", "Escape"])),
      () => press1(pick(["density", "labels", "layer-trails", "neighbours-center", "operands-clear"])),
      () => press1(`use-${pick(["a", "b", "c"])}`),
      () => write("set-name", pick(["one", "two"])).then(() => press1("set-save")),
      () => press1(pick(["set-one", "set-colour-one", "combine-run", "set-delete-two"])),
      () => write("tag-column", "mood").then(() => write("tag-value", pick(["x", "y"]))).then(() => press1("tag-save")),
      () => page.select(byId("colour-by"), pick(["none", "column:token", "column:sense", "measure:norm"])),
      () => press1(`screen-${pick(["map", "map", "geometry"])}`),
      () => press1("screen-map").then(() => page.waitForSelector(byId("plot"), { visible: true })).then(() => pixel(page, 3)).then((at) => page.mouse.click(...at)),
      () => undo(page),
    ];
    const rest = async () => {
      await page.evaluate(() => window.__gonio.settled());
      await holds(page, () => document.querySelector(".search")?.dataset.busy !== "true");
      await until(page, "['done', 'stopped', 'failed'].includes(g.layout.state)");
    };
    /** The view without what is new each time: the layout's number; and what is no step: the camera. */
    const view = async () => {
      await rest();
      const { camera, layout, ...all } = await ask(page, "g.view");
      return { all, sets: (await page.server.json("/api/sets?source=0")).sets, columns: (await page.server.json("/api/sources/0")).columns };
    };
    const through = async (id, step) => {
      for (let n = 0; await page.$eval(byId(id), (b) => !b.disabled); n++) {
        assert(n < 200);
        await step(page);
      }
    };
    const first = await view();
    for (let i = 0; i < 45; i++) await pick(actions)();
    await rest();
    await through("redo", redo);
    const last = await view();
    assert(JSON.stringify(last) !== JSON.stringify(first));
    await through("undo", undo);
    equal(await view(), first, "all undone:");
    await through("redo", redo);
    equal(await view(), last, "all done again:");
  }],

  ["the address of other data shows nothing of it, and says why", async (t) => {
    banks(join(t.folder, "a", "set"));
    banks(join(t.folder, "b", "set"));
    for (const l of [0, 1, 2, 3]) writeNpy(join(t.folder, "b", "set", `layer.0${l}.npy`), cloud(280, 16, { seed: l + 5 }), [280, 16]);
    const page = await t.open(join(t.folder, "a"));
    await mapStands(page);
    await press(page, "[");
    await addressHas(page, "'layer':2");
    const other = await t.serve(join(t.folder, "b")), there = await t.page(other.url, { query: `?anim=0&seed=1${new URL(page.url()).hash}` });
    await there.waitForSelector(byId("message-error"));
    assert((await text(there, "message-error")).includes("other data"), await text(there, "message-error"));
    await mapStands(there, "g.layer === 3");
  }],
]);
