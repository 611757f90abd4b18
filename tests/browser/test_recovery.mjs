// What goes wrong outside the page: a server that ends and returns, a connection that is gone for a moment,
// files that cannot be read, metadata that does not fit. The page says what it is, and goes on.
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ask, assert, byId, click, cloud, equal, holds, mapStands, pixel, run, serve, slide, text, until, writeNpy } from "./harness.mjs";

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise((resolve) => {
    const s = createServer().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });

/** Drops files, [[name, text]], on the page. */
const drop = (page, files) =>
  page.evaluate((all) => {
    const data = new DataTransfer();
    for (const [name, content] of all) data.items.add(new File([content], name));
    for (const type of ["dragover", "drop"])
      document.querySelector(".frame").dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
  }, files);
/** Waits for a sentence at the foot of the page. */
const says = (page, words) =>
  holds(page, (w) => [...document.querySelectorAll(".message")].some((m) => w.every((x) => m.textContent.includes(x))), words);

run([
  ["a server that ends and comes back: one clear sentence, and the page goes on where it was", async (t) => {
    writeNpy(join(t.folder, "table.npy"), cloud(6000, 12), [6000, 12]);
    const port = String(await freePort()), first = await serve(t.folder, "--port", port);
    const page = await t.page(first.url);
    page.mayComplain = true; // of connections refused
    await mapStands(page);
    await page.mouse.click(...(await pixel(page, 5)));
    await until(page, "g.pinned >= 0");
    const pinned = await ask(page, "g.pinned");
    await click(page, "method-tsne");
    await slide(page, "steps", 3000);
    await click(page, "run");
    await until(page, "g.layout.method === 'tsne' && g.epoch > 3");
    await first.stop();
    await click(page, "metric-euclidean");
    await page.waitForSelector(byId("server-lost"));
    assert((await text(page, "server-lost")).includes(`--port ${port}`), await text(page, "server-lost"));
    await page.waitForSelector(byId("run")); // not Pause and Stop for a layout that nobody computes
    const second = await serve(t.folder, "--port", port);
    t.close.push(() => second.stop());
    await holds(page, () => !document.querySelector('[data-testid="server-lost"]'));
    await says(page, ["answers again"]);
    await until(page, `g.layout.method === 'tsne' && g.epoch > 3 && g.pinned === ${pinned}`);
    await page.waitForSelector(byId("neighbour-list"));
  }],

  ["a connection that is gone for a moment: what could not be asked is asked again", async (t) => {
    writeNpy(join(t.folder, "table.npy"), cloud(600, 12), [600, 12]);
    const page = await t.open(t.folder);
    page.mayComplain = true;
    await mapStands(page);
    const before = await ask(page, "g.layout.id");
    await page.setOfflineMode(true);
    await page.mouse.click(...(await pixel(page, 5)));
    await page.waitForSelector(byId("server-lost"));
    equal(await page.$(byId("neighbour-list")), null);
    await page.setOfflineMode(false);
    await page.waitForSelector(byId("neighbour-list"));
    equal(await ask(page, "g.layout.id"), before, "the layout that is still there:");
  }],

  ["dropped files: bad ones say why, good ones open, metadata brings its labels", async (t) => {
    writeNpy(join(t.folder, "table.npy"), cloud(60, 12), [60, 12]);
    const page = await t.open(t.folder);
    page.mayComplain = true; // refusals are in the console
    await mapStands(page);
    await drop(page, [["bad.npy", "no"]]);
    await says(page, ["bad.npy", "npy"]);
    equal(await page.$$eval(".message.info", (all) => all.map((m) => m.textContent)), [], "claims that it is open:");
    await drop(page, [["program.exe", "MZ"]]);
    await says(page, ["program.exe", "expected .npy"]);
    await drop(page, [["notes.json", "{}"]]);
    await says(page, ["notes.json", "not a session"]);
    equal(await ask(page, "g.counts.rows"), 60, "the map is left as it was:");

    await drop(page, [["ragged.tsv", "1\t2\n3\n"]]);
    await says(page, ["ragged.tsv", "line 2"]);
    await page.waitForSelector(byId("plot-error")); // not a spinner for ever
    await drop(page, [["bad.npy", "no"], ["good.tsv", ["a", "b", "c", "d", "e"].map((w, i) => [w, i, i * i, 7 - i, i % 2].join("\t")).join("\n")]]);
    await says(page, ["good.tsv is open"]);
    await mapStands(page, "g.counts.rows === 5");
    equal(await page.$(byId("plot-error")), null);
    await holds(page, () => location.hash.includes("good.tsv"));
    await drop(page, [["line.tsv", ["a", "b", "c", "d", "e"].map((w, i) => `${w}\t${i}`).join("\n")]]);
    await says(page, ["line.tsv is open"]);
    await holds(page, () => document.querySelector('[data-testid="plot-error"]')?.textContent.includes("one column"));
    await holds(page, () => location.hash.includes("line.tsv"));
    await page.goBack();
    await holds(page, () => location.hash.includes("good.tsv"));
    await mapStands(page, "g.counts.rows === 5");
    await drop(page, [["metadata.tsv", "name\tkind\n" + ["one", "two", "three", "four", "five"].map((w, i) => `${w}\t${i % 2}`).join("\n")]]);
    await holds(page, () => [...document.querySelectorAll('[data-testid="colour-by"] option')].some((o) => o.value === "column:kind"));
  }],

  ["metadata that does not fit is told beside the source, with the likely mistake", async (t) => {
    writeNpy(join(t.folder, "x.npy"), cloud(50, 8), [50, 8]);
    writeFileSync(join(t.folder, "x.metadata.tsv"), "name\tk\n" + Array.from({ length: 49 }, (_, i) => `r${i}\t${i}\n`).join(""));
    const page = await t.open(t.folder);
    await mapStands(page);
    assert(/49 rows.*50.*header/.test(await text(page, "source-warning")), await text(page, "source-warning"));
  }],

  ["a file that is changed while it is open: one banner, no messages; opened again by a new server it shows the new data", async (t) => {
    const file = join(t.folder, "table.npy");
    writeNpy(file, cloud(600, 12), [600, 12]);
    const port = String(await freePort()), first = await serve(t.folder, "--port", port);
    const page = await t.page(first.url);
    page.mayComplain = true; // of status 409 and of connections refused
    await mapStands(page);
    writeNpy(file, cloud(700, 12), [700, 12]);
    for (const metric of ["euclidean", "cosine", "euclidean"]) {
      await page.mouse.click(...(await pixel(page, 5)));
      await click(page, `metric-${metric}`);
    }
    await page.waitForSelector(byId("source-changed"));
    assert(/table.npy was changed by another program/.test(await text(page, "source-changed")), await text(page, "source-changed"));
    const refused = page.waitForResponse((r) => r.url().endsWith("/api/sources/0") && r.status() === 409);
    await click(page, "open-again");
    await refused; // this server has it as it was
    await page.waitForSelector(byId("source-changed"));
    equal(await page.$$eval(".message.error", (all) => all.map((m) => m.textContent)), [], "messages beside the banner:");
    await first.stop();
    const second = await serve(t.folder, "--port", port);
    t.close.push(() => second.stop());
    await click(page, "open-again");
    await mapStands(page, "g.counts.rows === 700");
    equal(await page.$(byId("source-changed")), null);
  }],
]);
