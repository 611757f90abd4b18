/* Colours of the charts. Canvases cannot use CSS variables, so they read them here, once a theme:
 * the page's variables are the only place where a colour of the interface is written down. */
import { scale } from "../state/palettes";
import { type Theme, theme } from "../state/store";

export interface ChartTheme {
  ink: string;
  muted: string;
  grid: string;
  surface: string;
  accent: string;
  /** Lines that stand side by side; apart for colour-blind readers. */
  series: string[];
  /** 256 steps of the sequential scale. */
  ramp: string[];
  font: string;
}

/** Reads the theme that holds at an element. */
export function readTheme(at: Element): ChartTheme {
  const style = getComputedStyle(at);
  const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  return {
    ink: read("--ink", "#1c2430"),
    muted: read("--muted", "#5b6675"),
    grid: read("--line", "#dde2e8"),
    surface: read("--raised", "#ffffff"),
    accent: read("--accent", "#1f5fae"),
    series: [1, 2, 3, 4, 5, 6].map((i) => read(`--series-${i}`, FALLBACK[i - 1])),
    ramp: scale("sequential", theme.peek(), 256),
    font: `11px ${style.fontFamily || "system-ui, sans-serif"}`,
  };
}
const FALLBACK = ["#0072b2", "#d55e00", "#009e73", "#a6589f", "#b8860b", "#56b4e9"];

/** Colours of a figure on paper: those of the light theme, whatever the screen has. */
export const PAPER: ChartTheme = {
  ink: "#1a2027",
  muted: "#56616d",
  grid: "#dde1e7",
  surface: "#ffffff",
  accent: "#1f5fae",
  series: ["#0068a8", "#c94f00", "#00845f", "#a6488f", "#8a6d00", "#2f8fc4"],
  ramp: scale("sequential", "light", 256),
  font: 'Helvetica, Arial, "DejaVu Sans", sans-serif',
};

/** Colour of layer i of n on lines. */
export function layerColor(i: number, n: number, on: Theme = theme.value): string {
  return scale("marks", on, 101)[Math.round(100 * (n > 1 ? i / (n - 1) : 0.5))];
}

/** The step of a scale for t in [0, 1]. */
export function onRamp(ramp: string[], t: number): string {
  return ramp[Math.round((ramp.length - 1) * Math.min(1, Math.max(0, Number.isFinite(t) ? t : 0)))];
}

/** `color` (any CSS colour that a canvas knows, as #rgb, #rrggbb or rgb()) made translucent. */
export function withAlpha(color: string, alpha: number): string {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color);
  if (hex) {
    const full = hex[1].length === 3 ? [...hex[1]].map((c) => c + c).join("") : hex[1];
    const [r, g, b] = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
    return `rgba(${r},${g},${b},${alpha})`;
  }
  const rgb = /^rgb\(([^)]+)\)$/.exec(color);
  return rgb ? `rgba(${rgb[1].replace(/\s+/g, "").split(",").join(",")},${alpha})` : color;
}
