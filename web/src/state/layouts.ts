/** Layouts: started, streamed, steered. The server computes; this file keeps the positions that came. */
import { computed, effect, type Signal, signal } from "@preact/signals";
import { api, saysChanged } from "../api/client";
import type { Align, AxisEnd, AxisRequest, LayoutRequest, LayoutState, Quality } from "../api/types";
import { commit, follow, restores } from "./history";
import {
  type AxisForm,
  type AxisSide,
  currentSource,
  detail,
  fileChanged,
  isolated,
  layer,
  layoutId,
  layers,
  offline,
  projection,
  type Projection,
  say,
  scrub,
} from "./store";

export interface Layout {
  id: number;
  /** What was asked for, with the parameters that were changed on the way. */
  request: Signal<LayoutRequest>;
  state: Signal<LayoutState | null>;
  /** Positions by layer, data units, (rows of the source) x dim; NaN where a row is not in the layout. */
  positions: Map<number, Float32Array>;
  /** Counts what came; read it to be told of new positions. */
  version: Signal<number>;
  epoch: Signal<number>;
  /** Frames that came while the layout ran. */
  frames: number;
  /** Layers whose exact positions are there; frames of a stream are rounded to 16 bits. */
  exact: Set<number>;
  asked: Set<number>;
  abort: AbortController;
}

const kept = 8;
/** What every layout of this page was, by its id: one that was dropped can be made again. */
const requests = new Map<number, LayoutRequest>();
export const known = signal<ReadonlyMap<number, Layout>>(new Map());
/** The layout on the map. */
export const layout = computed(() => (layoutId.value === null ? null : (known.value.get(layoutId.value) ?? null)));
/** Sentence of the last refused run, shown under the Run button. */
export const runError = signal<string | null>(null);
/** True between the click on Run and the server's answer. */
export const starting = signal(false);

/** Layers that the current layout has, in order: what `scrub` indexes. */
export const layoutLayers = computed<number[]>(() => {
  const l = layout.value;
  if (!l) return [];
  const of = l.request.value.layer;
  return of === "all" ? layers.value.map((x) => x.layer) : [of];
});

/** The layer whose positions the map shows: the chosen one if the layout has it. */
export const shownLayer = computed<number | null>(() => {
  const all = layoutLayers.value;
  return all.includes(layer.value) ? layer.value : (all[all.length - 1] ?? null);
});

/** True when the positions of that layer have come. */
export const arrived = computed(() => {
  const l = layout.value;
  void l?.version.value;
  return l !== null && shownLayer.value !== null && l.positions.has(shownLayer.value);
});

export function paramsOf(p: Projection): Record<string, unknown> {
  switch (p.method) {
    case "pca":
      return { components: p.components.slice(0, p.dim) };
    case "tsne":
      return { ...p.tsne };
    case "umap":
      return { ...p.umap };
    case "axes":
      return { axes: p.axes.slice(0, p.dim).map(axisRequest(p)) };
    case "bookmark":
      return { bookmark: p.bookmark.place, projection: p.bookmark.projection };
    case "raw":
      return {};
  }
}

const axisRequest =
  (p: Projection) =>
  (a: AxisForm): AxisRequest => {
    const end = (s: AxisSide): AxisEnd =>
      s.set !== null ? { set: s.set } : { column: p.axisColumn ?? "", text: s.text, regex: s.regex };
    const name = (s: AxisSide): string => s.set ?? s.text;
    return { left: end(a.left), right: end(a.right), label: a.label || `${name(a.left)} → ${name(a.right)}` };
  };

/** The alignment that a method can have, nearest to the chosen one. */
export function alignOf(p: Projection): Align {
  const iterative = p.method === "tsne" || p.method === "umap";
  if (iterative) return p.align === "joint" ? "aligned" : p.align;
  if (p.method === "pca") return p.align === "aligned" ? "joint" : p.align;
  return p.align === "procrustes" ? "procrustes" : "none"; // raw columns and word axes have axes of their own
}

const lists = new WeakMap<Uint32Array, number[]>();

/** Rows as a plain list, the same list each time: requests are compared by it. */
function listOf(rows: Uint32Array): number[] {
  let list = lists.get(rows);
  if (!list) lists.set(rows, (list = Array.from(rows)));
  return list;
}

/** The request that Run would send now; null without a source. */
export const wanted = computed<LayoutRequest | null>(() => {
  const p = projection.value;
  const d = detail.value;
  if (!d || d.id !== currentSource.value) return null;
  const all = p.scope === "all" && d.layers.length > 1;
  return {
    source: d.id,
    layer: all ? "all" : layer.value,
    method: p.method,
    dim: p.method === "bookmark" ? p.bookmark.dim : p.dim,
    seed: p.seed,
    rows: isolated.value ? listOf(isolated.value) : null,
    space: p.space,
    metric: p.metric,
    params: paramsOf(p),
    align: all ? alignOf(p) : "none",
  };
});

/** What of the map no longer agrees with the panel, in words; empty = up to date. */
export const stale = computed<string[]>(() => {
  const l = layout.value;
  const w = wanted.value;
  if (!l || !w) return [];
  const r = l.request.value;
  const out: string[] = [];
  if (r.method !== w.method) out.push("method");
  else if (JSON.stringify(r.params) !== JSON.stringify(w.params)) out.push("parameters");
  if (r.dim !== w.dim) out.push("dimensions");
  if (r.seed !== w.seed) out.push("seed");
  if (JSON.stringify(r.space) !== JSON.stringify(w.space)) out.push("space");
  if ((r.metric ?? "euclidean") !== w.metric && (w.method === "tsne" || w.method === "umap")) out.push("metric");
  if (r.layer !== "all" && r.layer !== layer.value) out.push(`layer ${layer.value}`);
  else if ((r.layer === "all") !== (w.layer === "all")) out.push("layers");
  else if (r.align !== w.align) out.push("alignment");
  if (r.rows !== w.rows) out.push("rows");
  return out;
});

/** True when the layout on the map has all its positions. */
export const finished = computed(() => layout.value?.state.value?.state === "done");

/** Kept neighbours that were measured after a run whose method does not measure them, by layout and layer. */
const measured = signal<ReadonlyMap<string, Quality>>(new Map());
export const measuring = signal(false);
/** Larger layouts are measured when the user asks. */
const measureRows = 10000;
/** Neighbours looked at: 15, of few rows at most half of the others, or else all are kept by any map. */
export const measureK = (rows: number): number => Math.min(15, Math.floor((rows - 1) / 2));

/** False for so few rows that each is the neighbour of each. */
export const canMeasure = (rows: number): boolean => measureK(rows) > 0;

/** Measures how many neighbours the layer on the map keeps. */
export async function measureKept(): Promise<void> {
  const l = layout.peek();
  const of = shownLayer.peek();
  if (!l?.state.peek() || of === null || measuring.peek()) return;
  measuring.value = true;
  try {
    const k = measureK(l.state.peek()!.placed);
    const { mean } = await api.trust(l.id, of, k, l.abort.signal);
    if (mean !== null) measured.value = new Map(measured.peek()).set(`${l.id} ${of}`, { k, kept: mean });
  } catch (e) {
    if (!l.abort.signal.aborted) say((e as Error).message, "error");
  } finally {
    measuring.value = false;
  }
}

/** Small layouts are measured by themselves. */
function measureSmall(): void {
  const s = shownState.value;
  if (
    finished.value &&
    s &&
    !s.quality &&
    !measuring.value &&
    !offline.value &&
    scrub.value === null &&
    canMeasure(s.placed) &&
    s.rows <= measureRows
  )
    void measureKept();
}

/** What the server says of the layer on the map: its own quality and shares of variance where it has them. */
export const shownState = computed(() => {
  const s = layout.value?.state.value;
  if (!s) return null;
  const own = s.by_layer?.find((b) => b.layer === shownLayer.value);
  return {
    ...s,
    quality: own?.quality ?? (own ? null : s.quality) ?? measured.value.get(`${s.id} ${shownLayer.value}`) ?? null,
    gauge: own ? (own.gauge ?? null) : (s.gauge ?? null),
    explained: own?.explained ?? s.explained,
    ...(own?.neighbors_search && { neighbors_search: own.neighbors_search, recall: own.recall, recall_se: own.recall_se }),
    moved: own?.moved_aligned ?? null,
    movedRaw: own?.moved_raw ?? null,
  };
});

/** True when changed parameters can be taken up by the finished layout, from where its points are. */
export const canGoOn = computed(() => {
  const l = layout.value;
  const s = l?.state.value;
  const again = s?.state === "done" || s?.state === "stopped";
  return (
    again &&
    l?.request.value.layer !== "all" &&
    stale.value.length === 1 &&
    stale.value[0] === "parameters" &&
    s!.method in live
  );
});

export const running = computed(() => {
  const s = layout.value?.state.value?.state;
  return starting.value || s === "waiting" || s === "running" || s === "paused";
});

const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/** Asks for the state until the layout ends; the stream brings the positions meanwhile. */
async function watch(l: Layout, gone: AbortSignal): Promise<void> {
  for (let wait = 60; ; wait = Math.min(wait * 1.5, 400)) {
    const s = await api.layout(l.id, gone);
    l.state.value = s;
    if (s.state === "done" || s.state === "failed" || s.state === "stopped") {
      if (s.state === "failed" && layoutId.peek() === l.id) runError.value = s.error ?? "The layout failed.";
      if (s.error && saysChanged(s.error)) fileChanged.value = s.error;
      return;
    }
    await pause(wait);
    if (gone.aborted) return;
  }
}

async function receive(l: Layout, gone: AbortSignal): Promise<void> {
  await api.stream(
    l.id,
    (f) => {
      // The last frame may come after the exact positions, which are asked for once the state says "done".
      if (!l.exact.has(f.layer)) l.positions.set(f.layer, masked(l, f.positions));
      l.frames++;
      l.epoch.value = f.epoch;
      l.version.value++;
    },
    gone,
  );
}

/** Rows that are not in the layout's subset get NaN; a frame of the subset alone is spread over all rows. */
function masked(l: Layout, p: Float32Array): Float32Array {
  const { rows, dim } = l.request.peek();
  if (!Array.isArray(rows)) return p;
  const n = detail.peek()?.rows ?? 0;
  const whole = p.length === n * dim;
  const out = new Float32Array(n * dim).fill(NaN);
  rows.forEach((row, i) => {
    for (let d = 0; d < dim; d++) out[row * dim + d] = p[(whole ? row : i) * dim + d];
  });
  return out;
}

/** Fetches the exact positions of a layer of a finished layout, once. */
async function refine(l: Layout, of: number): Promise<void> {
  if (l.exact.has(of) || l.asked.has(of)) return;
  l.asked.add(of);
  try {
    const p = await api.positions(l.id, of, l.abort.signal);
    if (!l.asked.has(of)) return; // the layout has gone on meanwhile
    l.positions.set(of, p);
    l.exact.add(of);
    l.version.value++;
  } catch (e) {
    if (!l.positions.has(of) && !l.abort.signal.aborted) throw e;
  } finally {
    l.asked.delete(of);
  }
}

/** Ends all questions about a layout and lets the server drop it. */
function release(l: Layout): void {
  l.abort.abort();
  void api.deleteLayout(l.id).catch(() => undefined); // the server may have dropped it already
}

const atWork = (l: Layout): boolean => ["waiting", "running", "paused"].includes(l.state.peek()?.state ?? "");

let onMap: Layout | null = null;

/** A layout that leaves the map while it is computed (undo, another source) ends: nobody waits for it, and others
 *  have the processors. Redo makes it again. */
function leave(): void {
  const l = layout.value;
  if (onMap && onMap !== l && atWork(onMap) && !onMap.abort.signal.aborted) {
    const gone = onMap;
    known.value = new Map([...known.peek()].filter(([, x]) => x !== gone));
    release(gone);
  }
  onMap = l;
}

function track(id: number, request: LayoutRequest): Layout {
  const l: Layout = {
    id,
    request: signal(request),
    state: signal(null),
    positions: new Map(),
    version: signal(0),
    epoch: signal(0),
    frames: 0,
    exact: new Set(),
    asked: new Set(),
    abort: new AbortController(),
  };
  const map = new Map(known.peek());
  map.set(id, l);
  for (const [other] of map) {
    if (map.size <= kept) break;
    if (other === id || other === layoutId.peek()) continue;
    const gone = map.get(other)!;
    map.delete(other);
    if (![...map.values()].includes(gone)) release(gone); // else it is there under its own id
  }
  requests.set(id, request);
  known.value = map;
  void attend(l);
  return l;
}

/** State and positions until the layout ends. One that the server has lost counts as stopped: Run is there
 *  again. */
async function attend(l: Layout): Promise<void> {
  const end = (l.abort = new AbortController());
  try {
    await Promise.all([watch(l, end.signal), receive(l, end.signal)]);
    l.state.value = await api.layout(l.id, end.signal);
  } catch (e) {
    if (end.signal.aborted) return;
    end.abort(); // no late answer says that it runs
    const { message } = e as Error;
    say(message, "error");
    const s = l.state.peek();
    if (s && s.state !== "done") l.state.value = { ...s, state: "stopped", error: message };
    if (!l.positions.size && layoutId.peek() === l.id) runError.value = message;
  }
}

/** Undo came to a layout that is no longer kept: it is made again, and stands in its place. */
async function revive(): Promise<void> {
  const id = layoutId.value;
  const request = id === null ? undefined : requests.get(id);
  if (id === null || !request || known.value.has(id) || detail.value?.id !== request.source || offline.value) return;
  try {
    const l = track((await api.startLayout(request)).id, request);
    known.value = new Map(known.peek()).set(id, l);
  } catch (e) {
    runError.value = (e as Error).message;
  }
}

/** Forgets the layouts of a server that has ended. */
export function forgetLayouts(): void {
  for (const l of known.peek().values()) l.abort.abort();
  requests.clear();
  known.value = new Map();
  layoutId.value = null;
}

/** Goes on with a finished layout under the changed parameters. */
export async function goOn(): Promise<void> {
  const l = layout.peek();
  const w = wanted.peek();
  if (!l || !w || !canGoOn.peek()) return;
  const changed = changedParams(l, w);
  try {
    await api.patchLayout(l.id, changed);
    l.request.value = { ...l.request.peek(), params: { ...l.request.peek().params, ...changed } };
    l.exact.clear();
    l.asked.clear();
    l.state.value = await api.layout(l.id);
    void attend(l);
  } catch (e) {
    runError.value = (e as Error).message;
  }
}

/** What a form lacks, as a sentence; null = nothing. */
function incomplete(p: Projection): string | null {
  if (p.method === "bookmark" && p.bookmark.place < 0) return "Choose a saved layout.";
  const dims = detail.peek()?.dims ?? Infinity;
  if ((p.method === "pca" || p.method === "raw") && dims < p.dim)
    return dims === 1
      ? "These vectors have one column: no two axes can be drawn of it. t-SNE and UMAP can place the rows."
      : `These vectors have ${dims} columns: draw them in ${dims}D.`;
  if (p.method !== "axes") return null;
  const open = p.axes.slice(0, p.dim).findIndex((a) => [a.left, a.right].some((s) => s.set === null && !s.text));
  return open < 0 ? null : `Axis ${"xyz"[open]} needs a match at both ends.`;
}

let runs = 0;

/** Starts what the panel asks for and puts it on the map, unless another run was started meanwhile. What was
 *  there goes on until then, and for good if this one is refused. `merge`: it follows from the step with that key. */
export async function run(merge: string | null = null): Promise<void> {
  const request = wanted.peek();
  if (!request || offline.peek()) return;
  runError.value = incomplete(projection.peek());
  if (runError.value) return;
  const mine = ++runs;
  starting.value = true;
  try {
    const { id } = await api.startLayout(request);
    if (mine !== runs || wanted.peek()?.source !== request.source) {
      void api.deleteLayout(id).catch(() => undefined); // the user has gone elsewhere: nobody waits for it
      return;
    }
    track(id, request);
    const show = (): void => void (layoutId.value = id);
    if (merge) follow(merge, show);
    else commit(`run ${request.method}`, show);
  } catch (e) {
    if (mine === runs) runError.value = (e as Error).message;
  } finally {
    if (mine === runs) starting.value = false;
  }
}

/** Whether a layout of the server is what a request asks for. The server adds parameters of its own, and tells
 *  how many rows a layout has, not which. */
export function fits(s: LayoutState, r: LayoutRequest, rows: number): boolean {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const iterative = r.method === "tsne" || r.method === "umap";
  return (
    s.source === r.source &&
    s.method === r.method &&
    s.dim === r.dim &&
    s.seed === r.seed &&
    s.layer === r.layer &&
    s.align === r.align &&
    s.rows === (Array.isArray(r.rows) ? r.rows.length : rows) &&
    same(s.space, r.space) &&
    (!iterative || (s.metric ?? "euclidean") === (r.metric ?? "euclidean")) &&
    (r.method === "axes"
      ? same(
          s.axes,
          (r.params["axes"] as AxisRequest[]).map((a) => a.label),
        )
      : Object.entries(r.params).every(([k, v]) => !(k in s.params) || (k === "learning_rate" && v === 0) || same(s.params[k], v)))
  );
}

/** Puts a layout that the server still has on the map: after a restored view. False: it is gone, or another. */
export async function adopt(id: number, show: (change: () => void) => void): Promise<boolean> {
  const request = wanted.peek();
  const rows = detail.peek()?.rows ?? 0;
  if (!request) return false;
  try {
    const s = await api.layout(id);
    if (s.state === "failed" || s.state === "stopped" || !fits(s, request, rows)) return false;
    if (!known.peek().has(id)) track(id, request);
    show(() => (layoutId.value = id));
    return true;
  } catch {
    return false;
  }
}

export async function control(verb: "pause" | "resume" | "stop"): Promise<void> {
  const l = layout.peek();
  if (!l) return;
  try {
    await api.control(l.id, verb);
    l.state.value = await api.layout(l.id);
  } catch (e) {
    say((e as Error).message, "error");
  }
}

/** Parameters that reach a running layout without a restart. */
const live: Record<string, readonly string[]> = {
  tsne: ["perplexity", "learning_rate", "exaggeration", "steps"],
  umap: ["min_dist", "neighbors", "steps"],
};

/** Live parameters in which the panel differs from the layout. */
function changedParams(l: Layout, w: LayoutRequest): Record<string, unknown> {
  const now = l.request.value.params;
  return Object.fromEntries(Object.entries(w.params).filter(([k, v]) => (live[w.method] ?? []).includes(k) && now[k] !== v));
}

let patchTimer: ReturnType<typeof setTimeout> | undefined;

/** Sends changed parameters to the running layout, after the hand has rested for a moment. */
function steer(): void {
  const l = layout.value;
  const w = wanted.value;
  const state = l?.state.value?.state;
  clearTimeout(patchTimer);
  if (!l || !w || l.request.value.method !== w.method || (state !== "running" && state !== "paused")) return;
  const changed = changedParams(l, w);
  if (!Object.keys(changed).length) return;
  patchTimer = setTimeout(async () => {
    try {
      await api.patchLayout(l.id, changed);
      l.request.value = { ...l.request.peek(), params: { ...l.request.peek().params, ...changed } };
    } catch (e) {
      say((e as Error).message, "error");
    }
  }, 150);
}

/** Exact positions of the layer on the map, once the layout has ended. */
function refineShown(): void {
  const l = layout.value;
  const of = shownLayer.value;
  if (l?.state.value?.state === "done" && of !== null && scrub.value === null)
    refine(l, of).catch((e: Error) => say(e.message, "error"));
}

let restored = 0;
/** The layer that undo or redo came to: what was done about it then is in the history, too. */
let quiet: number | null = null;

/** A layer that the layout does not have: a projection that is quick to make is made for the whole stack, so
 *  that the layers lie in one basis; others wait for Run, and the map is marked as stale. */
function followLayer(): void {
  const l = layout.value;
  const to = layer.value;
  const p = projection.peek();
  if (restores.value !== restored) {
    restored = restores.value;
    quiet = to;
  }
  if (to === quiet) return;
  quiet = null;
  if (!l || offline.peek() || starting.peek() || layoutLayers.peek().includes(to) || !layers.peek().some((x) => x.layer === to))
    return;
  if (p.scope !== "layer" || (p.method !== "pca" && p.method !== "raw" && p.method !== "axes")) return;
  commit("layer", () => (projection.value = { ...p, scope: "all" }), "layer");
  void run("layer");
}

/** Starts the reactions of this file; called once. */
export function startLayouts(): void {
  effect(followLayer);
  effect(leave);
  effect(() => void revive());
  effect(steer);
  effect(refineShown);
  effect(measureSmall);
}
