/** Small maps: a layer's layout in a square of a few dozen pixels. Pure but for the canvas it is given. */

/** Rows that stand for all: every n-th, so that the same rows are drawn in every layer. */
export function sampleRows(count: number, limit: number): Uint32Array {
  const step = Math.max(1, Math.ceil(count / limit));
  return Uint32Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

/** Milliseconds that a layer takes while playing. */
export const PACE = 900;
/** Frames further apart than this (the tab was hidden) count as one of so many ms: play goes on where it was. */
const LONGEST = 100;

/** The place among layers 0 to `last` that is on screen `passed` ms after `place` was. */
export function playOn(place: number, passed: number, last: number): number {
  return Math.min(last, place + Math.min(LONGEST, passed) / PACE);
}

export interface Box {
  x: number;
  y: number;
  size: number;
}

/** The square that holds the sampled rows of all given layouts: the first two axes, one scale. */
export function commonBox(layouts: Float32Array[], dim: number, rows: Uint32Array): Box {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const p of layouts)
    for (const row of rows) {
      const [x, y] = [p[row * dim], p[row * dim + 1]];
      if (!(Number.isFinite(x) && Number.isFinite(y))) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
  if (!(right >= left)) return { x: 0, y: 0, size: 1 };
  return { x: (left + right) / 2, y: (low + high) / 2, size: Math.max(right - left, high - low, 1e-12) };
}

/** Points as light on a grid: each pixel takes the mean colour of what falls on it, the deeper the more
 *  there is, by the logarithm. `marked` rows are drawn over it, a small cross each. */
export function drawSmall(
  c: CanvasRenderingContext2D,
  px: number,
  p: Float32Array,
  dim: number,
  rows: Uint32Array,
  marked: Uint32Array,
  box: Box,
  colour: (row: number) => ArrayLike<number>,
  accent: ArrayLike<number>,
): void {
  const sums = new Float32Array(px * px * 4);
  /* Few points are drawn wider, to be seen at all. */
  const wide = rows.length < 100 ? 3 : rows.length < 1000 ? 2 : 1;
  const place = (row: number): [number, number] => [
    Math.floor(((p[row * dim] - box.x) / box.size) * (px - 6) + px / 2),
    Math.floor((-(p[row * dim + 1] - box.y) / box.size) * (px - 6) + px / 2),
  ];
  const inside = (x: number, y: number): boolean => x >= 0 && x < px && y >= 0 && y < px;
  let top = 1;
  for (const row of rows) {
    const [x, y] = place(row);
    const rgb = colour(row);
    for (let i = 0; i < wide * wide; i++) {
      const [u, v] = [x + (i % wide), y + Math.floor(i / wide)];
      if (!inside(u, v)) continue;
      const at = 4 * (v * px + u);
      for (let k = 0; k < 3; k++) sums[at + k] += rgb[k];
      top = Math.max(top, ++sums[at + 3]);
    }
  }
  const image = c.createImageData(px, px);
  for (let at = 0; at < sums.length; at += 4) {
    const n = sums[at + 3];
    if (n > 0)
      image.data.set([sums[at] / n, sums[at + 1] / n, sums[at + 2] / n, 110 + 145 * (Math.log1p(n) / Math.log1p(top))], at);
  }
  for (const row of marked) {
    const [x, y] = place(row);
    for (const [u, v] of [
      [x, y],
      [x - 1, y],
      [x + 1, y],
      [x, y - 1],
      [x, y + 1],
    ])
      if (inside(u, v)) image.data.set([accent[0], accent[1], accent[2], 255], 4 * (v * px + u));
  }
  c.putImageData(image, 0, 0);
}
