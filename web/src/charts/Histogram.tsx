/* How the values of a column are spread: bars on a canvas in the colours of the map's scale, with a
 * range that is brushed by dragging or by keyboard. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { theme } from "../state/store";
import { binCounts, extent, niceTicks } from "./numbers";
import { count, num } from "../state/format";
import { onRamp, readTheme, withAlpha } from "./theme";
import { useHostWidth } from "./width";

export interface HistogramProps {
  values: ArrayLike<number>;
  label: string;
  height?: number;
  bins?: number;
  brush?: [number, number] | null;
  onBrush?: (range: [number, number] | null) => void;
  testid: string;
}

const AXIS = 18;
const SIDE = 10;

export function Histogram(p: HistogramProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<number | null>(null);
  const width = useHostWidth(canvas);
  const height = p.height ?? 96;
  const bins = p.bins ?? 60;
  const [low, high] = useMemo(() => extent(p.values) ?? [0, 1], [p.values]);
  const counts = useMemo(() => binCounts(p.values, low, high, bins), [p.values, low, high, bins]);
  const inside = useMemo(
    () => (p.brush ? sum(binCounts(p.values, p.brush[0], p.brush[1], 1)) : sum(counts)),
    [p.values, p.brush?.[0], p.brush?.[1], counts],
  );

  useEffect(
    () => draw(canvas.current!, counts, low, high, width, height, p.brush ?? null),
    [counts, low, high, width, height, p.brush?.[0], p.brush?.[1], theme.value],
  );

  const value = (event: PointerEvent): number =>
    low +
    Math.min(
      1,
      Math.max(0, (event.clientX - canvas.current!.getBoundingClientRect().left - SIDE) / Math.max(1, width - 2 * SIDE)),
    ) *
      (high - low);
  const extend = (event: PointerEvent): void => {
    if (drag.current === null || !p.onBrush) return;
    const to = value(event);
    p.onBrush([Math.min(drag.current, to), Math.max(drag.current, to)]);
  };
  const move = (event: KeyboardEvent): void => {
    const step = ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0) * ((high - low) / bins);
    if (!p.onBrush || (!step && event.key !== "Escape")) return;
    const [a, b] = p.brush ?? [low, high];
    if (event.key === "Escape") p.onBrush(null);
    else if (event.shiftKey) p.onBrush([a, Math.min(high, Math.max(a, b + step))]);
    else p.onBrush([Math.min(b, Math.max(low, a + step)), b]);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="chart" data-testid={p.testid}>
      <div class="chart-legend">
        <span class="chart-key">
          <span title={p.label}>{p.label}</span>
        </span>
      </div>
      <div class="chart-legend">
        <b>{p.brush ? `${num(p.brush[0], 4)} to ${num(p.brush[1], 4)}` : ""}</b>
        <span class="chart-at">{count(inside)} rows</span>
      </div>
      <div style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          tabIndex={p.onBrush ? 0 : -1}
          role="group"
          aria-label={`${p.label}: ${count(inside)} rows from ${num(p.brush?.[0] ?? low, 4)} to ${num(p.brush?.[1] ?? high, 4)}; arrow keys move the lower end, with Shift the upper end, Escape clears`}
          onPointerDown={(event) => {
            if (!p.onBrush || event.button !== 0) return;
            drag.current = value(event);
            canvas.current!.setPointerCapture(event.pointerId);
          }}
          onPointerMove={extend}
          onPointerUp={(event) => {
            if (drag.current !== null && Math.abs(value(event) - drag.current) * (width - 2 * SIDE) < 3 * (high - low))
              p.onBrush?.(null);
            drag.current = null;
          }}
          onPointerCancel={() => (drag.current = null)}
          onKeyDown={move}
        />
      </div>
    </div>
  );
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const c of counts) total += c;
  return total;
}

function draw(
  canvas: HTMLCanvasElement,
  counts: Uint32Array,
  low: number,
  high: number,
  width: number,
  height: number,
  brush: [number, number] | null,
): void {
  if (width <= 2 * SIDE) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const c = canvas.getContext("2d")!;
  const colors = readTheme(canvas);
  const inner = width - 2 * SIDE;
  const floor = height - AXIS;
  const top = Math.max(1, ...counts);
  const step = inner / counts.length;
  c.scale(ratio, ratio);
  counts.forEach((n, i) => {
    const middle = low + ((i + 0.5) / counts.length) * (high - low);
    const rgb = onRamp(colors.ramp, (i + 0.5) / counts.length);
    c.fillStyle = brush && (middle < brush[0] || middle > brush[1]) ? withAlpha(rgb, 0.25) : rgb;
    const tall = n ? Math.max(1, (n / top) * (floor - 4)) : 0;
    c.fillRect(SIDE + i * step, floor - tall, Math.max(0.5, step - 1), tall);
  });
  c.strokeStyle = colors.grid;
  c.beginPath();
  c.moveTo(SIDE, floor + 0.5);
  c.lineTo(width - SIDE, floor + 0.5);
  c.stroke();
  c.fillStyle = colors.muted;
  c.font = colors.font;
  c.textBaseline = "top";
  c.textAlign = "center";
  for (const tick of niceTicks(low, high, Math.max(2, Math.floor(inner / 70)))) {
    const x = SIDE + ((tick - low) / Math.max(1e-300, high - low)) * inner;
    if (x > SIDE + 8 && x < width - SIDE - 8) c.fillText(num(tick, 4), x, floor + 4);
  }
  if (!brush) return;
  c.fillStyle = colors.accent;
  for (const end of brush) c.fillRect(SIDE + ((end - low) / Math.max(1e-300, high - low)) * inner - 0.75, 2, 1.5, floor - 2);
}
