/** The view as JSON: what the address carries after `#` and what session files hold. Hashes of the data,
 *  never coordinates: layouts are seeded, so they are made again. */
import { batch, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Camera } from "../plot";
import { restoreComparison } from "../screens/compare-state";
import { brushed, type Painted, repaint } from "../screens/geometry-paint";
import { captureComparison, type ComparisonView, readComparison } from "../screens/compare-view";
import { commit, follow } from "./history";
import { adopt, known, run } from "./layouts";
import { noRows, packRows, unpackRows } from "./rows";
import {
  boot,
  colouredSets,
  colourBy,
  currentSource,
  detail,
  drawMode,
  hiddenCodes,
  inspectorTab,
  isolated,
  labelBy,
  layer,
  layoutId,
  mapPlot,
  nearest,
  offline,
  operands,
  pinned,
  pointSize,
  projection,
  say,
  screen,
  search,
  searchAsked,
  selection,
  showLabels,
  showPaths,
  showPictures,
  showTrails,
  sizeBy,
  sources,
  themeChoice,
  typedText,
} from "./store";

/** A view: every field but the source is optional when it is read. */
export interface View {
  v: 1;
  source: { path: string; name: string; hash: string };
  screen: typeof screen.value;
  layer: number;
  projection: typeof projection.value;
  /** Id of the layout at the server, taken up again if it is still there. */
  layout: number | null;
  colour: typeof colourBy.value;
  hidden: number[];
  size: typeof sizeBy.value;
  labelBy: string | null;
  pictures: boolean;
  mode: typeof drawMode.value;
  pointSize: number;
  paths: boolean;
  labels: boolean;
  trails: boolean;
  /** null: too large for the address; the hits of the search are selected then. */
  selection: string | null;
  isolated: string | null;
  pinned: number;
  nearest: typeof nearest.value;
  operands: typeof operands.value;
  search: typeof search.value;
  /** Text that was placed on the map. */
  typed: string;
  sets: string[];
  tab: typeof inspectorTab.value;
  theme: typeof themeChoice.value;
  camera: Camera | null;
  /** What the compare screen compares; null: nothing. */
  compare: ComparisonView | null;
  /** The measure of which layers colours the map, painted from the curves. */
  painted: Painted | null;
}

/** Camera that a restored view asks for: the map takes it with its first positions. */
export const pendingCamera = signal<Camera | null>(null);
/** Changed by the map when the camera has come to rest. */
export const cameraMoved = signal(0);

/** The view as it is; null without a source. */
export function captureView(): View | null {
  const d = detail.value;
  if (!d) return null;
  void cameraMoved.value;
  return {
    v: 1,
    source: { path: d.path, name: d.name, hash: d.hash },
    screen: screen.value,
    layer: layer.value,
    projection: projection.value,
    layout: layoutId.value,
    colour: colourBy.value.kind === "values" ? { kind: "none" } : colourBy.value,
    hidden: [...hiddenCodes.value],
    size: sizeBy.value,
    labelBy: labelBy.value,
    pictures: showPictures.value,
    mode: drawMode.value,
    pointSize: pointSize.value,
    paths: showPaths.value,
    labels: showLabels.value,
    trails: showTrails.value,
    selection: packRows(selection.value),
    isolated: isolated.value ? packRows(isolated.value) : null,
    pinned: pinned.value,
    nearest: nearest.value,
    operands: operands.value,
    search: search.value,
    typed: typedText.value,
    sets: colouredSets.value,
    tab: inspectorTab.value,
    theme: themeChoice.value,
    camera: mapPlot.value?.camera.get() ?? null,
    compare: captureComparison(),
    painted: colourBy.value.kind === "values" ? brushed.value : null,
  };
}

/** Shows a view, as one step of the history (`label`) or, where it is the start of one, as none (null). Data of
 *  another hash is refused with a sentence; nothing changes then. */
export async function applyView(asked: View, label: string | null = "open a view"): Promise<boolean> {
  const view = checkedView(asked);
  if (view.v !== 1 || typeof view.source?.path !== "string") {
    say("This is not a view of gonio, or one of a later version.", "error");
    return false;
  }
  const entry = sources.value.find((s) => s.path === view.source.path && s.name === view.source.name);
  if (!entry) {
    say(`The view is of '${view.source.name}' (${view.source.path}), which is not among the open sources.`, "error");
    return false;
  }
  const d = await api.source(entry.id);
  if (d.hash !== view.source.hash) {
    say(
      `'${view.source.name}' has other data than when the view was saved (hash ${d.hash}, expected ${view.source.hash}).`,
      "error",
    );
    return false;
  }
  const compared = await readComparison(view.compare);
  const rows = (text: string | null) => (text ? unpackRows(text, d.rows) : null);
  const change = (): void => {
    detail.value = d;
    currentSource.value = entry.id;
    screen.value = view.screen;
    layer.value = d.layers.some((l) => l.layer === view.layer) ? view.layer : (d.layers[0]?.layer ?? 0);
    projection.value = view.projection;
    colourBy.value = view.colour;
    hiddenCodes.value = new Set(view.hidden);
    sizeBy.value = view.size;
    labelBy.value = view.labelBy;
    showPictures.value = view.pictures;
    drawMode.value = view.mode;
    pointSize.value = view.pointSize;
    showPaths.value = view.paths;
    showLabels.value = view.labels;
    showTrails.value = view.trails;
    search.value = view.search;
    searchAsked.value = view.selection === null ? search.value : null;
    selection.value = rows(view.selection) ?? noRows;
    isolated.value = rows(view.isolated);
    nearest.value = view.nearest;
    operands.value = view.operands.map((o) => (o && "row" in o && o.row >= d.rows ? null : o)) as typeof view.operands;
    pinned.value = view.pinned < d.rows ? view.pinned : -1;
    colouredSets.value = view.sets;
    typedText.value = view.typed;
    inspectorTab.value = view.tab;
    themeChoice.value = view.theme;
    pendingCamera.value = view.camera;
    restoreComparison(...compared);
    layoutId.value = view.layout !== null && known.peek().has(view.layout) ? view.layout : null;
  };
  if (label === null) batch(change);
  else commit(label, change, "view");
  if (view.painted && !offline.peek()) void repaint(view.painted);
  if (view.layout === null || !(await adopt(view.layout, (show) => follow("view", show)))) await run("view");
  return true;
}

/* ---- the address ------------------------------------------------------------------------------ */

const prefix = "#v=";
/** Longer addresses are cut by some programs: a large selection is then left to session files. */
const longest = 8000;

/** What a fresh page shows: the address leaves it out. */
const fresh = {
  screen: screen.peek(),
  colour: colourBy.peek(),
  hidden: [],
  size: sizeBy.peek(),
  labelBy: null,
  pictures: false,
  mode: drawMode.peek(),
  pointSize: pointSize.peek(),
  paths: showPaths.peek(),
  labels: showLabels.peek(),
  trails: showTrails.peek(),
  selection: "" as View["selection"],
  isolated: null as View["isolated"],
  pinned: pinned.peek(),
  nearest: nearest.peek(),
  operands: operands.peek(),
  search: search.peek(),
  typed: typedText.peek(),
  sets: [] as string[],
  tab: inspectorTab.peek(),
  theme: null as View["theme"],
  compare: null as View["compare"],
  painted: null as View["painted"],
} satisfies Partial<View>;
const freshProjection = projection.peek();

const words: Record<string, readonly unknown[]> = {
  "screen": ["open", "map", "compare", "geometry"],
  "mode": ["points", "density"],
  "tab": ["token", "selection", "arithmetic"],
  "theme": [null, "light", "dark"],
  "projection.method": ["pca", "tsne", "umap", "axes", "raw", "bookmark"],
  "projection.dim": [2, 3],
  "projection.bookmark.projection": ["pca", "tsne", "umap", "custom"],
  "projection.bookmark.dim": [2, 3],
  "projection.scope": ["layer", "all"],
  "projection.align": ["none", "joint", "procrustes", "aligned"],
  "projection.metric": ["euclidean", "cosine"],
  "nearest.metric": ["euclidean", "cosine"],
  "search.mode": ["substring", "prefix", "whole", "regex", "field"],
};

/** `value` where it has the form of `usual`, member by member, and `usual` where not: an address or a file may hold
 *  anything. */
function like<T>(value: unknown, usual: T, path = ""): T {
  if (words[path]) return words[path].includes(value) ? (value as T) : usual;
  if (Array.isArray(usual))
    return Array.isArray(value) && value.length === usual.length ? (value.map((v, i) => like(v, usual[i])) as T) : usual;
  if (typeof usual === "object" && usual !== null) {
    if (typeof value !== "object" || value === null) return usual;
    const given = value as Record<string, unknown>;
    const member = ([k, v]: [string, unknown]): [string, unknown] => [k, k in given ? like(given[k], v, path ? `${path}.${k}` : k) : v];
    return Object.fromEntries(Object.entries(usual).map(member)) as T;
  }
  if (usual === null) return (value === null || typeof value === "string" ? value : null) as T;
  const finite = typeof value !== "number" || Number.isFinite(value);
  return typeof value === typeof usual && finite ? (value as T) : usual;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null;
const named = (v: unknown): v is { kind: string; name: string } =>
  isObject(v) && typeof v["kind"] === "string" && typeof v["name"] === "string";
const isColour = (v: unknown): v is View["colour"] =>
  isObject(v) && (v["kind"] === "none" || v["kind"] === "sets" || (named(v) && ["column", "measure", "trust"].includes(v.kind)));
const isOperand = (v: unknown): boolean =>
  v === null || (isObject(v) && (typeof v["text"] === "string" || (Number.isInteger(v["row"]) && Number(v["row"]) >= 0)));
const isPainted = (v: unknown): v is Painted =>
  isObject(v) &&
  typeof v["family"] === "string" &&
  Array.isArray(v["range"]) &&
  v["range"].length === 2 &&
  v["range"].every((x) => Number.isFinite(x));
const isCamera = (v: unknown): v is Camera =>
  isObject(v) &&
  (["target", "rotation"] as const).every((k) => Array.isArray(v[k]) && (v[k] as unknown[]).every(Number.isFinite)) &&
  Number(v["extent"]) > 0 &&
  Number.isFinite(v["perspective"]);

/** A view in which every member has the form that the page expects; what has not is as in a fresh page. */
export function checkedView(v: View): View {
  const list = <T>(x: unknown, good: (e: unknown) => boolean): T[] => (Array.isArray(x) ? (x.filter(good) as T[]) : []);
  const size: unknown = v.size;
  return {
    ...like(v, fresh),
    v: v.v,
    source: v.source,
    layer: Number(v.layer),
    layout: Number.isInteger(v.layout) ? v.layout : null,
    selection: v.selection === null || typeof v.selection === "string" ? v.selection : "",
    colour: isColour(v.colour) ? v.colour : fresh.colour,
    size: named(size) && (size.kind === "column" || size.kind === "measure") ? (size as View["size"]) : null,
    hidden: list(v.hidden, Number.isInteger),
    sets: list(v.sets, (s) => typeof s === "string"),
    operands:
      Array.isArray(v.operands) && v.operands.length === 3 && v.operands.every(isOperand) ? v.operands : fresh.operands,
    projection: like(v.projection, freshProjection, "projection"),
    camera: isCamera(v.camera) ? v.camera : null,
    painted: isPainted(v.painted) ? v.painted : null,
    compare: isObject(v.compare) ? { ...v.compare, camera: isCamera(v.compare.camera) ? v.compare.camera : null } : null,
  };
}

function differing<T extends object>(now: T, usual: Partial<T>): Partial<T> {
  const changed = Object.entries(now).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(usual[k as keyof T]));
  return Object.fromEntries(changed) as Partial<T>;
}

export function encodeView(view: View): string {
  // Readable where that is safe: ' stands for the quotation mark, and is itself escaped.
  const text = (v: View): string =>
    prefix +
    encodeURIComponent(JSON.stringify({ ...differing(v, fresh), projection: differing(v.projection, freshProjection) }))
      .replaceAll("'", "%27")
      .replaceAll("%22", "'")
      .replaceAll("%2C", ",")
      .replaceAll("%3A", ":");
  const whole = text(view);
  return whole.length <= longest ? whole : text({ ...view, selection: null, isolated: null });
}

/** The view of an address, with what it left out; null for any other text. */
export function decodeView(hash: string): View | null {
  if (!hash.startsWith(prefix)) return null;
  try {
    const view = JSON.parse(decodeURIComponent(hash.slice(prefix.length).replaceAll("'", "%22"))) as View;
    return { ...fresh, ...view, projection: { ...freshProjection, ...view.projection } };
  } catch {
    return null;
  }
}

/** The address follows the view, a moment after it has come to rest; another screen or source is a place of
 *  its own for the browser's Back. An address that the user goes to or pastes is shown. */
export function followAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const placeOf = (v: View | null): string => JSON.stringify([v?.screen, v?.source]);
  let place: string | null = null;
  effect(() => {
    const view = boot.value === "ready" ? captureView() : null;
    clearTimeout(timer);
    if (!view) return;
    timer = setTimeout(() => {
      const write = place === null || placeOf(view) === place ? "replaceState" : "pushState";
      place = placeOf(view);
      if (location.hash !== encodeView(view)) history[write](null, "", encodeView(view));
    }, 250);
  });
  addEventListener("hashchange", () => {
    const view = decodeView(location.hash);
    place = placeOf(view);
    if (view) applyView(view).catch((e: Error) => say(e.message, "error"));
    else if (location.hash) say("This address holds no view that can be read.", "error");
  });
}
