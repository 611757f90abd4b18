/** Columns that the server computes: how far they are, who waits for them, and stopping. */
import assert from "node:assert/strict";
import test from "node:test";
import { httpApi, useApi } from "../src/api/client";
import type { Column, JobProgress, Patience } from "../src/api/types";
import { left } from "../src/app/Waiting";
import { loadColumn, waiting, wasStopped } from "../src/state/columns";

const moment = (): Promise<void> => new Promise((r) => setTimeout(r, 5));
const values = (v: number): Column => ({ kind: "number", name: "lid", values: Float32Array.of(v) });
const how = (progress: number): JobProgress => ({ state: "running", progress, seconds: 3, estimate_s: 200 });

/** A server whose answers come when the test says so. */
function slowServer() {
  const asked: { name: string; wait: Patience; done: (c: Column) => void }[] = [];
  const column = (_s: number, name: string, _of: unknown, wait: Patience = {}): Promise<Column> =>
    new Promise((done, fail) => {
      wait.signal?.addEventListener("abort", () => fail(wait.signal!.reason as Error));
      asked.push({ name, wait, done });
    });
  useApi({ ...httpApi, column });
  return asked;
}

test("a column that takes long says how far it is, once for all who wait", async () => {
  const asked = slowServer();
  const a = loadColumn(1, "lid", { layer: 2 });
  const b = loadColumn(1, "lid", { layer: 2 });
  assert.equal(asked.length, 1);
  assert.equal(waiting.value.size, 0);
  asked[0].wait.onprogress!(how(0.25));
  const [w] = waiting.value.values();
  assert.deepEqual([w.name, w.layer, w.how.progress], ["lid", 2, 0.25]);
  asked[0].done(values(7));
  assert.equal(await a, await b);
  await moment();
  assert.equal(waiting.value.size, 0);
  asked[0].wait.onprogress!(how(0.9)); // too late
  assert.equal(waiting.value.size, 0);
  await loadColumn(1, "lid", { layer: 2 });
  assert.equal(asked.length, 1, "what came is kept");
});

test("the server stops when the last who waits has gone, and not before", async () => {
  const asked = slowServer();
  const [one, two] = [new AbortController(), new AbortController()];
  const a = loadColumn(1, "hubness", { layer: 0 }, one.signal).catch((e) => e);
  loadColumn(1, "hubness", { layer: 0 }, two.signal).catch(() => null);
  one.abort();
  await moment();
  assert.equal(asked[0].wait.signal!.aborted, false);
  two.abort();
  loadColumn(1, "hubness", { layer: 0 }).catch(() => null); // the same again at once: it goes on
  await moment();
  assert.equal(asked[0].wait.signal!.aborted, false);
  assert.equal(asked.length, 1);
  const three = new AbortController();
  const c = loadColumn(1, "lid", { layer: 9 }, three.signal).catch((e) => e);
  three.abort();
  await moment();
  assert.equal(asked[1].wait.signal!.aborted, true);
  assert.ok(wasStopped(await c));
  asked[0].done(values(1));
  assert.equal((await a).kind, "number");
});

test("Stop ends it, and asking again starts anew", async () => {
  const asked = slowServer();
  const a = loadColumn(4, "lid", { layer: 1 }).catch((e) => e);
  asked[0].wait.onprogress!(how(0.5));
  [...waiting.value.values()][0].stop();
  assert.ok(wasStopped(await a));
  assert.equal(waiting.value.size, 0);
  const b = loadColumn(4, "lid", { layer: 1 });
  assert.equal(asked.length, 2);
  asked[1].done(values(3));
  assert.deepEqual(await b, values(3));
});

test("202 is asked again until the answer is there; leaving tells the server", async () => {
  const block = new Uint8Array(8 + 16 * 8);
  const head = JSON.stringify({ arrays: { values: { dtype: "f4", shape: [2], offset: 128 } }, bytes: block.length, name: "lid" });
  new DataView(block.buffer).setUint32(0, 124, true);
  block.set(new TextEncoder().encode(head.padEnd(124)), 4);
  const calls: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (async (path: string, init: RequestInit = {}) => {
    calls.push(`${init.method ?? "GET"} ${path}`);
    init.signal?.throwIfAborted();
    return calls.length < 3 ? new Response(JSON.stringify(how(calls.length / 10)), { status: 202 }) : new Response(block);
  }) as typeof fetch;
  try {
    const seen: number[] = [];
    const column = await httpApi.column(0, "lid", { layer: 1 }, { onprogress: (p) => seen.push(p.progress) });
    assert.equal(column.kind === "number" && column.values.length, 2);
    assert.deepEqual(seen, [0.1, 0.2]);
    calls.length = 0;
    const abort = new AbortController();
    const gone = httpApi.column(0, "lid", { layer: 1 }, { signal: abort.signal, onprogress: () => abort.abort() });
    assert.ok(wasStopped(await gone.catch((e) => e)));
    assert.equal(calls[calls.length - 1], "DELETE /api/sources/0/columns/lid?layer=1");
  } finally {
    globalThis.fetch = real;
  }
});

test("time left in words", () => {
  assert.deepEqual([left(null), left(0.2), left(12.4), left(200)], ["", "about 1 s left", "about 12 s left", "about 3 minutes left"]);
});
