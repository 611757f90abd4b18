/** The measures of a geometry table as curves and as a table: what belongs on one chart, what it is
 *  called, and which per-point measure paints the same thing on the map. Pure: rows in, curves out.
 *
 *  The server sends tidy rows, one per layer, measure and variant (docs/measures.md); a measure that
 *  is not known here still gets a chart of its own under its own name. */
import type { CurveSeries } from "../charts/Curves";
import { formatWithError } from "../charts/numbers";

export interface TidyRow {
  layer: number;
  measure: string;
  variant: string | null;
  value: number | null;
  se: number | null;
  scale: number | null;
  /** What the server says beside the value: why there is none, or of which sample it is. */
  note: string | null;
}

export interface Family {
  id: string;
  title: string;
  /** Measures that share the chart. */
  measures: string[];
  /** Per-point measure of the same thing (a column of the server), or null. */
  point: string | null;
  /** What the point's value is called on the map. */
  pointTitle: string;
  range?: [number | null, number | null];
}

export const FAMILIES: Family[] = [
  { id: "dimension", title: "Intrinsic dimension", measures: ["twonn"], point: "lid", pointTitle: "local dimension" },
  {
    id: "cosine",
    title: "Mean cosine",
    measures: ["inter_cosine", "mean_cosine"],
    point: "cosine_to_mean",
    pointTitle: "cosine to the mean",
  },
  {
    id: "overlap",
    title: "Neighbours shared with the previous layer",
    measures: ["data_overlap", "overlap_previous"],
    point: "overlap_previous",
    pointTitle: "neighbours kept from the previous layer",
    range: [0, 1],
  },
  {
    id: "rank",
    title: "Effective rank, participation ratio",
    measures: ["effective_rank", "participation_ratio"],
    point: null,
    pointTitle: "",
    range: [0, null],
  },
  { id: "isoscore", title: "IsoScore", measures: ["isoscore"], point: null, pointTitle: "", range: [0, null] },
  { id: "hubness", title: "Hubness skew", measures: ["hubness"], point: "hubness", pointTitle: "hubness" },
  {
    id: "intra",
    title: "Mean cosine within types",
    measures: ["intra_cosine"],
    point: null,
    pointTitle: "",
  },
  { id: "duplicates", title: "Duplicate rows", measures: ["n_duplicates"], point: null, pointTitle: "", range: [0, null] },
  { id: "norm", title: "Norm", measures: ["norm", "mean_norm"], point: "norm", pointTitle: "norm", range: [0, null] },
];

/* Words for names of measures and variants where the bare name would not be understood. */
const WORDS: Record<string, string> = {
  twonn: "TwoNN",
  gride: "GRIDE",
  inter_cosine: "between types",
  mean_cosine: "mean cosine",
  mean_norm: "norm of the mean",
  effective_rank: "effective rank",
  participation_ratio: "participation ratio",
  isoscore: "IsoScore",
  data_overlap: "overlap",
  overlap_previous: "overlap",
  skewness: "skewness",
  top1_share: "share of the first component",
  intra_cosine: "within types",
  n_duplicates: "duplicate rows",
};

/** Accepts what the server sends for a row; null where it is not one. */
export function tidyRow(row: Record<string, unknown>): TidyRow | null {
  const number = (v: unknown): number | null => (typeof v === "number" && Number.isFinite(v) ? v : null);
  if (typeof row["measure"] !== "string" || number(row["layer"]) === null) return null;
  return {
    layer: row["layer"] as number,
    measure: row["measure"],
    variant: typeof row["variant"] === "string" ? row["variant"] : null,
    value: number(row["value"]),
    se: number(row["se"]),
    scale: number(row["scale"]),
    note: typeof row["note"] === "string" ? row["note"] : null,
  };
}

/** "TwoNN, base 0.9": how a series is called in legends and headers. */
export function seriesName(measure: string, variant: string | null): string {
  const name = WORDS[measure] ?? measure.replaceAll("_", " ");
  return variant ? `${name}, ${variant.replaceAll("_", " ")}` : name;
}

/** One series per measure and variant, in the order of their first row. `short`: under a title that
 *  names the measure, its variants are called by their own names. */
export function seriesOf(rows: TidyRow[], layers: number[], measures: string[], short = false): CurveSeries[] {
  const several = new Set(rows.filter((r) => measures.includes(r.measure)).map((r) => r.measure)).size > 1;
  const out = new Map<string, { values: (number | null)[]; se: (number | null)[] }>();
  for (const r of rows) {
    if (!measures.includes(r.measure)) continue;
    const at = layers.indexOf(r.layer);
    if (at < 0) continue;
    const name = short && !several && r.variant ? r.variant.replaceAll("_", " ") : seriesName(r.measure, r.variant);
    if (!out.has(name)) out.set(name, { values: layers.map(() => null), se: layers.map(() => null) });
    out.get(name)!.values[at] = r.value;
    out.get(name)!.se[at] = r.se;
  }
  return [...out].map(([label, s]) => ({ label, values: s.values, se: s.se.some((v) => v !== null) ? s.se : undefined }));
}

/** The families that have rows, then a family for each measure that none of them names. GRIDE is
 *  left out: its curve runs over scale, not over layers. */
export function familiesIn(rows: TidyRow[]): Family[] {
  const present = new Set(rows.map((r) => r.measure));
  const known = FAMILIES.filter((f) => f.measures.some((m) => present.has(m)));
  const named = new Set([...FAMILIES.flatMap((f) => f.measures), "gride"]);
  const others = [...present].filter((m) => !named.has(m));
  return [
    ...known,
    ...others.map((m) => ({ id: m, title: capital(seriesName(m, null)), measures: [m], point: null, pointTitle: "" })),
  ];
}

/** The notes of the given measures, each once, with the names that it is about. */
export function notesOf(rows: TidyRow[], measures: string[]): string[] {
  const names = new Map<string, Set<string>>();
  for (const r of rows)
    if (r.note && measures.includes(r.measure))
      names.set(r.note, (names.get(r.note) ?? new Set()).add(seriesName(r.measure, r.variant)));
  return [...names].map(([note, of]) => `${[...of].join("; ")}: ${note}`);
}

/** GRIDE's estimates over the scale at which they look, one curve per layer. */
export function scaleCurves(
  rows: TidyRow[],
): { layer: number; scale: number[]; value: (number | null)[]; se: (number | null)[] }[] {
  const layers = new Map<number, TidyRow[]>();
  for (const r of rows)
    if (r.measure === "gride" && r.variant === null && r.scale !== null)
      layers.set(r.layer, [...(layers.get(r.layer) ?? []), r]);
  return [...layers].map(([layer, list]) => {
    list.sort((a, b) => a.scale! - b.scale!);
    return { layer, scale: list.map((r) => r.scale!), value: list.map((r) => r.value), se: list.map((r) => r.se) };
  });
}

/** A table: a line per layer, a column per series. */
export function tableOf(rows: TidyRow[], layers: number[]): { head: string[]; lines: string[][] } {
  const measures = familiesIn(rows).flatMap((f) => f.measures);
  const series = seriesOf(rows, layers, measures);
  series.sort((a, b) => order(a.label, measures) - order(b.label, measures));
  return {
    head: series.map((s) => s.label),
    lines: layers.map((_, i) => series.map((s) => formatWithError(s.values[i], s.se?.[i]))),
  };
}

function order(label: string, measures: string[]): number {
  return measures.findIndex((m) => label === seriesName(m, null) || label.startsWith(`${seriesName(m, null)},`));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The dominant dimensions of all layers as a matrix: a row per layer, a column per dimension that
 *  leads in some layer (at most `limit`, by their largest share); NaN where a share is not told. */
export function dominanceMatrix(
  dominant: Record<string, { dim: number; share: number }[]>,
  layers: number[],
  limit: number,
): { dims: number[]; values: Float64Array } {
  const best = new Map<number, number>();
  for (const list of Object.values(dominant)) for (const d of list) best.set(d.dim, Math.max(best.get(d.dim) ?? 0, d.share));
  const dims = [...best]
    .sort((a, b) => b[1] - a[1])
    .slice(0, limit)
    .map(([dim]) => dim)
    .sort((a, b) => a - b);
  const values = new Float64Array(layers.length * dims.length).fill(NaN);
  layers.forEach((layer, r) => {
    for (const d of dominant[layer] ?? []) {
      const c = dims.indexOf(d.dim);
      if (c >= 0) values[r * dims.length + c] = d.share;
    }
  });
  return { dims, values };
}
