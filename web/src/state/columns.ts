/** Columns that were fetched, and the current source's tokens. */
import { signal } from "@preact/signals";
import { api } from "../api/client";
import type { Column } from "../api/types";
import { count, visible } from "./format";
import { detail } from "./store";

const keep = 32;
const cache = new Map<string, Promise<Column>>();

/** Per-point measures the server computes: name for the route, title for people, whether of one layer. */
export const measures = [
  { name: "norm", title: "Norm" },
  { name: "cosine_to_mean", title: "Cosine to the mean" },
  { name: "lid", title: "Local intrinsic dimension" },
  { name: "hubness", title: "Hubness" },
  { name: "overlap_previous", title: "Neighbours kept from the previous layer" },
] as const;

export function measureTitle(name: string): string {
  return measures.find((m) => m.name === name)?.title ?? name;
}

/** A column of a source; a second request for the same one waits for the first. */
export function loadColumn(source: number, name: string, of?: { layer: number; k?: number }): Promise<Column> {
  const key = JSON.stringify([source, name, of ?? null]);
  let column = cache.get(key);
  if (column)
    cache.delete(key); // moved to the end: least recently used go first
  else {
    column = api.column(source, name, of);
    column.catch(() => cache.delete(key));
  }
  cache.set(key, column);
  while (cache.size > keep) cache.delete(cache.keys().next().value!);
  return column;
}

/** Forgets a source's column after its tags changed. */
export function forgetColumn(source: number, name: string): void {
  for (const key of cache.keys()) {
    const [s, n] = JSON.parse(key) as [number, string];
    if (s === source && n === name) cache.delete(key);
  }
}

/** Strings that label the points of the current source: its tokens, or the first column of text. */
export const tokens = signal<{ codes: Int32Array; names: string[] } | null>(null);

/** What a row is called in labels and lists: its label, edited or not; else the token that the server gave with
 *  it, or its number. */
export function tokenOf(row: number, given?: string | null): string {
  const t = tokens.value;
  const code = t ? t.codes[row] : -1;
  const name = t && code >= 0 ? t.names[code] : given;
  return name === null || name === undefined ? `row ${count(row)}` : visible(name);
}

/** The column with a row's label: the token column, or the first that is not numeric. */
export function labelColumn(): string | null {
  const d = detail.value;
  return d?.token_column ?? d?.columns.find((c) => c.type !== "number")?.name ?? null;
}
