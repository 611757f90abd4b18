import assert from "node:assert/strict";
import test from "node:test";
import { canRedo, canUndo, clearHistory, commit, commitRemote, follow, redo, undo, undoable } from "../src/state/history";
import { bytes, num, percent, plural, seconds } from "../src/state/format";
import { chains, combine, hasRow, packRows, sameRows, sortedRows, unpackRows } from "../src/state/rows";

const rows = (...r: number[]) => Uint32Array.from(r);

test("undo and redo restore every signal of a step, and nothing else", async () => {
  const a = undoable("t.a", 1);
  const b = undoable("t.b", "x");
  clearHistory();
  commit("first", () => {
    a.value = 2;
    b.value = "y";
  });
  commit("second", () => (a.value = 3));
  commit("nothing", () => (a.value = 3));
  assert.equal(canUndo.value, "second");
  await undo();
  assert.deepEqual([a.value, b.value, canUndo.value, canRedo.value], [2, "y", "first", "second"]);
  await undo();
  assert.deepEqual([a.value, b.value, canUndo.value], [1, "x", null]);
  await undo();
  await redo();
  await redo();
  assert.deepEqual([a.value, b.value, canRedo.value], [3, "y", null]);
  await undo();
  commit("other", () => (b.value = "z"));
  assert.equal(canRedo.value, null, "a new step forgets the undone ones");
});

test("steps with one key that follow each other are one step", async () => {
  const v = undoable("t.slider", 0);
  const w = undoable("t.other", 0);
  clearHistory();
  for (let i = 1; i <= 5; i++) commit("drag", () => (v.value = i), "drag");
  follow("drag", () => (w.value = 7));
  follow("another", () => (w.value = 8)); // follows nothing: no step
  assert.equal(canUndo.value, "drag");
  await undo();
  assert.deepEqual([v.value, w.value, canUndo.value], [0, 0, null]);
  await redo();
  assert.equal(v.value, 5);
  commit("drag", () => (v.value = 6), "drag");
  commit("between", () => (w.value = 1));
  commit("drag", () => (v.value = 9), "drag");
  await undo();
  assert.equal(v.value, 6, "a step between two drags keeps them apart");
});

test("a change on the server is one step; a failure leaves none", async () => {
  clearHistory();
  const calls: string[] = [];
  const note = (s: string) => async () => void calls.push(s);
  await commitRemote("set", note("put"), note("delete"));
  await undo();
  await redo();
  assert.deepEqual(calls, ["put", "delete", "put"]);
  await assert.rejects(
    commitRemote("bad", () => Promise.reject(new Error("409")), note("never")),
    /409/,
  );
  assert.equal(canUndo.value, "set");
});

test("a step that went back and forth keeps what was undone after it", async () => {
  const v = undoable("t.chain", 0);
  const w = undoable("t.answer", 0);
  clearHistory();
  commit("open", () => (v.value = 1), "open");
  commit("later", () => (v.value = 2));
  await undo();
  await undo();
  await redo();
  follow("open", () => (w.value = 5)); // the answer to what was done again
  assert.equal(canRedo.value, "later");
  await redo();
  assert.deepEqual([v.value, w.value], [2, 5]);
  await undo();
  await undo();
  assert.deepEqual([v.value, w.value], [0, 0]);
});

test("a way back that the server refuses stays in the history; changes on the server keep their order", async () => {
  clearHistory();
  const done: string[] = [];
  let refuse = true;
  const slow = (what: string, ms: number) => () =>
    new Promise<void>((r) =>
      setTimeout(() => {
        done.push(what);
        r();
      }, ms),
    );
  await commitRemote("set", slow("put", 1), async () => {
    if (refuse) throw new Error("no answer");
    done.push("delete");
  });
  await assert.rejects(undo(), /no answer/);
  assert.deepEqual([canUndo.value, canRedo.value], ["set", null]);
  refuse = false;
  await Promise.all([undo(), redo(), commitRemote("other", slow("other", 1), slow("not other", 20)), undo(), undo()]);
  assert.deepEqual(done, ["put", "delete", "put", "other", "not other", "delete"]);
});

test("sets of rows against the plain definition", () => {
  let seed = 5;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 60; round++) {
    const draw = () => sortedRows(Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 20)));
    const [a, b] = [draw(), draw()];
    const plain = (keep: (inA: boolean, inB: boolean) => boolean) =>
      Uint32Array.from(Array.from({ length: 20 }, (_, r) => r).filter((r) => keep(a.includes(r), b.includes(r))));
    assert.deepEqual(
      combine(a, b, "add"),
      plain((x, y) => x || y),
    );
    assert.deepEqual(
      combine(a, b, "and"),
      plain((x, y) => x && y),
    );
    assert.deepEqual(
      combine(a, b, "remove"),
      plain((x, y) => x && !y),
    );
    for (let r = 0; r < 20; r++) assert.equal(hasRow(a, r), a.includes(r));
    assert.deepEqual(unpackRows(packRows(a), 20), a);
  }
  assert.ok(sameRows(rows(1, 2), rows(1, 2)) && !sameRows(rows(1), rows(1, 2)) && !sameRows(rows(1), rows(2)));
});

test("rows in an address: runs are short, foreign text is refused", () => {
  assert.equal(packRows(rows()), "");
  assert.equal(packRows(rows(0, 1, 2, 3, 40)), "0.4_10");
  const many = Uint32Array.from({ length: 100000 }, (_, i) => i + 7);
  assert.ok(packRows(many).length < 12);
  assert.deepEqual(unpackRows(packRows(many), 100007), many);
  for (const bad of ["-1", "1__2", "1.", "x!", "0.4_zzzzzzzzz"]) assert.equal(unpackRows(bad, 1e9), null, bad);
  assert.equal(unpackRows("0.5", 4), null, "a row beyond the source");
});

test("polylines: chains, joins, and cycles are walked once", () => {
  const next = Float32Array.of(1, 2, NaN, 4, 3, 1, 99, -1, 2.5);
  const lines = chains(next).map((l) => [...l]);
  assert.deepEqual(lines, [
    [0, 1, 2],
    [5, 1],
    [3, 4, 3],
  ]);
  const ring = Float32Array.from({ length: 1000 }, (_, i) => (i + 1) % 1000);
  assert.deepEqual(
    chains(ring).map((l) => l.length),
    [1001],
  );
});

test("numbers as people read them", () => {
  assert.deepEqual(
    [0, 1234567, -0.5, 12345, 0.00001, NaN, Infinity, 3.14159].map((v) => num(v)),
    ["0", "1.23e6", "−0.5", "12,345", "1.00e−5", "–", "∞", "3.14"],
  );
  assert.equal(num(null), "–");
  assert.deepEqual([plural(1, "row"), plural(2000, "row"), percent(0.2314)], ["1 row", "2,000 rows", "23.1 %"]);
  assert.deepEqual([bytes(512), bytes(94e6), bytes(6144), bytes(1.5e9)], ["512 B", "94.0 MB", "6.1 KB", "1.5 GB"]);
  assert.deepEqual([seconds(0.0001), seconds(0.34), seconds(12.34), seconds(125)], ["1 ms", "340 ms", "12.3 s", "2 min 5 s"]);
});
