/* All that is not points: axes, trails, labels, the hover ring, the lasso. Drawn with a Pen in CSS pixels. */

import { OFF_SCREEN, projectRange, type Positions, type Projection, type Viewport } from "./camera";
import { css } from "./colour";
import { placeLabels, type Anchor } from "./labels";
import type { Pen } from "./pen";
import { BASE, FRONT, HIGHLIGHT, radiusSteps, RADIUS_STEPS, type Look, type Scene } from "./scene";
import { SIZE_ONE, type Axes, type Label, type Path, type Pictures, type PlotTheme } from "./types";

export interface OverlayState {
  labels: Label[];
  paths: Path[];
  axes: Axes | null;
  /** Drawn by drawPictures(), under all of the overlay. */
  pictures: Pictures | null;
  /** -1 = none. */
  hover: number;
  lasso: [number, number][] | null;
}

/** What it needs to know of the picture below it, in CSS pixels. */
export interface Frame {
  scene: Scene;
  pr: Projection;
  look: Look;
  view: Viewport;
  width: number;
  height: number;
}

const LABEL_SIZE = 12, TICK_SIZE = 11, NAME_SIZE = 12;
/** From so many points on a region is large enough to bear its name in its middle. */
const CROWD = 1000;
const TICK_EVERY = 72, TICK_LENGTH = 4;
/** Room for ticks and names in 2D. */
const LEFT = 62, BOTTOM = 44, RIGHT = 14, TOP = 12;
const TRIPOD = { margin: 14, y: 56, length: 34, gap: 7 };
/** Longer paths, and all of many paths, get no dot at each place and fewer steps from faint to full. */
const DOTTED = 200, MANY_PATHS = 60, PIECES = 12, FEW_PIECES = 3;

/** The part of a picture that shows points. Small pictures (a strip of thumbnails) go without ticks. */
export function plotArea(width: number, height: number, axes: Axes | null, dim: 2 | 3): Viewport {
  if (!axes || dim === 3 || !roomForAxes(width, height)) return { x: 0, y: 0, width, height };
  return { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
}

const roomForAxes = (width: number, height: number): boolean => width >= 220 && height >= 180;

export function drawOverlay(pen: Pen, f: Frame, s: OverlayState): void {
  const { theme } = f.scene;
  drawPaths(pen, f, s.paths);
  const hovers = new Set(f.scene.hovers);
  if (s.hover >= 0 && s.hover < f.scene.positions.n && !f.scene.isHidden(s.hover)) hovers.add(s.hover);
  for (const row of hovers) drawHover(pen, f, row);
  drawLabels(pen, f, s.labels);
  if (s.axes && f.scene.positions.dim === 2 && roomForAxes(f.width, f.height)) drawAxes(pen, f, s.axes);
  if (s.axes && f.scene.positions.dim === 3) drawTripod(pen, f, s.axes);
  if (s.lasso && s.lasso.length > 1)
    pen.line(s.lasso, { colour: theme.accent, width: 1.5, dash: [5, 4], closed: true, fill: theme.accent, fillAlpha: 0.1 });
}

/** Pixel, radius and depth of a row. */
function placeOf(f: Frame, row: number): { x: number; y: number; r: number } {
  const out = new Float64Array(3), { scene } = f;
  projectRange(f.pr, scene.positions, row, row + 1, out);
  const front = ((scene.flags?.[row] ?? 0) & HIGHLIGHT) !== 0;
  const steps = radiusSteps(f.look, f.pr, front ? FRONT : BASE, scene.sizes?.[row] ?? SIZE_ONE, out[2]);
  return { x: out[0], y: out[1], r: steps / RADIUS_STEPS };
}

function entryColour(scene: Scene, entry: number): string {
  return css([scene.table[4 * entry], scene.table[4 * entry + 1], scene.table[4 * entry + 2]]);
}

function drawHover(pen: Pen, f: Frame, row: number): void {
  const { scene } = f, { x, y, r } = placeOf(f, row), radius = Math.max(3.5, 1.3 * r);
  pen.circle(x, y, radius + 2.5, { colour: scene.theme.background, width: 5 });
  pen.circle(x, y, radius + 2.5, {
    colour: scene.theme.accent, width: 2, fill: scene.theme.background,
  });
  pen.circle(x, y, radius, { colour: "", width: 0, fill: entryColour(scene, scene.colors?.[row] ?? 0) });
}

/** Pixels of the places of a path; rows outside the data are left out. */
function pathPixels(f: Frame, path: Path): [number, number][] {
  const { dim } = f.scene.positions, given = "points" in path;
  const places: Positions = given ? { n: Math.floor(path.points.length / dim), dim, a: path.points, b: null, t: 0 } : f.scene.positions;
  const rows = given ? Array.from({ length: places.n }, (_, k) => k) : path.rows.filter((row) => row < places.n);
  const out = new Float64Array(3), pixels: [number, number][] = [];
  for (const row of rows) {
    projectRange(f.pr, places, row, row + 1, out);
    if (out[0] !== OFF_SCREEN) pixels.push([out[0], out[1]]);
  }
  return pixels;
}

/** Trails: faint where they start, full at the end, with an arrow head on the last piece: at its end lies the point. */
function drawPaths(pen: Pen, f: Frame, paths: readonly Path[]): void {
  const { scene } = f, { theme } = scene, many = paths.length > MANY_PATHS;
  for (const path of paths) {
    const at = pathPixels(f, path);
    if (at.length < 2) continue;
    const colour = path.color < 0 ? theme.ink : entryColour(scene, path.color);
    pen.line(at, { colour: theme.background, width: 3.6, alpha: 0.6 });
    const pieces = Math.min(many ? FEW_PIECES : PIECES, at.length - 1);
    for (let k = 0; k < pieces; k++) {
      const from = Math.floor((k * (at.length - 1)) / pieces), to = Math.floor(((k + 1) * (at.length - 1)) / pieces);
      const alpha = pieces === 1 ? 0.9 : 0.35 + (0.6 * k) / (pieces - 1);
      pen.line(at.slice(from, to + 1), { colour, width: 1.7, alpha });
    }
    if (!many && at.length <= DOTTED)
      at.slice(0, -1).forEach(([x, y], k) =>
        pen.circle(x, y, k === 0 ? 3.2 : 2, { colour: theme.background, width: 0.8, fill: colour }));
    const [ex, ey] = at[at.length - 1];
    const before = [...at].reverse().find(([x, y]) => Math.hypot(x - ex, y - ey) > 4) ?? at[0];
    const turn = Math.atan2(ey - before[1], ex - before[0]), mx = (before[0] + ex) / 2, my = (before[1] + ey) / 2;
    const corner = (angle: number, d: number): [number, number] => [mx + d * Math.cos(turn + angle), my + d * Math.sin(turn + angle)];
    pen.line([corner(0, 2), corner(2.65, 8), corner(-2.65, 8)], { colour: theme.background, width: 0.8, closed: true, fill: colour });
  }
}

const isBold = (l: Label): boolean => l.strong === true || l.region === true;

function drawLabels(pen: Pen, f: Frame, labels: readonly Label[]): void {
  const { scene, view } = f, height = LABEL_SIZE * 1.3;
  const area = { x0: view.x, y0: view.y, x1: view.x + view.width, y1: view.y + view.height };
  const shown: Label[] = [], anchors: Anchor[] = [];
  for (const l of labels) {
    if (l.row < 0 || l.row >= scene.positions.n || scene.isHidden(l.row)) continue;
    const { x, y, r } = placeOf(f, l.row), strong = l.strong ?? false;
    // Outside: no need to measure its text.
    if (x < area.x0 || x > area.x1 || y < area.y0 || y > area.y1) continue;
    shown.push(l);
    anchors.push({ x, y, r, width: pen.measure(l.text, LABEL_SIZE, isBold(l)), height, strong, region: (l.region ?? false) && scene.visible >= CROWD });
  }
  const { ink, background } = scene.theme;
  for (const p of placeLabels(anchors, area).reverse())
    pen.text(p.x, p.y, shown[p.index].text, {
      size: LABEL_SIZE, colour: ink, bold: isBold(shown[p.index]), halo: background,
    });
}

/** Round numbers in [from, to] about `apart` apart: steps of 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, apart: number): { values: number[]; text: (v: number) => string } {
  const power = Math.pow(10, Math.floor(Math.log10(apart)));
  const step = [1, 2, 5].map((k) => k * power).find((s) => s >= 0.8 * apart) ?? 10 * power;
  const values: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i <= to / step + 1e-9 && values.length < 100; i++) values.push(i * step);
  const largest = Math.max(Math.abs(from), Math.abs(to)), last = Math.floor(Math.log10(step) + 1e-9), digits = Math.max(0, -last);
  const wide = largest >= 1e5 || digits > 4, significant = Math.max(0, Math.floor(Math.log10(largest)) - last);
  const text = (v: number): string => {
    if (Math.abs(v) < step / 2) return "0";
    return (wide ? v.toExponential(significant).replace("e+", "e") : v.toFixed(digits)).replaceAll("-", "\u2212");
  };
  return { values, text };
}

function drawAxes(pen: Pen, f: Frame, axes: Axes): void {
  const { view: v, width, height, pr } = f, { muted, background, ink, grid }: PlotTheme = f.scene.theme;
  const right = v.x + v.width, bottom = v.y + v.height;
  pen.rect(0, 0, v.x, height, background);
  pen.rect(0, bottom, width, height - bottom, background);
  pen.rect(right, 0, width - right, height, background);
  pen.rect(0, 0, width, v.y, background);
  pen.line([[v.x, v.y], [right, v.y], [right, bottom]], { colour: grid, width: 1 });
  pen.line([[v.x, v.y], [v.x, bottom], [right, bottom]], { colour: muted, width: 1 });
  const dataX = (x: number): number => (x - pr.cx - pr.m[3]) / pr.scale, dataY = (y: number): number => (pr.cy - y - pr.m[7]) / pr.scale;
  // One scale, so both axes get the same step.
  const apart = TICK_EVERY / pr.scale, xs = ticks(dataX(v.x), dataX(right), apart), ys = ticks(dataY(bottom), dataY(v.y), apart);
  for (const value of xs.values) {
    const x = pr.cx + pr.scale * value + pr.m[3];
    pen.line([[x, bottom], [x, bottom + TICK_LENGTH]], { colour: muted, width: 1 });
    const text = xs.text(value);
    if (x + pen.measure(text, TICK_SIZE, false) / 2 <= width)
      pen.text(x, bottom + TICK_LENGTH + 9, text, { size: TICK_SIZE, colour: muted, align: "center" });
  }
  for (const value of ys.values) {
    const y = pr.cy - pr.scale * value - pr.m[7];
    pen.line([[v.x - TICK_LENGTH, y], [v.x, y]], { colour: muted, width: 1 });
    pen.text(v.x - TICK_LENGTH - 4, y, ys.text(value), { size: TICK_SIZE, colour: muted, align: "right" });
  }
  pen.text(v.x + v.width / 2, height - 10, axes.x, { size: NAME_SIZE, colour: ink, align: "center" });
  pen.text(12, v.y + v.height / 2, axes.y, { size: NAME_SIZE, colour: ink, align: "center", turns: 1 });
}

/** Three arrows in the lower left corner that turn with the data; farther ones are fainter. */
function drawTripod(pen: Pen, f: Frame, axes: Axes): void {
  const { m, scale } = f.pr, { ink, background } = f.scene.theme;
  // Room for the longest name on either side, so that the tripod stays where it is while it turns.
  const widest = Math.max(...[axes.x, axes.y, axes.z ?? ""].map((name) => pen.measure(name, TICK_SIZE, false)));
  const ox = Math.min(f.width / 3, TRIPOD.margin + TRIPOD.length + TRIPOD.gap + widest), oy = f.height - TRIPOD.y;
  const arms = [axes.x, axes.y, axes.z ?? ""].map((name, j) => ({
    name, x: m[j] / scale, y: -m[4 + j] / scale, z: m[8 + j] / scale,
  }));
  for (const a of arms.sort((p, q) => p.z - q.z)) {
    const alpha = 0.72 + 0.28 * a.z, x = ox + TRIPOD.length * a.x, y = oy + TRIPOD.length * a.y;
    pen.line([[ox, oy], [x, y]], { colour: background, width: 4, alpha: 0.7 });
    pen.line([[ox, oy], [x, y]], { colour: ink, width: 1.6, alpha });
    const half = pen.measure(a.name, TICK_SIZE, false) / 2, tx = x + a.x * (TRIPOD.gap + half), ty = y + a.y * (TRIPOD.gap + 4);
    if (Math.hypot(a.x, a.y) > 0.12) pen.text(tx, ty, a.name, { size: TICK_SIZE, colour: ink, align: "center", halo: background, alpha });
  }
}
