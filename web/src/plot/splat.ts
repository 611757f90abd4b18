/* The splat: points to pixels on the CPU, ten times faster than WebGL on a machine without a GPU.
 *
 * Each point adds optical depth to the pixels under its disc and, weighted with it, its colour. A pixel
 * then shows the mean colour with the opacity 1 - exp(-depth). That is fair overlap: no point hides
 * another because it came later. Sums of floats would still depend on the order in the last bit, so
 * we add INTEGERS: the picture is the same, byte for byte, for any order of the rows and on any machine.
 *
 * A weight is at most `unit` <= 255 and a colour at most 255, so a 32-bit sum is safe for 66,000 points
 * in the middle of one pixel. More than that (duplicates, a view from far away) shows in the depth's own
 * sum, which holds 16 million points: then the picture is drawn a second time with a smaller unit.
 *
 * The buffer has a rim on every side, as wide as the largest stamp: one that touches the picture lies wholly in
 * the buffer and needs no clipping.
 *
 * The layers: the points; the outlines of highlighted points, which melt into one outline around a
 * selection; the highlighted points themselves. Each is resolved on top of what is there. */

import { projectRange, type Projection } from "./camera";
import { DIMMED_AT, OUTLINE_NEIGHBOUR, OUTLINE_SELECTED } from "./colour";
import { BASE, depthOf, FOG, FRONT, HIGHLIGHT, MAX_RADIUS, OUTLINE, radiusSteps, RADIUS_STEPS, type Look, type Scene } from "./scene";
import { PHASES, reach, Stamps } from "./stamps";
import { DIMMED, HIDDEN, SELECTED, SIZE_ONE } from "./types";

const CHUNK = 4096;
const FULL = 255;
/** The table from summed weight to opacity ends at this optical depth: exp(-8) is far below one byte's step. */
const DEPTH_END = 8, DEPTH_STEPS = 8192;
/** Largest sum of weights whose colour sums still fit into 32 bits. */
const MAX_SUM = Math.floor((2 ** 32 - 1) / 255);
const RIM = 2 * reach(MAX_RADIUS);
/** A factor of the weights of 1 (fog and dimming are below), as fixed-point number. */
const GAIN_ONE = 256;

export class Splat {
  readonly width: number;
  readonly height: number;
  /** Packed ABGR, as in an ImageData on a little-endian machine. */
  readonly pixels: Uint32Array<ArrayBuffer>;
  private readonly stride: number;
  private readonly sums: Int32Array;
  private readonly stamps: Stamps;
  private readonly chunk = new Float64Array(3 * CHUNK);
  private readonly opacity = new Float64Array(DEPTH_STEPS + 1);
  /** Pixels that the last layer touched, rim included. */
  private touched = { x0: 0, y0: 0, x1: 0, y1: 0 };

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.stride = width + 2 * RIM;
    this.sums = new Int32Array(4 * this.stride * (height + 2 * RIM));
    this.stamps = new Stamps(this.stride);
    this.pixels = new Uint32Array(width * height);
    for (let i = 0; i <= DEPTH_STEPS; i++) this.opacity[i] = 1 - Math.exp((-DEPTH_END * i) / DEPTH_STEPS);
  }

  /** @param pr, look in pixels of this picture. @param background packed ABGR. */
  draw(scene: Scene, pr: Projection, look: Look, background: number): void {
    this.pixels.fill(background);
    this.layer(scene, pr, look, BASE);
    this.drawFront(scene, pr, look);
  }

  /** Highlighted points and their outline over what is there. */
  drawFront(scene: Scene, pr: Projection, look: Look): void {
    if (scene.highlighted === 0) return;
    this.layer(scene, pr, look, OUTLINE);
    this.layer(scene, pr, look, FRONT);
  }

  private layer(scene: Scene, pr: Projection, look: Look, layer: number): void {
    const depth = depthOf(look, layer);
    let unit = FULL;
    for (;;) {
      this.accumulate(scene, pr, look, layer, weights(depth, unit));
      const most = this.maximum();
      if (most <= MAX_SUM) break;
      this.clear();
      unit = Math.max(1, Math.floor((unit * MAX_SUM) / most) - 1);
      if (unit === 1) {
        this.accumulate(scene, pr, look, layer, weights(depth, unit));
        break;
      }
    }
    this.resolve(depth / unit);
  }

  /** Adds all points of a layer to the sums. */
  private accumulate(scene: Scene, pr: Projection, look: Look, layer: number, weight: Int32Array): void {
    const { positions, colors, sizes, shapes, flags, table } = scene;
    const { sums, stamps, chunk, stride, width, height } = this;
    const { start, count } = stamps;
    let { offset, coverage } = stamps;
    const n = positions.n, fixed = sizes === null && pr.eye === 0;
    const fixedSteps = radiusSteps(look, pr, layer, SIZE_ONE, 0);
    const fog = look.fogPer !== 0 && layer === BASE, fogAt = look.fogAt * GAIN_ONE, fogPer = look.fogPer * GAIN_ONE;
    let x0 = 1 << 30, y0 = 1 << 30, x1 = -1, y1 = -1;
    for (let from = 0; from < n; from += CHUNK) {
      const to = Math.min(n, from + CHUNK);
      projectRange(pr, positions, from, to, chunk);
      for (let row = from, k = 0; row < to; row++, k += 3) {
        const x = chunk[k] + RIM, y = chunk[k + 1] + RIM;
        if (!(x >= 0 && y >= 0 && x < width + 2 * RIM && y < height + 2 * RIM)) continue;
        const flag = flags === null ? 0 : flags[row];
        if (flag & HIDDEN || ((flag & HIGHLIGHT) !== 0) !== (layer !== BASE)) continue;
        const steps = fixed ? fixedSteps : radiusSteps(look, pr, layer, sizes === null ? SIZE_ONE : sizes[row], chunk[k + 2]);
        const far = reach(steps / RADIUS_STEPS), px = x | 0, py = y | 0;
        if (px < far || py < far || px >= stride - far || py >= height + 2 * RIM - far) continue;
        const key = Stamps.key(steps, shapes === null ? 0 : shapes[row]) +
          PHASES * (((y - py) * PHASES) | 0) + (((x - px) * PHASES) | 0);
        if (count[key] === 0) {
          stamps.make(key);
          ({ offset, coverage } = stamps);
        }
        let entry = colors === null ? 0 : colors[row], gain = GAIN_ONE;
        if (layer === OUTLINE) entry = flag & SELECTED ? OUTLINE_SELECTED : OUTLINE_NEIGHBOUR;
        else if (layer === BASE) {
          if (fog) gain = Math.min(GAIN_ONE, Math.max(FOG * GAIN_ONE, fogAt + fogPer * chunk[k + 2])) | 0;
          if (flag & DIMMED) {
            entry += DIMMED_AT;
            gain = (gain * look.dim) | 0;
          }
        }
        const r = table[4 * entry], g = table[4 * entry + 1], b = table[4 * entry + 2];
        const base = py * stride + px, first = start[key], last = first + count[key];
        for (let i = first; i < last; i++) {
          const w = (weight[coverage[i]] * gain) >> 8, at = (base + offset[i]) << 2;
          sums[at] += w * r;
          sums[at + 1] += w * g;
          sums[at + 2] += w * b;
          sums[at + 3] += w;
        }
        if (px - far < x0) x0 = px - far;
        if (px + far > x1) x1 = px + far;
        if (py - far < y0) y0 = py - far;
        if (py + far > y1) y1 = py + far;
      }
    }
    this.touched = { x0, y0, x1, y1 };
  }

  /** Largest sum of weights of a touched pixel inside the picture. */
  private maximum(): number {
    const { sums, stride } = this, { x0, y0, x1, y1 } = this.touched;
    let most = 0;
    for (let y = y0; y <= y1; y++)
      for (let i = 4 * (y * stride + x0) + 3, end = 4 * (y * stride + x1) + 3; i <= end; i += 4) {
        const s = sums[i] >>> 0;
        if (s > most) most = s;
      }
    return most;
  }

  private clear(): void {
    const { stride } = this, { x0, y0, x1, y1 } = this.touched;
    for (let y = y0; y <= y1; y++) this.sums.fill(0, 4 * (y * stride + x0), 4 * (y * stride + x1 + 1));
  }

  /** Draws the sums over the picture and clears them. @param perWeight optical depth of a weight of 1. */
  private resolve(perWeight: number): void {
    const { sums, stride, width, height, pixels, opacity } = this, { x0, y0, x1, y1 } = this.touched;
    const k = (perWeight * DEPTH_STEPS) / DEPTH_END;
    const fromX = Math.max(x0, RIM), toX = Math.min(x1, RIM + width - 1);
    for (let y = Math.max(y0, RIM); y <= Math.min(y1, RIM + height - 1); y++) {
      let o = (y - RIM) * width + fromX - RIM;
      for (let i = 4 * (y * stride + fromX), end = 4 * (y * stride + toX); i <= end; i += 4, o++) {
        const w = sums[i + 3] >>> 0;
        if (w === 0) continue;
        const depth = w * k;
        const alpha = depth < DEPTH_STEPS ? opacity[(depth + 0.5) | 0] : 1, s = alpha / w, back = 1 - alpha;
        const under = pixels[o];
        const r = (sums[i] >>> 0) * s + (under & 255) * back + 0.5;
        const g = (sums[i + 1] >>> 0) * s + ((under >>> 8) & 255) * back + 0.5;
        const b = (sums[i + 2] >>> 0) * s + ((under >>> 16) & 255) * back + 0.5;
        pixels[o] = (0xff000000 | (b << 16) | ((g | 0) << 8) | (r | 0)) >>> 0;
      }
    }
    this.clear();
  }
}

/** Weight for each coverage 0..255: optical depths in units of the full one's 1/unit. */
export function weights(depth: number, unit: number): Int32Array {
  const alpha = 1 - Math.exp(-depth);
  return Int32Array.from({ length: 256 }, (_, c) => Math.round((-unit * Math.log(1 - (alpha * c) / 255)) / depth));
}
