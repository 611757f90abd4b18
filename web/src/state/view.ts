/** The view as JSON: what the address carries after `#` and what session files hold. Hashes of the data,
 *  never coordinates: layouts are seeded, so they are made again. */
import { effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Camera } from "../plot";
import { clearHistory } from "./history";
import { adopt, run } from "./layouts";
import { packRows, unpackRows } from "./rows";
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
  layer,
  layoutId,
  mapPlot,
  nearest,
  operands,
  pinned,
  pointSize,
  projection,
  say,
  screen,
  search,
  selection,
  showLabels,
  showPaths,
  sizeBy,
  sources,
  themeChoice,
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
  mode: typeof drawMode.value;
  pointSize: number;
  paths: boolean;
  labels: boolean;
  selection: string;
  isolated: string | null;
  pinned: number;
  nearest: typeof nearest.value;
  operands: typeof operands.value;
  search: typeof search.value;
  sets: string[];
  tab: typeof inspectorTab.value;
  theme: typeof themeChoice.value;
  camera: Camera | null;
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
    mode: drawMode.value,
    pointSize: pointSize.value,
    paths: showPaths.value,
    labels: showLabels.value,
    selection: packRows(selection.value),
    isolated: isolated.value ? packRows(isolated.value) : null,
    pinned: pinned.value,
    nearest: nearest.value,
    operands: operands.value,
    search: search.value,
    sets: colouredSets.value,
    tab: inspectorTab.value,
    theme: themeChoice.value,
    camera: mapPlot.value?.camera.get() ?? null,
  };
}

/** Shows a view. Data of another hash is refused with a sentence; nothing changes then. */
export async function applyView(view: View): Promise<boolean> {
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
  const rows = (text: string | null | undefined) => (text ? unpackRows(text, d.rows) : null);
  detail.value = d;
  currentSource.value = entry.id;
  screen.value = view.screen ?? "map";
  layer.value = d.layers.some((l) => l.layer === view.layer) ? view.layer : (d.layers[0]?.layer ?? 0);
  projection.value = { ...projection.value, ...view.projection };
  colourBy.value = view.colour ?? { kind: "none" };
  hiddenCodes.value = new Set(view.hidden ?? []);
  sizeBy.value = view.size ?? null;
  drawMode.value = view.mode ?? "points";
  pointSize.value = view.pointSize ?? 0;
  showPaths.value = view.paths ?? true;
  showLabels.value = view.labels ?? true;
  search.value = { ...search.value, ...view.search };
  selection.value = rows(view.selection) ?? new Uint32Array(0);
  isolated.value = rows(view.isolated);
  nearest.value = { ...nearest.value, ...view.nearest };
  operands.value = view.operands ?? [null, null, null];
  pinned.value = view.pinned >= 0 && view.pinned < d.rows ? view.pinned : -1;
  colouredSets.value = view.sets ?? [];
  inspectorTab.value = view.tab ?? "token";
  themeChoice.value = view.theme ?? null;
  pendingCamera.value = view.camera ?? null;
  layoutId.value = null;
  clearHistory();
  if (view.layout === null || !(await adopt(view.layout))) await run("open");
  return true;
}

/* ---- the address ------------------------------------------------------------------------------ */

const prefix = "#v=";
/** Longer addresses are cut by some programs: a large selection is then left to session files. */
const longest = 8000;

/** What a fresh page shows: the address leaves it out. */
const fresh: Partial<View> = {
  screen: screen.peek(),
  colour: colourBy.peek(),
  hidden: [],
  size: sizeBy.peek(),
  mode: drawMode.peek(),
  pointSize: pointSize.peek(),
  paths: showPaths.peek(),
  labels: showLabels.peek(),
  selection: "",
  isolated: null,
  pinned: pinned.peek(),
  nearest: nearest.peek(),
  operands: operands.peek(),
  search: search.peek(),
  sets: [],
  tab: inspectorTab.peek(),
  theme: null,
};
const freshProjection = projection.peek();

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
  return whole.length <= longest ? whole : text({ ...view, selection: "", isolated: null });
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

/** The address follows the view, a moment after it has come to rest. */
export function followAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const view = boot.value === "ready" ? captureView() : null;
    clearTimeout(timer);
    if (view) timer = setTimeout(() => history.replaceState(null, "", encodeView(view)), 250);
  });
}
