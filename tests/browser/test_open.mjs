// Check 1 of the viewer: it loads small and alone, and what is found is listed.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, click, cloud, equal, holds, mapStands, note, run, writeNpy } from "./harness.mjs";

run([
  ["the page is small, alone and soon ready", async (t) => {
    writeNpy(join(t.folder, "words.npy"), cloud(30522, 768), [30522, 768]);
    const server = await t.serve(t.folder);
    const page = await t.page(server.url, { ready: false });
    await holds(page, "window.__gonio?.ready === true");
    const ms = await page.evaluate("performance.now()");
    const first = page.seen.requests.filter((p) => !p.startsWith("/api/"));
    assert(first.length <= 2, "requests for the page:", first);
    assert(page.seen.bytes > 10000 && page.seen.bytes <= 150 * 1024, "bytes transferred:", page.seen.bytes);
    note("ready with 30,522 x 768", ms, 1000);
    await holds(page, `document.querySelector('[data-testid="source"]')?.textContent.includes("30,522 × 768")`);
    await mapStands(page);
    note("its PCA", 1000 * (await ask(page, "g.layout.seconds")));
  }],
  ["nothing is computed before it is asked", async (t) => {
    writeNpy(join(t.folder, "a.npy"), cloud(500, 16), [500, 16]);
    writeNpy(join(t.folder, "b.npy"), cloud(400, 16), [400, 16]);
    const page = await t.open(t.folder);
    await page.waitForNetworkIdle({ idleTime: 300 });
    const log = await page.server.json("/api/log");
    assert(log.every((e) => e.what === "layout"), log);
    assert(log.length <= 1, "more than one layout was made:", log);
  }],
  ["what cannot be shown says why", async (t) => {
    writeFileSync(join(t.folder, "broken.npy"), "no array");
    mkdirSync(join(t.folder, "sub"));
    writeNpy(join(t.folder, "sub", "fine.npy"), cloud(50, 4), [50, 4]);
    const page = await t.open(t.folder);
    await click(page, "screen-open");
    const cards = await page.$$eval('[data-testid^="source-"]', (all) => all.map((c) => c.textContent));
    equal(cards.length, 2);
    assert(cards.some((c) => c.includes("broken.npy") && c.includes("not")), cards);
    assert(cards.some((c) => c.includes("50") && c.includes("4")), cards);
  }],
]);
