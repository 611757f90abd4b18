/** One flat map laid onto another by the rows that they share (Procrustes analysis in two dimensions):
 *  shifted, turned, mirrored if that fits better, and scaled by one factor. Angles and proportions of
 *  the moved map stay what they were. Schönemann, Psychometrika 31:1 (1966); in the plane the
 *  best turn has a closed form. The factor makes the shared rows of both maps spread equally far: the
 *  factor of least squares would shrink a map the more, the less it resembles the other. */

export interface Moved {
  positions: Float32Array;
  mirrored: boolean;
  /** Degrees, counter-clockwise. */
  turn: number;
  scale: number;
  /** Rows that both maps share. */
  rows: number;
}

/** @param a, b (n, 2) positions; @param match for each row of a the row of b, or -1.
 *  With fewer than two shared rows the map stays as it is. */
export function alignOnto(a: Float32Array, b: Float32Array, match: Int32Array): Moved {
  const pairs: number[] = [];
  for (let i = 0; i < match.length; i++) {
    const j = match[i];
    if (j >= 0 && [a[2 * i], a[2 * i + 1], b[2 * j], b[2 * j + 1]].every(Number.isFinite)) pairs.push(i, j);
  }
  const rows = pairs.length / 2;
  if (rows < 2) return { positions: b.slice(), mirrored: false, turn: 0, scale: 1, rows };
  let ax = 0,
    ay = 0,
    bx = 0,
    by = 0;
  for (let p = 0; p < pairs.length; p += 2) {
    ax += a[2 * pairs[p]] / rows;
    ay += a[2 * pairs[p] + 1] / rows;
    bx += b[2 * pairs[p + 1]] / rows;
    by += b[2 * pairs[p + 1] + 1] / rows;
  }
  /* Sums of products of centred coordinates: xx = sum of a.x b.x, and so on. */
  let xx = 0,
    xy = 0,
    yx = 0,
    yy = 0,
    spreadA = 0,
    spreadB = 0;
  for (let p = 0; p < pairs.length; p += 2) {
    const u = a[2 * pairs[p]] - ax,
      v = a[2 * pairs[p] + 1] - ay;
    const s = b[2 * pairs[p + 1]] - bx,
      t = b[2 * pairs[p + 1] + 1] - by;
    xx += u * s;
    xy += u * t;
    yx += v * s;
    yy += v * t;
    spreadA += u * u + v * v;
    spreadB += s * s + t * t;
  }
  const straight = Math.hypot(xx + yy, yx - xy);
  const flipped = Math.hypot(xx - yy, yx + xy);
  const mirrored = flipped > straight;
  /* A mirrored map has y turned around first. */
  const turn = mirrored ? Math.atan2(yx + xy, xx - yy) : Math.atan2(yx - xy, xx + yy);
  const scale = spreadA > 0 && spreadB > 0 ? Math.sqrt(spreadA / spreadB) : 1;
  const [cos, sin] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  const positions = new Float32Array(b.length);
  for (let j = 0; j < b.length; j += 2) {
    const s = b[j] - bx,
      t = (b[j + 1] - by) * (mirrored ? -1 : 1);
    positions[j] = ax + cos * s - sin * t;
    positions[j + 1] = ay + sin * s + cos * t;
  }
  return { positions, mirrored, turn: (turn * 180) / Math.PI, scale, rows };
}

/** Rows of a in the order of their overlap: least first ("changed") or most first ("stable"); equal
 *  ones by row. Rows without a partner are left out. Overlap (to a millionth) and row share one number
 *  of 52 bits, so that a million rows are sorted as numbers, without a comparison in this language. */
export function byOverlap(overlap: Float32Array, changed: boolean): Uint32Array {
  const keys = new Float64Array(overlap.length);
  let n = 0;
  overlap.forEach((v, row) => {
    if (Number.isFinite(v)) keys[n++] = Math.round((changed ? v : 1 - v) * 1e6) * 2 ** 32 + row;
  });
  return Uint32Array.from(keys.subarray(0, n).sort(), (key) => key % 2 ** 32);
}

/** For each row of b the first row of a that matches it, or -1. */
export function inverse(match: Int32Array, rows: number): Int32Array {
  const back = new Int32Array(rows).fill(-1);
  for (let i = match.length - 1; i >= 0; i--) if (match[i] >= 0) back[match[i]] = i;
  return back;
}
