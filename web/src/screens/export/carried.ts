/** What an exported page carries instead of a server: one layout in all its layers, the columns, the
 *  sentences, the view. This file says what is in it and gathers it; carried-api.ts answers from it. */
import { api } from "../../api/client";
import type { AutoLabel, LayoutState, LogEntry, SourceDetail, TokenCard } from "../../api/types";
import type { BlockArray } from "../../api/block";
import { loadColumn } from "../../state/columns";
import { layout, layoutLayers, shownLayer } from "../../state/layouts";
import { colourBy, detail, layer, nearest, type NearestSettings, paint, sets } from "../../state/store";
import { captureView, type View } from "../../state/view";
import { packRows } from "../../state/rows";
import { rawGeometry, type GeometryTable } from "../geometry-state";
import { quantise, toText, writeBlock } from "./pack";

/** The header of the carried block. Arrays: `p<i>` positions of layer i, `c<i>` column i; `text`, `at`
 *  and `size` place a row's token inside a sentence of `texts`; `sequence` and `position` say where
 *  that is; `paint` are painted values; `nearest` are the neighbours of each row, `sprite` the image of the rows'
 *  pictures, its octets. */
export interface Carried {
  format: 1;
  view: View;
  source: SourceDetail;
  layout: LayoutState;
  layers: { layer: number; low: number[]; size: number }[];
  columns: {
    name: string;
    kind: "number" | "codes";
    names?: string[];
    layer?: number;
    title?: string;
    unit?: string;
    note?: string;
  }[];
  texts: string[] | null;
  labels: Record<string, AutoLabel[]>;
  sets: { name: string; rows: string }[];
  paint: { title: string; diverging?: boolean; range?: [number, number] } | null;
  /** Which neighbours the page holds; null: none. */
  nearest: (NearestSettings & { layer: number }) | null;
  log: LogEntry[];
  /** The geometry table of the untouched vectors, if it had been measured. */
  geometry: Pick<GeometryTable, "rows" | "spectra" | "dominant"> | null;
}

export interface CarryOptions {
  /** All layers of the layout, or the one on the map. */
  layers: "all" | "shown";
  sentences: boolean;
  /** Each row's neighbours at the layer on the map, up to MOST_NEAREST rows. */
  neighbours: boolean;
  /** Told how far the gathering is, 0 to 1. */
  progress: (share: number) => void;
}

/** Pages of more rows hold no neighbours: a row has 40 bytes of them. */
export const MOST_NEAREST = 100000;
/** So many neighbours of each row. */
const nearestK = 10;

type Arrays = Record<string, { data: BlockArray; shape: number[] }>;

/** Gathers the block, as text for the page. @throws a sentence when there is no finished layout. */
export async function gather(o: CarryOptions): Promise<string> {
  const l = layout.peek();
  const state = l?.state.peek();
  const source = detail.peek();
  const view = captureView();
  if (!l || !source || !view || state?.state !== "done")
    throw new Error("The page can be saved when the layout on the map is finished.");
  const dim = l.request.peek().dim;
  const numbers = o.layers === "all" ? layoutLayers.peek() : [shownLayer.peek()!];
  const arrays: Arrays = {};
  const layers: Carried["layers"] = [];
  const labels: Carried["labels"] = {};
  for (const [i, n] of numbers.entries()) {
    const { steps, low, size } = quantise(await api.positions(l.id, n), dim);
    arrays[`p${i}`] = { data: steps, shape: [steps.length / dim, dim] };
    layers.push({ layer: n, low, size });
    labels[n] = await api.labels(source.id, l.id, n).then(
      (r) => r.labels,
      () => [],
    );
    o.progress((0.4 * (i + 1)) / numbers.length);
  }
  const near = o.neighbours && source.rows <= MOST_NEAREST ? await gatherNearest(source, arrays) : null;
  if (source.sprite) {
    const image = new Uint8Array(await (await api.sprite(source.id)).arrayBuffer());
    arrays["sprite"] = { data: image, shape: [image.length] };
  }
  const columns = await gatherColumns(source, numbers, o, arrays);
  const texts = o.sentences ? await gatherSentences(source, arrays, (s) => o.progress(0.5 + 0.45 * s)) : null;
  const table = rawGeometry.peek();
  const painted = colourBy.peek().kind === "values" ? paint.peek() : null;
  if (painted) arrays["paint"] = { data: painted.values, shape: [painted.values.length] };
  const meta: Carried = {
    format: 1,
    view,
    source,
    layout: { ...state, layers: numbers },
    layers,
    columns,
    texts,
    labels,
    sets: sets.peek().map((s) => ({ name: s.name, rows: packRows(s.rows) })),
    paint: painted && {
      title: painted.title,
      ...(painted.diverging && { diverging: true }),
      ...(painted.range && { range: painted.range }),
    },
    nearest: near,
    log: await api.log().catch(() => []),
    geometry: table?.state === "done" ? { rows: table.rows, spectra: table.spectra, dominant: table.dominant } : null,
  };
  return toText(writeBlock({ ...meta }, arrays));
}

/** The neighbours of every row that the panel beside the map would list now, by their rows alone. */
async function gatherNearest(source: SourceDetail, arrays: Arrays): Promise<Carried["nearest"]> {
  const asked = { ...nearest.peek(), k: nearestK, layer: layer.peek() };
  const { k, rows } = await api.neighborTable(source.id, asked);
  arrays["nearest"] = { data: rows, shape: [source.rows, k] };
  return { ...asked, k };
}

/** The columns that the page needs to colour, name and search; long texts only with the sentences. A
 *  measure that colours the points comes for each layer. */
async function gatherColumns(
  source: SourceDetail,
  numbers: number[],
  o: CarryOptions,
  arrays: Arrays,
): Promise<Carried["columns"]> {
  const by = colourBy.peek();
  const wanted: { name: string; layer?: number }[] = source.columns
    .filter((c) => c.type !== "text" || o.sentences || c.name === source.token_column)
    .map((c) => ({ name: c.name }));
  if (by.kind === "measure") wanted.push(...numbers.map((layer) => ({ name: by.name, layer })));
  const columns: Carried["columns"] = [];
  for (const w of wanted) {
    const column = await loadColumn(source.id, w.name, w.layer === undefined ? undefined : { layer: w.layer });
    const data = column.kind === "number" ? column.values : column.codes;
    arrays[`c${columns.length}`] = { data, shape: [data.length] };
    columns.push({
      ...w,
      kind: column.kind,
      ...(column.kind === "codes" ? { names: column.names } : { title: column.title, unit: column.unit, note: column.note }),
    });
  }
  return columns;
}

/** The sentence of every row, each kept once, and where in it the row's token stands. */
async function gatherSentences(source: SourceDetail, arrays: Arrays, progress: (share: number) => void): Promise<string[]> {
  const ids = new Map<string, number>();
  const [text, at, size, sequence, position] = Array.from({ length: 5 }, () => new Int32Array(source.rows).fill(-1));
  for (let first = 0; first < source.rows; first += 1000) {
    const rows = Array.from({ length: Math.min(1000, source.rows - first) }, (_, i) => first + i);
    for (const card of await api.cards(source.id, rows)) {
      if (card.sequence !== null && card.sequence !== undefined) sequence[card.row] = card.sequence;
      if (card.position !== null && card.position !== undefined) position[card.row] = card.position;
      if (!card.context) continue;
      const { before, token, after } = card.context;
      const whole = before + token + after;
      if (!ids.has(whole)) ids.set(whole, ids.size);
      text[card.row] = ids.get(whole)!;
      at[card.row] = before.length;
      size[card.row] = token.length;
    }
    progress((first + rows.length) / source.rows);
  }
  for (const [name, data] of Object.entries({ text, at, size, sequence, position }))
    arrays[name] = { data, shape: [data.length] };
  return [...ids.keys()];
}

/** The context of a row, cut out of its sentence again. */
export function contextOf(texts: string[], text: number, at: number, size: number): TokenCard["context"] {
  const whole = texts[text];
  return whole === undefined
    ? null
    : { before: whole.slice(0, at), token: whole.slice(at, at + size), after: whole.slice(at + size) };
}
