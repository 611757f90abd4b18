// Colours that take long: how far they are, how long they will take, and stopping them.
import { join } from "node:path";
import { assert, byId, click, equal, holds, mapStands, normal, run, text, writeNpy } from "./harness.mjs";

const n = 40000, d = 64; // neighbours of all rows take the scalar kernels tens of seconds

const progress = (page) => page.$eval(`${byId("waiting")} [role=progressbar]`, (e) => Number(e.getAttribute("aria-valuenow")));

/** Waits until more is done than `than`, in percent. */
const grows = (page, than) =>
  holds(page, (p) => Number(document.querySelector('[data-testid="waiting"] [role=progressbar]')?.getAttribute("aria-valuenow")) > p, than);

run([
  ["a colour that takes long shows its progress and is stopped", async (t) => {
    writeNpy(join(t.folder, "slow.npy"), Float32Array.from({ length: n * d }, normal(4)), [n, d]);
    const page = await t.open(t.folder, {}, "--cpu", "scalar", "--threads", "1");
    const told = []; // the server, to stop
    page.on("request", (r) => r.method() === "DELETE" && r.url().includes("/columns/lid") && told.push(r.url()));
    const isTold = async (times) => {
      for (let i = 0; i < 200 && told.length < times; i++) await new Promise((r) => setTimeout(r, 20));
      equal(told.length, times, "the server was told to stop:");
    };
    await mapStands(page);
    await page.select(byId("colour-by"), "measure:lid");
    await page.waitForSelector(byId("waiting"));
    assert(/^about \d+ (s|minutes) left$/.test(await text(page, "waiting-left")), "time left:", await text(page, "waiting-left"));
    await grows(page, await progress(page));
    await click(page, "theme"); // the same colours for another ground: the work goes on
    await grows(page, await progress(page));
    await isTold(0);
    await click(page, "waiting-stop");
    await holds(page, () => !document.querySelector('[data-testid="waiting"]') && document.querySelector('[data-testid="colour-by"]').value === "none");
    await isTold(1);

    // Another choice lets go of it, too.
    await page.select(byId("colour-by"), "measure:lid");
    await page.waitForSelector(byId("waiting"));
    await page.select(byId("colour-by"), "measure:norm");
    await holds(page, () => !document.querySelector('[data-testid="waiting"]') && document.querySelector('[data-testid="legend"] h2')?.textContent.startsWith("Norm"));
    await isTold(2);
    const { state } = await (await fetch(`${page.server.url}api/sources/0/columns/lid?layer=0`, { method: "DELETE" })).json();
    assert(state === "stopped" || state === "running", "state:", state);
  }],
]);
