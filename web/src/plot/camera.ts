/* From data to pixels: the camera's arithmetic, without a picture.
 *
 * A projection is an affine map (three rows of a matrix times ONE scale) and, in 3D, an optional
 * division by the depth. It is written out as plain numbers in `Projection`, because three loops run it
 * over a million points: the splat, the selection and the pick grid. All three call projectRange(), so
 * that what is drawn, what is selected and what lies under the pointer can never disagree. */

import type { Camera } from "./types";

export type Quaternion = Camera["rotation"];

/** The part of the host that shows points, in pixels of the picture (CSS pixels times `ratio`). */
export interface Viewport {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** sx = cx + f*(m0 . p + m3), sy = cy - f*(m4 . p + m7), depth = m8 . p + m11 (larger = nearer), with
 *  f = d / (d - depth) or 1. Depth is in pixels, like the others. */
export interface Projection {
  m: Float64Array;
  cx: number;
  cy: number;
  /** Pixels per data unit at the target. */
  scale: number;
  /** Distance of the eye in pixels; 0 = orthographic. */
  eye: number;
  dim: 2 | 3;
  /** The camera's target: what a renderer in float32 subtracts first, to stay exact when zoomed in. */
  target: readonly [number, number, number];
}

/** The points: A, and B where a tween runs. */
export interface Positions {
  n: number;
  dim: 2 | 3;
  a: Float32Array;
  b: Float32Array | null;
  t: number;
}

/** Points nearer to the eye than this share of its distance are not drawn. */
const NEAR = 0.05;
export const OFF_SCREEN = -1e9;

export function quaternion(x: number, y: number, z: number, angle: number): Quaternion {
  const s = Math.sin(angle / 2) / (Math.hypot(x, y, z) || 1);
  return [x * s, y * s, z * s, Math.cos(angle / 2)];
}

/** a after b, of unit length again. */
export function multiply(a: Quaternion, b: Quaternion): Quaternion {
  const [ax, ay, az, aw] = a, [bx, by, bz, bw] = b;
  const x = aw * bx + ax * bw + ay * bz - az * by, y = aw * by - ax * bz + ay * bw + az * bx,
    z = aw * bz + ax * by - ay * bx + az * bw, w = aw * bw - ax * bx - ay * by - az * bz;
  const s = 1 / (Math.hypot(x, y, z, w) || 1);
  return [x * s, y * s, z * s, w * s];
}

/** The rotation's matrix, row by row: view = R data. */
export function matrix(q: Quaternion): number[] {
  const [x, y, z, w] = q;
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
  ];
}

/** The view on new 3D data: a little from the right and from above, so that no axis hides another. */
export const START: Quaternion = multiply(quaternion(1, 0, 0, 0.42), quaternion(0, 1, 0, -0.6));

export function makeProjection(c: Camera, v: Viewport, dim: 2 | 3): Projection {
  const side = Math.max(1, Math.min(v.width, v.height));
  const scale = side / c.extent;
  const r = dim === 3 ? matrix(c.rotation) : [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const m = new Float64Array(12);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) m[4 * i + j] = r[3 * i + j] * scale;
    m[4 * i + 3] = -(m[4 * i] * c.target[0] + m[4 * i + 1] * c.target[1] + (dim === 3 ? m[4 * i + 2] * c.target[2] : 0));
  }
  const eye = dim === 3 && c.perspective > 0 ? side / c.perspective : 0;
  return { m, cx: v.x + v.width / 2, cy: v.y + v.height / 2, scale, eye, dim, target: c.target };
}

/** Projects rows from..to-1 into out: sx, sy, depth for each. A point behind the eye gets sx = OFF_SCREEN. */
export function projectRange(pr: Projection, p: Positions, from: number, to: number, out: Float64Array): void {
  const { m, cx, cy, eye } = pr, { a, b, t } = p;
  const m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4], m5 = m[5], m6 = m[6], m7 = m[7];
  const m8 = m[8], m9 = m[9], m10 = m[10], m11 = m[11];
  const tween = b !== null && t !== 0, s = 1 - t, near = eye * NEAR;
  let o = 0;
  if (p.dim === 2) {
    for (let i = 2 * from; i < 2 * to; i += 2) {
      let x = a[i], y = a[i + 1];
      if (tween) {
        x = s * x + t * b[i];
        y = s * y + t * b[i + 1];
      }
      out[o] = cx + m0 * x + m3;
      out[o + 1] = cy - m5 * y - m7;
      out[o + 2] = 0;
      o += 3;
    }
    return;
  }
  for (let i = 3 * from; i < 3 * to; i += 3) {
    let x = a[i], y = a[i + 1], z = a[i + 2];
    if (tween) {
      x = s * x + t * b[i];
      y = s * y + t * b[i + 1];
      z = s * z + t * b[i + 2];
    }
    const vx = m0 * x + m1 * y + m2 * z + m3, vy = m4 * x + m5 * y + m6 * z + m7, vz = m8 * x + m9 * y + m10 * z + m11;
    if (eye === 0) {
      out[o] = cx + vx;
      out[o + 1] = cy - vy;
    } else if (eye - vz < near) {
      out[o] = OFF_SCREEN;
      out[o + 1] = OFF_SCREEN;
    } else {
      const f = eye / (eye - vz);
      out[o] = cx + f * vx;
      out[o + 1] = cy - f * vy;
    }
    out[o + 2] = vz;
    o += 3;
  }
}

/** How much larger than at the target a point at that depth appears. */
export function magnification(pr: Projection, depth: number): number {
  return pr.eye === 0 ? 1 : pr.eye / Math.max(pr.eye * NEAR, pr.eye - depth);
}

/** The data point under a pixel, in the plane through the target that faces the eye. */
export function unproject(c: Camera, pr: Projection, sx: number, sy: number): [number, number, number] {
  const u = (sx - pr.cx) / pr.scale, v = (pr.cy - sy) / pr.scale;
  if (pr.dim === 2) return [c.target[0] + u, c.target[1] + v, c.target[2]];
  const r = matrix(c.rotation);
  return [0, 1, 2].map((j) => c.target[j] + u * r[j] + v * r[3 + j]) as [number, number, number];
}

/** The camera shifted so that the picture moves by (dx, dy) pixels. */
export function pan(c: Camera, pr: Projection, dx: number, dy: number): Camera {
  return { ...c, target: unproject(c, pr, pr.cx - dx, pr.cy - dy) };
}

/** Turned as if the pointer dragged the front of a ball: 2 half turns across the shorter side. */
export function orbit(c: Camera, pr: Projection, dx: number, dy: number): Camera {
  const length = Math.hypot(dx, dy);
  if (length === 0) return c;
  const turn = quaternion(dy, dx, 0, (2 * Math.PI * length) / (pr.scale * c.extent));
  return { ...c, rotation: multiply(turn, c.rotation) };
}

/** Nearer by `factor` (> 1 = larger picture), keeping the data under (sx, sy) where it is. */
export function zoomAt(c: Camera, pr: Projection, factor: number, sx: number, sy: number): Camera {
  const p = unproject(c, pr, sx, sy);
  const target = c.target.map((v, j) => p[j] + (v - p[j]) / factor) as Camera["target"];
  return { ...c, target, extent: c.extent / factor };
}

/** Part of the way from a to b: zoom by ratios, rotation along the shorter arc. */
export function between(a: Camera, b: Camera, t: number): Camera {
  const mix = (x: number, y: number): number => x + (y - x) * t;
  const sign = a.rotation.reduce((sum, v, i) => sum + v * b.rotation[i], 0) < 0 ? -1 : 1;
  const q = a.rotation.map((v, i) => mix(v, sign * b.rotation[i])) as Quaternion;
  return {
    target: a.target.map((v, i) => mix(v, b.target[i])) as Camera["target"],
    extent: a.extent * Math.pow(b.extent / a.extent, t),
    rotation: multiply([0, 0, 0, 1], q),
    perspective: mix(a.perspective, b.perspective),
  };
}

/** Centre and half widths of rows that are not hidden (all of them, or the listed ones). */
export interface Box {
  centre: [number, number, number];
  half: [number, number, number];
}

export function boundingBox(p: Positions, skip: (row: number) => boolean, rows?: Uint32Array): Box | null {
  const lo = [Infinity, Infinity, Infinity], hi = [-Infinity, -Infinity, -Infinity];
  const { a, b, t, dim } = p, count = rows ? rows.length : p.n;
  const tween = b !== null && t !== 0;
  for (let k = 0; k < count; k++) {
    const row = rows ? rows[k] : k;
    if (skip(row)) continue;
    for (let j = 0; j < dim; j++) {
      const i = row * dim + j, v = tween ? (1 - t) * a[i] + t * b[i] : a[i];
      if (v < lo[j]) lo[j] = v;
      if (v > hi[j]) hi[j] = v;
    }
  }
  if (lo[0] === Infinity) return null;
  if (dim === 2) lo[2] = hi[2] = 0;
  return {
    centre: [0, 1, 2].map((j) => (lo[j] + hi[j]) / 2) as Box["centre"],
    half: [0, 1, 2].map((j) => (hi[j] - lo[j]) / 2) as Box["half"],
  };
}

/** Share of the picture's sides that a fit leaves free. */
const MARGIN = 0.06;

/** The camera that shows the given rows (default: all that `skip` leaves), its rotation kept. Null if there are none.
 *  The least extent that holds them is taken, but at least `least`. */
export function fitCamera(
  c: Camera, p: Positions, v: Viewport, skip: (row: number) => boolean, rows?: Uint32Array, least = 0,
): Camera | null {
  const box = boundingBox(p, skip, rows);
  if (!box) return null;
  let target = box.centre, [w, h] = box.half;
  if (p.dim === 3) {
    // Seen at scale 1 without perspective: the middle of the picture, in the depth of the box's centre, becomes the target.
    const flat = { ...c, target, extent: 1, perspective: 0 };
    const pr = makeProjection(flat, { x: -0.5, y: -0.5, width: 1, height: 1 }, 3);
    const at = new Float64Array(3), count = rows ? rows.length : p.n;
    let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
    for (let k = 0; k < count; k++) {
      const row = rows ? rows[k] : k;
      if (skip(row)) continue;
      projectRange(pr, p, row, row + 1, at);
      x0 = Math.min(x0, at[0]);
      x1 = Math.max(x1, at[0]);
      y0 = Math.min(y0, at[1]);
      y1 = Math.max(y1, at[1]);
    }
    target = unproject(flat, pr, (x0 + x1) / 2, (y0 + y1) / 2);
    [w, h] = [(x1 - x0) / 2, (y1 - y0) / 2];
  }
  const side = Math.max(1, Math.min(v.width, v.height)), room = 1 - 2 * MARGIN;
  const nearer = p.dim === 3 ? 1 + 0.2 * c.perspective : 1;
  const extent = Math.max(least, (2 * w * side * nearer) / (v.width * room), (2 * h * side * nearer) / (v.height * room));
  return { ...c, target: [...target], extent: extent > 0 ? extent : 1 };
}
