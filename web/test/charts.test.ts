import assert from "node:assert/strict";
import test from "node:test";
import { binCounts, extent, formatWithError, niceTicks } from "../src/charts/numbers";
import { nearest } from "../src/charts/Curves";
import { commonBox, sampleRows } from "../src/screens/strip";
import { alignOnto, byOverlap, inverse } from "../src/screens/align";
import {
  dominanceMatrix,
  familiesIn,
  notesOf,
  scaleCurves,
  seriesOf,
  tableOf,
  tidyRow,
  type TidyRow,
} from "../src/screens/measures";
import { trailOf } from "../src/screens/trails";
import { layerCurves, lineOf, matrixOf } from "../src/screens/compare-layers";

test("a trail goes through a row's places in the layers, in their order", () => {
  const layer = (x: number): Float32Array => Float32Array.from([x, 0, x, x * x, NaN, NaN]);
  const layers = new Map([
    [0, layer(1)],
    [4, layer(3)],
    [9, layer(2)],
  ]);
  assert.deepEqual([...trailOf(1, [0, 4, 9], layers, 2)!], [1, 1, 3, 9, 2, 4]);
  assert.equal(trailOf(2, [0, 4, 9], layers, 2), null);
  assert.equal(trailOf(0, [0, 5], layers, 2), null);
});

test("an error has two digits and gives the value its decimals", () => {
  assert.equal(formatWithError(2.4610193956, 0.014328), "2.461 ± 0.014");
  assert.equal(formatWithError(81.6228, 0.169168), "81.62 ± 0.17");
  assert.equal(formatWithError(1234.5, 37), "1234 ± 37".replace("1234", (1234.5).toFixed(0)));
  assert.equal(formatWithError(0.5, null), "0.5");
  assert.equal(formatWithError(0.5, 0), "0.5");
  assert.equal(formatWithError(null, 0.1), "–");
});

test("extent skips what is not a number; ticks are round and inside", () => {
  assert.deepEqual(extent([NaN, 3, null, -1, Infinity]), [-1, 3]);
  assert.equal(extent([NaN, null]), null);
  assert.deepEqual(niceTicks(0.03, 0.97, 5), [0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(niceTicks(-3, 3, 3), [-2, 0, 2]);
  assert.deepEqual(niceTicks(1, 1, 5), [1]);
});

test("bins hold every finite value inside once, the upper end in the last", () => {
  const values = Float64Array.from([0, 0.1, 0.5, 0.99, 1, NaN, 2, -1]);
  assert.deepEqual([...binCounts(values, 0, 1, 2)], [2, 3]);
  assert.deepEqual([...binCounts(Float64Array.from([4, 4]), 4, 4, 3)], [2, 0, 0]);
});

test("the nearest position of a sorted list", () => {
  assert.equal(nearest([0, 1, 5], 2.9), 1);
  assert.equal(nearest([0, 1, 5], 3.1), 2);
  assert.equal(nearest([0, 1, 5], -9), 0);
});

test("sampled rows are the same few in every layer; their box is square and leaves out NaN", () => {
  assert.deepEqual([...sampleRows(10, 4)], [0, 3, 6, 9]);
  assert.equal(sampleRows(5, 100).length, 5);
  const box = commonBox(
    [Float32Array.from([0, 0, NaN, 7, 4, 2]), Float32Array.from([-2, 0, 0, 0, 0, 0])],
    2,
    Uint32Array.of(0, 1, 2),
  );
  assert.deepEqual(box, { x: 1, y: 1, size: 6 });
});

/** b = a turned, mirrored, scaled and shifted, rows in another order. */
function moved(a: Float32Array, degrees: number, mirror: boolean, scale: number, order: number[]): Float32Array {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const b = new Float32Array(a.length);
  order.forEach((j, i) => {
    const [x, y] = [a[2 * i] * scale, a[2 * i + 1] * scale * (mirror ? -1 : 1)];
    b[2 * j] = c * x - s * y + 5;
    b[2 * j + 1] = s * x + c * y - 3;
  });
  return b;
}

test("a turned, mirrored and scaled map is laid back onto its original", () => {
  const a = Float32Array.from([0, 0, 3, 1, -2, 4, 7, -1, 1.5, 2.5]);
  const order = [3, 0, 4, 1, 2];
  for (const mirror of [false, true])
    for (const degrees of [0, 37, 180, -95]) {
      const m = alignOnto(a, moved(a, degrees, mirror, 2.5, order), Int32Array.from(order));
      assert.equal(m.mirrored, mirror);
      assert.ok(Math.abs(m.scale - 0.4) < 1e-6);
      order.forEach((j, i) => {
        assert.ok(Math.abs(m.positions[2 * j] - a[2 * i]) < 1e-5);
        assert.ok(Math.abs(m.positions[2 * j + 1] - a[2 * i + 1]) < 1e-5);
      });
    }
});

test("no other turn, with or without mirror, leaves a smaller distance", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  const a = Float32Array.from({ length: 40 }, random);
  const b = Float32Array.from({ length: 40 }, random);
  const match = Int32Array.from({ length: 20 }, (_, i) => i);
  const rest = (p: Float32Array): number => a.reduce((sum, v, i) => sum + (v - p[i]) ** 2, 0);
  const moved = alignOnto(a, b, match);
  const best = rest(moved.positions);
  const mean = (p: Float32Array, d: number): number => p.reduce((s, v, i) => s + (i % 2 === d ? v / 20 : 0), 0);
  const centred = (p: Float32Array): Float32Array => p.map((v, i) => v - mean(p, i % 2));
  const [u, v] = [centred(a), centred(b)];
  for (let step = 0; step < 720; step++)
    for (const mirror of [1, -1]) {
      const [c, s] = [Math.cos((step * Math.PI) / 360), Math.sin((step * Math.PI) / 360)];
      const turned = Float32Array.from(v, (_, i) =>
        i % 2 ? s * v[i - 1] + c * v[i] * mirror : c * v[i] - s * v[i + 1] * mirror,
      );
      const distance = u.reduce((sum, x, i) => sum + (x - moved.scale * turned[i]) ** 2, 0);
      assert.ok(distance > best - 1e-6, `${step} ${mirror}: ${distance} < ${best}`);
    }
  const spread = (p: Float32Array): number => centred(p).reduce((sum, x) => sum + x * x, 0);
  assert.ok(Math.abs(spread(moved.positions) / spread(a) - 1) < 1e-5);
});

/** A turn about an axis as a matrix, row by row (Rodrigues). */
function about(axis: [number, number, number], degrees: number): number[] {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const l = Math.hypot(...axis);
  const [x, y, z] = axis.map((v) => v / l);
  return [
    c + x * x * (1 - c),
    x * y * (1 - c) - z * s,
    x * z * (1 - c) + y * s,
    y * x * (1 - c) + z * s,
    c + y * y * (1 - c),
    y * z * (1 - c) - x * s,
    z * x * (1 - c) - y * s,
    z * y * (1 - c) + x * s,
    c + z * z * (1 - c),
  ];
}

test("in space, too, a turned, mirrored and scaled map is laid back", () => {
  let seed = 11;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  const a = Float32Array.from({ length: 60 }, random);
  const same = Int32Array.from({ length: 20 }, (_, i) => i);
  for (const mirror of [1, -1])
    for (const degrees of [0, 25, 120, 180]) {
      const r = about([1, -2, 0.5], degrees);
      const b = Float32Array.from(a, (_, i) => {
        const row = 3 * Math.floor(i / 3);
        return mirror * 4 * [0, 1, 2].reduce((sum, e) => sum + r[3 * (i % 3) + e] * a[row + e], 0) + 7;
      });
      const m = alignOnto(a, b, same, 3);
      assert.equal(m.mirrored, mirror < 0);
      assert.ok(Math.abs(m.scale - 0.25) < 1e-6);
      assert.ok(Math.abs(m.turn - degrees) < 0.01, `${m.turn}, expected ${degrees}`);
      a.forEach((v, i) => assert.ok(Math.abs(v - m.positions[i]) < 1e-5, `${i}: ${m.positions[i]}, expected ${v}`));
    }
});

test("in space no other turn, with or without mirror, leaves a smaller distance", () => {
  let seed = 3;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  const [a, b] = [0, 1].map(() => Float32Array.from({ length: 45 }, random));
  const m = alignOnto(a, b, Int32Array.from({ length: 15 }, (_, i) => i), 3);
  const centred = (p: Float32Array): Float32Array => {
    const mean = [0, 1, 2].map((d) => p.reduce((s, v, i) => s + (i % 3 === d ? v / 15 : 0), 0));
    return p.map((v, i) => v - mean[i % 3]);
  };
  const [u, v] = [centred(a), centred(b)];
  const distance = (p: Float32Array): number => u.reduce((sum, x, i) => sum + (x - p[i]) ** 2, 0);
  const best = distance(centred(m.positions));
  for (let step = 0; step < 4000; step++) {
    const r = about([random(), random(), random()], 720 * random());
    for (const mirror of [1, -1]) {
      const turned = Float32Array.from(v, (_, i) => {
        const row = 3 * Math.floor(i / 3);
        return mirror * m.scale * [0, 1, 2].reduce((sum, e) => sum + r[3 * (i % 3) + e] * v[row + e], 0);
      });
      assert.ok(distance(turned) > best - 1e-6, `${step} ${mirror}: ${distance(turned)} < ${best}`);
    }
  }
});

test("a map with fewer than two shared rows stays where it is", () => {
  const b = Float32Array.from([1, 2, 3, 4]);
  const m = alignOnto(Float32Array.from([0, 0, NaN, 0]), b, Int32Array.from([1, 0]));
  assert.deepEqual([...m.positions], [...b]);
  assert.equal(m.rows, 1);
});

test("rows by overlap: least or most first, ties by row, unmatched left out", () => {
  const overlap = Float32Array.from([0.5, NaN, 0, 0.5, 1]);
  assert.deepEqual([...byOverlap(overlap, true)], [2, 0, 3, 4]);
  assert.deepEqual([...byOverlap(overlap, false)], [4, 0, 3, 2]);
  assert.deepEqual([...inverse(Int32Array.from([2, -1, 2, 0]), 4)], [3, -1, 0, -1]);
});

const row = (
  layer: number,
  measure: string,
  variant: string | null,
  value: number,
  se: number | null = null,
  scale: number | null = null,
): TidyRow => ({ layer, measure, variant, value, se, scale, note: null });

test("tidy rows are read with care", () => {
  assert.deepEqual(
    tidyRow({ layer: 2, measure: "twonn", variant: "ml", value: 5, se: 0.1, n: 9 }),
    row(2, "twonn", "ml", 5, 0.1),
  );
  assert.equal(tidyRow({ layer: "2", measure: "twonn" }), null);
  assert.equal(tidyRow({ layer: 2 }), null);
  assert.equal(tidyRow({ layer: 0, measure: "norm", value: "NaN" })?.value, null);
});

test("series: one per measure and variant, a gap where a layer has no value", () => {
  const rows = [
    row(0, "twonn", "ml", 5, 0.1),
    row(2, "twonn", "ml", 7, 0.2),
    row(0, "twonn", "bayes", 6),
    row(9, "twonn", "ml", 1),
  ];
  const series = seriesOf(rows, [0, 1, 2], ["twonn"]);
  assert.deepEqual(
    series.map((s) => s.label),
    ["TwoNN, ml", "TwoNN, bayes"],
  );
  assert.deepEqual(series[0].values, [5, null, 7]);
  assert.deepEqual(series[0].se, [0.1, null, 0.2]);
  assert.equal(series[1].se, undefined);
  assert.deepEqual(
    seriesOf(rows, [0], ["twonn"], true).map((s) => s.label),
    ["ml", "bayes"],
  );
});

test("a measure without a family gets a chart of its own; GRIDE runs over scale", () => {
  const rows = [
    row(0, "odd_thing", null, 1),
    row(0, "gride", null, 3, 0.1, 2),
    row(0, "gride", null, 4, 0.1, 1),
    row(0, "gride", "reported", 9, 0.1, 1),
  ];
  assert.deepEqual(
    familiesIn(rows).map((f) => f.title),
    ["Odd thing"],
  );
  assert.deepEqual(scaleCurves(rows), [{ layer: 0, scale: [1, 2], value: [4, 3], se: [0.1, 0.1] }]);
});

test("a note is told once, with all that it is about", () => {
  const rows = [0, 1].flatMap((layer) =>
    ["raw", "centred"].map((v) => ({ ...row(layer, "inter_cosine", v, NaN), note: "not defined" })),
  );
  assert.deepEqual(notesOf([...rows, row(0, "norm", "mean", 1)], ["inter_cosine", "norm"]), [
    "between types, raw; between types, centred: not defined",
  ]);
  assert.deepEqual(notesOf(rows, ["norm"]), []);
});

test("the table has a line per layer and a column per series, in the order of the charts", () => {
  const rows = [row(0, "norm", "mean", 9, 0.01), row(1, "norm", "mean", 10, 0.01), row(1, "twonn", "ml", 5.123, 0.1)];
  assert.deepEqual(tableOf(rows, [0, 1]), {
    head: ["TwoNN, ml", "norm, mean"],
    lines: [
      ["–", "9.000 ± 0.010"],
      ["5.12 ± 0.10", "10.000 ± 0.010"],
    ],
  });
});

test("dominant dimensions of all layers as a matrix", () => {
  const d = {
    0: [
      { dim: 7, share: 0.5 },
      { dim: 3, share: 0.1 },
    ],
    1: [
      { dim: 3, share: 0.2 },
      { dim: 99, share: 0.05 },
    ],
  };
  const { dims, values } = dominanceMatrix(d, [0, 1], 2);
  assert.deepEqual(dims, [3, 7]);
  assert.deepEqual([...values], [0.1, 0.5, 0.2, NaN]);
});

test("curves of a comparison", () => {
  assert.deepEqual(
    layerCurves([
      { layer: 0, overlap: 0.5, se: 0.1, chance: 0.01, cka: 0.9 },
      { layer: 3, overlap: null },
    ]),
    {
      layers: [0, 3],
      overlap: [0.5, null],
      se: [0.1, null],
      chance: [0.01, null],
      cka: [0.9, null],
    },
  );
  assert.deepEqual(layerCurves(undefined).layers, []);
});

test("a matrix of layers is read while it comes: rows and cells that are not there are empty", () => {
  const m = matrixOf({
    layers_a: [0, 6],
    layers_b: [1, 2, 5],
    cka: [[0.9, 0.5, 0.1], null],
    overlap: [
      [0.8, null, 0.2],
      [0.1, 0.3, 1],
    ],
  })!;
  assert.deepEqual([...m.cka], [0.9, 0.5, 0.1, NaN, NaN, NaN]);
  assert.deepEqual([...m.overlap], [0.8, NaN, 0.2, 0.1, 0.3, 1]);
  assert.deepEqual([...m.se], [NaN, NaN, NaN, NaN, NaN, NaN]);
  assert.deepEqual(lineOf(m, "overlap", 0), [0.8, null, 0.2]);
  assert.deepEqual(lineOf(m, "cka", 6), [null, null, null]);
  assert.deepEqual(lineOf(m, "cka", 9), [null, null, null], "a layer that the matrix does not have");
  assert.equal(matrixOf(null), null);
});
