/** The server's contract (docs/api.md) as types: what goes over the wire, nothing else. */

export type Metric = "euclidean" | "cosine";

/** Which vectors are meant: centred or not, and how many leading principal components are taken off. */
export interface Space {
  center: boolean;
  remove: number;
}

export type SourceKind = "set" | "npy" | "npz" | "safetensors" | "tsv" | "glove" | "tensorboard" | "bytes";

export interface LayerEntry {
  /** The model's layer number, as in gonio.json; 0 for a table. */
  layer: number;
  depth: number;
  name: string;
}

/** One line of the listing; nothing has been computed for it. */
export interface SourceEntry {
  id: number;
  name: string;
  kind: SourceKind;
  path: string;
  rows: number;
  dims: number;
  layers: LayerEntry[];
  dtype: string;
  bytes: number;
  preview: string[];
  supported: boolean;
  note?: string | null;
}

export interface ColumnInfo {
  name: string;
  type: "category" | "number" | "text";
  distinct: number;
  missing: number;
}

export interface SourceDetail extends SourceEntry {
  hash: string;
  columns: ColumnInfo[];
  token_column?: string | null;
  text: boolean;
  /** Column with the index of the next row of a polyline (`__seq_next__`), or null. */
  path_column?: string | null;
  conditions?: Record<string, unknown> | null;
  /** Metadata that could not be read. */
  warning?: string | null;
  /** Whether TensorBoard's bookmarks came with the data. */
  bookmarks?: boolean;
  /** A picture of each row: cells of one image, row by row from the upper left corner, `columns` side by side. */
  sprite?: { width: number; height: number; columns: number; count: number } | null;
}

export type BookmarkKind = "pca" | "tsne" | "umap" | "custom";

/** A state that TensorBoard's projector saved: layouts with the places of points, and what was on its screen. */
export interface Bookmark {
  name: string;
  layouts: { projection: BookmarkKind; title: string; dim: 2 | 3; placed: number; components: number[] | null }[];
  shown: BookmarkKind | null;
  filter: number[] | null;
  selection: number[];
  color: string | null;
  label: string | null;
}

/** A column of the row table: numbers (NaN = missing), or codes into a dictionary (-1 = missing). */
export type Column =
  | { kind: "number"; name: string; values: Float32Array; title?: string; unit?: string; note?: string }
  | { kind: "codes"; name: string; codes: Int32Array; names: string[] };

/** How far the server is with an answer that takes long. */
export interface JobProgress {
  state: string;
  /** 0 to 1. */
  progress: number;
  seconds: number;
  /** Seconds that are still to come; null: unknown. */
  estimate_s: number | null;
}

/** For an answer that may take long: who waits, and who wants to know how far it is. Aborting it ends the
 *  work at the server, too. */
export interface Patience {
  signal?: AbortSignal;
  onprogress?: (p: JobProgress) => void;
}

export interface TokenCard {
  row: number;
  token: string | null;
  token_id?: number | null;
  position?: number | null;
  sequence?: number | null;
  context?: { before: string; token: string; after: string } | null;
  columns?: Record<string, string | number | null>;
  measures?: Record<string, number | null>;
}

export type RowSubset = number[] | { set: string };
export type Method = "raw" | "pca" | "tsne" | "umap" | "axes" | "bookmark";
export type Align = "none" | "joint" | "procrustes" | "aligned";
/** One end of a word axis: rows, a named set, or a match in a column. */
export type AxisEnd = RowSubset | { column: string; text: string; regex: boolean };
export interface AxisRequest {
  left: AxisEnd;
  right: AxisEnd;
  label: string;
}

export interface LayoutRequest {
  source: number;
  layer: number | "all";
  method: Method;
  dim: 2 | 3;
  seed: number;
  rows: RowSubset | null;
  space: Space;
  /** Of the neighbours of t-SNE and UMAP; Euclidean if not given. */
  metric?: Metric;
  params: Record<string, unknown>;
  align: Align;
}

export type JobState = "waiting" | "running" | "paused" | "done" | "failed" | "stopped";

export interface Quality {
  k: number;
  kept: number;
  kept_se?: number | null;
  /** Rows that it was measured on. */
  sampled?: number | null;
  trustworthiness?: number | null;
  continuity?: number | null;
}

/** Neighbours kept so far by a map that is being made, on some rows. */
export type Gauge = Pick<Quality, "k" | "kept" | "kept_se" | "sampled">;

/** How the neighbours of a map were found, and of approximate lists how many they have. */
export interface Found {
  neighbors_search?: "exact" | "approximate" | null;
  recall?: number | null;
  recall_se?: number | null;
}

/** Movement of the rows from the layer before, on the map: mean, its error, and over the map's extent. */
export interface Moved {
  mean: number;
  se: number;
  relative: number;
}

export interface LayoutState extends Found {
  id: number;
  source: number;
  layer: number | "all";
  method: Method;
  dim: 2 | 3;
  seed: number;
  params: Record<string, unknown>;
  space: Space;
  metric?: Metric;
  align: Align;
  state: JobState;
  phase?: string | null;
  epoch: number;
  epochs: number;
  rows: number;
  placed: number;
  non_finite: number;
  loss?: number | null;
  /** Of a loss that is measured on sampled rows. */
  loss_se?: number | null;
  seconds: number;
  /** Of the layer made last; by_layer has each. */
  quality?: Quality | null;
  /** While t-SNE or UMAP runs; null when it has ended. */
  gauge?: Gauge | null;
  /** Shares of the variance along the drawn components. */
  explained?: number[] | null;
  axes?: string[] | null;
  layers?: number[] | null;
  by_layer?: ({
    layer: number;
    made: boolean;
    explained?: number[] | null;
    quality?: Quality | null;
    gauge?: Gauge | null;
    moved_raw?: Moved | null;
    moved_aligned?: Moved | null;
  } & Found)[];
  note?: string | null;
  error?: string | null;
}

/** One frame of a layout's stream, back in data units. */
export interface Frame {
  layer: number;
  positions: Float32Array;
  epoch: number;
  epochs: number;
  loss: number | null;
  last: boolean;
}

export interface Neighbor {
  row: number;
  /** null: not known, in a page that was saved. */
  distance: number | null;
  token: string | null;
  context?: { before: string; token: string; after: string } | string | null;
}

export type Term = { row: number; weight: number } | { text: string; weight: number } | { set: string; weight: number };
export type NeighborQuery = { row: number } | { vector: number[] } | { terms: Term[] };

export interface NeighborRequest {
  source: number;
  layer: number;
  metric: Metric;
  space: Space;
  k: number;
  query: NeighborQuery;
  exclude?: number[];
}

export interface NeighborReply {
  metric: Metric;
  space: Space;
  layer: number;
  seconds: number;
  rows: Neighbor[];
}

export type SearchMode = "substring" | "prefix" | "whole" | "regex" | "field";

export interface SearchRequest {
  source: number;
  mode: SearchMode;
  text: string;
  column: string | null;
  case: boolean;
  within: RowSubset | null;
}

export interface SearchProgress {
  rows: Uint32Array;
  scanned: number;
  total: number;
  count: number;
  last: boolean;
}

/** A named set; `rows` are given when the server was asked for them. */
export interface NamedSet {
  name: string;
  count: number;
  rows: Uint32Array;
}

export interface AutoLabel {
  x: number;
  y: number;
  z?: number;
  text: string;
  rows: number;
  level: number;
}

export interface GeometryReply {
  state: string;
  progress?: number;
  rows?: Record<string, unknown>[];
  spectra?: Record<string, number[]>;
  dominant?: Record<string, { dim: number; share: number }[]>;
}

export interface OverlapRequest {
  a: { source: number; layer: number };
  b: { source: number; layer: number };
  k: number;
  match: "row" | "token";
  metric: Metric;
  /** Of a sample of the rows: seconds instead of minutes where they are many. */
  sample: boolean;
}

export interface OverlapReply {
  overlap: Float32Array;
  match: Int32Array;
  mean: number;
  se: number | null;
  /** Mean overlap of lists drawn at random. */
  chance: number | null;
  cka: number | null;
  matched: number;
  k: number;
  /** Rows that the overlap was measured on; null: all. */
  sampled: number | null;
}

/** Two sources over their layers; `pairs`: every layer of a beside every layer of b. */
export interface CompareRequest {
  a: number;
  b: number;
  k: number;
  match: "row" | "token";
  metric: Metric;
  pairs: boolean;
}

export interface CompareReply {
  state?: JobState;
  progress?: number;
  /** Seconds that are still to come; null: unknown. */
  estimate_s?: number | null;
  /** Rows that the overlap is measured on; null: all. */
  sampled?: number | null;
  layers?: {
    layer: number;
    overlap?: number | null;
    se?: number | null;
    chance?: number | null;
    cka?: number | null;
    matched?: number;
  }[];
  /** Rows of the matrices are null until they are done. */
  matrix?: {
    layers_a: number[];
    layers_b: number[];
    cka: ((number | null)[] | null)[];
    overlap: ((number | null)[] | null)[];
    overlap_se?: ((number | null)[] | null)[];
  } | null;
  k?: number;
  error?: string | null;
}

export interface LogEntry {
  when: string;
  what: string;
  parameters: Record<string, unknown>;
  seconds: number;
}

export interface EmbedRequest {
  source: number;
  text: string;
  layer: number;
  metric: Metric;
  space: Space;
  k: number;
  /** A layout in which each point gets a place. */
  layout?: number;
}

export interface EmbedReply {
  model: string;
  /** `point`: which point of a layer the token became; null: none. */
  tokens: { token: string; token_id: number; start: number; end: number; point?: number | null }[];
  points: number;
  /** Tokens beyond what the model can take. */
  cut: number;
  layers: { layer: number; points: EmbedPoint[] }[];
  /** How the places were found: "exact" or "mean of the nearest rows". */
  placed?: string | null;
}

export interface EmbedPoint {
  nearest: { row: number; distance: number; token: string | null }[];
  /** Place in the layout that was asked for. */
  position?: number[] | null;
}
