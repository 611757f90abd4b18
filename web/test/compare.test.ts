import assert from "node:assert/strict";
import test from "node:test";
import { usableK, caveats, freshComparison, type Compared } from "../src/screens/compare-state";
import { carried } from "../src/screens/compare-colours";
import { requestOf } from "../src/screens/compare-layers";
import { categoryColouring, numberColouring } from "../src/state/colouring";
import { missing, pack, rgb, scale } from "../src/state/palettes";

test("k is at most half of the others, and at least one", () => {
  assert.deepEqual(
    [2, 3, 4, 5, 30, 31, 32, 1000].map((n) => usableK(15, n)),
    [1, 1, 1, 2, 14, 15, 15, 15],
  );
  assert.equal(usableK(5, 1000), 5);
});

/** Contrast of two colours as the Web Content Accessibility Guidelines define it. */
function contrast(a: string, b: string): number {
  const light = (c: string): number => {
    const [r, g, bl] = rgb(c).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [hi, lo] = [light(a), light(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

test("every step of the scale for points and lines stands out from white and from the dark ground", () => {
  const ground = { light: "#ffffff", dark: "#0f1317" } as const;
  for (const theme of ["light", "dark"] as const) {
    const steps = scale("marks", theme, 101);
    const least = Math.min(...steps.map((c) => contrast(c, ground[theme])));
    assert.ok(least >= 3, `${theme}: ${least.toFixed(2)} to 1`);
    const brightness = steps.map((c) => contrast(c, "#000000"));
    assert.ok(
      brightness.every((v, i) => i === 0 || v > brightness[i - 1] * 0.99),
      `${theme}: brighter from end to end, for readers who see no hue`,
    );
  }
});

const compared = (over: Partial<Compared["overlap"]>, b = { source: 1, layer: 0 }): Compared =>
  ({
    of: { a: { source: 0, layer: 0 }, b },
    overlap: { k: 15, matched: 100, ...over },
  }) as Compared;

test("a comparison says what one must know before believing it", () => {
  const all = { ...freshComparison, k: 15 };
  assert.deepEqual(caveats(all, compared({}), 100, 100, "one", "two"), []);
  assert.match(caveats(all, compared({ k: 1, matched: 4 }), 4, 4, "one", "two").join(" "), /k is 1 instead of 15: with 4 rows/);
  const partners = caveats(all, compared({}), 120, 1100, "one", "two").join(" ");
  assert.match(partners, /20 of 120 rows of one have no partner/);
  assert.match(partners, /1,000 of 1,100 rows of two have no partner/);
  assert.match(partners, /among the matched rows/);
  assert.match(caveats(all, compared({}, { source: 0, layer: 0 }), 100, 100, "one", "one").join(" "), /the same layer/);
});

test("the right map has the signs of its partners; a row without one is grey", () => {
  const back = Int32Array.from([2, -1, 0]);
  const names = ["x", "y"];
  const left = categoryColouring("c", Int32Array.from([1, 0, 0]), names, new Set(), "light");
  const right = carried(left, { back }, missing.light);
  assert.deepEqual([...right.index!], [left.index![2], 2, left.index![0]]);
  assert.deepEqual([...right.palette.subarray(6, 9)], [...pack([missing.light])]);
  const number = numberColouring("kept", Float32Array.from([0, 0.5, 1]), "light", { range: [0, 1], marks: true });
  const carriedNumber = carried(number, { back }, missing.light);
  assert.deepEqual([...carriedNumber.index!], [254, 255, 0]);
  assert.deepEqual(carriedNumber.palette, number.palette);
});

test("nothing is asked over the layers before it is wanted; a source beside itself has a matrix only", () => {
  const a = { source: 3, layer: 0 };
  assert.equal(requestOf({ ...freshComparison, a, b: a }), null);
  assert.equal(requestOf({ ...freshComparison, a, b: a, over: "same" })?.pairs, true);
  assert.equal(requestOf({ ...freshComparison, a, b: { source: 4, layer: 1 }, over: "same" })?.pairs, false);
});
