/* Stamps: which pixels one point covers, and how much of each.
 *
 * A stamp is a list of (offset into the picture, coverage 1..255) for one shape, one radius in steps
 * of 1/8 pixel and one position of the centre inside its pixel in steps of 1/8. Coverage is the
 * clamped distance to the outline, clamp(1/2 - d, 0, 1): the same rule as in the shader of the GL
 * renderer (shaders.ts), so that both draw the same edges. Stamps are made when first needed. */

import { MAX_RADIUS, RADIUS_STEPS } from "./scene";

export const PHASES = 8;

/** Signed distance from (x, y), y down, to the outline of a shape with about the area of a disc of radius r. */
export function shapeDistance(shape: number, x: number, y: number, r: number): number {
  const ax = Math.abs(x), ay = Math.abs(y);
  switch (shape & 7) {
    case 1:
      return Math.max(ax, ay) - 0.886 * r;
    case 2:
      return Math.max(y, 0.866 * ax - 0.5 * y) - 0.72 * r;
    case 3:
      return 0.7071 * (ax + ay) - 0.886 * r;
    case 4: {
      const u = 0.7071 * Math.abs(x + y), v = 0.7071 * Math.abs(x - y);
      return Math.min(Math.max(u - 1.15 * r, v - 0.38 * r), Math.max(v - 1.15 * r, u - 0.38 * r));
    }
    case 5:
      return Math.min(Math.max(ax - 1.15 * r, ay - 0.38 * r), Math.max(ay - 1.15 * r, ax - 0.38 * r));
    case 6:
      return Math.max(-y, 0.866 * ax + 0.5 * y) - 0.72 * r;
    case 7:
      return Math.abs(Math.hypot(x, y) - 0.78 * r) - 0.3 * r;
    default:
      return Math.hypot(x, y) - r;
  }
}

/** Pixels from the centre that no shape of radius r exceeds (a triangle's corner lies at 1.44 r). */
export const reach = (r: number): number => Math.ceil(1.45 * r + 1);

const SHAPE_COUNT = 8, KEYS = (MAX_RADIUS * RADIUS_STEPS + 1) * SHAPE_COUNT * PHASES * PHASES;

export class Stamps {
  /** start[key] .. start[key] + count[key] - 1 index `offset` and `coverage`; count 0 = not made yet. */
  readonly start = new Int32Array(KEYS);
  readonly count = new Int32Array(KEYS);
  offset = new Int32Array(1 << 14);
  coverage = new Uint8Array(1 << 14);
  private used = 0;

  /** @param stride pixels from one row of the picture to the next. */
  constructor(readonly stride: number) {}

  /** Key of a radius and shape; add 8 * phaseY + phaseX. */
  static key(steps: number, shape: number): number {
    return (steps * SHAPE_COUNT + (shape & 7)) * PHASES * PHASES;
  }

  make(key: number): void {
    const phase = key % (PHASES * PHASES), rest = (key - phase) / (PHASES * PHASES);
    const shape = rest % SHAPE_COUNT, r = (rest - shape) / SHAPE_COUNT / RADIUS_STEPS;
    const fx = ((phase % PHASES) + 0.5) / PHASES, fy = (Math.floor(phase / PHASES) + 0.5) / PHASES;
    const far = reach(r);
    this.start[key] = this.used;
    for (let dy = -far; dy <= far; dy++)
      for (let dx = -far; dx <= far; dx++) {
        const d = shapeDistance(shape, dx + 0.5 - fx, dy + 0.5 - fy, r);
        const c = Math.round(255 * Math.min(1, Math.max(0, 0.5 - d)));
        if (c > 0) this.push(dy * this.stride + dx, c);
      }
    this.count[key] = this.used - this.start[key];
  }

  private push(offset: number, coverage: number): void {
    if (this.used === this.offset.length) {
      const offsets = new Int32Array(2 * this.used), coverages = new Uint8Array(2 * this.used);
      offsets.set(this.offset);
      coverages.set(this.coverage);
      this.offset = offsets;
      this.coverage = coverages;
    }
    this.offset[this.used] = offset;
    this.coverage[this.used++] = coverage;
  }
}
