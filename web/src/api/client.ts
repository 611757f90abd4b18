/** Typed client of the viewer's server: one function a route, no state.
 *
 *  `api` is what the page talks to. An exported single-file page has no server: it calls useApi() with
 *  an implementation of its own before the page starts. */
import { type Block, dequantise, need, parseBlock, readBlocks } from "./block";
import type * as T from "./types";

/** What the server answered instead of a result: its sentence and its status. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let onsilence = (): void => undefined;
/** Calls `f` for each request that gets no answer at all: the server has ended, or the way to it. */
export function watchSilence(f: () => void): void {
  onsilence = f;
}

/** Whether a sentence of the server says that a file is not any more what was opened. */
export const saysChanged = (sentence: string): boolean => sentence.includes("was changed by another program");

let onchange: (sentence: string) => void = () => undefined;
/** Calls `f` with the sentence of each answer that is refused because of such a file. */
export function watchChange(f: (sentence: string) => void): void {
  onchange = f;
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (e) {
    if (init?.signal?.aborted) throw e;
    onsilence();
    throw new ApiError(0, "The server does not answer. Is `gonio view` still running?");
  }
  if (response.ok) return response;
  const text = await response.text();
  let sentence = text;
  try {
    sentence = (JSON.parse(text) as { error: string }).error;
  } catch {
    // not JSON: the text itself is the best there is
  }
  if (response.status === 409 && saysChanged(sentence)) onchange(sentence);
  throw new ApiError(response.status, sentence || `${path}: status ${response.status}`);
}

async function json<R>(path: string, init?: RequestInit): Promise<R> {
  return (await ask(path, init)).json() as Promise<R>;
}

/** Asks until the answer is there: status 202 says how far it is. The server ends its work when nobody waits any
 *  more: it is told so when this is aborted between two questions, and when the page is left. */
async function whenDone(path: string, { signal, onprogress }: T.Patience, init: RequestInit = {}): Promise<Response> {
  const stop = (): void => void fetch(path, { ...init, method: "DELETE", keepalive: true }).catch(() => undefined);
  for (let asked = false; ; asked = true) {
    try {
      const reply = await ask(path, { ...init, signal });
      if (reply.status !== 202) return reply;
      globalThis.addEventListener?.("pagehide", stop);
      onprogress?.((await reply.json()) as T.JobProgress);
      await new Promise((r) => setTimeout(r, 100)); // the server takes its time before it says 202
    } catch (e) {
      if (asked && signal?.aborted) stop();
      throw e;
    } finally {
      globalThis.removeEventListener?.("pagehide", stop);
    }
  }
}

function body(method: string, value: unknown, signal?: AbortSignal): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value), signal };
}

async function block(path: string, init?: RequestInit): Promise<Block> {
  return parseBlock(await (await ask(path, init)).arrayBuffer());
}

/** Path segments and query values escaped: url`/api/sources/${id}/columns/${name}`. */
function url(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((s, p, i) => s + encodeURIComponent(values[i - 1]) + p);
}

const text = (v: unknown): string | undefined => (typeof v === "string" ? v : undefined);
const number = (v: unknown): number | null => (typeof v === "number" ? v : null);

const compareUrl = (r: T.CompareRequest): string =>
  url`/api/compare?a=${r.a}&b=${r.b}&k=${r.k}&match=${r.match}&metric=${r.metric}&pairs=${String(r.pairs)}`;

function frame(b: Block): T.Frame {
  const { data, shape } = b.arrays["positions"];
  const dim = shape[1];
  return {
    layer: number(b.meta["layer"]) ?? 0,
    positions: data instanceof Uint16Array ? dequantise(data, dim, b.meta["box"] as number[][]) : (data as Float32Array),
    epoch: number(b.meta["epoch"]) ?? 0,
    epochs: number(b.meta["epochs"]) ?? 0,
    loss: number(b.meta["loss"]),
    last: b.meta["last"] === true,
  };
}

export const httpApi = {
  sources: () => json<{ folders: string[]; sources: T.SourceEntry[] }>("/api/sources"),
  source: (s: number) => json<T.SourceDetail>(url`/api/sources/${s}`),

  async upload(file: File, forSource?: number): Promise<T.SourceEntry[]> {
    const path = url`/api/sources/upload?name=${file.name}` + (forSource === undefined ? "" : `&for=${forSource}`);
    const init = { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file };
    const reply = await json<{ sources: T.SourceEntry[] }>(path, init);
    return reply.sources;
  },

  /** A column of the row table, or a per-point measure (then layer and k say of what). */
  async column(s: number, name: string, of?: { layer: number; k?: number }, wait: T.Patience = {}): Promise<T.Column> {
    const path = url`/api/sources/${s}/columns/${name}`;
    const query = of ? `?layer=${of.layer}` + (of.k ? `&k=${of.k}` : "") : "";
    const b = parseBlock(await (await whenDone(path + query, wait)).arrayBuffer());
    if (b.arrays["codes"])
      return { kind: "codes", name, codes: need(b, "codes", Int32Array), names: b.meta["names"] as string[] };
    const values = need(b, "values", Float32Array);
    return {
      kind: "number",
      name,
      values,
      title: text(b.meta["name"]),
      unit: text(b.meta["unit"]),
      note: text(b.meta["note"]),
    };
  },

  card: (s: number, row: number, layer: number) => json<T.TokenCard>(url`/api/sources/${s}/rows/${row}?layer=${layer}`),
  async cards(s: number, rows: number[]): Promise<T.TokenCard[]> {
    const reply = await json<T.TokenCard[] | { rows: T.TokenCard[] }>(url`/api/sources/${s}/rows`, body("POST", { rows }));
    return Array.isArray(reply) ? reply : reply.rows;
  },

  bookmarks: (s: number) => json<{ bookmarks: T.Bookmark[]; note: string | null }>(url`/api/sources/${s}/bookmarks`),
  async sprite(s: number): Promise<Blob> {
    return (await ask(url`/api/sources/${s}/sprite`)).blob();
  },

  startLayout: (r: T.LayoutRequest) => json<{ id: number; state: T.JobState }>("/api/layouts", body("POST", r)),
  layout: (id: number, signal?: AbortSignal) => json<T.LayoutState>(url`/api/layouts/${id}`, { signal }),
  control: (id: number, verb: "pause" | "resume" | "stop") => ask(url`/api/layouts/${id}/${verb}`, body("POST", {})),
  patchLayout: (id: number, params: Record<string, unknown>) => ask(url`/api/layouts/${id}`, body("PATCH", { params })),
  deleteLayout: (id: number) => ask(url`/api/layouts/${id}`, { method: "DELETE" }),
  /** Calls onframe for each frame until the layout is done. */
  async stream(id: number, onframe: (f: T.Frame) => void, signal: AbortSignal): Promise<void> {
    for await (const b of readBlocks(await ask(url`/api/layouts/${id}/stream`, { signal })))
      if (b.arrays["positions"]) onframe(frame(b)); // a block without is the end of a failed run
  },
  /** Exact float32 positions; NaN for rows that are not in the layout. */
  async positions(id: number, layer: number, signal?: AbortSignal): Promise<Float32Array> {
    return need(await block(url`/api/layouts/${id}/positions?layer=${layer}&dtype=f4`, { signal }), "positions", Float32Array);
  },
  /** Shares per row, and the mean of `kept`. */
  async trust(
    id: number,
    layer: number,
    k: number,
    signal?: AbortSignal,
  ): Promise<Record<"kept" | "lost" | "false", Float32Array> & { mean: number | null }> {
    const b = await block(url`/api/layouts/${id}/trust?k=${k}&layer=${layer}`, { signal });
    const share = (name: string): Float32Array => need(b, name, Float32Array);
    return { kept: share("kept"), lost: share("lost"), false: share("false"), mean: number(b.meta["kept"]) };
  },

  neighbors: (r: T.NeighborRequest, signal?: AbortSignal) => json<T.NeighborReply>("/api/neighbors", body("POST", r, signal)),
  /** The k nearest rows of every row, -1 where there are fewer: (rows, k). */
  async neighborTable(
    s: number,
    o: { layer: number; k: number; metric: T.Metric; space: T.Space },
  ): Promise<{ k: number; rows: Int32Array }> {
    const space = `&center=${o.space.center ? 1 : 0}&remove=${o.space.remove}`;
    const path = url`/api/export/neighbors?source=${s}&layer=${o.layer}&k=${o.k}&metric=${o.metric}&format=npy` + space;
    const raw = await (await ask(path)).arrayBuffer();
    const start = 10 + new DataView(raw).getUint16(8, true);
    const shape = /\((\d+), (\d+)\)/.exec(new TextDecoder().decode(raw.slice(10, start)));
    if (!shape) throw new ApiError(0, "The table of neighbours has another form than expected.");
    return { k: Number(shape[2]), rows: new Int32Array(raw, start, Number(shape[1]) * Number(shape[2])) };
  },
  /** Calls onhits for each part of the answer. An invalid expression is an ApiError of status 400. */
  async search(r: T.SearchRequest, onhits: (p: T.SearchProgress) => void, signal: AbortSignal): Promise<void> {
    for await (const b of readBlocks(await ask("/api/search", body("POST", r, signal))))
      onhits({
        rows: need(b, "rows", Uint32Array),
        scanned: number(b.meta["scanned"]) ?? 0,
        total: number(b.meta["total"]) ?? 0,
        count: number(b.meta["count"]) ?? 0,
        last: b.meta["last"] === true,
      });
  },
  /** Needs a server that was started with a model. */
  embed: (r: T.EmbedRequest) => json<T.EmbedReply>("/api/embed", body("POST", r)),

  geometry: (s: number, space: T.Space) =>
    json<T.GeometryReply>(url`/api/sources/${s}/geometry?center=${space.center ? 1 : 0}&remove=${space.remove}`),
  async overlap(r: T.OverlapRequest, wait: T.Patience = {}): Promise<T.OverlapReply> {
    const b = parseBlock(await (await whenDone("/api/overlap", wait, body("POST", r))).arrayBuffer());
    return {
      overlap: need(b, "overlap", Float32Array),
      match: need(b, "match", Int32Array),
      mean: number(b.meta["mean"]) ?? NaN,
      se: number(b.meta["se"]),
      chance: number(b.meta["chance"]),
      cka: number(b.meta["cka"]),
      matched: number(b.meta["matched"]) ?? 0,
      k: number(b.meta["k"]) ?? r.k,
      sampled: number(b.meta["sampled"]),
    };
  },
  /** Starts the comparison of all layers, or says how far it is. */
  compare: (r: T.CompareRequest, signal?: AbortSignal) => json<T.CompareReply>(compareUrl(r), { signal }),
  stopCompare: (r: T.CompareRequest) => ask(compareUrl(r), { method: "DELETE" }),
  labels: (s: number, layout: number, layer: number, signal?: AbortSignal) =>
    json<{ labels: T.AutoLabel[] }>(url`/api/sources/${s}/labels?layout=${layout}&layer=${layer}`, { signal }),

  async sets(s: number): Promise<T.NamedSet[]> {
    const reply = await json<{ sets: { name: string; count?: number; rows?: number[] }[] }>(url`/api/sets?source=${s}`);
    return reply.sets.map((x) => {
      const rows = Uint32Array.from(x.rows ?? []);
      return { name: x.name, count: x.count ?? rows.length, rows };
    });
  },
  putSet: (s: number, name: string, rows: ArrayLike<number>) =>
    ask(url`/api/sets/${name}?source=${s}`, body("PUT", { rows: Array.from(rows) })),
  deleteSet: (s: number, name: string) => ask(url`/api/sets/${name}?source=${s}`, { method: "DELETE" }),
  combineSets: (source: number, op: "and" | "or" | "not", a: string, b: string, name: string) =>
    ask("/api/sets/combine", body("POST", { source, op, a, b, name })),

  /** Writes one value (or one value a row) into a column of tags; answers what was there before. */
  putTags: (source: number, column: string, rows: number[], value: string | null | (string | null)[]) =>
    json<{ previous?: (string | null)[]; old?: (string | null)[] }>("/api/tags", body("PUT", { source, column, rows, value })),

  /** Forgets all edits of a column; one that was made of them is gone. */
  deleteTags: (source: number, column: string) =>
    ask(url`/api/tags?source=${source}&column=${column}`, { method: "DELETE" }),

  log: () => json<T.LogEntry[]>("/api/log"),
  /** Addresses of downloads; a selection alone is a request with a body. */
  exportUrl: {
    coordinates: (layout: number, format: "npy" | "csv" | "jsonl") =>
      url`/api/export/coordinates?layout=${layout}&format=${format}`,
    neighbors: (s: number, layer: number, k: number, metric: T.Metric) =>
      url`/api/export/neighbors?source=${s}&layer=${layer}&k=${k}&metric=${metric}`,
    geometry: (s: number, format: "csv" | "json") => url`/api/export/geometry?source=${s}&format=${format}`,
  },
  /** A download from one of those addresses, and the name that the server gives it. */
  async download(address: string): Promise<{ blob: Blob; name: string | null }> {
    const reply = await ask(address);
    const name = /filename="([^"]+)"/.exec(reply.headers.get("Content-Disposition") ?? "");
    return { blob: await reply.blob(), name: name ? name[1] : null };
  },
  async exportSelection(source: number, rows: number[], format: "csv" | "jsonl"): Promise<Blob> {
    return (await ask("/api/export/selection", body("POST", { source, rows, format }))).blob();
  },
};

export type Api = typeof httpApi;

/** The server the page talks to. */
export let api: Api = httpApi;

/** Replaces the server: for the exported page, which carries its data, and for tests. */
export function useApi(other: Api): void {
  api = other;
}
