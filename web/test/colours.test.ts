import assert from "node:assert/strict";
import test from "node:test";
import { categoryColouring, numberColouring, quantile, scaleEnds, setColouring, sizesOf } from "../src/state/colouring";
import { categorical, maxCategories, rgb, scale } from "../src/state/palettes";

const codes = (...c: number[]) => Int32Array.from(c);

function categories(c: ReturnType<typeof categoryColouring>) {
  assert.ok(c.legend.kind === "categories");
  return c.legend.entries;
}

test("categories: a sign each, missing last, counts right", () => {
  const c = categoryColouring("pos", codes(0, 1, 1, -1, 2, 1), ["noun", "verb", "adj", "unused"], new Set(), "light");
  assert.deepEqual(
    categories(c).map((e) => [e.name, e.count]),
    [
      ["noun", 1],
      ["verb", 3],
      ["adj", 1],
      ["(missing)", 1],
    ],
  );
  assert.deepEqual([...c.index!], [0, 1, 1, 3, 2, 1]);
  assert.deepEqual([...c.palette.subarray(0, 3)], rgb(categorical.light[0]));
  assert.equal(c.shapes, null, "few categories need no shapes");
  assert.equal(c.off, null);
});

test("categories switched off are marked row by row, colours stay", () => {
  const on = categoryColouring("pos", codes(0, 1, -1, 1), ["a", "b"], new Set(), "light");
  const off = categoryColouring("pos", codes(0, 1, -1, 1), ["a", "b"], new Set([1, -1]), "light");
  assert.deepEqual([...off.off!], [0, 1, 1, 1]);
  assert.deepEqual(off.palette, on.palette);
  assert.deepEqual(
    categories(off).map((e) => e.hidden),
    [false, true, true],
  );
});

test("from the eleventh category on the shape tells, far more become 'others'", () => {
  const names = Array.from({ length: 45 }, (_, i) => `n${i}`);
  const some = categoryColouring(
    "x",
    Int32Array.from({ length: 45 }, (_, i) => i),
    names,
    new Set(),
    "light",
  );
  const signs = new Set(categories(some).map((e) => `${e.colour} ${e.shape}`));
  assert.equal(signs.size, 45, "every category has a sign of its own");
  assert.equal(some.shapes![12], 1);
  const all = Array.from({ length: 3000 }, (_, i) => `s${i}`);
  const frequent = Int32Array.from({ length: 9000 }, (_, i) => (i < 3000 ? i : 2999));
  const many = categoryColouring("sense", frequent, all, new Set(), "dark");
  const entries = categories(many);
  assert.equal(entries.length, maxCategories);
  assert.equal(entries[0].name, "s2999", "the most frequent first");
  const last = entries[entries.length - 1];
  assert.equal(last.count + entries.slice(0, -1).reduce((s, e) => s + e.count, 0), 9000);
  assert.equal(many.index![0], 1);
  assert.equal(many.index![500], entries.length - 1);
});

test("a scale: ends, missing values, values beyond", () => {
  const v = Float32Array.from({ length: 1000 }, (_, i) => i / 999);
  v[0] = NaN;
  v[1] = 1000;
  const c = numberColouring("norm", v, "light");
  assert.ok(c.legend.kind === "scale");
  assert.equal(c.legend.missing, 1);
  assert.equal(c.index![0], 255);
  assert.equal(c.index![1], 254);
  assert.ok(c.legend.above >= 1 && c.legend.max < 2, "one far value does not flatten the rest");
  assert.equal(c.palette.length, 256 * 3);
  const d = numberColouring("change", Float32Array.of(-1, 0, 0.5), "dark", { diverging: true });
  assert.ok(d.legend.kind === "scale" && d.legend.min === -1 && d.legend.max === 1);
  assert.deepEqual([...d.index!], [0, 127, 191]);
  const flat = numberColouring("flat", Float32Array.of(3, 3), "light");
  assert.deepEqual([...flat.index!], [0, 0]);
  const none = numberColouring("none", Float32Array.of(NaN), "light");
  assert.equal(none.index![0], 255);
});

test("quantiles and ends of a scale", () => {
  assert.equal(quantile(Float32Array.of(0, 1, 2, 3), 0.5), 1.5);
  assert.equal(quantile(Float32Array.of(7), 0.9), 7);
  assert.deepEqual(scaleEnds(Float32Array.of(2, NaN, 5, 3)), [2, 5]);
  assert.deepEqual(scaleEnds(Float32Array.of(NaN)), [0, 1]);
});

test("sets: the first match colours, rows outside are in no set", () => {
  const sets = [
    { name: "a", count: 2, rows: Uint32Array.of(0, 1) },
    { name: "b", count: 2, rows: Uint32Array.of(1, 2) },
  ];
  const c = setColouring(sets, 4, new Set(), "light");
  assert.deepEqual([...c.index!], [0, 0, 1, 2]);
  assert.equal(categories(c)[2].name, "in no set");
});

test("sizes grow with the value", () => {
  const s = sizesOf(Float32Array.of(0, 5, 10, NaN));
  assert.deepEqual([...s], [32, 112, 192, 32]);
});

/* Distances of colours as four kinds of eyes see them: Machado, Oliveira & Fernandes 2009, severity 1;
 * OKLab: Ottosson 2020. */
const eyes: Record<string, number[][]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const times = (m: number[][], v: number[]) => m.map((r) => r[0] * v[0] + r[1] * v[1] + r[2] * v[2]);
const linear = (hex: string) =>
  rgb(hex).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
function oklab(v: number[]): number[] {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    v,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms.map((x) => Math.cbrt(Math.max(0, x))),
  );
}

/** Contrast of two colours as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [x, y] = [a, b].map((c) => linear(c).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05));
  return Math.max(x, y) / Math.min(x, y);
}

for (const [theme, ground] of [
  ["light", "#ffffff"],
  ["dark", "#0f1317"],
] as const) {
  test(`category colours on ${theme} ground: each stands out, every two stay apart for all kinds of colour vision`, () => {
    const colours = categorical[theme];
    assert.equal(colours.length, 10);
    for (const c of colours) {
      const k = contrast(c, ground);
      assert.ok(k >= 3, `${c} on ${ground}: ${k.toFixed(2)} to 1`);
    }
    for (const [name, m] of Object.entries(eyes)) {
      const seen = colours.map((c) => oklab(times(m, linear(c)).map((x) => Math.min(1, Math.max(0, x)))));
      for (let i = 0; i < seen.length; i++)
        for (let j = 0; j < i; j++) {
          const d = Math.hypot(...seen[i].map((x, k) => x - seen[j][k]));
          // A just noticeable difference is about 0.02 in OKLab.
          assert.ok(d > (name === "normal" ? 0.16 : 0.085), `${name}: ${colours[i]} and ${colours[j]} are ${d.toFixed(3)} apart`);
        }
    }
  });
}

test("the sequential scale grows in lightness in both themes", () => {
  for (const theme of ["light", "dark"] as const) {
    const light = scale("sequential", theme, 64).map((c) => oklab(linear(c))[0]);
    for (let i = 1; i < light.length; i++) assert.ok(light[i] > light[i - 1] - 1e-3, `${theme} at ${i}`);
  }
});
