/** The server of a page that has none: answers from what the page carries (carried.ts). What needs the
 *  vectors (new layouts, other neighbours, geometry) is refused with a sentence. */
import { type Block, need, parseBlock } from "../../api/block";
import { type Api, ApiError, httpApi } from "../../api/client";
import type * as T from "../../api/types";
import { unpackRows } from "../../state/rows";
import { contextOf, type Carried } from "./carried";
import { csv } from "./csv";
import { searcher } from "./find";
import { fromText, unquantise } from "./pack";

/** The data that this page carries; null: it came from a server. */
export async function carriedBlock(): Promise<Block | null> {
  const element = document.getElementById("gonio-data");
  return element ? parseBlock(await fromText(element.textContent ?? "")) : null;
}

const refuse = (what: string) => async (): Promise<never> => {
  throw new ApiError(409, `${what} needs the vectors, which this saved page does not hold: open the data with gonio view.`);
};

export function carriedApi(block: Block): Api {
  const c = block.meta as unknown as Carried;
  const rows = c.source.rows;
  const optional = (name: string): Int32Array | null => (block.arrays[name] ? need(block, name, Int32Array) : null);
  const [text, at, size, sequence, position] = ["text", "at", "size", "sequence", "position"].map(optional);
  let sets: T.NamedSet[] = c.sets.map((s) => {
    const list = unpackRows(s.rows, rows) ?? new Uint32Array(0);
    return { name: s.name, count: list.length, rows: list };
  });

  const columnAt = (i: number): T.Column => {
    const { name, kind, names, title, unit, note } = c.columns[i];
    if (kind === "codes") return { kind, name, codes: need(block, `c${i}`, Int32Array), names: names ?? [] };
    return { kind, name, values: need(block, `c${i}`, Float32Array), title, unit, note };
  };
  const column = (name: string, layer?: number): T.Column => {
    const i = c.columns.findIndex((x) => x.name === name && (x.layer === undefined || x.layer === layer));
    if (i < 0) throw new ApiError(404, `'${name}' was not saved with this page.`);
    return columnAt(i);
  };
  const cell = (col: T.Column, row: number): string | number | null => {
    if (col.kind === "codes") return col.codes[row] < 0 ? null : col.names[col.codes[row]];
    return Number.isNaN(col.values[row]) ? null : col.values[row];
  };
  const table = c.columns.flatMap((x, i) => (x.layer === undefined ? [columnAt(i)] : []));
  const tokens = table.find((x) => x.name === c.source.token_column);
  const card = (row: number): T.TokenCard => {
    const context = text && at && size && c.texts ? contextOf(c.texts, text[row], at[row], size[row]) : null;
    const token = tokens ? cell(tokens, row) : (context?.token ?? null);
    const known = (list: Int32Array | null): number | null => (list && list[row] >= 0 ? list[row] : null);
    return {
      row,
      token: token === null ? null : String(token),
      position: known(position),
      sequence: known(sequence),
      context,
      columns: Object.fromEntries(table.map((x) => [x.name, cell(x, row)])),
    };
  };
  const positions = (layer: number): Float32Array => {
    const i = c.layers.findIndex((l) => l.layer === layer);
    if (i < 0) throw new ApiError(404, `Layer ${layer} was not saved with this page.`);
    return unquantise(need(block, `p${i}`, Uint16Array), c.layers[i].low, c.layers[i].size);
  };
  const setNamed = (name: string): Uint32Array => sets.find((s) => s.name === name)?.rows ?? new Uint32Array(0);
  const put = (name: string, list: Uint32Array): Response => {
    sets = [...sets.filter((s) => s.name !== name), { name, count: list.length, rows: list }];
    return new Response();
  };
  const sentences: T.Column[] = text && c.texts ? [{ kind: "codes", name: "text", codes: text, names: c.texts }] : [];
  const find = searcher(rows, [...table, ...sentences], tokens ?? table.find((x) => x.kind === "codes") ?? null, setNamed);

  return {
    ...httpApi,
    sources: async () => ({ folders: [], sources: [c.source] }),
    source: async () => c.source,
    upload: refuse("Adding data"),
    column: async (_s, name, of) => column(name, of?.layer),
    card: async (_s, row) => card(row),
    cards: async (_s, list) => list.map(card),
    startLayout: refuse("A new layout"),
    layout: async () => c.layout,
    control: refuse("A running layout"),
    patchLayout: refuse("A running layout"),
    deleteLayout: async () => new Response(),
    stream: async (_id, onframe) => {
      c.layers.forEach(({ layer }, i) =>
        onframe({
          layer,
          positions: positions(layer),
          epoch: c.layout.epoch,
          epochs: c.layout.epochs,
          loss: c.layout.loss ?? null,
          last: i === c.layers.length - 1,
        }),
      );
    },
    positions: async (_id, layer) => positions(layer),
    trust: refuse("Trust per point"),
    neighbors: async (r) => {
      const { nearest } = c;
      if (!nearest || !("row" in r.query)) return refuse("The list of neighbours")();
      if (r.layer !== nearest.layer) throw new ApiError(409, `This saved page holds the neighbours at layer ${nearest.layer}.`);
      const left = new Set(r.exclude);
      const near = need(block, "nearest", Int32Array).subarray(r.query.row * nearest.k, (r.query.row + 1) * nearest.k);
      const found = [...near].filter((row) => row >= 0 && !left.has(row)).slice(0, r.k);
      const named = found.map((row) => ({ row, distance: null, token: card(row).token, context: card(row).context }));
      return { metric: nearest.metric, space: nearest.space, layer: r.layer, seconds: 0, rows: named };
    },
    neighborTable: refuse("The table of neighbours"),
    bookmarks: async () => ({ bookmarks: [], note: null }),
    sprite: async () => new Blob([need(block, "sprite", Uint8Array)]),
    search: async (request, onhits, signal) => {
      const hits = find(request);
      if (!signal.aborted) onhits({ rows: hits, scanned: rows, total: rows, count: hits.length, last: true });
    },
    embed: refuse("Placing a typed text"),
    geometry: async (_s, space) =>
      c.geometry && !space.center && space.remove === 0
        ? { state: "done", ...c.geometry, rows: c.geometry.rows.map((r) => ({ ...r })) }
        : refuse("Geometry")(),
    overlap: refuse("Comparing"),
    compare: refuse("Comparing"),
    stopCompare: refuse("Comparing"),
    labels: async (_s, _id, layer) => ({ labels: c.labels[layer] ?? [] }),
    sets: async () => sets,
    putSet: async (_s, name, list) => put(name, Uint32Array.from(list)),
    deleteSet: async (_s, name) => {
      sets = sets.filter((s) => s.name !== name);
      return new Response();
    },
    combineSets: async (_s, op, a, b, name) => {
      const [left, right] = [setNamed(a), new Set(setNamed(b))];
      const both = left.filter((r) => right.has(r));
      const either = Uint32Array.from(new Set([...left, ...right])).sort();
      return put(name, { and: both, or: either, not: left.filter((r) => !right.has(r)) }[op]);
    },
    putTags: refuse("Editing labels"),
    deleteTags: refuse("Editing labels"),
    log: async () => c.log,
    exportSelection: async (_s, list, format) => {
      const names = table.map((x) => x.name);
      const head = ["row", "context_before", "context_token", "context_after", ...names];
      const lines = list
        .map(card)
        .map((k) => [k.row, k.context?.before, k.context?.token, k.context?.after, ...names.map((name) => k.columns![name])]);
      if (format === "csv") return new Blob([csv(head, lines)], { type: "text/csv" });
      return new Blob(
        [lines.map((l) => JSON.stringify(Object.fromEntries(l.map((v, i) => [head[i], v ?? null]))) + "\n").join("")],
        { type: "application/jsonl" },
      );
    },
  };
}
