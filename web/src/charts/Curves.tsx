/* Curves over layers (or over a rank or scale) with their error bands: one wrapper around uPlot.
 *
 * uPlot draws; this file adds what all our curves share: bands of one standard error, a marker at
 * the current layer, a click that picks a layer, a drag that brushes a range, the same by keyboard,
 * and a line of values above the plot that never changes its height. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import uPlot from "uplot";
import { theme } from "../state/store";
import { formatWithError, linearEnds, logEnds, logTicks } from "./numbers";
import { num } from "../state/format";
import { layerColor, readTheme, withAlpha, type ChartTheme } from "./theme";

/** Px that a line of values has in the narrowest card. */
const ONE_LINE = 400;

export interface CurveSeries {
  label: string;
  values: (number | null)[];
  /** Standard errors; the band is one of them to each side. */
  se?: (number | null)[] | undefined;
  color?: string | undefined;
  /** Which of how many layers the line stands for: its colour is that layer's. */
  rank?: [number, number] | undefined;
  /** Width of the line in px; 1.75 when absent. */
  width?: number | undefined;
}

export interface CurvesProps {
  x: number[];
  series: CurveSeries[];
  /** What the chart shows, for readers who cannot see it. */
  label: string;
  xLabel?: string;
  /** Name of the y axis in figures for files; on the screen the title says it. */
  yLabel?: string;
  /** How an x value is called in the line of values: "layer 3". */
  xName?: (x: number) => string;
  logX?: boolean;
  logY?: boolean;
  /** Lines run on where a series has no value: series that do not share their x. */
  joinGaps?: boolean;
  /** Ends of the y scale where they are known beforehand (overlaps: 0 to 1). */
  yRange?: [number | null, number | null];
  height: number;
  /** Plot area only, with these margins in px, so that x positions match what stands above it. */
  bare?: { left: number; right: number };
  /** Position in x of the current layer; null or absent: no marker. */
  marker?: number | null;
  brush?: [number, number] | null;
  onPick?: (index: number) => void;
  /** Brushed positions in x, first and last included; null when the brush is cleared. */
  onBrush?: (range: [number, number] | null) => void;
  legend?: boolean;
  testid: string;
}

export function Curves(props: CurvesProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;
  const [hover, setHover] = useState<number | null>(null);

  useEffect(() => {
    const el = host.current!;
    const u = new uPlot(options(el, now, readTheme(el), setHover), columns(now.current), el);
    plot.current = u;
    const resize = new ResizeObserver(() => {
      const width = el.clientWidth;
      if (width > 0 && (width !== u.width || now.current.height !== u.height)) u.setSize({ width, height: now.current.height });
      showBrush(u, now.current);
    });
    resize.observe(el);
    showBrush(u, now.current);
    return () => {
      resize.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [theme.value, signature(props)]);

  useEffect(() => {
    if (!plot.current) return;
    plot.current.setData(columns(props));
    showBrush(plot.current, props);
  }, [props.x, props.series, props.yRange]);
  useEffect(() => plot.current?.redraw(false, false), [props.marker]);
  useEffect(() => {
    if (plot.current) showBrush(plot.current, props);
  }, [props.brush?.[0], props.brush?.[1]]);

  const shown = hover ?? (props.marker === null || props.marker === undefined ? null : nearest(props.x, props.marker));
  return (
    <div class="chart" data-testid={props.testid}>
      {props.legend !== false && <Legend {...props} shown={shown} />}
      <div
        ref={host}
        class={`chart-plot${props.onPick ? " pickable" : ""}`}
        style={{ height: `${props.height}px` }}
        role="group"
        tabIndex={props.onPick || props.onBrush ? 0 : -1}
        aria-label={describe(props)}
        onKeyDown={(event) => onKey(event, props)}
      />
    </div>
  );
}

/** The line above the plot: each series with its colour and its value where the pointer is, or at
 *  the current layer. */
function Legend(props: CurvesProps & { shown: number | null }): JSX.Element {
  const x = props.shown === null ? null : props.x[props.shown];
  const named = x === null || x === undefined ? "" : props.xName ? props.xName(x) : num(x, 4);
  return (
    <div class={`chart-legend${legendWidth(props) > ONE_LINE ? " tall" : ""}`}>
      {props.series.map((s, i) => (
        <span class="chart-key" key={s.label}>
          <i style={{ background: s.color ?? `var(--series-${(i % 6) + 1})` }} />
          <span>{s.label}</span>
          <b>{props.shown === null ? "" : formatWithError(s.values[props.shown], s.se?.[props.shown])}</b>
        </span>
      ))}
      <span class="chart-at">{named}</span>
    </div>
  );
}

/** About how many px the line of values takes at most, at any x: it has two lines from the start, or one
 *  throughout, and never jumps. */
function legendWidth(p: CurvesProps): number {
  const widest = (s: CurveSeries): number => Math.max(0, ...s.values.map((v, i) => formatWithError(v, s.se?.[i]).length));
  return p.series.reduce((sum, s) => sum + 6.2 * s.label.length + 7.4 * widest(s) + 34, 60);
}

function onKey(event: KeyboardEvent, props: CurvesProps): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const at = nearest(props.x, props.marker ?? props.x[0] ?? 0);
  if (step && event.shiftKey && props.onBrush) {
    const [low, high] = props.brush ?? [props.x[at], props.x[at]];
    const end = props.x[Math.min(props.x.length - 1, Math.max(0, nearest(props.x, high) + step))];
    props.onBrush([Math.min(low, end), Math.max(low, end)]);
  } else if (step && props.onPick) {
    props.onPick(Math.min(props.x.length - 1, Math.max(0, at + step)));
  } else if (event.key === "Escape" && props.brush && props.onBrush) {
    props.onBrush(null);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Everything that needs a new uPlot when it changes; data, marker and brush do not. */
function signature(p: CurvesProps): string {
  const style = p.series.map((s) => [s.label, s.color, s.rank, s.width, Boolean(s.se)]);
  return JSON.stringify([style, p.height, p.bare, p.logX, p.logY, p.xLabel, Boolean(p.onPick), Boolean(p.onBrush)]);
}

/** x, then for each series its values and, with errors, the two edges of its band. */
function columns(p: CurvesProps): uPlot.AlignedData {
  const out: (number | null)[][] = [];
  for (const s of p.series) {
    const clean = (v: number | null | undefined): number | null =>
      v === null || v === undefined || !Number.isFinite(v) || (p.logY && v <= 0) ? null : v;
    out.push(s.values.map(clean));
    if (!s.se) continue;
    const edge = (sign: number) => (v: number | null, i: number) => clean(v === null ? null : v + sign * (s.se![i] ?? 0));
    out.push(s.values.map(edge(1)), s.values.map(edge(-1)));
  }
  return [p.x, ...out] as uPlot.AlignedData;
}

function options(
  el: HTMLElement,
  now: { current: CurvesProps },
  colors: ChartTheme,
  setHover: (i: number | null) => void,
): uPlot.Options {
  const p = now.current;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  p.series.forEach((s, i) => {
    const stroke = s.color ?? (s.rank ? layerColor(...s.rank) : colors.series[i % colors.series.length]);
    const points = { show: p.x.length <= 50 && p.series.length <= 6, size: 5, fill: colors.surface, width: 1.5 };
    series.push({ stroke, width: s.width ?? 1.75, points, spanGaps: Boolean(p.joinGaps) });
    if (!s.se) return;
    const at = series.length;
    series.push({ points: { show: false } }, { points: { show: false } });
    bands.push({ series: [at, at + 1], fill: withAlpha(stroke, 0.22) });
  });
  const axis = {
    stroke: colors.muted,
    font: colors.font,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1, size: 4 },
  };
  const number = (_u: uPlot, splits: (number | null)[]): string[] => splits.map((v) => (v === null ? "" : num(v, 4)));
  const power = (_u: uPlot, splits: (number | null)[]): string[] => splits.map((v) => (v === null ? "" : num(v, 1)));
  let dragged = false;
  return {
    width: Math.max(40, el.clientWidth),
    height: p.height,
    padding: p.bare ? [5, p.bare.right, 5, p.bare.left] : [10, 12, 0, 0],
    legend: { show: false },
    series,
    bands,
    scales: {
      x: { time: false, ...(p.logX ? { distr: 3 as const, log: 10 as const, range: (_u: uPlot, low: number, high: number) => logEnds(low, high) } : { range: xRange(p) }) },
      y: p.logY ? { distr: 3, log: 10, range: (_u: uPlot, low: number, high: number) => logEnds(low, high) } : { range: (_u, low, high) => linearEnds(low, high, now.current.yRange ?? [null, null]) },
    },
    axes: p.bare
      ? [{ show: false }, { show: false }]
      : [
          {
            ...axis,
            size: 28,
            values: p.logX ? power : number,
            ...(p.logX ? LOG : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] }),
            ...(p.xLabel ? { label: p.xLabel, labelSize: 16, labelFont: colors.font, labelGap: -2 } : {}),
          },
          { ...axis, size: 52, values: p.logY ? power : number, space: 26, ...(p.logY && LOG) },
        ],
    cursor: {
      x: Boolean(p.onPick || !p.bare),
      y: false,
      drag: { x: Boolean(p.onBrush), y: false, setScale: false, dist: 5 },
      points: { size: 8, width: 1.5, stroke: colors.surface, fill: (u, i) => String((u.series[i].stroke as () => string)()) },
    },
    hooks: {
      setCursor: [(u) => setHover(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 1) return;
          dragged = true;
          const ends = [u.select.left, u.select.left + u.select.width].map((px) => u.posToVal(px, "x")) as [number, number];
          const inside = now.current.x.filter((x) => x >= ends[0] && x <= ends[1]);
          const low = inside[0] ?? now.current.x[nearest(now.current.x, (ends[0] + ends[1]) / 2)];
          now.current.onBrush?.([low, inside[inside.length - 1] ?? low]);
        },
      ],
      ready: [
        (u) => {
          u.over.addEventListener("mousedown", () => (dragged = false));
          u.over.addEventListener("click", (event) => {
            if (dragged) return;
            const at = nearest(now.current.x, u.posToVal(event.offsetX, "x"));
            if (now.current.brush) now.current.onBrush?.(null);
            now.current.onPick?.(at);
          });
          u.over.addEventListener("mouseleave", () => setHover(null));
        },
      ],
      drawAxes: [(u) => drawMarker(u, now.current.marker, colors)],
    },
  };
}

/** The vertical line at the current layer, under the curves. */
function drawMarker(u: uPlot, marker: number | null | undefined, colors: ChartTheme): void {
  if (marker === null || marker === undefined) return;
  const x = Math.round(u.valToPos(marker, "x", true));
  const { left, width, top, height } = u.bbox;
  if (x < left - 1 || x > left + width + 1) return;
  u.ctx.save();
  u.ctx.strokeStyle = colors.accent;
  u.ctx.lineWidth = 1.5 * devicePixelRatio;
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  u.ctx.restore();
}

function showBrush(u: uPlot, p: CurvesProps): void {
  const none = { left: 0, top: 0, width: 0, height: 0 };
  if (!p.brush) return u.setSelect(none, false);
  const half = p.x.length > 1 && !p.logX ? Math.abs(p.x[1] - p.x[0]) * 0.35 : 0;
  const inner = u.bbox.width / devicePixelRatio;
  const left = Math.max(0, u.valToPos(p.brush[0] - half, "x"));
  const right = Math.min(inner, u.valToPos(p.brush[1] + half, "x"));
  u.setSelect({ left, width: Math.max(2, right - left), top: 0, height: u.bbox.height / devicePixelRatio }, false);
}

/** Bare charts end exactly at their first and last x: they stand under a slider of the same width. */
function xRange(p: CurvesProps): uPlot.Range.Function {
  return (_u, low, high) => {
    if (!(high > low)) return [low - 0.5, low + 0.5];
    const pad = p.bare ? 0 : (high - low) * 0.02;
    return [low - pad, high + pad];
  };
}

/** Every tick of a logarithmic axis has its number; uPlot alone would name whole powers only. */
const LOG: Partial<uPlot.Axis> = {
  splits: (_u, _axis, low, high) => logTicks(low, high),
  filter: (_u, splits) => splits,
};

/** Position of the value of `sorted` that is nearest to x. */
export function nearest(sorted: number[], x: number): number {
  let best = 0;
  for (let i = 1; i < sorted.length; i++) if (Math.abs(sorted[i] - x) < Math.abs(sorted[best] - x)) best = i;
  return best;
}

function describe(p: CurvesProps): string {
  const keys = [p.onPick && "arrow keys move the marker", p.onBrush && "Shift with arrow keys brushes a range"].filter(Boolean);
  return `${p.label}: ${p.series.map((s) => s.label).join(", ")}${keys.length ? `; ${keys.join(", ")}` : ""}`;
}
