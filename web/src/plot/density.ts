/* Density mode: a topographic map of where the points are.
 *
 * Points are counted in cells of 4 CSS pixels (integers, so their order does not matter), blurred with a
 * Gaussian, and drawn as filled contours: each step up is the same factor, because densities of hidden
 * states span decades. The colour of a place is the mean colour of its points. The blur is wider for fewer
 * points, as the optimal bandwidth is (n to the power -1/6 in two dimensions, Scott 1992). */

import { projectRange, type Projection } from "./camera";
import { DIM, type Scene } from "./scene";
import { DIMMED, HIDDEN } from "./types";

const CHUNK = 4096, CELL = 4, BANDS = 9;
const BLUR = 9, BLUR_POINTS = 20000, MAX_BLUR = 26;
/** Opacity of the first and the last band; share of the ink in a contour line. */
const FIRST = 0.1, LAST = 0.86, LINE = 0.34;

export interface DensityPicture {
  pixels: Uint32Array;
  width: number;
  height: number;
  /** Pixels of the picture per CSS pixel. */
  ratio: number;
  /** Packed ABGR. */
  background: number;
  ink: number;
}

interface Field {
  columns: number;
  lines: number;
  rim: number;
  cell: number;
  sigma: number;
  /** Red, green, blue sums and counts, each columns * lines. */
  channels: [Float64Array, Float64Array, Float64Array, Float64Array];
}

export function drawDensity(scene: Scene, pr: Projection, out: DensityPicture): void {
  out.pixels.fill(out.background);
  const field = count(scene, pr, out);
  for (const c of field.channels) blur(c, field);
  const peak = field.channels[3].reduce((m, v) => Math.max(m, v), 0);
  if (peak > 0) contour(field, peak, out);
}

function count(scene: Scene, pr: Projection, out: DensityPicture): Field {
  const { positions, flags, colors, table } = scene;
  const cell = Math.max(1, Math.round(CELL * out.ratio));
  const wide = Math.min(MAX_BLUR, BLUR * Math.pow(BLUR_POINTS / Math.max(1, Math.min(BLUR_POINTS, scene.visible)), 1 / 6));
  const sigma = (wide * out.ratio) / cell, rim = Math.ceil(3 * sigma) + 1;
  const columns = Math.ceil(out.width / cell) + 2 * rim, lines = Math.ceil(out.height / cell) + 2 * rim;
  const channels = [0, 1, 2, 3].map(() => new Float64Array(columns * lines)) as Field["channels"];
  const chunk = new Float64Array(3 * CHUNK), [red, green, blue, sum] = channels;
  for (let from = 0; from < positions.n; from += CHUNK) {
    const to = Math.min(positions.n, from + CHUNK);
    projectRange(pr, positions, from, to, chunk);
    for (let row = from, k = 0; row < to; row++, k += 3) {
      const flag = flags === null ? 0 : flags[row];
      const x = chunk[k] / cell + rim, y = chunk[k + 1] / cell + rim;
      if (flag & HIDDEN || !(x >= 0 && y >= 0 && x < columns && y < lines)) continue;
      const at = (y | 0) * columns + (x | 0), c = 4 * (colors === null ? 0 : colors[row]);
      const w = flag & DIMMED ? DIM * 10 : 10;
      red[at] += w * table[c];
      green[at] += w * table[c + 1];
      blue[at] += w * table[c + 2];
      sum[at] += w;
    }
  }
  return { columns, lines, rim, cell, sigma, channels };
}

/** Gaussian along the lines, then along the columns, in place; zero outside. */
function blur(values: Float64Array, f: Field): void {
  const reach = f.rim - 1, kernel = new Float64Array(reach + 1);
  let total = 0;
  for (let i = 0; i <= reach; i++) {
    kernel[i] = Math.exp((-0.5 * i * i) / (f.sigma * f.sigma));
    total += (i === 0 ? 1 : 2) * kernel[i];
  }
  const along = (count: number, length: number, next: number, step: number): void => {
    const line = new Float64Array(length + 2 * reach);
    for (let l = 0; l < count; l++) {
      for (let i = 0; i < length; i++) line[reach + i] = values[l * next + i * step];
      for (let i = 0; i < length; i++) {
        let s = kernel[0] * line[reach + i];
        for (let k = 1; k <= reach; k++) s += kernel[k] * (line[reach + i - k] + line[reach + i + k]);
        values[l * next + i * step] = s / total;
      }
    }
  };
  along(f.lines, f.columns, f.columns, 1);
  along(f.columns, f.lines, 1, f.columns);
}

/** Upsamples the field (linear in the logarithm of the density) and paints bands and lines. */
function contour(f: Field, peak: number, out: DensityPicture): void {
  const { columns, rim, cell } = f, sum = f.channels[3], { width, height, pixels } = out;
  const lone = (0.7 * 10) / (2 * Math.PI * f.sigma * f.sigma);
  const perBand = Math.max(0.5, Math.log2(peak / Math.min(lone, peak / 4)) / BANDS);
  const level = Float64Array.from(sum, (v) => (v > 0 ? Math.max(-2, BANDS - 0.35 + Math.log2(v / peak) / perBand) : -2));
  const opacity = Float64Array.from({ length: BANDS + 2 }, (_, i) => (i === 0 ? 0 : FIRST + ((LAST - FIRST) * (i - 1)) / (BANDS - 1)));
  const blend = (values: Float64Array, y: number, line: Float64Array): void => {
    const v = (y + 0.5) / cell - 0.5 + rim, j = Math.floor(v), t = v - j;
    for (let i = 0; i < columns; i++) line[i] = (1 - t) * values[j * columns + i] + t * values[(j + 1) * columns + i];
  };
  const sample = (line: Float64Array, x: number): number => {
    const u = (x + 0.5) / cell - 0.5 + rim, i = Math.floor(u), t = u - i;
    return (1 - t) * line[i] + t * line[i + 1];
  };
  const here = new Float64Array(columns), below = new Float64Array(columns);
  const lines = f.channels.map(() => new Float64Array(columns)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const ink = [0, 8, 16].map((s) => (out.ink >>> s) & 255), back = [0, 8, 16].map((s) => (out.background >>> s) & 255);
  for (let y = 0; y < height; y++) {
    blend(level, y, here);
    blend(level, y + 1, below);
    f.channels.forEach((c, i) => blend(c, y, lines[i]));
    let l = sample(here, 0);
    for (let x = 0; x < width; x++) {
      const value = l, right = sample(here, x + 1);
      l = right;
      if (value < -0.5) continue;
      const slope = Math.max(1e-6, Math.hypot(right - value, sample(below, x) - value));
      const band = Math.max(0, Math.min(BANDS, Math.floor(value + 0.5))), away = (value + 0.5 - band) / slope;
      const low = opacity[band], step = Math.min(1, Math.max(0, away + 0.5));
      const alpha = band === 0 ? opacity[1] * step : low - (low - opacity[band - 1]) * (1 - step);
      const nearest = Math.abs(value + 0.5 - Math.round(value + 0.5)) / slope;
      const line = value > 0 && slope < 1 ? LINE * Math.max(0, 1 - nearest) : 0;
      const w = sample(lines[3], x);
      const paint = (i: 0 | 1 | 2): number => {
        const full = back[i] + (sample(lines[i], x) / w - back[i]) * alpha;
        return full + (ink[i] - full) * line * Math.min(1, alpha * 2) + 0.5;
      };
      pixels[y * width + x] = (0xff000000 | (paint(2) << 16) | (paint(1) << 8) | paint(0)) >>> 0;
    }
  }
}
