/** What Compare compares: two layers of any two sources, how their rows are matched, and what came. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Method, OverlapReply } from "../api/types";
import { commit, undoable } from "../state/history";
import { noRows } from "../state/rows";
import { currentSource, layer, layers, projection, selection } from "../state/store";
import { num } from "../state/format";
import { alignOnto, byOverlap, inverse } from "./align2d";

export interface Side {
  source: number;
  layer: number;
}
export interface Comparison {
  a: Side | null;
  b: Side | null;
  k: number;
  match: "row" | "token";
  method: Extract<Method, "pca" | "tsne" | "umap">;
}

export const comparison = undoable<Comparison>("compare", { a: null, b: null, k: 15, match: "row", method: "pca" });

export interface Compared {
  of: Comparison;
  overlap: OverlapReply;
  /** Row of a for each row of b. */
  back: Int32Array;
  changed: Uint32Array;
  stable: Uint32Array;
  /** Positions in two dimensions; b's are laid onto a's. */
  a: Float32Array;
  b: Float32Array;
  /** How b was laid onto a, in words. */
  moved: string;
}

export const compared = signal<Compared | null>(null);
/** What is being done now, in words; null: nothing. */
export const comparing = signal<string | null>(null);
export const compareError = signal<string | null>(null);
/** The row of a under the pointer. */
export const compareHover = signal(-1);
/** Selected rows of a, when a is not the source on the map. */
export const ownSelection = signal<Uint32Array>(noRows);
/** Selected rows of a: the map's selection when a is its source. */
export const compareSelection = computed(() => (comparison.value.a?.source === currentSource.value ? selection.value : ownSelection.value));

export function setComparison(change: Partial<Comparison>): void {
  commit("compare", () => (comparison.value = { ...comparison.peek(), ...change }));
}

/** Without a choice: the current layer, or else the first, beside the last. */
export function proposeSides(): void {
  const c = comparison.peek();
  const source = currentSource.peek();
  const list = layers.peek();
  if (c.a || source === null || list.length === 0) return;
  const last = list[list.length - 1].layer;
  const here = layer.peek() === last ? list[0].layer : layer.peek();
  comparison.value = { ...c, a: { source, layer: here }, b: { source, layer: last } };
}

let turn = 0;

/** Asks for the overlap and for both maps. A later call makes an earlier one void. */
export async function compareNow(): Promise<void> {
  const c = comparison.peek();
  if (!c.a || !c.b) return;
  const mine = ++turn;
  compareError.value = null;
  try {
    comparing.value = "finding the neighbours on both sides";
    const overlap = await api.overlap({ a: c.a, b: c.b, k: c.k, match: c.match });
    if (mine !== turn) return;
    comparing.value = "drawing the maps";
    wanted = new Set([keyOf(c.a, c.method), keyOf(c.b, c.method)]);
    const [a, b] = await Promise.all([mapOf(c.a, c.method), mapOf(c.b, c.method)]);
    if (mine !== turn) return;
    const moved = alignOnto(a, b, overlap.match);
    compared.value = {
      of: c,
      overlap,
      back: inverse(overlap.match, b.length / 2),
      changed: byOverlap(overlap.overlap, true),
      stable: byOverlap(overlap.overlap, false),
      a,
      b: moved.positions,
      moved:
        moved.rows < 2
          ? "not aligned: fewer than two rows are shared"
          : `right map ${moved.mirrored ? "mirrored and " : ""}turned by ${num(Math.round(moved.turn))}°, scaled by ${num(moved.scale)} onto the left (Procrustes)`,
    };
    ownSelection.value = noRows;
    compareHover.value = -1;
  } catch (e) {
    if (mine === turn) compareError.value = (e as Error).message;
  } finally {
    if (mine === turn) comparing.value = null;
  }
}

const maps = new Map<string, Promise<Float32Array>>();
/** Maps of the current comparison: one that is computed and no longer among them is given up. */
let wanted: ReadonlySet<string> = new Set();

const paramsOf = (method: Comparison["method"]): Record<string, unknown> =>
  method === "pca" ? { components: [0, 1] } : { ...projection.peek()[method] };
const keyOf = (side: Side, method: Comparison["method"]): string =>
  JSON.stringify([side, method, projection.peek().seed, paramsOf(method)]);

/** The flat map of a layer; the same question is asked once. */
function mapOf(side: Side, method: Comparison["method"]): Promise<Float32Array> {
  const key = keyOf(side, method);
  const known = maps.get(key);
  if (known) return known;
  const made = makeMap(side, method, key);
  made.catch(() => maps.delete(key));
  maps.set(key, made);
  for (const old of maps.keys()) if (maps.size > 8) maps.delete(old);
  return made;
}

async function makeMap(side: Side, method: Comparison["method"], key: string): Promise<Float32Array> {
  const { id } = await api.startLayout({
    ...side,
    method,
    dim: 2,
    seed: projection.peek().seed,
    rows: null,
    space: { center: false, remove: 0 },
    params: paramsOf(method),
    align: "none",
  });
  try {
    for (let wait = 50; ; wait = Math.min(500, wait * 1.4)) {
      const state = await api.layout(id);
      if (state.state === "done") break;
      if (state.state === "failed" || state.state === "stopped") throw new Error(state.error ?? "The layout was stopped.");
      if (!wanted.has(key)) throw new Error("Another comparison was asked for.");
      if (state.epochs > 1)
        comparing.value = `drawing the maps: layer ${side.layer}, ${Math.round((100 * state.epoch) / state.epochs)} %`;
      await new Promise((r) => setTimeout(r, wait));
    }
    return await api.positions(id, side.layer);
  } finally {
    api.deleteLayout(id).catch(() => undefined); // it may be gone with the server
  }
}

/** Another comparison is another question: the answer on screen is dropped when a source goes. */
effect(() => {
  const c = comparison.value;
  const shown = compared.peek();
  if (shown && (shown.of.a?.source !== c.a?.source || shown.of.b?.source !== c.b?.source)) compared.value = null;
});
