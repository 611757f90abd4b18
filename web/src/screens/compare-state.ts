/** What Compare compares: two layers of any two sources, how their rows are matched, how they are drawn,
 *  and what came of it. Every choice is in one value, so that undo, the address and session files carry it. */
import { batch, computed, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Column, JobProgress, Method, Metric, OverlapReply, SourceDetail } from "../api/types";
import type { Camera, Plot } from "../plot";
import { loadColumn } from "../state/columns";
import { count, num } from "../state/format";
import { commit, undoable } from "../state/history";
import { noRows } from "../state/rows";
import { currentSource, layers, projection, selection, sources } from "../state/store";
import { alignOnto, byOverlap, inverse } from "./align";

export interface Side {
  source: number;
  layer: number;
}
export interface Comparison {
  a: Side | null;
  b: Side | null;
  /** Neighbours that are asked for; usableK() says how many there can be. */
  k: number;
  match: "row" | "token";
  metric: Metric;
  method: Extract<Method, "pca" | "tsne" | "umap">;
  dim: 2 | 3;
  /** Every row of a large set has its neighbours looked for; otherwise a sample of the rows has. */
  all: boolean;
  /** Column of a that colours both maps; null: the neighbours kept. */
  colour: string | null;
  /** Curves over the layers: not asked for, of layers of the same number, or of all pairs of layers. */
  over: "none" | "same" | "pairs";
  /** What the matrix of all pairs shows. */
  shows: "overlap" | "cka";
  /** What stands beside the maps. */
  tab: "rows" | "layers";
}

export const freshComparison: Comparison = {
  a: null,
  b: null,
  k: 15,
  match: "row",
  metric: "euclidean",
  method: "pca",
  dim: 2,
  all: false,
  colour: null,
  over: "none",
  shows: "overlap",
  tab: "rows",
};
export const comparison = undoable<Comparison>("compare", freshComparison);

/** The part of a choice that the maps and their overlap depend on. */
export interface Question {
  a: Side;
  b: Side;
  k: number;
  match: "row" | "token";
  metric: Metric;
  sample: boolean;
  method: Comparison["method"];
  dim: 2 | 3;
}

export interface Compared {
  of: Question;
  overlap: OverlapReply;
  /** Row of a for each row of b. */
  back: Int32Array;
  changed: Uint32Array;
  stable: Uint32Array;
  /** Positions; b's are laid onto a's. */
  a: Float32Array;
  b: Float32Array;
  /** How b was laid onto a, in words. */
  moved: string;
}

/** What the server is doing for the maps; null: nothing. */
export interface Doing {
  what: string;
  /** Share that is done; null: the server does not say. */
  progress: number | null;
  /** Seconds that are still to come, if the server says so. */
  left: number | null;
  /** performance.now() at its start. */
  since: number;
}

export const compared = signal<Compared | null>(null);
export const comparing = signal<Doing | null>(null);
export const compareError = signal<string | null>(null);
export const compareStopped = signal(false);
/** The row of a under the pointer. */
export const compareHover = signal(-1);
/** Selected rows of a, when a is not the source on the map. */
export const ownSelection = signal<Uint32Array>(noRows);
/** Selected rows of a: the map's selection when a is its source. */
export const compareSelection = computed(() =>
  comparison.value.a?.source === currentSource.value ? selection.value : ownSelection.value,
);
/** The plots on the left and on the right, while they are on the page. */
export const halves: { a: Plot | null; b: Plot | null } = { a: null, b: null };
/** Camera that a restored view asks for: the maps take it with their first positions. */
export const pendingLook = signal<Camera | null>(null);
/** Changed when the camera of the maps has come to rest. */
export const lookMoved = signal(0);

/* ---- the choice ------------------------------------------------------------------------------- */

/** The source on the map when the sides were chosen: another one is another subject. */
let chosenFor: number | null = null;

export function setComparison(change: Partial<Comparison>): void {
  chosenFor = currentSource.peek();
  const before = comparison.peek();
  const now = { ...before, ...change };
  if (now.a?.source !== before.a?.source || now.b?.source !== before.b?.source) {
    now.match = rowsOf(now.a) === rowsOf(now.b) ? "row" : "token";
    now.all = false;
    now.over = "none"; // nothing is computed before it is asked for
    if (now.a?.source !== before.a?.source) now.colour = null;
  }
  commit("compare", () => (comparison.value = now));
}

/** A choice from elsewhere (an address, a session): no step of undo. */
export function restoreComparison(now: Comparison, look: Camera | null): void {
  chosenFor = currentSource.peek();
  batch(() => {
    comparison.value = now;
    pendingLook.value = look;
    compared.value = null;
  });
}

const entryOf = (side: Side | null) => sources.peek().find((s) => s.id === side?.source);
const rowsOf = (side: Side | null): number => entryOf(side)?.rows ?? 0;

/** Without a choice for this source: its first layer beside its last. A source of one layer stands beside the
 *  first other one with as many rows. */
export function proposeSides(): void {
  const c = comparison.peek();
  const source = currentSource.peek();
  const list = layers.peek();
  if (source === null || list.length === 0) return;
  if (c.a && (chosenFor === source || c.a.source === source || c.b?.source === source)) return;
  chosenFor = source;
  const a: Side = { source, layer: list[0].layer };
  const other = sources.peek().find((s) => s.supported && s.id !== source && s.rows === rowsOf(a));
  const beside: Side =
    list.length === 1 && other
      ? { source: other.id, layer: other.layers[0]?.layer ?? 0 }
      : { source, layer: list[list.length - 1].layer };
  comparison.value = { ...c, a, b: beside, match: "row", colour: null, over: "none" };
}

/** At most half of the others: longer lists overlap by chance. */
export function usableK(k: number, rows: number): number {
  return Math.max(1, Math.min(k, Math.floor((rows - 1) / 2)));
}
/** Rows that lists of neighbours are drawn from at most, before the rows are matched. */
export const comparedRows = (c: Comparison): number => Math.min(rowsOf(c.a), rowsOf(c.b));

/** Above so many rows a sample of them is the first answer: the search for all takes longer than one waits for. */
const LARGE = 50000;

export function questionOf(c: Comparison): Question | null {
  if (!c.a || !c.b) return null;
  const { a, b, match, metric, method, dim } = c;
  const rows = comparedRows(c);
  return { a, b, k: usableK(c.k, rows), match, metric, sample: !c.all && rows > LARGE, method, dim };
}

/* ---- details of the sides ---------------------------------------------------------------------- */

/** What is known of the sources on either side: their columns and hashes. */
export const sideDetails = signal<ReadonlyMap<number, SourceDetail>>(new Map());
const asked = new Set<number>();
effect(() => {
  const c = comparison.value;
  for (const side of [c.a, c.b]) {
    if (!side || asked.has(side.source)) continue;
    asked.add(side.source);
    api.source(side.source).then(
      (d) => (sideDetails.value = new Map(sideDetails.peek()).set(side.source, d)),
      () => asked.delete(side.source), // asked again with the next choice
    );
  }
});

/** The column of a that colours the maps; null: none, or not here yet. */
export const colourColumn = signal<{ source: number; column: Column } | null>(null);
effect(() => {
  const { a, colour } = comparison.value;
  if (!a || colour === null) {
    colourColumn.value = null;
    return;
  }
  const { source } = a;
  loadColumn(source, colour).then(
    (column) => {
      const now = comparison.peek();
      if (now.a?.source === source && now.colour === colour) colourColumn.value = { source, column };
    },
    (e: Error) => (compareError.value = e.message),
  );
});

/* ---- the answer ------------------------------------------------------------------------------- */

let turn = 0;
let running: AbortController | null = null;

/** Asks for the overlap and for both maps, unless they are on screen. A later call makes an earlier one void. */
export async function compareNow(): Promise<void> {
  const q = questionOf(comparison.peek());
  if (!q) return;
  stopComparing();
  compareError.value = null;
  compareStopped.value = false;
  if (JSON.stringify(compared.peek()?.of) === JSON.stringify(q)) return;
  const mine = ++turn;
  const { signal: given } = (running = new AbortController());
  const since = performance.now();
  const say = (what: string, progress: number | null = null, left: number | null = null): void => {
    if (mine === turn) comparing.value = { what, progress, left, since };
  };
  const finding = "Finding the neighbours on both sides";
  say(finding);
  try {
    let found = false;
    const { a: left, b: right, k, match, metric, sample } = q;
    const onprogress = (p: JobProgress): void => say(finding, p.progress, p.estimate_s);
    const overlap = api.overlap({ a: left, b: right, k, match, metric, sample }, { signal: given, onprogress }).finally(() => {
      found = true;
      say("Drawing the maps");
    });
    const drawing = (side: Side) => (share: number) => found && say(`Drawing the map of layer ${side.layer}`, share);
    const [o, a, b] = await Promise.all([overlap, mapOf(q, q.a, given, drawing(q.a)), mapOf(q, q.b, given, drawing(q.b))]);
    if (mine === turn) show(q, o, a, b);
  } catch (e) {
    if (mine === turn) compareError.value = (e as Error).message;
  } finally {
    if (mine === turn) {
      running.abort(); // what the failure of one part has left running
      running = null;
      comparing.value = null;
    }
  }
}

/** Gives up what is being computed; what is on screen stays. */
export function stopComparing(): void {
  if (!running) return;
  turn++;
  running.abort();
  running = null;
  comparing.value = null;
  compareStopped.value = true;
}

function show(of: Question, overlap: OverlapReply, a: Float32Array, b: Float32Array): void {
  const moved = alignOnto(a, b, overlap.match, of.dim);
  batch(() => {
    compared.value = {
      of,
      overlap,
      back: inverse(overlap.match, b.length / of.dim),
      changed: byOverlap(overlap.overlap, true),
      stable: byOverlap(overlap.overlap, false),
      a,
      b: moved.positions,
      moved:
        moved.rows < 2
          ? "The maps are not aligned: fewer than two rows are shared."
          : `Right map ${moved.mirrored ? "mirrored, " : ""}turned by ${num(Math.round(moved.turn))}°, scaled by ${num(moved.scale)} onto the left (Procrustes).`,
    };
    ownSelection.value = noRows;
    compareHover.value = -1;
  });
}

/** Waits between two looks at a job of the server; ends at once when it is given up. */
export function pause(ms: number, given?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    given?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}

const maps = new Map<string, Promise<Float32Array>>();

const paramsOf = (q: Question): Record<string, unknown> =>
  q.method === "pca" ? { components: [0, 1, 2].slice(0, q.dim) } : { ...projection.peek()[q.method] };

/** The map of a layer; a map that was made is not made again. */
async function mapOf(q: Question, side: Side, given: AbortSignal, tell: (share: number) => void): Promise<Float32Array> {
  const key = JSON.stringify([side, q.method, q.dim, q.metric, projection.peek().seed, paramsOf(q)]);
  const known = maps.get(key);
  if (known) return known;
  const made = makeMap(q, side, given, tell);
  maps.set(key, made);
  let there = false;
  const forget = (): void => void (there || maps.delete(key));
  made.then(() => (there = true), forget);
  given.addEventListener("abort", forget); // the next question must not wait for what is being given up
  for (const old of maps.keys()) if (maps.size > 8) maps.delete(old);
  return made;
}

async function makeMap(q: Question, side: Side, given: AbortSignal, tell: (share: number) => void): Promise<Float32Array> {
  const { id } = await api.startLayout({
    ...side,
    method: q.method,
    dim: q.dim,
    seed: projection.peek().seed,
    rows: null,
    space: { center: false, remove: 0 },
    metric: q.metric,
    params: paramsOf(q),
    align: "none",
  });
  try {
    for (let wait = 50; ; wait = Math.min(500, wait * 1.4)) {
      const state = await api.layout(id);
      if (state.state === "done") break;
      if (state.state === "failed" || state.state === "stopped") throw new Error(state.error ?? "The layout was stopped.");
      if (state.epochs > 1) tell(state.epoch / state.epochs);
      await pause(wait, given);
      if (given.aborted) throw new Error("Another comparison was asked for.");
    }
    return await api.positions(id, side.layer);
  } finally {
    api.deleteLayout(id).catch(() => undefined); // it may be gone with the server
  }
}

/* ---- what is said of it ------------------------------------------------------------------------ */

/** What a reader must know before believing the numbers. */
export function caveats(c: Comparison, shown: Compared, rowsA: number, rowsB: number, nameA: string, nameB: string): string[] {
  const { k, matched } = shown.overlap;
  const said: string[] = [];
  const same = shown.of.a.source === shown.of.b.source && shown.of.a.layer === shown.of.b.layer;
  if (same) said.push("Both sides are the same layer: every row keeps all its neighbours.");
  if (k < c.k)
    said.push(`k is ${k} instead of ${c.k}: with ${count(matched)} rows, longer lists would hold more than half of the others.`);
  const without = (rows: number, name: string): void => {
    if (rows > matched) said.push(`${count(rows - matched)} of ${count(rows)} rows of ${name} have no partner and are grey.`);
  };
  without(rowsA, same ? "the left" : nameA);
  if (shown.of.a.source !== shown.of.b.source) without(rowsB, nameB);
  if (rowsA > matched || rowsB > matched) said.push("Neighbours are looked for among the matched rows.");
  return said;
}

/** Another comparison is another question: the answer on screen is dropped when a source goes. */
effect(() => {
  const c = comparison.value;
  const shown = compared.peek();
  if (shown && (shown.of.a.source !== c.a?.source || shown.of.b.source !== c.b?.source)) compared.value = null;
});
