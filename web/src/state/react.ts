/** Reactions: what is fetched when the view changes. Each asks for what the view says now and drops
 *  an answer that comes too late. */
import { computed, effect } from "@preact/signals";
import { api, ApiError } from "../api/client";
import type { NeighborQuery, SourceDetail, Term } from "../api/types";
import { refreshSets, rowsOfHits } from "./actions";
import { categoryColouring, type Colouring, numberColouring, plainColouring, setColouring, sizesOf } from "./colouring";
import { labelColumn, loadColumn, measureTitle, tokens, wasStopped } from "./columns";
import { num } from "./format";
import { commit, follow } from "./history";
import { layout, measureK, run, runError, shownLayer, startLayouts } from "./layouts";
import { chains, sameRows } from "./rows";
import {
  bookmarks,
  bookmarksNote,
  colouredSets,
  colourBusy,
  colourBy,
  colouring,
  currentSource,
  detail,
  hiddenCodes,
  inspectorTab,
  isolated,
  labelBy,
  layer,
  layoutId,
  nearest,
  neighbours,
  offline,
  type Operand,
  operands,
  paint,
  paths,
  pinned,
  returns,
  savedNearest,
  say,
  search,
  searchAsked,
  searchStatus,
  selection,
  sets,
  sizeBy,
  sizes,
  sprite,
  theme,
} from "./store";

const oops = (e: unknown): void => say((e as Error).message, "error");

/** A reaction whose answer counts only until the next one starts. `ask` reads its signals before its
 *  first await, and checks `stale()` after each. */
function latest(ask: (o: { stale: () => boolean; signal: AbortSignal }) => Promise<void>): void {
  let abort = new AbortController();
  effect(() => {
    void returns.value;
    abort.abort();
    const mine = (abort = new AbortController());
    ask({ stale: () => mine.signal.aborted, signal: mine.signal }).catch((e) => {
      if (!mine.signal.aborted) oops(e);
    });
  });
}

/* ---- colours ---------------------------------------------------------------------------------- */

async function colour({ stale, signal: s }: { stale: () => boolean; signal: AbortSignal }): Promise<void> {
  const by = colourBy.value;
  const d = detail.value;
  const t = theme.value;
  const hidden = hiddenCodes.value;
  const of = layer.value;
  const l = by.kind === "trust" ? layout.value : null;
  const done = l?.state.value?.state === "done";
  const shown = shownLayer.value;
  const painted = paint.value;
  const drawn = colouredSets.value.map((name) => sets.value.find((s) => s.name === name)).filter((s) => s !== undefined);
  const put = (c: Colouring): void => {
    colourBusy.value = false;
    colouring.value = c;
  };
  if (!d || by.kind === "none") return put(plainColouring(t));
  if (by.kind === "sets") return put(setColouring(drawn, d.rows, hidden, t));
  if (by.kind === "values")
    return put(
      painted && painted.values.length === d.rows
        ? numberColouring(painted.title, painted.values, t, painted)
        : plainColouring(t),
    );
  if (by.kind === "trust") {
    if (!l || !done || shown === null) return;
    const s = l.state.peek()!;
    const k = s.quality?.k ?? Math.max(1, measureK(s.placed));
    const titles = { kept: "Neighbours kept", lost: "Neighbours lost", false: "False neighbours" };
    const notes = {
      kept: `Of its ${k} nearest in the space, the share that is nearest on the map.`,
      lost: `Of its ${k} nearest in the space, the share that is far off on the map (not among ${3 * k}).`,
      false: `Of its ${k} nearest on the map, the share that is far off in the space (not among ${3 * k}).`,
    };
    colourBusy.value = true;
    const shares = await api.trust(l.id, shown, k);
    if (!stale()) put(numberColouring(titles[by.name], shares[by.name], t, { range: [0, 1], note: notes[by.name] }));
    return;
  }
  colourBusy.value = true;
  try {
    const c = await loadColumn(d.id, by.name, by.kind === "measure" ? { layer: of } : undefined, s);
    if (stale()) return;
    const title = by.kind === "measure" ? measureTitle(by.name) : by.name;
    put(c.kind === "number" ? numberColouring(title, c.values, t, c) : categoryColouring(title, c.codes, c.names, hidden, t));
  } catch (e) {
    if (stale() || !wasStopped(e)) throw e;
    commit("stop colouring", () => (colourBy.value = { kind: "none" }));
  } finally {
    if (!stale()) colourBusy.value = false;
  }
}

async function size({ stale, signal: s }: { stale: () => boolean; signal: AbortSignal }): Promise<void> {
  const by = sizeBy.value;
  const d = detail.value;
  const of = layer.value;
  if (!by || !d) {
    sizes.value = null;
    return;
  }
  try {
    const c = await loadColumn(d.id, by.name, by.kind === "measure" ? { layer: of } : undefined, s);
    if (!stale()) sizes.value = c.kind === "number" ? sizesOf(c.values) : null;
  } catch (e) {
    if (stale() || !wasStopped(e)) throw e;
    commit("stop sizing", () => (sizeBy.value = null));
  }
}

/* ---- the current source ----------------------------------------------------------------------- */

async function load({ stale }: { stale: () => boolean }): Promise<void> {
  const id = currentSource.value;
  if (id === null) return;
  sets.value = [];
  runError.value = null;
  bookmarks.value = [];
  bookmarksNote.value = null;
  let d = detail.peek();
  // A restored view comes with the details, and asks for its own layout.
  if (d?.id !== id) {
    detail.value = null;
    try {
      d = await api.source(id);
    } catch (e) {
      if (!stale()) runError.value = (e as Error).message; // the map says so, too
      throw e;
    }
    if (stale()) return;
    detail.value = d;
    if (layoutId.peek() === null) void run("open");
    const category = d.columns.find((c) => c.type === "category" && c.distinct > 1 && c.distinct <= 60);
    if (category && colourBy.peek().kind === "none")
      follow("open", () => (colourBy.value = { kind: "column", name: category.name }));
  }
  if (d.warning) say(d.warning, "error");
  refreshSets().catch(oops);
  if (d.bookmarks && !offline.value) loadBookmarks(id, stale).catch(oops);
  await loadSprite(d, stale);
}

async function loadBookmarks(id: number, stale: () => boolean): Promise<void> {
  const reply = await api.bookmarks(id);
  if (stale()) return;
  bookmarks.value = reply.bookmarks;
  bookmarksNote.value = reply.note;
}

/** The image of the rows' pictures; its address stays good until the next source's. */
async function loadSprite(d: SourceDetail, stale: () => boolean): Promise<void> {
  const old = sprite.peek();
  sprite.value = null;
  if (old) URL.revokeObjectURL(old.url);
  if (!d.sprite) return;
  const image = new Image();
  const url = URL.createObjectURL(await api.sprite(d.id));
  try {
    image.src = url;
    await image.decode();
    if (!stale()) sprite.value = { ...d.sprite, image, url };
  } finally {
    if (sprite.peek()?.url !== url) URL.revokeObjectURL(url);
  }
}

/** Numbers as names. */
function numberNames(values: Float32Array): { codes: Int32Array; names: string[] } {
  const known = new Map<number, number>();
  const codes = Int32Array.from(values, (v) => {
    if (Number.isNaN(v)) return -1;
    if (!known.has(v)) known.set(v, known.size);
    return known.get(v)!;
  });
  return { codes, names: [...known.keys()].map((v) => num(v, 6)) };
}

let wordsOf = -1;

/** Labels of the points and the lines that join them; again when columns were added or edited. */
async function words({ stale }: { stale: () => boolean }): Promise<void> {
  const d = detail.value;
  const label = labelColumn();
  const next = d?.path_column ?? null;
  const names = d && label ? loadColumn(d.id, label) : null;
  const lines = d && next ? loadColumn(d.id, next) : null;
  const other = d?.id !== wordsOf;
  wordsOf = d?.id ?? -1;
  if (!names || other) tokens.value = null;
  if (!lines || other) paths.value = [];
  await Promise.all([
    names?.then((c) => {
      if (!stale()) tokens.value = c.kind === "codes" ? c : labelBy.peek() === null ? null : numberNames(c.values);
    }),
    lines?.then((c) => {
      if (!stale()) paths.value = c.kind === "number" ? chains(c.values) : [];
    }),
  ]);
}

/* ---- neighbours ------------------------------------------------------------------------------- */

const weights = [1, -1, 1];
const term = (o: Operand, i: number): Term[] => (o === null ? [] : [{ ...o, weight: weights[i] }]);

async function near({ stale, signal: s }: { stale: () => boolean; signal: AbortSignal }): Promise<void> {
  const d = detail.value;
  const row = pinned.value;
  const abc = operands.value;
  const saved = savedNearest.value;
  const { k, metric, space } = saved ?? nearest.value;
  const of = layer.value;
  const subset = isolated.value;
  const terms = abc.flatMap(term);
  // The sum is asked for where it is listed; elsewhere the list is that of the pinned token.
  const sum = terms.length >= 2 && inspectorTab.value === "arithmetic";
  if (!d || (offline.value && (!saved || sum)) || (!sum && row < 0) || row >= d.rows) {
    neighbours.value = { of: null, reply: null, busy: false, error: null };
    return;
  }
  const asked = sum ? { operands: abc } : { row };
  const query: NeighborQuery = sum ? { terms } : { row };
  // The list before stays until the answer comes, but never under a question of the other kind.
  const { of: formerly, reply: old } = neighbours.peek();
  const reply = formerly && "operands" in formerly === sum ? old : null;
  neighbours.value = { of: asked, reply, busy: true, error: null };
  try {
    // Rows outside an isolated sub-dataset stay out of the list: more are asked for, the rest is dropped.
    const exclude = subset ? outside(subset, d.rows) : undefined;
    const reply = await api.neighbors({ source: d.id, layer: of, metric, space, k, query, ...(exclude && { exclude }) }, s);
    if (!stale()) neighbours.value = { of: asked, reply, busy: false, error: null };
  } catch (e) {
    if (!stale()) neighbours.value = { of: asked, reply: null, busy: false, error: (e as Error).message };
  }
}

function outside(subset: Uint32Array, n: number): number[] {
  const out: number[] = [];
  let j = 0;
  for (let i = 0; i < n; i++) {
    if (subset[j] === i) j++;
    else out.push(i);
  }
  return out;
}

/* ---- search ----------------------------------------------------------------------------------- */

/** What was last counted to the end, and in which sub-dataset. */
let counted: { key: string; within: Uint32Array | null } = { key: "", within: null };

async function find({ stale, signal: s }: { stale: () => boolean; signal: AbortSignal }): Promise<void> {
  const q = search.value;
  const id = currentSource.value;
  const d = detail.value;
  if (id === null || !d || d.id !== id) return;
  if (!q.text) {
    counted = { key: "", within: null };
    searchStatus.value = { count: 0, scanned: 0, total: 0, busy: false, error: null };
    return;
  }
  const key = JSON.stringify([q, id]);
  const within = isolated.value;
  if (key === counted.key && within === counted.within) return;
  searchStatus.value = { ...searchStatus.peek(), busy: true };
  await new Promise((r) => setTimeout(r, 40)); // the next key may come at once
  if (stale()) return;
  const parts: Uint32Array[] = [];
  let shown = 0;
  try {
    await api.search(
      {
        source: id,
        mode: q.mode,
        text: q.text,
        column: q.column,
        case: q.matchCase,
        within: within ? Array.from(within) : null,
      },
      (p) => {
        if (stale()) return;
        parts.push(p.rows);
        searchStatus.value = { count: p.count, scanned: p.scanned, total: p.total, busy: !p.last, error: null };
        // The hits so far are selected a few times on the way, not at every part.
        const now = performance.now();
        if (p.last || now - shown > 150) {
          shown = now;
          if (searchAsked.peek() !== q) return;
          const rows = rowsOfHits(parts);
          if (!sameRows(rows, selection.peek())) commit("search", () => (selection.value = rows), "search");
        }
      },
      s,
    );
    if (stale()) return;
    counted = { key, within };
    if (searchAsked.peek() === q) searchAsked.value = null;
  } catch (e) {
    if (stale()) return;
    if (!(e instanceof ApiError)) throw e;
    searchStatus.value = { ...searchStatus.peek(), busy: false, error: e.message };
  }
}

/* ---- counts ----------------------------------------------------------------------------------- */

/** Rows of the source, of the sub-dataset, drawn (placed and not switched off), and selected. */
export const counts = computed(() => {
  const rows = detail.value?.rows ?? 0;
  const within = isolated.value?.length ?? rows;
  const off = colouring.value.off;
  const s = layout.value?.state.value;
  let hidden = 0;
  if (off) {
    const sub = isolated.value;
    if (sub) for (const r of sub) hidden += off[r];
    else for (const o of off) hidden += o;
  }
  const placed = s ? s.placed : 0;
  return { rows, within, shown: Math.max(0, Math.min(placed, within) - hidden), placed, selected: selection.value.length };
});

export function startReactions(): void {
  startLayouts();
  latest(load);
  latest(words);
  latest(colour);
  latest(size);
  latest(near);
  latest(find);
}
