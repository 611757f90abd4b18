/** Columns that were fetched, and the current source's tokens. */
import { signal } from "@preact/signals";
import { api } from "../api/client";
import type { Column, JobProgress } from "../api/types";
import { count, visible } from "./format";
import { detail, labelBy } from "./store";

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

/** A column that the server is still computing. */
export interface Waiting {
  name: string;
  layer: number | null;
  how: JobProgress;
  stop: () => void;
}

/** Whether a column did not come because somebody stopped it. */
export const wasStopped = (e: unknown): boolean => (e as Error).name === "AbortError";

/** Columns that take longer than a moment, by key. */
export const waiting = signal<ReadonlyMap<string, Waiting>>(new Map());

interface Asked {
  column: Promise<Column>;
  /** Those who still want it; the server's work ends with the last. */
  users: number;
  stop: () => void;
}
const asked = new Map<string, Asked>();

function wait(key: string, w: Waiting | null): void {
  if (!w && !waiting.peek().has(key)) return;
  const next = new Map(waiting.peek());
  if (w) next.set(key, w);
  else next.delete(key);
  waiting.value = next;
}

function ask(key: string, source: number, name: string, of?: { layer: number; k?: number }): Asked {
  const abort = new AbortController();
  const stop = (): void => {
    if (asked.get(key) !== mine) return;
    cache.delete(key);
    asked.delete(key);
    wait(key, null);
    abort.abort();
  };
  const onprogress = (how: JobProgress): void => {
    if (asked.get(key) === mine) wait(key, { name, layer: of?.layer ?? null, how, stop });
  };
  const column = api.column(source, name, of, { signal: abort.signal, onprogress });
  const mine: Asked = { column, users: 0, stop };
  asked.set(key, mine);
  const end = (): void => {
    if (asked.get(key) !== mine) return; // stopped, and asked again since
    asked.delete(key);
    wait(key, null);
  };
  column.then(end, () => {
    if (cache.get(key) === column) cache.delete(key);
    end();
  });
  return mine;
}

/** A column of a source; a second request for the same one waits for the first. Who gives a signal and aborts it
 *  no longer waits; when nobody does, the server stops. */
export function loadColumn(
  source: number,
  name: string,
  of?: { layer: number; k?: number },
  signal?: AbortSignal,
): Promise<Column> {
  const key = JSON.stringify([source, name, of ?? null]);
  let column = cache.get(key);
  if (column)
    cache.delete(key); // moved to the end: least recently used go first
  else column = ask(key, source, name, of).column;
  const mine = asked.get(key);
  if (mine) {
    mine.users++;
    signal?.addEventListener("abort", () => {
      mine.users--; // whoever asks for the same at once, as after a change of theme, takes it over
      setTimeout(() => mine.users === 0 && mine.stop(), 0);
    });
  }
  cache.set(key, column);
  while (cache.size > keep) cache.delete(cache.keys().next().value!);
  return column;
}

/** All columns, when the data may be others. */
export const forgetColumns = (): void => cache.clear();

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

/** The column with a row's label: the chosen one, the token column, or the first that is not numeric. */
export function labelColumn(): string | null {
  const d = detail.value;
  const chosen = labelBy.value;
  if (chosen !== null && d?.columns.some((c) => c.name === chosen)) return chosen;
  return d?.token_column ?? d?.columns.find((c) => c.type !== "number")?.name ?? null;
}
