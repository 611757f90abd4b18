/* A matrix as coloured cells on a canvas, with a colour bar, a value under the pointer and a cell
 * that moves with the arrow keys. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { theme } from "../state/store";
import { extent } from "./numbers";
import { num } from "../state/format";
import { onRamp, readTheme } from "./theme";
import { useHostWidth } from "./width";

export interface HeatmapProps {
  rows: string[];
  columns: string[];
  /** rows.length * columns.length values, row after row; NaN: an empty cell. */
  values: ArrayLike<number>;
  label: string;
  /** What a value is: "share of variance". */
  unit: string;
  range?: [number, number];
  rowHeight?: number;
  onPick?: (row: number, column: number) => void;
  /** Row that is marked: the current layer. */
  current?: number | null;
  /** Cell that is marked: the pair of layers on the maps. */
  marked?: [number, number] | null;
  /** What columns are, in figures for files. */
  xLabel?: string;
  /** Names of the two axes; cells are then square, and rows are named by numbers. */
  axes?: [string, string];
  testid: string;
}

const GUTTER = 64;
/** Where rows are named by numbers, and the axis stands beside them. */
const NARROW = 44;
const HEADER = 20;
/** A row for the name of the upper axis. */
const NAME = 15;
/** Largest square cell, in px: a matrix of four layers need not fill the page. */
const LARGEST = 40;

export function Heatmap(p: HeatmapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useHostWidth(canvas);
  const [cell, setCell] = useState<[number, number] | null>(null);
  const gutter = p.axes ? NARROW : GUTTER;
  const header = HEADER + (p.axes ? NAME : 0);
  const room = Math.max(1, (width - gutter) / Math.max(1, p.columns.length));
  const cellWidth = p.axes ? Math.min(LARGEST, room) : room;
  const rowHeight = p.axes ? cellWidth : (p.rowHeight ?? 18);
  const height = header + Math.ceil(p.rows.length * rowHeight) + 2;
  const [low, high] = p.range ?? extent(p.values) ?? [0, 1];

  useEffect(
    () => draw(canvas.current!, p, { width, height, gutter, header, cellWidth, rowHeight }, low, high, cell),
    [p.values, p.rows, p.columns, p.current, p.marked?.join(), p.axes?.join(), width, height, low, high, cell, theme.value],
  );

  const at = (event: MouseEvent): [number, number] | null => {
    const row = Math.floor((event.offsetY - header) / rowHeight);
    const column = Math.floor((event.offsetX - gutter) / cellWidth);
    return row >= 0 && row < p.rows.length && column >= 0 && column < p.columns.length ? [row, column] : null;
  };
  const move = (event: KeyboardEvent): void => {
    const [dr, dc] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (event.key === "Enter" && cell) p.onPick?.(...cell);
    else if (dr || dc) {
      const [r, c] = cell ?? p.marked ?? [0, 0];
      setCell([clamp(r + dr!, p.rows.length), clamp(c + dc!, p.columns.length)]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = cell ?? p.marked ?? null;
  const value = shown ? p.values[shown[0] * p.columns.length + shown[1]] : undefined;
  const place = shown
    ? p.axes
      ? `${p.rows[shown[0]]} beside ${p.columns[shown[1]]}`
      : `${p.rows[shown[0]]}, ${p.columns[shown[1]]}`
    : "";
  return (
    <div class="chart" data-testid={p.testid}>
      <div class="chart-legend">
        <span class="chart-key">
          <span>{p.axes ? place : p.unit}</span>
          <b>{shown ? num(value, 4) : ""}</b>
        </span>
        <span class={`ramp${p.axes ? " chart-at" : ""}`} aria-hidden="true">
          <em>{num(low, 3)}</em>
          <i />
          <em>{num(high, 3)}</em>
        </span>
        {!p.axes && <span class="chart-at">{place}</span>}
      </div>
      <div style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          class={p.onPick ? "pickable" : ""}
          tabIndex={0}
          role="img"
          aria-label={`${p.label}: ${p.rows.length} rows, ${p.columns.length} columns; arrow keys read the cells${p.onPick ? ", Enter picks one" : ""}. ${place}${shown ? `: ${num(value, 4)}` : ""}`}
          onMouseMove={(event) => setCell(at(event))}
          onMouseLeave={() => setCell(null)}
          onClick={(event) => {
            const hit = at(event);
            if (hit) p.onPick?.(...hit);
          }}
          onKeyDown={move}
        />
      </div>
    </div>
  );
}

function clamp(at: number, count: number): number {
  return Math.min(count - 1, Math.max(0, at));
}

interface Measures {
  width: number;
  height: number;
  gutter: number;
  header: number;
  cellWidth: number;
  rowHeight: number;
}

function draw(canvas: HTMLCanvasElement, p: HeatmapProps, m: Measures, low: number, high: number, cell: [number, number] | null): void {
  const { width, height, gutter, header, cellWidth, rowHeight } = m;
  if (width <= gutter) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const c = canvas.getContext("2d")!;
  const colors = readTheme(canvas);
  const gap = cellWidth > 6 ? 1 : 0;
  c.scale(ratio, ratio);
  c.font = colors.font;
  c.textBaseline = "middle";
  c.textAlign = "right";
  let below = 0;
  p.rows.forEach((name, r) => {
    const y = header + r * rowHeight;
    const middle = y + rowHeight / 2;
    if (middle - 6 >= below) {
      c.fillStyle = r === p.current || r === p.marked?.[0] ? colors.accent : colors.muted;
      c.fillText(name, gutter - 8, middle);
      below = middle + 6;
    }
    for (let k = 0; k < p.columns.length; k++) {
      const v = p.values[r * p.columns.length + k];
      if (Number.isNaN(v) && !p.axes) continue;
      /* A cell of a matrix that is not there yet keeps its place. */
      c.fillStyle = Number.isNaN(v) ? colors.grid : onRamp(colors.ramp, high > low ? (v - low) / (high - low) : 0.5);
      c.fillRect(gutter + k * cellWidth, y, Math.max(0.5, cellWidth - gap), rowHeight - gap);
    }
  });
  c.textAlign = "center";
  let free = 0;
  p.columns.forEach((name, k) => {
    const middle = gutter + (k + 0.5) * cellWidth;
    const half = c.measureText(name).width / 2 + 3;
    if (middle - half < free || middle + half > width + 6) return;
    c.fillStyle = k === p.marked?.[1] ? colors.accent : colors.muted;
    c.fillText(name, middle, header - HEADER / 2);
    free = middle + half;
  });
  if (p.axes) {
    c.fillStyle = colors.muted;
    c.fillText(p.axes[1], gutter + (cellWidth * p.columns.length) / 2, NAME / 2);
    c.save();
    c.translate(9, header + (rowHeight * p.rows.length) / 2);
    c.rotate(-Math.PI / 2);
    c.fillText(p.axes[0], 0, 0);
    c.restore();
  }
  const box = ([r, k]: [number, number], colour: string, line: number): void => {
    c.strokeStyle = colour;
    c.lineWidth = line;
    c.strokeRect(gutter + k * cellWidth, header + r * rowHeight, Math.max(2, cellWidth - gap), rowHeight - gap);
  };
  /* Two colours: one of them is seen on any cell. */
  if (p.marked) {
    box(p.marked, colors.surface, 4);
    box(p.marked, colors.ink, 1.75);
  }
  if (cell) box(cell, colors.ink, 1.5);
}
