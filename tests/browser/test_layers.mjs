// Checks 7 and 8 of the viewer: points on their way through the layers, a token in its sentence.
import { join } from "node:path";
import { ask, assert, byId, click, equal, holds, mapStands, normal, pixel, run, text, until, writeSet } from "./harness.mjs";

const subjects = ["she", "he", "they", "nobody"], verbs = ["sees", "paints", "crosses", "leaves"], objects = ["bridge", "river", "valley", "harbour", "garden"];
const sentences = Array.from({ length: 40 }, (_, i) => [`${subjects[i % 4]} ${verbs[(i >> 2) % 4]} the ${objects[i % 5]} today`, i % 2 ? "odd" : "even"]);

/** Mean distance that a row moves from one layer to the next. */
function meanStep(maps, dim) {
  let sum = 0;
  for (let l = 1; l < maps.length; l++)
    for (let i = 0; i < maps[l].length; i += dim) sum += Math.hypot(...Array.from({ length: dim }, (_, k) => maps[l][i + k] - maps[l - 1][i + k]));
  return sum / ((maps.length - 1) * (maps[0].length / dim));
}

run([
  ["dragging the slider carries the points through thirteen layers", async (t) => {
    const layers = 13, dims = 12, base = new Map();
    const r = normal(17);
    // Nearly as wide as long, and the longer side changes from layer to layer: the axes of each layer's own
    // PCA change places although the points hardly move.
    writeSet(join(t.folder, "reps"), sentences, layers, dims, (l, row) => {
      if (!base.has(row)) base.set(row, Float64Array.from({ length: dims }, r));
      return base.get(row).map((c, j) => 3 + (j > 1 ? 0.3 : j === l % 2 ? 5 : 4) * c + 0.05 * r());
    });
    const page = await t.open(t.folder);
    await mapStands(page, "g.layout.layers.length === 13");
    const id = await ask(page, "g.layout.id");
    const maps = [];
    for (let l = 0; l < layers; l++) maps.push(await page.server.positions(id, l));
    const n = maps[0].length / 2, width = Math.max(...maps[0]) - Math.min(...maps[0]);

    await page.focus(byId("layer-slider"));
    await page.keyboard.press("Home");
    await mapStands(page, "g.layer === 0 && g.shownLayer === 0");
    const token = await ask(page, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => g.plot.pick(...g.project(i)) === i)");
    await page.mouse.click(...(await pixel(page, token)));
    await until(page, `g.pinned === ${token}`);
    const card = await text(page, "token-card");

    const box = await (await page.$(byId("layer-slider"))).boundingBox();
    const at = (place) => [box.x + 8 + ((box.width - 16) * place) / (layers - 1), box.y + box.height / 2];
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let place = 0.5; place <= 12; place += 0.5) {
      await page.mouse.move(...at(place));
      const slider = Number(await page.$eval(byId("layer-slider"), (e) => e.value));
      assert(Math.abs(slider - place) < 0.1, "the slider is at", slider, "under the pointer at", place);
      equal(await ask(page, "g.layer"), Math.round(slider), `layer at ${slider}:`);
      const a = maps[Math.floor(slider)], b = maps[Math.min(12, Math.floor(slider) + 1)], share = slider - Math.floor(slider);
      const now = await ask(page, "Array.from(g.data.positions)");
      equal(now.length, 2 * n);
      for (let i = 0; i < 2 * n; i++) {
        const want = a[i] + (b[i] - a[i]) * share;
        assert(Math.abs(now[i] - want) < width / 10000, "at", slider, "coordinate", i, "is", now[i], "expected", want);
      }
    }
    await page.mouse.move(...at(12));
    await page.mouse.up();
    await mapStands(page, "g.layer === 12 && g.shownLayer === 12");
    equal(await ask(page, "g.pinned"), token, "the pinned row:");
    equal((await text(page, "token-card")).split("row")[0], card.split("row")[0], "the token of the card:");
    await holds(page, `document.querySelector('[data-testid="neighbours-space"]').textContent.includes("layer 12")`);

    // What alignment is for.
    const steps = {};
    for (const align of ["joint", "procrustes", "none"]) {
      await page.select(byId("align"), align);
      if (align !== "joint") await click(page, "run");
      await mapStands(page, `g.layout.align === '${align}'`);
      assert((await text(page, "layer-alignment")).toLowerCase().includes({ joint: "joint", procrustes: "procrustes", none: "not aligned" }[align]));
      const of = await ask(page, "g.layout.id"), own = [];
      for (let l = 0; l < layers; l++) own.push(await page.server.positions(of, l));
      steps[align] = meanStep(own, 2);
    }
    console.log(`# mean step from layer to layer: ${JSON.stringify(steps)}`);
    assert(steps.joint < steps.none / 2 && steps.procrustes < steps.none / 2, steps);
  }],

  ["keys and playing go through the layers, undo comes back", async (t) => {
    const r = normal(4), base = Array.from({ length: 200 }, () => [r(), r(), r(), r(), r()]);
    writeSet(join(t.folder, "reps"), sentences, 4, 5, (l, row) => base[row].map((v, j) => v * (1 + (l * j) / 9)));
    const page = await t.open(t.folder);
    await mapStands(page);
    await page.keyboard.press("[");
    await mapStands(page, "g.layer === 2 && g.shownLayer === 2");
    await page.keyboard.press("[");
    await mapStands(page, "g.layer === 1 && g.shownLayer === 1");
    await page.keyboard.press("]");
    await mapStands(page, "g.layer === 2");
    await page.keyboard.press("Home");
    await mapStands(page, "g.layer === 0");
    await page.keyboard.press("Space");
    await mapStands(page, "g.layer === 3 && g.shownLayer === 3");
    await click(page, "layer-map-1");
    await mapStands(page, "g.layer === 1");
    await click(page, "undo");
    await until(page, "g.layer !== 1");
  }],

  ["pointing at a token shows its sentence with that very token marked", async (t) => {
    const money = ["the bank lent money to the bank", "a bank keeps cash", "her bank closed early"];
    const river = ["we sat on the bank of the river", "the muddy bank gave way", "reeds hid the far bank"];
    const texts = [...money.map((s) => [s, "finance"]), ...river.map((s) => [s, "river"])];
    const r = normal(12), word = new Map();
    const rows = writeSet(join(t.folder, "reps"), texts, 3, 8, (l, row, { token, label }) => {
      if (!word.has(token)) word.set(token, Array.from({ length: 8 }, () => 4 * r()));
      return word.get(token).map((v, j) => v + r() + (token === "bank" && j === 0 ? (label === "river" ? 9 : -9) : 0));
    });
    const page = await t.open(t.folder);
    await mapStands(page);
    const banks = rows.flatMap((x, i) => (x.token === "bank" ? [i] : []));
    equal(banks.length, 7);
    let seen = 0;
    for (const row of banks) {
      // A point that lies under another one is not what the pointer finds.
      if ((await ask(page, `g.plot.pick(...g.project(${row}))`)) !== row) continue;
      seen++;
      await page.mouse.move(...(await pixel(page, row)));
      await until(page, `g.hover === ${row}`);
      await page.waitForSelector(`${byId("hover-card")} ${byId("context")}`);
      const { p, s, label } = rows[row], sentence = texts[s][0];
      const shown = await page.$eval(`${byId("hover-card")} ${byId("context")}`, (e) => ({ all: e.textContent, marks: [...e.querySelectorAll("mark")].map((m) => m.textContent), before: e.firstChild.textContent }));
      equal(shown.all, sentence, "sentence:");
      equal(shown.marks, ["bank"], "marked:");
      const start = sentence.split(" ").slice(0, p).join(" ").length + (p ? 1 : 0);
      equal(p ? shown.before.length : 0, start, "the token's place in its sentence:");
      assert((await text(page, "hover-card")).includes(label), await text(page, "hover-card"), "expected", label);
    }
    assert(seen >= 4, "only", seen, "of the rows could be pointed at");
    const plot = await (await page.$(byId("plot"))).boundingBox();
    await page.mouse.move(plot.x + plot.width / 2, plot.y - 60);
    await holds(page, `!document.querySelector('[data-testid="hover-card"]')`);
    equal(await ask(page, "g.hover"), -1);
  }],
]);
