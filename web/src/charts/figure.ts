/* Charts as figures for files: the data that the screen shows, drawn on white with the plot's pens, so that
 * PNG, SVG and PDF are one drawing; and the same numbers, unrounded, as a table. Lengths are CSS pixels of a figure
 * that prints at about half the width of a page. */
import type { Pen } from "../plot/pen";
import { num } from "../state/format";
import type { CurveSeries, CurvesProps } from "./Curves";
import type { HeatmapProps } from "./Heatmap";
import { binCounts, extent, linearEnds, logEnds, logTicks, niceTicks } from "./numbers";
import { layerColor, onRamp, PAPER } from "./theme";

export type Cell = string | number | null;
export interface Figure {
  width: number;
  height: number;
  title: string;
  draw(pen: Pen): void;
  table: { head: string[]; rows: Cell[][] };
}

const TEXT = 11;
const TITLE = 13;
const LINE = 18;

/** The area inside the axes, and where a value lies in it. */
interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}
interface Axis {
  low: number;
  high: number;
  log: boolean;
}
const share = (a: Axis, v: number): number =>
  a.log ? Math.log(v / a.low) / Math.log(a.high / a.low) : (v - a.low) / (a.high - a.low);

function ticksOf(a: Axis, count: number, whole: boolean): number[] {
  if (a.log) return logTicks(a.low, a.high);
  const ticks = niceTicks(a.low, a.high, count);
  return whole ? ticks.filter(Number.isInteger) : ticks;
}

function title(pen: Pen, text: string): void {
  pen.text(12, 16, text, { size: TITLE, colour: PAPER.ink, bold: true });
}

function drawAxes(pen: Pen, f: Frame, x: Axis, y: Axis, xLabel: string, yLabel: string, whole: boolean): void {
  const line = (points: [number, number][], colour: string): void => pen.line(points, { colour, width: 1 });
  for (const t of ticksOf(y, f.height / 40, false)) {
    const at = f.top + f.height * (1 - share(y, t));
    line([[f.left, at], [f.left + f.width, at]], PAPER.grid);
    pen.text(f.left - 7, at, num(t, y.log ? 1 : 4), { size: TEXT, colour: PAPER.muted, align: "right" });
  }
  for (const t of ticksOf(x, f.width / 50, whole)) {
    const at = f.left + f.width * share(x, t);
    line([[at, f.top + f.height], [at, f.top + f.height + 4]], PAPER.muted);
    pen.text(at, f.top + f.height + 14, num(t, x.log ? 1 : 4), { size: TEXT, colour: PAPER.muted, align: "center" });
  }
  line([[f.left, f.top], [f.left, f.top + f.height], [f.left + f.width, f.top + f.height]], PAPER.muted);
  pen.text(f.left + f.width / 2, f.top + f.height + 32, xLabel, { size: TEXT, colour: PAPER.ink, align: "center" });
  pen.text(14, f.top + f.height / 2, yLabel, { size: TEXT, colour: PAPER.ink, align: "center", turns: 1 });
}

/* ---- curves ------------------------------------------------------------------------------------ */

const colourOf = (s: CurveSeries, i: number): string =>
  s.rank ? layerColor(...s.rank, "light") : PAPER.series[i % PAPER.series.length];

/** Parts of a series without a gap, as positions in x. */
function runs(values: (number | null)[], usable: (v: number | null) => boolean, join: boolean): number[][] {
  const out: number[][] = [[]];
  values.forEach((v, i) => {
    if (usable(v)) out[out.length - 1].push(i);
    else if (!join) out.push([]);
  });
  return out.filter((r) => r.length > 0);
}

export function curvesFigure(p: CurvesProps, width = 560, height = 340): Figure {
  const usable = (v: number | null | undefined): v is number =>
    v !== null && v !== undefined && Number.isFinite(v) && (!p.logY || v > 0);
  const edges = p.series.flatMap((s) =>
    s.values.flatMap((v, i) => (usable(v) ? [v, v + (s.se?.[i] ?? 0), v - (s.se?.[i] ?? 0)].filter(usable) : [])),
  );
  const [low, high] = extent(edges) ?? [null, null];
  const [xLow, xHigh] = extent(p.x) ?? [0, 1];
  const ends = p.logY ? logEnds(low ?? 0, high ?? 0) : linearEnds(low, high, p.yRange ?? [null, null]);
  const y: Axis = { low: ends[0], high: ends[1], log: Boolean(p.logY) };
  const pad = xHigh > xLow ? (xHigh - xLow) * 0.02 : 0.5;
  const xEnds = p.logX ? logEnds(xLow, xHigh) : [xLow - pad, xHigh + pad];
  const x: Axis = { low: xEnds[0], high: xEnds[1], log: Boolean(p.logX) };
  const seen = (v: number | null | undefined): v is number => usable(v) && (!p.logY || v >= y.low);
  const ranked = p.series.every((s) => s.rank);
  const draw = (pen: Pen): void => {
    pen.rect(0, 0, width, height, PAPER.surface);
    title(pen, p.label);
    const below = ranked ? rankLegend(pen, p.series, width) : seriesLegend(pen, p.series, width);
    const f: Frame = { left: 62, top: below + 8, width: width - 62 - 16, height: height - below - 8 - 46 };
    drawAxes(pen, f, x, y, p.xLabel ?? "layer", p.yLabel ?? "", p.x.every(Number.isInteger));
    const at = (i: number, v: number): [number, number] => [
      f.left + f.width * share(x, p.x[i]),
      f.top + f.height * (1 - Math.min(1, Math.max(0, share(y, Math.max(v, p.logY ? y.low : v))))),
    ];
    p.series.forEach((s, i) => {
      const colour = colourOf(s, i);
      for (const run of runs(s.values, seen, Boolean(p.joinGaps))) {
        const error = (j: number): number => s.se?.[j] ?? 0;
        const line = run.map((j) => at(j, s.values[j]!));
        if (s.se && run.length > 1) {
          const band = [...run.map((j) => at(j, s.values[j]! + error(j))), ...[...run].reverse().map((j) => at(j, s.values[j]! - error(j)))];
          pen.line(band, { colour, width: 0, closed: true, fill: colour, fillAlpha: 0.22 });
        }
        if (run.length > 1) pen.line(line, { colour, width: s.width ?? 1.75 });
        if (run.length === 1 || (p.x.length <= 50 && p.series.length <= 6))
          for (const [cx, cy] of line) pen.circle(cx, cy, 2.5, { colour, width: 1.5, fill: PAPER.surface, fillAlpha: 1 });
      }
    });
  };
  return { width, height, title: p.label, draw, table: curvesTable(p) };
}

/** Names of the lines with their colours, in as many rows as they take; the lower edge. */
function seriesLegend(pen: Pen, series: CurveSeries[], width: number): number {
  let [x, y] = [12, 16 + LINE + 2];
  series.forEach((s, i) => {
    const wide = 26 + pen.measure(s.label, TEXT, false) + 14;
    if (x + wide > width && x > 12) [x, y] = [12, y + LINE];
    pen.line([[x, y], [x + 18, y]], { colour: colourOf(s, i), width: 2.5 });
    pen.text(x + 24, y, s.label, { size: TEXT, colour: PAPER.ink });
    x += wide;
  });
  return y + LINE / 2;
}

/** A scale of colours for lines that stand for layers; the lower edge. */
function rankLegend(pen: Pen, series: CurveSeries[], width: number): number {
  const sorted = [...series].sort((a, b) => a.rank![0] - b.rank![0]);
  const y = 16 + LINE + 2;
  const [first, last] = [sorted[0]?.label ?? "", sorted[sorted.length - 1]?.label ?? ""];
  let x = 12;
  pen.text(x, y, first, { size: TEXT, colour: PAPER.ink });
  if (sorted.length < 2) return y + LINE / 2;
  x += pen.measure(first, TEXT, false) + 8;
  const step = Math.min(16, (width - x - 90) / sorted.length);
  sorted.forEach((s) => {
    pen.rect(x, y - 4, step + 0.3, 8, colourOf(s, 0));
    x += step;
  });
  pen.text(x + 8, y, last, { size: TEXT, colour: PAPER.ink });
  return y + LINE / 2;
}

/** A line for each x: every series, and its error where it has one. */
function curvesTable(p: CurvesProps): Figure["table"] {
  return {
    head: [p.xLabel ?? "layer", ...p.series.flatMap((s) => (s.se ? [s.label, `${s.label}: standard error`] : [s.label]))],
    rows: p.x.map((x, i) => [x, ...p.series.flatMap((s) => (s.se ? [s.values[i] ?? null, s.se[i] ?? null] : [s.values[i] ?? null]))]),
  };
}

/* ---- heat maps --------------------------------------------------------------------------------- */

export function heatmapFigure(p: HeatmapProps, width = 560): Figure {
  const [low, high] = p.range ?? extent(p.values) ?? [0, 1];
  const square = p.axes !== undefined;
  const left = p.axes ? 56 : 70;
  const side = 78;
  const cellWidth = (width - left - side) / p.columns.length;
  const cellHeight = square ? cellWidth : Math.max(8, Math.min(20, 420 / p.rows.length));
  const f: Frame = { left, top: 34, width: cellWidth * p.columns.length, height: cellHeight * p.rows.length };
  const height = Math.ceil(f.top + Math.max(f.height, 90) + 46);
  const draw = (pen: Pen): void => {
    pen.rect(0, 0, width, height, PAPER.surface);
    title(pen, p.label);
    p.rows.forEach((_, r) =>
      p.columns.forEach((__, c) => {
        const v = p.values[r * p.columns.length + c];
        if (Number.isNaN(v)) return;
        pen.rect(f.left + c * cellWidth, f.top + r * cellHeight, cellWidth + 0.4, cellHeight + 0.4, onRamp(PAPER.ramp, (v - low) / (high - low || 1)));
      }),
    );
    pen.line(corners(f), { colour: PAPER.muted, width: 1, closed: true });
    const every = (n: number, room: number, wide: number): number => Math.max(1, Math.ceil(wide / Math.max(1, room / n)));
    const [dr, dc] = [every(p.rows.length, f.height, 14), every(p.columns.length, f.width, longest(pen, p.columns) + 8)];
    p.rows.forEach((name, r) => {
      if (r % dr === 0) pen.text(f.left - 7, f.top + (r + 0.5) * cellHeight, name, { size: TEXT, colour: PAPER.muted, align: "right" });
    });
    p.columns.forEach((name, c) => {
      if (c % dc === 0) pen.text(f.left + (c + 0.5) * cellWidth, f.top + f.height + 13, name, { size: TEXT, colour: PAPER.muted, align: "center" });
    });
    const [yName, xName] = p.axes ?? ["", p.xLabel ?? ""];
    pen.text(f.left + f.width / 2, f.top + f.height + 31, xName, { size: TEXT, colour: PAPER.ink, align: "center" });
    pen.text(14, f.top + f.height / 2, yName, { size: TEXT, colour: PAPER.ink, align: "center", turns: 1 });
    colourBar(pen, f, low, high, p.unit, width);
  };
  const table = {
    head: [p.axes?.[0] ?? "row", p.axes?.[1] ?? p.xLabel ?? "column", p.unit],
    rows: p.rows.flatMap((r, i) =>
      p.columns.map((c, j): Cell[] => {
        const v = p.values[i * p.columns.length + j];
        return [r, c, Number.isNaN(v) ? null : v];
      }),
    ),
  };
  return { width, height, title: p.label, draw, table };
}

const longest = (pen: Pen, texts: string[]): number => Math.max(0, ...texts.map((t) => pen.measure(t, TEXT, false)));
const corners = (f: Frame): [number, number][] => [
  [f.left, f.top],
  [f.left + f.width, f.top],
  [f.left + f.width, f.top + f.height],
  [f.left, f.top + f.height],
];

function colourBar(pen: Pen, f: Frame, low: number, high: number, unit: string, width: number): void {
  const x = f.left + f.width + 14;
  const tall = Math.max(90, Math.min(f.height, 200));
  const steps = 64;
  /* Each step reaches down to the foot and is painted over by the next: no gaps between them. */
  for (let i = steps - 1; i >= 0; i--)
    pen.rect(x, f.top + tall * (1 - (i + 1) / steps), 12, (tall * (i + 1)) / steps, onRamp(PAPER.ramp, i / (steps - 1)));
  const free = (16 / tall) * (high - low); // ticks beside the ends would lie on them
  for (const t of [low, ...niceTicks(low, high, 3).filter((v) => v > low + free && v < high - free), high]) {
    const at = f.top + tall * (1 - (t - low) / (high - low || 1));
    pen.text(x + 17, Math.min(f.top + tall - 4, Math.max(f.top + 4, at)), num(t, 2), { size: TEXT, colour: PAPER.muted });
  }
  pen.text(width - 9, f.top + tall / 2, unit, { size: TEXT, colour: PAPER.ink, align: "center", turns: 1 });
}

/* ---- histograms -------------------------------------------------------------------------------- */

export function histogramFigure(label: string, values: ArrayLike<number>, bins = 60, width = 560, height = 320): Figure {
  const [low, high] = extent(values) ?? [0, 1];
  const counts = binCounts(values, low, high, bins);
  const x: Axis = { low, high: high > low ? high : low + 1, log: false };
  const y: Axis = { low: 0, high: Math.max(1, ...counts) * 1.05, log: false };
  const edge = (i: number): number => low + (i / bins) * (high - low);
  const draw = (pen: Pen): void => {
    pen.rect(0, 0, width, height, PAPER.surface);
    title(pen, label);
    const f: Frame = { left: 62, top: 34, width: width - 62 - 16, height: height - 34 - 46 };
    drawAxes(pen, f, x, y, label, "rows", false);
    counts.forEach((n, i) => {
      if (n === 0) return;
      const tall = (f.height * n) / y.high;
      pen.rect(f.left + (f.width * i) / bins, f.top + f.height - tall, f.width / bins - 0.5, tall, PAPER.series[0]);
    });
  };
  const table = { head: ["from", "to", "rows"], rows: Array.from(counts, (n, i): Cell[] => [edge(i), edge(i + 1), n]) };
  return { width, height, title: label, draw, table };
}
