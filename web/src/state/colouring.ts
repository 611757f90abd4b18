/** From a column to what the plot draws (a palette index and a shape per row) and to its legend. */
import { categorical, maxCategories, missing, other, pack, plain, scale } from "./palettes";
import type { NamedSet } from "../api/types";
import type { Theme } from "./store";

export interface LegendEntry {
  /** Codes of the column that this line stands for (several for "other"). */
  codes: number[];
  name: string;
  count: number;
  colour: string;
  shape: number;
  hidden: boolean;
}

export type Legend =
  | { kind: "categories"; title: string; entries: LegendEntry[]; note: string | null }
  | {
      kind: "scale";
      title: string;
      unit: string;
      min: number;
      max: number;
      /** Rows beyond the ends of the scale, which take the end's colour. */
      below: number;
      above: number;
      missing: number;
      colours: string[];
      note: string | null;
    }
  | { kind: "plain" };

export interface Colouring {
  /** Palette index per row; null = all 0. */
  index: Uint8Array | null;
  palette: Uint8Array;
  shapes: Uint8Array | null;
  /** 1 where the legend has switched the row off; null = nowhere. */
  off: Uint8Array | null;
  legend: Legend;
}

export function plainColouring(theme: Theme): Colouring {
  return { index: null, palette: pack([plain[theme]]), shapes: null, off: null, legend: { kind: "plain" } };
}

const missingCode = -1;

/** Categories: the most frequent get a sign of their own, the rest are "other". */
export function categoryColouring(
  title: string,
  codes: Int32Array,
  names: string[],
  hidden: ReadonlySet<number>,
  theme: Theme,
  most = maxCategories,
): Colouring {
  const counts = new Int32Array(names.length);
  let nMissing = 0;
  for (const c of codes) c < 0 ? nMissing++ : counts[c]++;
  const used = Array.from(counts.keys()).filter((c) => counts[c] > 0);
  const signs = categorical[theme].length;
  // With few categories the dictionary's order is kept, so that colours do not depend on the rows shown.
  const split = used.length > most;
  const own = split ? used.sort((a, b) => counts[b] - counts[a] || a - b).slice(0, most - 1) : used;
  const rest = split ? used.slice(most - 1) : [];
  const entries: LegendEntry[] = own.map((c, i) => ({
    codes: [c],
    name: names[c],
    count: counts[c],
    colour: categorical[theme][i % signs],
    shape: Math.floor(i / signs),
    hidden: hidden.has(c),
  }));
  if (rest.length) {
    const count = rest.reduce((s, c) => s + counts[c], 0);
    entries.push({
      codes: rest,
      name: `${rest.length.toLocaleString("en")} others`,
      count,
      colour: other[theme],
      shape: 0,
      hidden: hidden.has(rest[0]),
    });
  }
  if (nMissing)
    entries.push({
      codes: [missingCode],
      name: "(missing)",
      count: nMissing,
      colour: missing[theme],
      shape: 0,
      hidden: hidden.has(missingCode),
    });
  const entryOf = new Uint8Array(names.length + 1); // by code + 1
  entries.forEach((e, i) => e.codes.forEach((c) => (entryOf[c + 1] = i)));
  const index = new Uint8Array(codes.length);
  const shape = new Uint8Array(codes.length);
  const off = new Uint8Array(codes.length);
  for (let r = 0; r < codes.length; r++) {
    const i = entryOf[codes[r] + 1];
    index[r] = i;
    shape[r] = entries[i].shape;
    off[r] = entries[i].hidden ? 1 : 0;
  }
  return {
    index,
    palette: pack(entries.map((e) => e.colour)),
    shapes: own.length > signs ? shape : null,
    off: entries.some((e) => e.hidden) ? off : null,
    legend: {
      kind: "categories",
      title,
      entries,
      note: rest.length ? `the ${own.length} most frequent of ${used.length.toLocaleString("en")}` : null,
    },
  };
}

/** The q-quantile of sorted numbers, by linear interpolation. */
export function quantile(sorted: Float32Array, q: number): number {
  const x = q * (sorted.length - 1);
  const i = Math.floor(x);
  return i + 1 < sorted.length ? sorted[i] + (sorted[i + 1] - sorted[i]) * (x - i) : sorted[i];
}

/** Ends of a scale: the extremes, unless some values lie far outside the rest. */
export function scaleEnds(values: Float32Array): [number, number] {
  const finite = values.filter((v) => Number.isFinite(v)).sort();
  if (!finite.length) return [0, 1];
  const [min, max] = [finite[0], finite[finite.length - 1]];
  const [lo, hi] = [quantile(finite, 0.005), quantile(finite, 0.995)];
  const wide = (hi - lo) * 0.5;
  return [min < lo - wide ? lo : min, max > hi + wide ? hi : max];
}

/** Numbers: 255 steps of a scale, entry 255 for missing values. `marks`: of the scale in which no step is pale. */
export function numberColouring(
  title: string,
  values: Float32Array,
  theme: Theme,
  o: { unit?: string; note?: string; diverging?: boolean; range?: [number, number]; marks?: boolean } = {},
): Colouring {
  let [min, max] = o.range ?? scaleEnds(values);
  if (o.diverging && !o.range) {
    max = Math.max(Math.abs(min), Math.abs(max)) || 1;
    min = -max;
  }
  const span = max > min ? max - min : 1;
  const index = new Uint8Array(values.length);
  let below = 0,
    above = 0,
    nMissing = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (Number.isNaN(v)) {
      index[i] = 255;
      nMissing++;
      continue;
    }
    if (v < min) below++;
    else if (v > max) above++;
    index[i] = Math.round(254 * Math.min(1, Math.max(0, (v - min) / span)));
  }
  const colours = scale(o.diverging ? "diverging" : o.marks ? "marks" : "sequential", theme, 255);
  return {
    index,
    palette: pack([...colours, missing[theme]]),
    shapes: null,
    off: null,
    legend: {
      kind: "scale",
      title,
      unit: o.unit ?? "",
      min,
      max,
      below,
      above,
      missing: nMissing,
      colours,
      note: o.note ?? null,
    },
  };
}

/** Named sets, first match wins. */
export function setColouring(sets: NamedSet[], n: number, hidden: ReadonlySet<number>, theme: Theme): Colouring {
  const codes = new Int32Array(n).fill(-1);
  for (let s = sets.length - 1; s >= 0; s--) for (const r of sets[s].rows) codes[r] = s;
  const c = categoryColouring(
    "Sets",
    codes,
    sets.map((s) => s.name),
    hidden,
    theme,
  );
  if (c.legend.kind === "categories") for (const e of c.legend.entries) if (e.codes[0] === missingCode) e.name = "in no set";
  return c;
}

/** Sizes in 1/64 of the point size: from half of it to three times; missing values smallest. */
export function sizesOf(values: Float32Array): Uint8Array {
  const [min, max] = scaleEnds(values);
  const span = max > min ? max - min : 1;
  return Uint8Array.from(values, (v) =>
    Number.isNaN(v) ? 32 : 32 + Math.round(160 * Math.min(1, Math.max(0, (v - min) / span))),
  );
}
