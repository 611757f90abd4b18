/** One map laid onto another by the rows that they share (Procrustes analysis): shifted, turned, mirrored
 *  if that fits better, and scaled by one factor. Angles and proportions of the moved map stay what they
 *  were. Schönemann, Psychometrika 31:1 (1966). In the plane the best turn has a closed form; in space
 *  it is the leading eigenvector of a symmetric 4 x 4 matrix (Horn, J. Opt. Soc. Am. A 4:629, 1987), and
 *  the last eigenvector is the best turn after a reflection through the centre. The factor makes the shared
 *  rows of both maps spread equally far: the factor of least squares would shrink a map the more, the
 *  less it resembles the other. */

export interface Moved {
  positions: Float32Array;
  mirrored: boolean;
  /** Degrees; in the plane counter-clockwise, in space about the axis of the turn. */
  turn: number;
  scale: number;
  /** Rows that both maps share. */
  rows: number;
}

/** A turn or a mirrored turn, row by row, and how far it turns in degrees. */
interface Turn {
  matrix: number[];
  mirrored: boolean;
  degrees: number;
}

/** @param a, b (n, dim) positions; @param match for each row of a the row of b, or -1.
 *  With fewer than two shared rows the map stays as it is. */
export function alignOnto(a: Float32Array, b: Float32Array, match: Int32Array, dim: 2 | 3 = 2): Moved {
  const pairs = sharedRows(a, b, match, dim);
  const rows = pairs.length / 2;
  if (rows < 2) return { positions: b.slice(), mirrored: false, turn: 0, scale: 1, rows };
  const middle = (p: Float32Array, side: 0 | 1): number[] => {
    const sum = new Array<number>(dim).fill(0);
    for (let i = side; i < pairs.length; i += 2) for (let d = 0; d < dim; d++) sum[d] += p[dim * pairs[i] + d] / rows;
    return sum;
  };
  const [ma, mb] = [middle(a, 0), middle(b, 1)];
  /* Sums of products of centred coordinates: m[d dim + e] = sum of a_d b_e. */
  const m = new Array<number>(dim * dim).fill(0);
  let [spreadA, spreadB] = [0, 0];
  for (let i = 0; i < pairs.length; i += 2)
    for (let d = 0; d < dim; d++) {
      const u = a[dim * pairs[i] + d] - ma[d];
      const v = b[dim * pairs[i + 1] + d] - mb[d];
      spreadA += u * u;
      spreadB += v * v;
      for (let e = 0; e < dim; e++) m[d * dim + e] += u * (b[dim * pairs[i + 1] + e] - mb[e]);
    }
  const { matrix, mirrored, degrees } = dim === 2 ? bestInPlane(m) : bestInSpace(m);
  const scale = spreadA > 0 && spreadB > 0 ? Math.sqrt(spreadA / spreadB) : 1;
  const positions = new Float32Array(b.length);
  for (let j = 0; j < b.length; j += dim)
    for (let d = 0; d < dim; d++) {
      let sum = ma[d];
      for (let e = 0; e < dim; e++) sum += scale * matrix[d * dim + e] * (b[j + e] - mb[e]);
      positions[j + d] = sum;
    }
  return { positions, mirrored, turn: degrees, scale, rows };
}

/** Row of a, row of b, and so on, where both are placed. */
function sharedRows(a: Float32Array, b: Float32Array, match: Int32Array, dim: number): number[] {
  const placed = (p: Float32Array, row: number): boolean => {
    for (let d = 0; d < dim; d++) if (!Number.isFinite(p[dim * row + d])) return false;
    return true;
  };
  const pairs: number[] = [];
  for (let i = 0; i < match.length; i++) if (match[i] >= 0 && placed(a, i) && placed(b, match[i])) pairs.push(i, match[i]);
  return pairs;
}

function bestInPlane([xx, xy, yx, yy]: number[]): Turn {
  const mirrored = Math.hypot(xx - yy, yx + xy) > Math.hypot(xx + yy, yx - xy);
  /* A mirrored map has y turned around first. */
  const turn = mirrored ? Math.atan2(yx + xy, xx - yy) : Math.atan2(yx - xy, xx + yy);
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return { matrix: mirrored ? [c, s, s, -c] : [c, -s, s, c], mirrored, degrees: (turn * 180) / Math.PI };
}

function bestInSpace(m: number[]): Turn {
  const [xx, yx, zx, xy, yy, zy, xz, yz, zz] = [m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]];
  const { values, vectors } = eigen4([
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ]);
  const most = values.indexOf(Math.max(...values));
  const least = values.indexOf(Math.min(...values));
  const mirrored = -values[least] > values[most];
  const [w, x, y, z] = vectors[mirrored ? least : most];
  const sign = mirrored ? -1 : 1;
  const matrix = [
    w * w + x * x - y * y - z * z,
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    w * w - x * x + y * y - z * z,
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    w * w - x * x - y * y + z * z,
  ].map((v) => sign * v);
  return { matrix, mirrored, degrees: (2 * Math.acos(Math.min(1, Math.abs(w))) * 180) / Math.PI };
}

/** Eigenvalues and unit eigenvectors of a symmetric 4 x 4 matrix, by Jacobi's rotations. */
function eigen4(a: number[][]): { values: number[]; vectors: number[][] } {
  const v = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < 3; p++)
      for (let q = p + 1; q < 4; q++) {
        if (a[p][q] === 0) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        const turn = (x: number[][]): void => {
          for (const row of x) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
        };
        turn(a);
        [a[p], a[q]] = [a[p].map((x, i) => c * x - s * a[q][i]), a[q].map((x, i) => s * a[p][i] + c * x)];
        turn(v);
      }
  return { values: [0, 1, 2, 3].map((i) => a[i][i]), vectors: [0, 1, 2, 3].map((i) => v.map((row) => row[i])) };
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
