/** Colours of points.
 *
 *  Categories: ten colours a theme, chosen by search in OKLab so that every pair stays apart under normal
 *  vision and under protanopia, deuteranopia and tritanopia, and each stands out from the ground by at least
 *  3 to 1 (test/colours.test.ts measures both). From the eleventh category on the same colours
 *  come with the next shape: 80 distinct signs. Scales: viridis as in gonio's printed figures. */
import type { Theme } from "./store";

export const categorical: Record<Theme, string[]> = {
  light: ["#2800c6", "#ec5b21", "#00a877", "#d96ac8", "#6f4100", "#6e63ff", "#b40061", "#00668e", "#4e074b", "#042801"],
  dark: ["#3860d8", "#e08800", "#00c888", "#f898e8", "#c8d808", "#a078f8", "#b83070", "#0898b0", "#886800", "#a0f0e0"],
};
/** Categories that get a sign of their own: each colour with each of the plot's eight shapes. */
export const maxCategories = categorical.light.length * 8;

/** van der Walt & Smith 2015, CC0: the stops of src/figure/theme.c. */
const viridis = [
  "#440154",
  "#481a6c",
  "#472f7d",
  "#414487",
  "#39568c",
  "#31688e",
  "#2a788e",
  "#23888e",
  "#1f988b",
  "#22a884",
  "#35b779",
  "#54c568",
  "#7ad151",
  "#a5db36",
  "#d2e21b",
  "#fde725",
];
/** The stops of plasma, of the same authors: it keeps apart more steps than viridis where the palest or the darkest
 *  part must be left out. */
const plasma = ["#0d0887", "#46039f", "#7201a8", "#9c179e", "#bd3786", "#d8576b", "#ed7953", "#fb9f3a", "#fdca26", "#f0f921"];
const diverging: Record<Theme, string[]> = {
  light: ["#134b8a", "#2f74b8", "#6fa5d6", "#b3cde6", "#d9d9d9", "#ecc59a", "#dc9443", "#b4641a", "#7d3d06"],
  dark: ["#8cc4ff", "#5b9fe6", "#3d76b3", "#355474", "#4a4d52", "#7a5a36", "#b57a2d", "#e89c3f", "#ffc97f"],
};
/** Plain points, points of no category, points without a value. */
export const plain: Record<Theme, string> = { light: "#346aac", dark: "#6ea6e2" };
export const other: Record<Theme, string> = { light: "#9aa3ad", dark: "#79838f" };
export const missing: Record<Theme, string> = { light: "#c9ced5", dark: "#4a545f" };

export function rgb(hex: string): [number, number, number] {
  const v = parseInt(hex.slice(1), 16);
  return [v >> 16, (v >> 8) & 255, v & 255];
}

export function pack(colours: string[]): Uint8Array {
  return Uint8Array.from(colours.flatMap(rgb));
}

/** n colours along the stops, linear in sRGB between them. */
function ramp(stops: string[], n: number): string[] {
  const at = (t: number): string => {
    const x = t * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(x));
    const [a, b] = [rgb(stops[i]), rgb(stops[i + 1])];
    return (
      "#" +
      a
        .map((v, k) =>
          Math.round(v + (b[k] - v) * (x - i))
            .toString(16)
            .padStart(2, "0"),
        )
        .join("")
    );
  };
  return Array.from({ length: n }, (_, i) => at(i / (n - 1)));
}

/** A scale of n colours. On dark ground the darkest part of viridis is left out, on light the palest.
 *  "marks" is for points and lines: every step stands out from the ground by at least 3 to 1. */
export function scale(kind: "sequential" | "diverging" | "marks", theme: Theme, n: number): string[] {
  if (kind === "diverging") return ramp(diverging[theme], n);
  const whole = ramp(kind === "marks" ? plasma : viridis, 1000);
  const [from, to] = ENDS[kind][theme];
  return Array.from({ length: n }, (_, i) => whole[Math.round(from + ((to - from) * i) / Math.max(1, n - 1))]);
}
const ENDS: Record<"sequential" | "marks", Record<Theme, [number, number]>> = {
  sequential: { light: [0, 930], dark: [130, 999] },
  marks: { light: [0, 640], dark: [390, 999] },
};
