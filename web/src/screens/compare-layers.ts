/** Two sources over their layers: curves of layers of the same number, and the matrix of all pairs of layers.
 *  The server works for minutes on large sets: it is asked again and again and says what it has so far. */
import { effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { CompareReply, CompareRequest } from "../api/types";
import { offline } from "../state/store";
import { comparedRows, type Comparison, comparison, pause, usableK } from "./compare-state";

export interface LayerCurves {
  layers: number[];
  overlap: (number | null)[];
  se: (number | null)[];
  chance: (number | null)[];
  cka: (number | null)[];
}
/** All pairs: a row for each layer of a, a column for each layer of b; NaN: not there yet. */
export interface Matrix {
  a: number[];
  b: number[];
  cka: Float64Array;
  overlap: Float64Array;
  /** Standard errors of the overlap. */
  se: Float64Array;
}
export interface OverLayers {
  key: string;
  state: "running" | "done" | "failed" | "stopped";
  progress: number | null;
  /** performance.now() at its start. */
  since: number;
  /** Seconds that are still to come; null: unknown. */
  left: number | null;
  /** Rows that the overlap was measured on; null: all. */
  sampled: number | null;
  k: number;
  curves: LayerCurves;
  matrix: Matrix | null;
  error: string | null;
}

export const overLayers = signal<OverLayers | null>(null);

const number = (v: unknown): number | null => (typeof v === "number" ? v : null);

/** The server's curves: a list of {layer, overlap, se, chance, cka}. */
export function layerCurves(list: CompareReply["layers"] | undefined): LayerCurves {
  const l = list ?? [];
  return {
    layers: l.map((x) => number(x.layer) ?? 0),
    overlap: l.map((x) => number(x.overlap)),
    se: l.map((x) => number(x.se)),
    chance: l.map((x) => number(x.chance)),
    cka: l.map((x) => number(x.cka)),
  };
}

/** The server's matrix: rows, or single cells, that are not there yet are null. */
export function matrixOf(m: CompareReply["matrix"]): Matrix | null {
  if (!m) return null;
  const flat = (rows: typeof m.cka | undefined): Float64Array =>
    Float64Array.from(
      m.layers_a.flatMap((_, r) => m.layers_b.map((__, c) => rows?.[r]?.[c])),
      (v) => number(v) ?? NaN,
    );
  return { a: m.layers_a, b: m.layers_b, cka: flat(m.cka), overlap: flat(m.overlap), se: flat(m.overlap_se) };
}

/** One layer of a beside every layer of b: a line of the matrix. */
export function lineOf(m: Matrix, of: "cka" | "overlap" | "se", layer: number): (number | null)[] {
  const row = m.a.indexOf(layer);
  return m.b.map((_, c) => (row < 0 || Number.isNaN(m[of][row * m.b.length + c]) ? null : m[of][row * m.b.length + c]));
}

/** What is asked for, or null while it cannot be. One source beside itself has a matrix only. */
export function requestOf(c: Comparison): CompareRequest | null {
  if (!c.a || !c.b || c.over === "none" || offline.value) return null;
  const pairs = c.over === "pairs" || c.a.source === c.b.source;
  return { a: c.a.source, b: c.b.source, k: usableK(c.k, comparedRows(c)), match: c.match, metric: c.metric, pairs };
}

let turn = 0;
let running: { given: AbortController; request: CompareRequest } | null = null;

/** Starts (or goes on with) the comparison of all layers and follows it to its end. */
export async function measureOverLayers(): Promise<void> {
  const request = requestOf(comparison.peek());
  if (!request) return;
  const key = JSON.stringify(request);
  const known = overLayers.peek();
  if (known?.key === key && (known.state === "running" || known.state === "done")) return;
  giveUp();
  const mine = ++turn;
  const given = new AbortController();
  running = { given, request };
  const fresh: OverLayers = {
    key,
    state: "running",
    progress: null,
    since: performance.now(),
    left: null,
    sampled: null,
    k: request.k,
    curves: layerCurves([]),
    matrix: null,
    error: null,
  };
  const put = (change: Partial<OverLayers>): void => {
    if (mine !== turn) return;
    const before = overLayers.peek();
    overLayers.value = { ...(before?.key === key ? before : fresh), ...change };
  };
  put({ ...fresh });
  try {
    for (let wait = 100; ; wait = Math.min(1000, wait * 1.5)) {
      const reply = await api.compare(request, given.signal);
      const state = reply.state ?? "done";
      const ended = state === "done" || state === "failed" || state === "stopped";
      put({
        state: ended ? state : "running",
        progress: state === "done" ? 1 : (reply.progress ?? null),
        left: reply.estimate_s ?? null,
        sampled: reply.sampled ?? null,
        k: reply.k ?? request.k,
        curves: layerCurves(reply.layers),
        matrix: matrixOf(reply.matrix),
        error: state === "failed" ? (reply.error ?? "The comparison of the layers failed.") : null,
      });
      if (ended) break;
      await pause(wait, given.signal);
      if (given.signal.aborted) return;
    }
  } catch (e) {
    put({ state: "failed", error: (e as Error).message });
  }
  if (mine === turn) running = null;
}

/** Stops the server; what it had found stays on screen. */
export function stopOverLayers(): void {
  giveUp();
  const known = overLayers.peek();
  if (known?.state === "running") overLayers.value = { ...known, state: "stopped" };
}

function giveUp(): void {
  if (!running) return;
  turn++;
  running.given.abort();
  void api.stopCompare(running.request).catch(() => undefined); // it may have ended by itself
  running = null;
}

/** Other sources, k or matching are another question: what was asked for once is asked again. */
export function followLayers(): () => void {
  return effect(() => {
    if (requestOf(comparison.value)) void measureOverLayers();
  });
}
