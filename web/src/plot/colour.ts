/* Colours as numbers: "#rrggbb" to bytes, mixing, and the table that both renderers look colours up in. */

import type { PlotTheme } from "./types";

export type Rgb = [number, number, number];

export function parseColour(css: string): Rgb {
  const hex = /^#([0-9a-f]{6})$/i.exec(css);
  if (!hex) throw new RangeError(`plot: colour '${css}': expected #rrggbb`);
  const v = parseInt(hex[1], 16);
  return [v >> 16, (v >> 8) & 255, v & 255];
}

export function mix(a: Rgb, b: Rgb, t: number): Rgb {
  return [0, 1, 2].map((i) => Math.round(a[i] + (b[i] - a[i]) * t)) as Rgb;
}

export const css = (c: Rgb): string => "#" + c.map((v) => v.toString(16).padStart(2, "0")).join("");

/** Entries of the table: the palette, the palette dimmed, and the outlines of highlighted points. */
export const DIMMED_AT = 256, OUTLINE_SELECTED = 512, OUTLINE_NEIGHBOUR = 513, TABLE_SIZE = 514;

/** RGBA bytes. Entries behind the palette's end get the muted colour, so that a wrong index shows. */
export function colourTable(palette: Uint8Array, theme: PlotTheme): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(4 * TABLE_SIZE);
  const put = (i: number, c: Rgb): void => table.set([...c, 255], 4 * i);
  const m = palette.length / 3, muted = parseColour(theme.muted), background = parseColour(theme.background);
  const grey = mix(muted, background, 0.4);
  for (let i = 0; i < 256; i++) {
    const c: Rgb = i < m ? [palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]] : m === 0 ? parseColour(theme.point) : muted;
    put(i, c);
    put(DIMMED_AT + i, mix(c, grey, 0.7));
  }
  put(OUTLINE_SELECTED, parseColour(theme.ink));
  put(OUTLINE_NEIGHBOUR, parseColour(theme.accent));
  return table;
}
