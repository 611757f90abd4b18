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
  testid: string;
}

const GUTTER = 64;
const HEADER = 20;

export function Heatmap(p: HeatmapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useHostWidth(canvas);
  const [cell, setCell] = useState<[number, number] | null>(null);
  const rowHeight = p.rowHeight ?? 18;
  const height = HEADER + p.rows.length * rowHeight + 2;
  const [low, high] = p.range ?? extent(p.values) ?? [0, 1];

  useEffect(
    () => draw(canvas.current!, p, width, height, rowHeight, low, high, cell),
    [p.values, p.rows, p.columns, p.current, width, height, low, high, cell, theme.value],
  );

  const cellWidth = Math.max(1, (width - GUTTER) / Math.max(1, p.columns.length));
  const at = (event: MouseEvent): [number, number] | null => {
    const row = Math.floor((event.offsetY - HEADER) / rowHeight);
    const column = Math.floor((event.offsetX - GUTTER) / cellWidth);
    return row >= 0 && row < p.rows.length && column >= 0 && column < p.columns.length ? [row, column] : null;
  };
  const move = (event: KeyboardEvent): void => {
    const [dr, dc] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (event.key === "Enter" && cell) p.onPick?.(...cell);
    else if (dr || dc) setCell([clamp((cell?.[0] ?? 0) + dr!, p.rows.length), clamp((cell?.[1] ?? 0) + dc!, p.columns.length)]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const value = cell ? p.values[cell[0] * p.columns.length + cell[1]] : undefined;
  return (
    <div class="chart" data-testid={p.testid}>
      <div class="chart-legend">
        <span class="chart-key">
          <span>{p.unit}</span>
          <b>{cell ? num(value, 4) : ""}</b>
        </span>
        <span class="ramp" aria-hidden="true">
          <em>{num(low, 3)}</em>
          <i />
          <em>{num(high, 3)}</em>
        </span>
        <span class="chart-at">{cell ? `${p.rows[cell[0]]}, ${p.columns[cell[1]]}` : ""}</span>
      </div>
      <div style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          class={p.onPick ? "pickable" : ""}
          tabIndex={0}
          role="img"
          aria-label={`${p.label}: ${p.rows.length} rows, ${p.columns.length} columns; arrow keys read the cells. ${cell ? `${p.rows[cell[0]]}, ${p.columns[cell[1]]}: ${num(value, 4)}` : ""}`}
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

function draw(
  canvas: HTMLCanvasElement,
  p: HeatmapProps,
  width: number,
  height: number,
  rowHeight: number,
  low: number,
  high: number,
  cell: [number, number] | null,
): void {
  if (width <= GUTTER) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const c = canvas.getContext("2d")!;
  const colors = readTheme(canvas);
  const cellWidth = (width - GUTTER) / p.columns.length;
  const gap = cellWidth > 6 ? 1 : 0;
  c.scale(ratio, ratio);
  c.font = colors.font;
  c.textBaseline = "middle";
  p.rows.forEach((name, r) => {
    const y = HEADER + r * rowHeight;
    c.fillStyle = r === p.current ? colors.accent : colors.muted;
    c.textAlign = "right";
    c.fillText(name, GUTTER - 8, y + rowHeight / 2);
    for (let k = 0; k < p.columns.length; k++) {
      const v = p.values[r * p.columns.length + k];
      if (Number.isNaN(v)) continue;
      c.fillStyle = onRamp(colors.ramp, high > low ? (v - low) / (high - low) : 0.5);
      c.fillRect(GUTTER + k * cellWidth, y, Math.max(0.5, cellWidth - gap), rowHeight - 1);
    }
  });
  c.fillStyle = colors.muted;
  c.textAlign = "center";
  let free = 0;
  p.columns.forEach((name, k) => {
    const middle = GUTTER + (k + 0.5) * cellWidth;
    const half = c.measureText(name).width / 2 + 3;
    if (middle - half < free || middle + half > width + 6) return;
    c.fillText(name, middle, HEADER / 2);
    free = middle + half;
  });
  if (!cell) return;
  c.strokeStyle = colors.ink;
  c.lineWidth = 1.5;
  c.strokeRect(GUTTER + cell[1] * cellWidth, HEADER + cell[0] * rowHeight, Math.max(2, cellWidth - gap), rowHeight - 1);
}
