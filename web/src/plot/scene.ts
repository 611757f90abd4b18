/* What there is to draw, and how strongly.
 *
 * The scene keeps the caller's arrays and a version number for each, so that a renderer uploads only
 * what changed. The second half computes the Look of one picture: the width of a point, its opacity,
 * the fog. It depends on the data and the camera only, never on the renderer or on earlier pictures:
 * the same state gives the same picture.
 *
 * The optical depth of one point is chosen so that around a typical point in view (crowding.ts) the discs on top
 * of each other add up to about TYPICAL_DEPTH: zooming in spreads the points, and they grow more opaque on the way. */

import { boundingBox, magnification, type Box, type Positions, type Projection, type Viewport } from "./camera";
import { colourTable } from "./colour";
import { Crowding } from "./crowding";
import { HIDDEN, HOVER, NEIGHBOUR, SELECTED, SIZE_ONE, type PlotData, type PlotTheme } from "./types";

/** The layers of one picture, from back to front. */
export const BASE = 0, OUTLINE = 1, FRONT = 2;
export const HIGHLIGHT = SELECTED | NEIGHBOUR;

/** In a crowd the discs of a typical place add up to TYPICAL_DEPTH; points that hardly overlap are nearly opaque, at most
 *  of MAX_DEPTH. A lone point beside a crowd must still be seen, on a dark background more so. */
const TYPICAL_DEPTH = 1.8, OWN = 0.26, MAX_DEPTH = 3.5, MIN_DEPTH = 0.2, MIN_DEPTH_DARK = 0.28;
/** Widths in CSS pixels: of the points of a large set, of a usual one, of a few; with the zoom they grow a little. */
const NARROWEST = 1.25, USUAL = 9, WIDEST = 14, GROWN = 1.1;
/** So many points have the usual width; fewer are wider, by this power of how much fewer. */
const USUAL_COUNT = 1000, WIDER = 0.15;
/** Optical depth of few highlighted points and their outlines: nearly opaque. */
const FRONT_DEPTH = 3.5;
/** Radii are multiples of 1/RADIUS_STEPS pixels in both renderers. */
export const RADIUS_STEPS = 8;
export const MIN_RADIUS = 0.5, MAX_RADIUS = 48;
/** How highlighted points stand out: wider by a factor, at least of a radius, with an outline (both in CSS pixels).
 *  Many would melt into a blot that hides how dense they are: they stay as wide as the others, twice as strong, with a
 *  soft edge. */
const FEW = { growth: 1.25, least: 1.75, outline: 1.5 }, MANY = { growth: 1, least: 0.6, outline: 1.25 };
const MANY_FROM = 3000;
/** Opacity of the farthest points of a 3D cloud, and of a dimmed point, relative to the nearest; a dimmed one keeps this
 *  optical depth, so that a faint crowd does not vanish. */
export const FOG = 0.45;
export const DIM = 0.4;
const LEAST_DIMMED = 0.16;

export class Scene {
  positions: Positions = { n: 0, dim: 2, a: new Float32Array(0), b: null, t: 0 };
  colors: Uint8Array | null = null;
  palette = new Uint8Array(0);
  sizes: Uint8Array | null = null;
  shapes: Uint8Array | null = null;
  flags: Uint8Array | null = null;
  pointSize = 0;
  table: Uint8Array<ArrayBuffer>;
  /** Rows with SELECTED or NEIGHBOUR that are not hidden. */
  highlighted = 0;
  hovers: number[] = [];
  visible = 0;
  box: Box | null = null;
  crowding: Crowding | null = null;
  /** Counts of replacements, for renderers that keep copies. */
  /** Which rows are hidden, in short: their number and the sum of their indices. */
  private hidden = "";
  version = { a: 0, b: 0, colors: 0, sizes: 0, shapes: 0, flags: 0, table: 0 };

  constructor(public theme: PlotTheme) {
    this.table = colourTable(this.palette, theme);
  }

  setData(d: PlotData): boolean {
    checkLength("positions", d.positions.length, d.n * d.dim);
    const same = d.n === this.positions.n;
    this.positions = { n: d.n, dim: d.dim, a: d.positions, b: null, t: 0 };
    if (!same) {
      this.colors = this.sizes = this.shapes = this.flags = null;
      for (const k of ["colors", "sizes", "shapes", "flags"] as const) this.version[k]++;
    }
    this.version.a++;
    this.version.b++;
    this.count();
    this.measure();
    return same;
  }

  setTarget(b: Float32Array | null): void {
    if (b) checkLength("target positions", b.length, this.positions.a.length);
    this.positions.b = b;
    if (!b) this.positions.t = 0;
    this.version.b++;
  }

  finishTween(): void {
    const p = this.positions;
    if (!p.b) return;
    p.a = p.b;
    p.b = null;
    p.t = 0;
    this.version.a++;
    this.version.b++;
    this.measure();
  }

  setColors(index: Uint8Array | null, palette: Uint8Array): void {
    if (index) checkLength("colour indices", index.length, this.positions.n);
    if (palette.length % 3 !== 0 || palette.length > 768)
      throw new RangeError(`plot: palette of ${palette.length} bytes: expected 3 bytes for each of at most 256 colours`);
    this.colors = index;
    this.palette = Uint8Array.from(palette);
    this.version.colors++;
    this.retable();
  }

  setTheme(theme: PlotTheme): void {
    this.theme = theme;
    this.retable();
  }

  setBytes(what: "sizes" | "shapes" | "flags", values: Uint8Array | null): void {
    if (values) checkLength(what, values.length, this.positions.n);
    this[what] = values;
    this.version[what]++;
    if (what !== "flags") return;
    const before = this.hidden;
    this.count();
    if (this.hidden !== before) this.measureCrowding();
  }

  isHidden = (row: number): boolean => this.flags !== null && (this.flags[row] & HIDDEN) !== 0;

  private retable(): void {
    this.table = colourTable(this.palette, this.theme);
    this.version.table++;
  }

  private count(): void {
    const f = this.flags;
    this.highlighted = 0;
    this.hovers = [];
    this.visible = this.positions.n;
    this.hidden = "";
    if (!f) return;
    let sum = 0;
    for (let i = 0; i < f.length; i++) {
      const v = f[i];
      if (v === 0) continue;
      if (v & HIDDEN) {
        this.visible--;
        sum += i;
        continue;
      }
      if (v & HIGHLIGHT) this.highlighted++;
      if (v & HOVER && this.hovers.length < 64) this.hovers.push(i);
    }
    this.hidden = `${this.visible} ${sum}`;
  }

  private measure(): void {
    this.box = boundingBox(this.positions, () => false);
    this.measureCrowding();
  }

  private measureCrowding(): void {
    this.crowding = this.box && new Crowding(this.positions, this.box, this.isHidden);
  }
}

function checkLength(what: string, got: number, expected: number): void {
  if (got !== expected) throw new RangeError(`plot: ${what}: ${got} values, expected ${expected}`);
}

/** How one picture is drawn, in pixels of the picture. */
export interface Look {
  /** Radius of a point of SIZE_ONE at the target. */
  radius: number;
  /** Optical depth of one point of the base layer. */
  depth: number;
  /** Of highlighted points, and of their outlines. */
  frontDepth: number;
  outlineDepth: number;
  frontGrowth: number;
  frontLeast: number;
  outline: number;
  /** Opacity of a dimmed point, relative. */
  dim: number;
  /** Opacity of a point = clamp(fogAt + fogPer * depth in pixels), relative. 1 and 0 in 2D. */
  fogAt: number;
  fogPer: number;
}

/** @param ratio pixels of the picture per CSS pixel. */
export function lookOf(s: Scene, pr: Projection, v: Viewport, ratio: number): Look {
  const cssScale = pr.scale / ratio, area = (v.width * v.height) / (ratio * ratio);
  let width = s.pointSize;
  if (width <= 0) {
    const fitted = s.box ? Math.min(v.width, v.height) / ratio / (2 * Math.max(...s.box.half) || 1) : cssScale;
    // Three tenths of the picture's area for all points together, then growing with the zoom, but slower than distances.
    const n = Math.max(1, s.visible), most = Math.min(WIDEST, USUAL * Math.max(1, (USUAL_COUNT / n) ** WIDER));
    width = Math.min(most, Math.max(NARROWEST, Math.sqrt((0.3 * area) / n)));
    width = Math.min(GROWN * most, width * Math.max(1, Math.sqrt(cssScale / fitted)));
  }
  const radius = Math.max(MIN_RADIUS, (width * ratio) / 2);
  const [cx, cy] = pr.target, half = [v.width / 2 / pr.scale, v.height / 2 / pr.scale];
  const inView = pr.dim === 2 ? { x0: cx - half[0], y0: cy - half[1], x1: cx + half[0], y1: cy + half[1] } : undefined;
  const overlap = s.crowding?.overlap((Math.PI * radius * radius) / (pr.scale * pr.scale), inView) ?? 0;
  const depth = Math.min(MAX_DEPTH, Math.max(s.theme.dark ? MIN_DEPTH_DARK : MIN_DEPTH, TYPICAL_DEPTH / (overlap + OWN)));
  const many = s.highlighted >= MANY_FROM, front = many ? MANY : FEW;
  const look: Look = {
    radius, depth, frontDepth: many ? Math.min(FRONT_DEPTH, 2 * depth) : FRONT_DEPTH,
    outlineDepth: many ? depth / 6 : FRONT_DEPTH, frontGrowth: front.growth, frontLeast: front.least * ratio,
    outline: front.outline * ratio, dim: Math.min(1, Math.max(DIM, LEAST_DIMMED / depth)), fogAt: 1, fogPer: 0,
  };
  if (pr.dim === 3 && s.box) {
    const m = pr.m, c = s.box.centre;
    const middle = m[8] * c[0] + m[9] * c[1] + m[10] * c[2] + m[11];
    const reach = 0.75 * Math.hypot(...s.box.half) * pr.scale || 1;
    look.fogPer = (1 - FOG) / (2 * reach);
    look.fogAt = (1 + FOG) / 2 - look.fogPer * middle;
  }
  return look;
}

/** Optical depth of one point of a layer. */
export const depthOf = (look: Look, layer: number): number =>
  layer === BASE ? look.depth : layer === OUTLINE ? look.outlineDepth : look.frontDepth;

/** Radius in steps of 1/RADIUS_STEPS pixels of a point with that size byte and depth, in that layer. */
export function radiusSteps(look: Look, pr: Projection, layer: number, size: number, depth: number): number {
  let r = (look.radius * size * magnification(pr, depth)) / SIZE_ONE;
  if (layer !== BASE) r = Math.max(look.frontLeast, r * look.frontGrowth);
  if (layer === OUTLINE) r += look.outline;
  return Math.round(RADIUS_STEPS * Math.min(MAX_RADIUS, Math.max(MIN_RADIUS, r)));
}
