/** What the user does: each function is one undoable step, whichever control or key it came from. */
import { api } from "../api/client";
import type { BookmarkKind } from "../api/types";
import { forgetCards } from "./cards";
import { forgetColumn } from "./columns";
import { commit, commitRemote, redo, undo } from "./history";
import { run } from "./layouts";
import { combine, noRows, sortedRows } from "./rows";
import {
  bookmarks,
  colouredSets,
  colourBy,
  colouring,
  currentSource,
  detail,
  dialog,
  hiddenCodes,
  hover,
  hoverAt,
  inspectorTab,
  isolated,
  labelBy,
  layer,
  layers,
  layoutId,
  mapPlot,
  neighbours,
  type Operand,
  operands,
  paint,
  pinned,
  projection,
  type Projection,
  say,
  screen,
  type Screen,
  search,
  searchAsked,
  type SearchState,
  selection,
  sets,
  sizeBy,
  sources,
  tool,
  typedText,
} from "./store";

/** Runs a task of the server; its sentence goes to the foot of the page when it fails. */
export async function attempt(task: () => Promise<unknown>): Promise<boolean> {
  try {
    await task();
    return true;
  } catch (e) {
    say((e as Error).message, "error");
    return false;
  }
}

/** Undo and redo; a way back that the server refuses stays in the history. */
export const undoStep = (): void => void attempt(undo);
export const redoStep = (): void => void attempt(redo);

/* ---- sources, screens, layers ----------------------------------------------------------------- */

/** Shows a source on the map: its last layer, a PCA, colours by its first small category. */
export function openSource(id: number, screenThen: Screen = "map"): void {
  if (currentSource.peek() === id) {
    commit("open", () => (screen.value = screenThen));
    return;
  }
  const entry = sources.peek().find((s) => s.id === id);
  if (!entry?.supported) return;
  commit(
    "open source",
    () => {
      currentSource.value = id;
      layer.value = entry.layers[entry.layers.length - 1]?.layer ?? 0;
      layoutId.value = null;
      selection.value = noRows;
      isolated.value = null;
      pinned.value = -1;
      operands.value = [null, null, null];
      colourBy.value = { kind: "none" };
      labelBy.value = null;
      hiddenCodes.value = new Set();
      sizeBy.value = null;
      paint.value = null;
      colouredSets.value = [];
      search.value = { ...search.value, text: "", column: null };
      typedText.value = "";
      // Tables of two or three dimensions are shown as they are (nothing to project).
      const small = entry.dims <= 3 && entry.dims >= 2;
      const p = projection.value;
      projection.value = {
        ...p,
        method: small ? "raw" : "pca",
        dim: small ? (entry.dims as 2 | 3) : p.dim,
        components: [0, 1, 2],
        axisColumn: null,
        bookmark: { place: -1, projection: "pca", dim: 2 },
        scope: entry.layers.length > 1 && entry.rows * entry.dims * entry.layers.length <= 3e8 ? "all" : "layer",
      };
      screen.value = screenThen;
    },
    "open",
  );
}

export function showScreen(s: Screen): void {
  commit(`${s} screen`, () => (screen.value = s));
}

/** Goes to a layer by its number. */
export function goToLayer(to: number): void {
  if (layers.peek().some((l) => l.layer === to)) commit("layer", () => (layer.value = to), "layer");
}

/** The next (+1) or previous (-1) layer. */
export function stepLayer(by: 1 | -1): void {
  const all = layers.peek();
  const at = all.findIndex((l) => l.layer === layer.peek());
  const next = all[at + by];
  if (next) goToLayer(next.layer);
}

/* ---- projection ------------------------------------------------------------------------------- */

/** Changes the panel's settings; `key` names the control, so that a drag is one step. */
export function setProjection(patch: Partial<Projection>, key: string): void {
  commit(`projection: ${key}`, () => (projection.value = { ...projection.value, ...patch }), `projection.${key}`);
}

/** 2 or 3 dimensions: a quick projection follows at once, others wait for Run. */
export function setDim(dim: 2 | 3): void {
  if (projection.peek().dim === dim) return;
  if (projection.peek().method === "bookmark") return say("A saved layout has the dimensions that it was saved with.");
  setProjection({ dim }, "dimensions");
  if (projection.peek().method === "pca") void run("projection.dimensions");
}

/** Shows a layout of a bookmark, with the bookmark's selection, filter, colours and labels. */
export function showBookmark(place: number, kind: BookmarkKind): void {
  const b = bookmarks.peek()[place];
  const l = b?.layouts.find((x) => x.projection === kind);
  if (!b || !l) return;
  const column = (name: string | null): string | null =>
    detail.peek()?.columns.some((c) => c.name === name) ? name : null;
  const colour = column(b.color);
  const step = `bookmark ${place} ${kind}`;
  commit(
    `bookmark ${b.name}`,
    () => {
      const chosen = { place, projection: kind, dim: l.dim };
      projection.value = { ...projection.value, method: "bookmark", scope: "layer", dim: l.dim, bookmark: chosen };
      isolated.value = b.filter && sortedRows(b.filter);
      selection.value = sortedRows(b.selection);
      labelBy.value = column(b.label);
      if (colour) {
        colourBy.value = { kind: "column", name: colour };
        hiddenCodes.value = new Set();
      }
    },
    step,
  );
  void run(step);
}

/* ---- rows ------------------------------------------------------------------------------------- */

export function select(
  rows: Uint32Array,
  mode: "replace" | "add" | "remove" = "replace",
  label = "select",
  merge: string | null = null,
): void {
  const now = selection.peek();
  const next = mode === "replace" ? rows : combine(now, rows, mode);
  commit(label, () => (selection.value = next), merge);
}

/** Takes the card beside the pointer away. */
function leaveHover(): void {
  hover.value = -1;
  hoverAt.value = null;
}

/** Pins a row's card and lists its neighbours; -1 lets go. */
export function pin(row: number): void {
  leaveHover();
  commit(row < 0 ? "unpin" : "pin", () => {
    pinned.value = row;
    if (row >= 0) inspectorTab.value = "token";
  });
}

/** Esc: the nearest thing first: dialog, pinned card, selection, lasso. */
export function clear(): void {
  leaveHover();
  if (dialog.peek()) dialog.value = null;
  else if (pinned.peek() >= 0) pin(-1);
  else if (selection.peek().length)
    commit("clear selection", () => {
      selection.value = noRows;
      search.value = { ...search.value, text: "" };
    });
  else tool.value = "navigate";
}

/** Pins the next row of the neighbour list, round and round. */
export function nextNeighbour(): void {
  const list = neighbours.peek().reply?.rows;
  if (!list?.length) return;
  const at = list.findIndex((n) => n.row === hover.peek());
  const { row } = list[(at + 1) % list.length];
  hoverAt.value = mapPlot.peek()?.project(row) ?? null; // its card, as if the pointer were there
  hover.value = row;
}

export function isolate(rows: Uint32Array): void {
  if (!rows.length) return;
  leaveHover();
  commit("isolate", () => {
    isolated.value = rows;
    selection.value = noRows;
  });
}

/** Selects the rows of a line of the legend. */
export function rowsOfEntry(e: { codes: number[] }): void {
  const { legend, index } = colouring.peek();
  if (legend.kind !== "categories" || !index) return;
  const at = legend.entries.findIndex((x) => x.codes[0] === e.codes[0]);
  const rows: number[] = [];
  for (let i = 0; i < index.length; i++) if (index[i] === at) rows.push(i);
  select(Uint32Array.from(rows), "replace", "select category");
}

export function restoreAll(): void {
  commit("show all rows", () => (isolated.value = null));
}

/* ---- search and arithmetic -------------------------------------------------------------------- */

export function setSearch(patch: Partial<SearchState>): void {
  commit(
    "search",
    () => {
      search.value = { ...search.value, ...patch };
      searchAsked.value = search.value;
    },
    "search",
  );
}

/** Puts a row or a typed word into A, B or C. */
export function setOperand(slot: 0 | 1 | 2, value: Operand): void {
  commit(`operand ${"ABC"[slot]}`, () => {
    const next = [...operands.value] as [Operand, Operand, Operand];
    next[slot] = value;
    operands.value = next;
    inspectorTab.value = "arithmetic";
  });
}

export function clearOperands(): void {
  commit("clear A, B, C", () => (operands.value = [null, null, null]));
}

/** Places a text on the map; "" takes it away. */
export function placeText(text: string): void {
  commit("typed text", () => (typedText.value = text));
}

/* ---- sets and tags (kept by the server) ------------------------------------------------------- */

export async function refreshSets(): Promise<void> {
  const s = currentSource.peek();
  if (s === null) return;
  const list = await api.sets(s);
  if (currentSource.peek() === s) sets.value = list;
}

/** Runs a change of the sets and its way back as one step. */
async function changeSets(label: string, redo: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<boolean> {
  const then = (f: () => Promise<unknown>) => async (): Promise<void> => {
    await f();
    await refreshSets();
  };
  return attempt(() => commitRemote(label, then(redo), then(undo)));
}

/** The way back of a write to a set: its former rows, or its removal. */
function formerly(source: number, name: string): () => Promise<unknown> {
  const before = sets.peek().find((s) => s.name === name);
  return () => (before ? api.putSet(source, name, before.rows) : api.deleteSet(source, name));
}

export function saveSet(name: string, rows: Uint32Array): Promise<boolean> {
  const s = currentSource.peek()!;
  return changeSets(`set ${name}`, () => api.putSet(s, name, rows), formerly(s, name));
}

export function deleteSet(name: string): Promise<boolean> {
  const s = currentSource.peek()!;
  return changeSets(`delete set ${name}`, () => api.deleteSet(s, name), formerly(s, name));
}

export function combineSets(op: "and" | "or" | "not", a: string, b: string, name: string): Promise<boolean> {
  const s = currentSource.peek()!;
  return changeSets(`set ${name}`, () => api.combineSets(s, op, a, b, name), formerly(s, name));
}

/** Writes a value into a column of tags for the given rows. */
export async function tag(column: string, rows: Uint32Array, value: string | null): Promise<boolean> {
  const s = currentSource.peek()!;
  const list = Array.from(rows);
  let previous: (string | null)[] = list.map(() => null);
  const isNew = !detail.peek()?.columns.some((c) => c.name === column);
  const written = async (): Promise<void> => {
    forgetColumn(s, column);
    forgetCards();
    const fresh = await api.source(s);
    if (currentSource.peek() === s) detail.value = fresh;
  };
  return attempt(() =>
    commitRemote(
      `tag ${column}`,
      async () => {
        const reply = await api.putTags(s, column, list, value);
        previous = reply.previous ?? reply.old ?? previous;
        await written();
      },
      async () => {
        await (isNew ? api.deleteTags(s, column) : api.putTags(s, column, list, previous));
        await written();
      },
    ),
  );
}

/** Rows of dropped files become sources; the first of them is opened. */
export async function upload(files: Iterable<File>): Promise<void> {
  for (const f of files) {
    const metadata = /metadata.*\.tsv$/i.test(f.name) ? (currentSource.peek() ?? undefined) : undefined;
    await attempt(async () => {
      const added = await api.upload(f, metadata);
      const listing = await api.sources();
      sources.value = listing.sources;
      const first = added.find((x) => x.supported);
      if (metadata !== undefined) detail.value = await api.source(metadata);
      else if (first) openSource(first.id);
      else throw new Error(`${f.name}: ${added[0]?.note ?? "there is nothing in it to show"}`);
      say(`${f.name} is open.`);
    });
  }
}

/** Rows of a list of hits, ascending. */
export function rowsOfHits(parts: Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return sortedRows(all);
}
