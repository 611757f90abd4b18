// The page's manners: what is shown keeps its place while something comes, says what it knows, and obeys the keyboard.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, byId, click, cloud, drawn, equal, holds, mapStands, normal, pixel, run, text, until, writeNpy, writeSet } from "./harness.mjs";

const sentences = Array.from({ length: 30 }, (_, i) => [`the ${["old", "new", "far"][i % 3]} bridge stands near river ${i}`, i % 2 ? "odd" : "even"]);

function stack(t, layers) {
  const r = normal(5), base = new Map();
  return writeSet(join(t.folder, "reps"), sentences, layers, 6, (l, row) => {
    if (!base.has(row)) base.set(row, Array.from({ length: 6 }, r));
    return base.get(row).map((v, j) => v * (1 + (l * j) / 7));
  });
}

/** Holds back what the page asks for at addresses that match, until the answer is called. */
async function holdBack(page, pattern) {
  const held = [];
  let free = false;
  await page.setRequestInterception(true);
  page.on("request", (r) => (!free && pattern.test(r.url()) ? held.push(r) : r.continue()));
  return () => {
    free = true;
    for (const r of held.splice(0)) r.continue();
  };
}

const top = (page, id) => page.$eval(byId(id), (e) => e.getBoundingClientRect().top);
/** A row that can be pointed at: no other point lies over it. */
const inFront = (page) => ask(page, "Array.from({ length: g.data.n }, (_, i) => i).find((i) => g.plot.pick(...g.project(i)) === i)");

run([
  ["the card: what stands below the neighbours does not move when they come; no second card beside the pinned point", async (t) => {
    stack(t, 3);
    const page = await t.open(t.folder);
    await mapStands(page);
    const release = await holdBack(page, /api\/neighbors/), row = await inFront(page), at = await pixel(page, row);
    await page.mouse.move(...at);
    await page.waitForSelector(byId("hover-card"));
    await page.mouse.click(...at);
    await until(page, `g.pinned === ${row}`);
    await page.waitForSelector(`${byId("token-card")} ${byId("context")}`);
    await page.waitForSelector(byId("neighbours-coming"));
    const before = await top(page, "other-layers");
    release();
    await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
    equal(await top(page, "other-layers"), before, "the place of what follows the list:");
    await page.mouse.move(at[0] + 1, at[1]);
    await until(page, `g.hover === ${row}`);
    equal(await page.$(byId("hover-card")), null, "a card beside the pinned point:");
    assert((await text(page, "token-facts")).includes("sentence"), await text(page, "token-facts"));
  }],

  ["a table has rows, not sentences; labels show what no font shows", async (t) => {
    writeNpy(join(t.folder, "x.npy"), cloud(40, 5), [40, 5]);
    const long = "x".repeat(60);
    writeFileSync(join(t.folder, "x.metadata.tsv"), ["word\tyear", ...Array.from({ length: 40 }, (_, i) => `${[" ", "##ing", long][i] ?? `w${i}`}\t${1984 + i}`)].join("\n") + "\n");
    const page = await t.open(t.folder);
    await mapStands(page);
    const row = await inFront(page);
    await page.mouse.click(...(await pixel(page, row)));
    await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
    await holds(page, `document.querySelector('[data-testid="token-facts"]').textContent.includes("${1984 + row}")`);
    const facts = await text(page, "token-facts");
    assert(!facts.includes("sentence") && !facts.includes("position"), facts);
    await page.focus(byId("neighbours-k"));
    await page.$eval(byId("neighbours-k"), (e) => e.select());
    await page.keyboard.type("39");
    await page.keyboard.press("Enter");
    await holds(page, `document.querySelectorAll('[data-testid="neighbour-list"] [data-row]').length === 39`);
    const names = await page.$$eval(`${byId("neighbour-list")} .token`, (all) => all.map((e) => e.textContent));
    assert(row === 1 || names.includes("##ing"), names);
    assert(row === 0 || names.includes("\u2423"), names);
  }],

  ["lists are one tab stop: arrows, Home and End move in them, Enter pins", async (t) => {
    stack(t, 2);
    const page = await t.open(t.folder);
    await mapStands(page);
    await page.mouse.click(...(await pixel(page, await inFront(page))));
    await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
    const rows = await page.$$eval(`${byId("neighbour-list")} [data-row]`, (all) => all.map((e) => Number(e.dataset.row)));
    equal((await page.$$(`${byId("neighbour-list")} [tabindex="0"]`)).length, 1, "tab stops:");
    const now = () => page.evaluate(() => Number(document.activeElement.dataset.row));
    await page.focus(`${byId("neighbour-list")} [tabindex="0"]`);
    equal(await now(), rows[0]);
    const layer = await ask(page, "g.layer");
    for (const [key, at] of [["ArrowDown", 1], ["ArrowDown", 2], ["ArrowUp", 1], ["End", rows.length - 1], ["Home", 0], ["PageDown", rows.length - 1], ["ArrowUp", rows.length - 2]]) {
      await page.keyboard.press(key);
      equal(await now(), rows[at], `after ${key}:`);
      await until(page, `g.hover === ${rows[at]}`);
    }
    equal(await ask(page, "g.layer"), layer, "Home and End of a list are not those of the layers:");
    await page.keyboard.press("Enter");
    await until(page, `g.pinned === ${rows[rows.length - 2]}`);
  }],

  ["the map stays while another layout of its rows is made; layers that are not drawn show their number", async (t) => {
    stack(t, 4);
    const page = await t.open(t.folder);
    await mapStands(page);
    equal((await page.$$(`${byId("layer-strip")} canvas`)).length, 4, "small maps of all layers:");
    const before = await drawn(page), release = await holdBack(page, /layouts\/\d+\/(stream|positions)/);
    await click(page, "scope-layer");
    await click(page, "run");
    await page.waitForSelector(byId("plot-coming"));
    equal(await page.$(byId("plot-waiting")), null, "a cover over the map:");
    equal((await drawn(page)).flat, before.flat, "places while the next ones are made:");
    release();
    await mapStands(page, "g.layout.layer === 3");
    await holds(page, `!document.querySelector('[data-testid="plot-coming"]')`);
    equal(await page.$$eval(".strip-number", (all) => all.map((e) => e.textContent)), ["0", "1", "2"], "layers that are not drawn:");
    // Going to one of them draws them all.
    await click(page, "layer-map-1");
    await mapStands(page, "g.layer === 1 && g.shownLayer === 1 && g.layout.layer === 'all'");
    await holds(page, `document.querySelectorAll('[data-testid="layer-strip"] canvas').length === 4`);
  }],

  ["a frame that comes late does not replace exact positions", async (t) => {
    stack(t, 2);
    const page = await t.open(t.folder);
    await mapStands(page);
    const release = await holdBack(page, /layouts\/\d+\/stream/);
    await click(page, "scope-layer");
    await click(page, "run");
    await mapStands(page, "g.layout.layer === 1");
    const exact = await drawn(page), server = await page.server.positions(await ask(page, "g.layout.id"), 1);
    equal(exact.flat, Array.from(server), "places on the map:");
    release();
    await until(page, "g.frames > 0");
    equal((await drawn(page)).flat, exact.flat, "places after the late frame:");
  }],

  ["every control has a name; the first row of a list is reached from the control before it", async (t) => {
    stack(t, 3);
    const page = await t.open(t.folder);
    await mapStands(page);
    await page.mouse.click(...(await pixel(page, await inFront(page))));
    await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, select, canvas, [role]")]
        .filter((e) => !e.hidden && !e.closest("[aria-hidden=true]") && !(e.getAttribute("aria-label") || e.title || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 80)));
    equal(nameless, [], "without a name:");
    await page.focus(byId("neighbours-remove"));
    await page.keyboard.press("Tab");
    equal(await page.evaluate(() => document.activeElement.closest('[data-testid="neighbour-list"]') !== null), true);
    await page.keyboard.press("Tab");
    equal(await page.evaluate(() => document.activeElement.dataset.testid), "other-layers");
  }],

  ["a scale of numbers has round ticks and counts what has no value", async (t) => {
    writeNpy(join(t.folder, "x.npy"), cloud(60, 5), [60, 5]);
    writeFileSync(join(t.folder, "x.metadata.tsv"), ["word\tscore", ...Array.from({ length: 60 }, (_, i) => `w${i}\t${i % 6 ? i / 10 : ""}`)].join("\n") + "\n");
    const page = await t.open(t.folder);
    await mapStands(page);
    await page.select(byId("colour-by"), "column:score");
    await page.waitForSelector(byId("scale-ends"));
    const ticks = await page.$$eval(`${byId("scale-ends")} b`, (all) => all.map((e) => Number(e.textContent)));
    assert(ticks.length >= 3 && ticks.every((v) => v >= 0.1 && v <= 5.9 && v === Math.round(v)), ticks);
    assert(/no value\s*10/.test(await text(page, "legend")), await text(page, "legend"));
  }],
]);
