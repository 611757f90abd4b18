import assert from "node:assert/strict";
import test from "node:test";
import type { LayoutState } from "../src/api/types";
import { checkedView, decodeView, encodeView, type View } from "../src/state/view";
import { alignOf, fits, paramsOf } from "../src/state/layouts";
import { packRows } from "../src/state/rows";
import { typedPoints } from "../src/state/typed";
import { projection } from "../src/state/store";

const view = (selection: string): View => ({
  v: 1,
  source: { path: "it's a 'set'/reps", name: 'Bär, "x": 50 %', hash: "abc" },
  screen: "map",
  layer: 7,
  projection: projection.value,
  layout: 3,
  colour: { kind: "column", name: "pos'" },
  hidden: [2],
  size: null,
  labelBy: null,
  pictures: false,
  mode: "points",
  pointSize: 0,
  paths: true,
  labels: true,
  trails: false,
  selection,
  isolated: null,
  pinned: 5,
  nearest: { k: 10, metric: "cosine", space: { center: true, remove: 2 } },
  operands: [{ row: 1 }, null, { text: "a'b" }],
  search: { text: "^bank\\b", mode: "regex", column: null, matchCase: false },
  typed: "by the river",
  sets: [],
  tab: "token",
  theme: "dark",
  camera: { target: [1, 2, 3], extent: 4, rotation: [0, 0, 0, 1], perspective: 0.35 },
  painted: { family: "norm", range: [0, 4] },
  compare: {
    a: { path: "x", name: "a", hash: "1", layer: 0 },
    b: { path: "x", name: "a", hash: "1", layer: 12 },
    k: 30,
    dim: 3,
    colour: "pos",
    over: "pairs",
    camera: { target: [0, 0, 0], extent: 2, rotation: [0, 0, 0, 1], perspective: 0 },
  },
});

test("a view comes back from the address, quotes and all", () => {
  const v = view("0.4_10");
  const hash = encodeView(v);
  assert.deepEqual(decodeView(hash), v);
  assert.equal(new URL("http://127.0.0.1/" + hash).hash, hash, "the address is left as it is by a browser");
});

test("the address of a plain view is short", () => {
  const plain = {
    ...view(""),
    pinned: -1,
    hidden: [],
    colour: { kind: "none" as const },
    theme: null,
    camera: null,
    compare: null,
    painted: null,
    nearest: { k: 10, metric: "cosine" as const, space: { center: false, remove: 0 } },
    operands: [null, null, null] as View["operands"],
    trails: true,
    typed: "",
    search: { text: "", mode: "substring" as const, column: null, matchCase: false },
  };
  assert.ok(encodeView(plain).length < 260, encodeView(plain));
  assert.deepEqual(decodeView(encodeView(plain)), plain);
});

test("a selection too large for an address is left out, the rest stays", () => {
  const rows = Uint32Array.from({ length: 20000 }, (_, i) => i * 3);
  const back = decodeView(encodeView(view(packRows(rows))))!;
  assert.equal(back.selection, null, "left out, which is not the same as none");
  assert.equal(back.layer, 7);
});

test("a view of any content becomes one that the page can show", () => {
  const v = view("0.4_10");
  assert.deepEqual(checkedView(v), v, "a good view is left as it is");
  const worst = {
    ...v,
    screen: "moon",
    layer: "first",
    projection: { ...v.projection, method: 7, dim: 4, components: [1], tsne: { perplexity: "x", steps: 10 }, axes: null },
    layout: "3",
    colour: { kind: "column" },
    hidden: { a: 1 },
    size: 3,
    selection: 9,
    pinned: "x",
    nearest: 5,
    operands: [{ row: -1 }, null, "a"],
    search: null,
    sets: [1, "good"],
    theme: "pink",
    camera: { target: "no" },
  } as unknown as View;
  const c = checkedView(worst);
  assert.deepEqual(
    [c.screen, c.layout, c.colour, c.hidden, c.size, c.selection, c.pinned, c.sets, c.theme, c.camera],
    ["map", null, { kind: "none" }, [], null, "", -1, ["good"], null, null],
  );
  assert.deepEqual(c.nearest, { k: 10, metric: "cosine", space: { center: false, remove: 0 } });
  assert.deepEqual(c.operands, [null, null, null]);
  assert.deepEqual([c.search.mode, c.search.text], ["substring", ""]);
  const { method, dim, components, tsne, axes } = c.projection;
  assert.deepEqual([method, dim, components, tsne.perplexity, tsne.steps, axes.length], ["pca", 2, [0, 1, 2], 30, 10, 3]);
});

test("a layout at the server is taken up only if it is what the view asks for", () => {
  const request = {
    source: 1,
    layer: 3,
    method: "tsne" as const,
    dim: 2 as const,
    seed: 1,
    rows: null,
    space: { center: false, remove: 0 },
    metric: "euclidean" as const,
    params: { perplexity: 30, learning_rate: 0 },
    align: "none" as const,
  };
  const state = { ...request, rows: 100, params: { perplexity: 30, learning_rate: 200, pull: 0.5 } } as unknown as LayoutState;
  assert.ok(fits(state, request, 100));
  assert.ok(!fits(state, request, 99), "other rows");
  for (const other of [
    { layer: 2 },
    { seed: 2 },
    { metric: "cosine" as const },
    { space: { center: true, remove: 0 } },
    { params: { perplexity: 5 } },
    { align: "procrustes" as const },
    { rows: [1, 2] },
  ])
    assert.ok(!fits(state, { ...request, ...other }, 100), JSON.stringify(other));
});

test("foreign text after # is no view", () => {
  for (const hash of ["", "#map", "#v=", "#v=%7Bbroken", "#v={'v':1"]) assert.equal(decodeView(hash), null);
});

test("what each method is asked for", () => {
  const p = projection.value;
  assert.deepEqual(paramsOf({ ...p, method: "pca", dim: 2, components: [2, 0, 1] }), { components: [2, 0] });
  assert.deepEqual(paramsOf({ ...p, method: "raw" }), {});
  const side = (text: string) => ({ text, regex: false, set: null });
  const form = { left: side("man"), right: { ...side(""), set: "queens" }, label: "" };
  assert.deepEqual(
    paramsOf({ ...p, method: "axes", dim: 2, axisColumn: "token", axes: [form, form, form] }).axes,
    Array(2).fill({
      left: { column: "token", text: "man", regex: false },
      right: { set: "queens" },
      label: "man → queens",
    }),
  );
  assert.deepEqual(
    (["pca", "tsne", "umap", "raw"] as const).map((method) => alignOf({ ...p, method, align: "joint" })),
    ["joint", "aligned", "aligned", "none"],
  );
});

test("typed text: tokens that became a point, each with its nearest rows", () => {
  const near = (row: number) => ({ nearest: [{ row, distance: 0.1, token: null }] });
  const token = (text: string, point: number | null) => ({ token: text, token_id: 1, start: 0, end: 1, point });
  const reply = {
    model: "m",
    points: 2,
    cut: 0,
    layers: [{ layer: 3, points: [near(7), near(9)] }],
    tokens: [token("[CLS]", null), token("bank", 1), token("##s", 0), token("lost", 5)],
  };
  assert.deepEqual(
    typedPoints(reply).map((t) => [t.token, t.nearest[0].row]),
    [
      ["bank", 9],
      ["##s", 7],
    ],
  );
  assert.deepEqual(typedPoints({ ...reply, layers: [] }), []);
});
