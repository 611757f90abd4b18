/* Which rows lie inside a polygon, and which row lies under a pixel. Both project all points on the CPU,
 * with the same arithmetic that draws them, so points hidden behind others count. */

import { projectRange, type Projection } from "./camera";
import { BASE, FRONT, HIGHLIGHT, radiusSteps, RADIUS_STEPS, type Look, type Scene } from "./scene";
import { HIDDEN, SIZE_ONE } from "./types";

const CHUNK = 4096;

/** Even-odd rule; a polygon of fewer than 3 corners contains nothing. */
export function inside(polygon: ArrayLike<number>, x: number, y: number): boolean {
  let odd = false;
  const n = polygon.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const yi = polygon[i + 1], yj = polygon[j + 1];
    if (yi > y !== yj > y && x < ((polygon[j] - polygon[i]) * (y - yi)) / (yj - yi) + polygon[i]) odd = !odd;
  }
  return odd;
}

/** @param corners in the pixels of the projection. @return rows in ascending order. */
export function rowsInside(scene: Scene, pr: Projection, corners: readonly [number, number][]): Uint32Array {
  const polygon = Float64Array.from(corners.flat());
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (const [x, y] of corners) {
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  const { positions: p, flags } = scene, out = new Float64Array(3 * CHUNK), found = new Uint32Array(p.n);
  let count = 0;
  for (let from = 0; from < p.n; from += CHUNK) {
    const to = Math.min(p.n, from + CHUNK);
    projectRange(pr, p, from, to, out);
    for (let row = from, k = 0; row < to; row++, k += 3) {
      const x = out[k], y = out[k + 1];
      if (x < x0 || x > x1 || y < y0 || y > y1 || (flags !== null && flags[row] & HIDDEN)) continue;
      if (inside(polygon, x, y)) found[count++] = row;
    }
  }
  return found.slice(0, count);
}

/** Corners of a drawn line, thinned: those farther than `tolerance` pixels from the line without them (Douglas
 *  and Peucker 1973). A lasso of 500 mouse positions becomes some dozens of corners and selects as fast. */
export function simplify(line: readonly [number, number][], tolerance: number): [number, number][] {
  const n = line.length;
  if (n < 4) return [...line];
  const keep = new Uint8Array(n);
  keep[0] = keep[n - 1] = 1;
  const open: [number, number][] = [[0, n - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [i, j] = span, [ax, ay] = line[i], [bx, by] = line[j];
    const length = Math.hypot(bx - ax, by - ay);
    let worst = tolerance, at = -1;
    for (let k = i + 1; k < j; k++) {
      const [x, y] = line[k];
      const d = length > 0 ? Math.abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length : Math.hypot(x - ax, y - ay);
      if (d > worst) {
        worst = d;
        at = k;
      }
    }
    if (at < 0) continue;
    keep[at] = 1;
    open.push([i, at], [at, j]);
  }
  return line.filter((_, k) => keep[k]);
}

/** Cells of the grid are CELL CSS pixels wide; a point is found up to SLACK CSS pixels outside its disc. */
const CELL = 16, SLACK = 3;

/** The rows of each screen cell: made once for a camera, then a look-up costs microseconds. */
export class PickGrid {
  private readonly columns: number;
  private readonly lines: number;
  private readonly first: Uint32Array;
  private readonly rows: Uint32Array;
  /** Widest point, in cells. */
  private readonly spread: number;

  /** @param look and pr in pixels of the picture, `ratio` of them per CSS pixel. */
  constructor(
    private readonly scene: Scene,
    private readonly pr: Projection,
    private readonly look: Look,
    width: number,
    height: number,
    private readonly ratio: number,
  ) {
    const { positions: p, flags, sizes } = scene, cell = CELL * ratio;
    this.columns = Math.ceil(width / cell);
    this.lines = Math.ceil(height / cell);
    const cells = new Int32Array(p.n).fill(-1), out = new Float64Array(3 * CHUNK);
    this.first = new Uint32Array(this.columns * this.lines + 1);
    let largest = 0;
    for (let from = 0; from < p.n; from += CHUNK) {
      const to = Math.min(p.n, from + CHUNK);
      projectRange(pr, p, from, to, out);
      for (let row = from, k = 0; row < to; row++, k += 3) {
        const x = out[k], y = out[k + 1];
        if (!(x >= 0 && y >= 0 && x < width && y < height) || (flags !== null && flags[row] & HIDDEN)) continue;
        const c = ((y / cell) | 0) * this.columns + ((x / cell) | 0);
        cells[row] = c;
        this.first[c + 1]++;
        if (sizes !== null && sizes[row] > largest) largest = sizes[row];
      }
    }
    for (let c = 0; c < this.columns * this.lines; c++) this.first[c + 1] += this.first[c];
    const next = this.first.slice();
    this.rows = new Uint32Array(next[next.length - 1]);
    for (let row = 0; row < p.n; row++) if (cells[row] >= 0) this.rows[next[cells[row]]++] = row;
    const near = pr.eye > 0 ? pr.eye * 0.5 : 0;
    const widest = radiusSteps(look, pr, FRONT, sizes === null ? SIZE_ONE : largest, near) / RADIUS_STEPS;
    this.spread = Math.ceil((widest + SLACK * ratio) / cell);
  }

  /** @param x, y pixels of the picture. @param hovered row that wins if it is there at all. */
  at(x: number, y: number, hovered: number): number {
    const { scene, pr, look, ratio } = this, out = new Float64Array(3), cell = CELL * ratio;
    const cx = Math.floor(x / cell), cy = Math.floor(y / cell);
    let best = -1, rank = -1, bestDistance = 0, bestDepth = 0;
    for (let gy = Math.max(0, cy - this.spread); gy <= Math.min(this.lines - 1, cy + this.spread); gy++)
      for (let gx = Math.max(0, cx - this.spread); gx <= Math.min(this.columns - 1, cx + this.spread); gx++) {
        const c = gy * this.columns + gx;
        for (let i = this.first[c]; i < this.first[c + 1]; i++) {
          const row = this.rows[i];
          projectRange(pr, scene.positions, row, row + 1, out);
          const flag = scene.flags?.[row] ?? 0, front = (flag & HIGHLIGHT) !== 0, depth = out[2];
          const r = radiusSteps(look, pr, front ? FRONT : BASE, scene.sizes?.[row] ?? SIZE_ONE, depth) / RADIUS_STEPS;
          const distance = Math.hypot(out[0] - x, out[1] - y) - r;
          if (distance > SLACK * ratio) continue;
          const hit = distance <= 0.5 ? 4 : 0, value = hit + (row === hovered ? 2 : 0) + (front ? 1 : 0);
          const nearer = hit && depth !== bestDepth ? depth > bestDepth : distance < bestDistance;
          if (value > rank || (value === rank && nearer)) {
            best = row;
            rank = value;
            bestDistance = distance;
            bestDepth = depth;
          }
        }
      }
    return best;
  }
}
