// tools/pictures: the viewer's pictures for README and docs.
//   node pictures.mjs REPS FOLDER WORD
import { join } from "node:path";
import { ask, byId, click, holds, mapStands, run, until } from "./harness.mjs";

const [reps, folder, word] = process.argv.slice(2);
const size = { width: 1280, height: 800, query: "?anim=0&seed=1&renderer=splat" };

/** Without the pointer, the focus ring and messages that come and go. */
async function take(page, name) {
  await page.mouse.move(2, 2);
  await page.evaluate(() => document.activeElement?.blur());
  await holds(page, `!document.querySelector('[data-testid^="message-"]') && !document.querySelector('[data-testid="hover-card"]') && document.querySelector('.busy, [aria-busy="true"]') === null`);
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  await page.screenshot({ path: join(folder, `view_${name}.png`) });
}

run([["pictures of the viewer", async (t) => {
  const server = await t.serve(reps), page = await t.page(server.url, size);
  await mapStands(page);
  if (await page.$(byId("scope-all"))) {
    await click(page, "scope-all");
    await click(page, "run");
    await mapStands(page, "g.layout.layers.length > 1");
  }
  if (await page.$(byId("layer-measure"))) await click(page, "layer-measure");
  for (let now = null; now !== "done"; ) {
    ({ state: now } = await server.json("/api/sources/0/geometry"));
    if (now === "failed") throw new Error("the layers could not be measured");
    await page.evaluate(() => new Promise((r) => setTimeout(r, 500)));
  }
  // A word in its sentences: the selection and the neighbours of one of its rows.
  await page.focus(byId("search"));
  await page.type(byId("search"), word);
  await page.select(byId("search-mode"), "regex");
  await page.$eval(byId("search"), (e) => e.select());
  await page.type(byId("search"), `^${word}$`);
  await until(page, "g.selection.length > 0");
  const row = await ask(page, "g.selection.find((r) => g.plot.pick(...g.project(r)) === r) ?? g.selection[0]");
  await page.keyboard.press("Enter");
  await click(page, "inspector-tab-selection");
  await page.waitForSelector(byId("selected-rows"));
  const first = await page.$(`${byId("selected-rows")} [data-row="${row}"]`) ?? await page.$(`${byId("selected-rows")} button`);
  await first.click();
  await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
  await take(page, "map");
  await click(page, "screen-geometry");
  await page.waitForSelector(byId("geometry-cards"));
  await take(page, "geometry");
  await click(page, "screen-compare");
  await page.waitForSelector(byId("compare-mean"));
  await holds(page, `!document.querySelector('.compare [aria-live="polite"]')`);
  await take(page, "compare");
}]]);
