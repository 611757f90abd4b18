import assert from "node:assert/strict";
import test from "node:test";
import { curvesFigure, heatmapFigure, histogramFigure } from "../src/charts/figure";
import { linearEnds, logEnds, logTicks } from "../src/charts/numbers";
import type { Pen } from "../src/plot/pen";

/** A pen that keeps what was drawn, and fails on what could not be seen. */
function recorder(width: number, height: number) {
  const texts: { x: number; y: number; text: string }[] = [];
  const lines: [number, number][][] = [];
  const rects: number[][] = [];
  const inside = (x: number, y: number): void => {
    assert.ok(Number.isFinite(x) && Number.isFinite(y), `not a place: ${x}, ${y}`);
    assert.ok(x >= -1 && x <= width + 1 && y >= -1 && y <= height + 1, `outside of the figure: ${x}, ${y}`);
  };
  const pen: Pen = {
    line: (points) => {
      points.forEach(([x, y]) => inside(x, y));
      lines.push([...points] as [number, number][]);
    },
    circle: inside,
    rect: (x, y, w, h) => {
      inside(x, y);
      inside(x + w, y + h);
      rects.push([x, y, w, h]);
    },
    text: (x, y, text) => {
      inside(x, y);
      texts.push({ x, y, text });
    },
    measure: (text, size) => text.length * size * 0.55,
  };
  return { pen, texts, lines, rects };
}

const curves = (more = {}) =>
  curvesFigure({
    x: [0, 1, 2, 3],
    series: [
      { label: "overlap", values: [0.1234567891234, null, 0.5, 1], se: [0.01, null, 0.02, 0] },
      { label: "CKA", values: [0.9, 0.8, 0.7, 0.6] },
    ],
    label: "A title",
    xLabel: "layer",
    height: 100,
    testid: "x",
    ...more,
  });

test("the table of a curve has its numbers as they are, with their errors, and empty cells", () => {
  assert.deepEqual(curves().table, {
    head: ["layer", "overlap", "overlap: standard error", "CKA"],
    rows: [
      [0, 0.1234567891234, 0.01, 0.9],
      [1, null, null, 0.8],
      [2, 0.5, 0.02, 0.7],
      [3, 1, 0, 0.6],
    ],
  });
});

test("a figure of curves has its names and whole layers on the axis; a gap stays a gap", () => {
  const f = curves();
  const { pen, texts, lines } = recorder(f.width, f.height);
  f.draw(pen);
  const said = texts.map((t) => t.text);
  for (const wanted of ["A title", "overlap", "CKA", "layer", "0", "1", "2", "3"]) assert.ok(said.includes(wanted), wanted);
  assert.ok(!said.includes("0.5") || texts.filter((t) => t.text === "0.5").every((t) => t.x < 62), "half a layer is no tick");
  assert.equal(lines.filter((l) => l.length === 4 && l[0][0] < l[3][0]).length > 0, true, "CKA is one line");
  assert.ok(!lines.some((l) => l.length === 3 && l[0][0] < l[1][0] && l[1][0] < l[2][0] && l[0][1] !== l[1][1]), "overlap has a gap");
});

test("logarithmic axes, one point, and nothing at all can be drawn", () => {
  for (const f of [
    curves({ x: [1, 10, 100, 1000], logX: true, logY: true }),
    curves({ x: [5], series: [{ label: "one", values: [2] }] }),
    curves({ x: [0, 1], series: [{ label: "none", values: [null, null] }] }),
    curves({ series: [0, 1, 2].map((i) => ({ label: `layer ${i}`, values: [1, 2, 3, i], rank: [i, 3] })) }),
  ]) {
    const { pen } = recorder(f.width, f.height);
    f.draw(pen);
  }
});

test("a heat map draws every known cell once and tells every value", () => {
  const f = heatmapFigure({
    rows: ["0", "1"],
    columns: ["0", "1", "2"],
    values: [1, 0.5, NaN, 0.25, 0.125, 0],
    label: "Pairs",
    unit: "CKA",
    range: [0, 1],
    axes: ["layer of a", "layer of b"],
    testid: "x",
  });
  const { pen, rects, texts } = recorder(f.width, f.height);
  f.draw(pen);
  assert.equal(rects.filter((r) => Math.abs(r[2] - r[3]) < 0.01 && r[2] > 20).length, 5, "square cells");
  assert.ok(texts.some((t) => t.text === "layer of b"));
  assert.deepEqual(f.table.rows[2], ["0", "2", null]);
  assert.deepEqual(f.table.rows[4], ["1", "1", 0.125]);
});

test("a histogram counts each value in one bin", () => {
  const f = histogramFigure("norm", [0, 0, 1, 2, 4, NaN], 4);
  const { pen } = recorder(f.width, f.height);
  f.draw(pen);
  assert.deepEqual(f.table.rows, [
    [0, 1, 2],
    [1, 2, 1],
    [2, 3, 1],
    [3, 4, 1],
  ]);
});

test("ends and ticks of axes", () => {
  assert.deepEqual(linearEnds(3, 9, [0, 10]), [0, 10]);
  assert.deepEqual(linearEnds(2, 2, [null, null]).map((v) => Math.round(v * 100) / 100), [1.43, 2.57]);
  assert.deepEqual(logEnds(0, 5), [0.1, 1]);
  assert.deepEqual(logTicks(0.5, 2000), [1, 10, 100, 1000]);
  assert.deepEqual(logTicks(1, 20), [1, 2, 5, 10, 20]);
  assert.equal(logEnds(1e-18, 1)[0] > 1e-11, true, "rounding is not drawn");
  assert.deepEqual(logTicks(0.9e-10, 1.1), [1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]);
});

test("an axis that begins at a known end begins there, even if all values are the same", () => {
  assert.deepEqual(linearEnds(0, 0, [0, null])[0], 0);
  assert.ok(linearEnds(0, 0, [0, null])[1] > 0.4);
});
