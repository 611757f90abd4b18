/** The page's state: every signal that more than one part reads, with its meaning.
 *
 *  Signals made with undoable() are the view: change them inside commit() (history.ts). The others are
 *  what the server said, or what passes (hover). Rows are indices of the source, always: a subset never
 *  renumbers. */
import { computed, signal } from "@preact/signals";
import type { Pictures, Plot } from "../plot";
import type {
  Align,
  Bookmark,
  BookmarkKind,
  Metric,
  Method,
  NamedSet,
  NeighborReply,
  SearchMode,
  SourceDetail,
  SourceEntry,
  Space,
} from "../api/types";
import { type Colouring, plainColouring } from "./colouring";
import { undoable } from "./history";

/* ---- what there is ---------------------------------------------------------------------------- */

/** "starting" until the listing is there; "ready" = page usable; "failed" = the server did not answer. */
export const boot = signal<"starting" | "ready" | "failed">("starting");
export const folders = signal<string[]>([]);
export const sources = signal<SourceEntry[]>([]);
/** Details of the current source; null while they load. */
export const detail = signal<SourceDetail | null>(null);
/** True in a page that was exported as a single file: no server, nothing can be computed. */
export const offline = signal(false);

/** Counts how often the server came back: what is shown is then asked for again. */
export const returns = signal(0);

/* ---- messages --------------------------------------------------------------------------------- */

export interface Message {
  id: number;
  kind: "error" | "info";
  text: string;
}
/** Sentences at the foot of the page; each goes by itself or by its button. */
export const messages = signal<Message[]>([]);
/** That a file of the current source was changed while it was open: it is the source's state, told once. */
export const fileChanged = signal<string | null>(null);
let messageId = 0;
export function say(text: string, kind: Message["kind"] = "info"): void {
  if (text === fileChanged.peek()) return;
  const id = ++messageId;
  messages.value = [...messages.value.filter((m) => m.text !== text), { id, kind, text }];
  setTimeout(() => dismiss(id), kind === "error" ? 12000 : 4000);
}
export function dismiss(id: number): void {
  messages.value = messages.value.filter((m) => m.id !== id);
}

/* ---- where the user is ------------------------------------------------------------------------ */

export type Screen = "open" | "map" | "compare" | "geometry";
export const screen = undoable<Screen>("screen", "map");
/** Dialog over the screen. */
export const dialog = signal<"export" | "help" | null>(null);
/** Id of the source on the map. */
export const currentSource = undoable<number | null>("source", null);
/** Layer number (not index) on the map. */
export const layer = undoable<number>("layer", 0);
/** While the layer slider is dragged: fractional index into layoutLayers (2.25 = a quarter of the way from
 *  the third to the fourth); null otherwise, then the map shows `layer`. */
export const scrub = signal<number | null>(null);
/** The layers of the current source. */
export const layers = computed(() => detail.value?.layers ?? []);

/* ---- projection ------------------------------------------------------------------------------- */

/** One end of a word axis as it is typed: a match in a column or a named set. */
export interface AxisSide {
  text: string;
  regex: boolean;
  set: string | null;
}
export interface AxisForm {
  left: AxisSide;
  right: AxisSide;
  label: string;
}

/** What the left panel asks for; Run makes a layout of it. */
export interface Projection {
  method: Method;
  dim: 2 | 3;
  seed: number;
  /** One layer, or all layers of the stack aligned as said. */
  scope: "layer" | "all";
  align: Align;
  space: Space;
  /** Of the neighbours of t-SNE and UMAP. */
  metric: Metric;
  /** Components on the axes, from 0. */
  components: [number, number, number];
  /** learning_rate 0: the server's rule. */
  tsne: { perplexity: number; exaggeration: number; learning_rate: number; steps: number };
  umap: { neighbors: number; min_dist: number; steps: number };
  axisColumn: string | null;
  axes: [AxisForm, AxisForm, AxisForm];
  /** A layout that came with the data: its place among `bookmarks` (-1: none), which of its projections, and that
   *  one's dimensions. */
  bookmark: { place: number; projection: BookmarkKind; dim: 2 | 3 };
}

const side = (): AxisSide => ({ text: "", regex: false, set: null });
const axis = (): AxisForm => ({ left: side(), right: side(), label: "" });

export const projection = undoable<Projection>("projection", {
  method: "pca",
  dim: 2,
  seed: 1,
  scope: "layer",
  align: "joint",
  space: { center: false, remove: 0 },
  metric: "euclidean",
  components: [0, 1, 2],
  tsne: { perplexity: 30, exaggeration: 12, learning_rate: 0, steps: 750 },
  umap: { neighbors: 15, min_dist: 0.1, steps: 300 },
  axisColumn: null,
  axes: [axis(), axis(), axis()],
  bookmark: { place: -1, projection: "pca", dim: 2 },
});

/** What TensorBoard's projector saved of the current source. */
export const bookmarks = signal<Bookmark[]>([]);
/** Of those that are of other data; null: none. */
export const bookmarksNote = signal<string | null>(null);

/** Id of the layout on the map (layouts.ts holds the layouts themselves). */
export const layoutId = undoable<number | null>("layout", null);

/* ---- colours, sizes and drawing --------------------------------------------------------------- */

/** What colours the points. "values" are numbers handed over by another screen (paint). */
export type ColourBy =
  | { kind: "none" }
  | { kind: "column"; name: string }
  | { kind: "measure"; name: string }
  | { kind: "trust"; name: "kept" | "lost" | "false" }
  | { kind: "sets" }
  | { kind: "values" };
export const colourBy = undoable<ColourBy>("colour", { kind: "none" });
/** Numbers per row that a screen wants on the map: set it, then colourBy {kind: "values"}. */
export const paint = undoable<{ title: string; values: Float32Array; diverging?: boolean; range?: [number, number] } | null>(
  "paint",
  null,
);
/** Column whose values name the rows; null: the tokens. */
export const labelBy = undoable<string | null>("labelBy", null);
/** The pictures of the current source's rows, and the address of their image. */
export const sprite = signal<(Pictures & { url: string; image: HTMLImageElement }) | null>(null);
/** Pictures instead of points, where there are. */
export const showPictures = undoable<boolean>("pictures", false);
/** Categories of the current colour column that the legend has switched off (codes). */
export const hiddenCodes = undoable<ReadonlySet<number>>("hidden", new Set());
/** Numeric column or measure that sizes the points; null = one size. */
export const sizeBy = undoable<{ kind: "column" | "measure"; name: string } | null>("size", null);
export const drawMode = undoable<"points" | "density">("mode", "points");
/** Diameter of a point in CSS px; 0 = by the number of points. */
export const pointSize = undoable<number>("pointSize", 0);
export const showPaths = undoable<boolean>("paths", true);
export const showLabels = undoable<boolean>("labels", true);
/** Lines of the pinned and the selected rows through the layers. */
export const showTrails = undoable<boolean>("trails", true);
export type Theme = "light" | "dark";
/** Chosen theme; null = as the system says. */
export const themeChoice = signal<Theme | null>(null);
export const systemDark = signal(false);
export const theme = computed<Theme>(() => themeChoice.value ?? (systemDark.value ? "dark" : "light"));
/** How the points are coloured, and the legend; the last one stays while the next is fetched. */
export const colouring = signal<Colouring>(plainColouring("light"));
export const colourBusy = signal(false);
/** Size per row (1/64 of the point size), or null. */
export const sizes = signal<Uint8Array | null>(null);
/** Polylines of the `__seq_next__` column. */
export const paths = signal<Uint32Array[]>([]);
export const tool = signal<"navigate" | "lasso" | "rectangle">("navigate");

/* ---- rows ------------------------------------------------------------------------------------- */

const none = new Uint32Array(0);
/** Selected rows, ascending. */
export const selection = undoable<Uint32Array>("selection", none);
/** Rows of the isolated sub-dataset, ascending; null = all. */
export const isolated = undoable<Uint32Array | null>("isolated", null);
/** The row whose card is pinned (its neighbours are listed), or -1. */
export const pinned = undoable<number>("pinned", -1);
/** The row under the pointer or under the focus of a list, or -1. */
export const hover = signal(-1);
/** Where the pointer is over the map in CSS px; null when the hover comes from a list. */
export const hoverAt = signal<[number, number] | null>(null);
export const sets = signal<NamedSet[]>([]);
/** Names of the sets that are drawn in colours of their own, in this order. */
export const colouredSets = undoable<string[]>("colouredSets", []);

/* ---- neighbours and search -------------------------------------------------------------------- */

export interface NearestSettings {
  k: number;
  metric: Metric;
  /** The space of the neighbours: never that of the layout unless the user says so. */
  space: Space;
}
export const nearest = undoable<NearestSettings>("nearest", { k: 10, metric: "cosine", space: { center: false, remove: 0 } });
/** Of a saved page that carries neighbours: which ones. */
export const savedNearest = signal<(NearestSettings & { layer: number }) | null>(null);
/** A - B + C: rows or typed words; null = free. */
export type Operand = { row: number } | { text: string } | null;
export const operands = undoable<[Operand, Operand, Operand]>("operands", [null, null, null]);
/** The text that goes through the model and onto the map; "" = none. */
export const typedText = undoable<string>("typed", "");
/** What was asked, and its answer; the answer before it stays until then. */
export interface NeighbourPanel {
  of: { row: number } | { operands: [Operand, Operand, Operand] } | null;
  reply: NeighborReply | null;
  busy: boolean;
  error: string | null;
}
export const neighbours = signal<NeighbourPanel>({ of: null, reply: null, busy: false, error: null });

export interface SearchState {
  text: string;
  mode: SearchMode;
  column: string | null;
  matchCase: boolean;
}
export const search = undoable<SearchState>("search", { text: "", mode: "substring", column: null, matchCase: false });
/** The search whose hits become the selection when they come. A search that undo, redo or a restored view
 *  brought back is counted, and selects nothing: its selection came with it. */
export const searchAsked = signal<SearchState | null>(null);
/** How far the search is; `error` (invalid regex) keeps the hits before it. */
export const searchStatus = signal<{ count: number; scanned: number; total: number; busy: boolean; error: string | null }>({
  count: 0,
  scanned: 0,
  total: 0,
  busy: false,
  error: null,
});
export type InspectorTab = "token" | "selection" | "arithmetic";
export const inspectorTab = undoable<InspectorTab>("inspector", "token");

/* ---- the map ---------------------------------------------------------------------------------- */

/** The plot of the map while it is on screen: for exports and the test handle. */
export const mapPlot = signal<Plot | null>(null);
/** Options from the address: ?anim=0&seed=1&renderer=splat */
export const options = { animate: true, renderer: "auto" as "auto" | "gl" | "splat" };
