/** The geometry table of the current source: asked for once, polled while the server works, shared by
 *  the layer bar and the geometry screen. Nothing is computed before somebody asks. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { GeometryReply, Space } from "../api/types";
import { currentSource } from "../state/store";
import { tidyRow, type TidyRow } from "./measures";

export interface GeometryTable {
  source: number;
  space: Space;
  state: "running" | "done" | "failed";
  /** Share of the work that is done, 0 to 1. */
  progress: number;
  rows: TidyRow[];
  spectra: Record<string, number[]>;
  dominant: Record<string, { dim: number; share: number }[]>;
  error: string | null;
}

/** Mean taken off, and how many leading components: what the table is of. */
export const geometrySpace = signal<Space>({ center: false, remove: 0 });
const tables = signal<ReadonlyMap<string, GeometryTable>>(new Map());
const key = (source: number, space: Space): string => `${source} ${space.center} ${space.remove}`;

/** The table of the current source in the current space; null: nobody has asked for it. */
export const geometry = computed<GeometryTable | null>(() =>
  currentSource.value === null ? null : (tables.value.get(key(currentSource.value, geometrySpace.value)) ?? null),
);

/** The untouched vectors' table, for the curve of the layer bar; null: not measured. */
export const rawGeometry = computed<GeometryTable | null>(() =>
  currentSource.value === null ? null : (tables.value.get(key(currentSource.value, { center: false, remove: 0 })) ?? null),
);

/** Starts (or fetches) the table and follows it to its end. */
export async function measureLayers(source: number, space: Space): Promise<void> {
  const known = tables.peek().get(key(source, space));
  if (known && known.state !== "failed") return;
  const put = (t: Partial<GeometryTable>): void => {
    const before = tables.peek().get(key(source, space)) ?? {
      source,
      space,
      state: "running",
      progress: 0,
      rows: [],
      spectra: {},
      dominant: {},
      error: null,
    };
    tables.value = new Map(tables.peek()).set(key(source, space), { ...before, ...t });
  };
  put({ state: "running", progress: 0, error: null });
  try {
    for (let wait = 150; ; wait = Math.min(1000, wait * 1.5)) {
      const reply: GeometryReply = await api.geometry(source, space);
      if (reply.state === "done") return put({ ...contents(reply), state: "done", progress: 1 });
      if (reply.state === "failed" || reply.state === "stopped")
        return put({ state: "failed", error: (reply as { error?: string }).error ?? "The measurement was stopped." });
      put({ ...contents(reply), progress: reply.progress ?? 0 });
      await new Promise((r) => setTimeout(r, wait));
    }
  } catch (e) {
    put({ state: "failed", error: (e as Error).message });
  }
}

function contents(reply: GeometryReply): Partial<GeometryTable> {
  const rows = (reply.rows ?? []).map(tidyRow).filter((r): r is TidyRow => r !== null);
  return { rows, spectra: reply.spectra ?? {}, dominant: reply.dominant ?? {} };
}

/** A change of source starts with the vectors as they are. */
effect(() => {
  void currentSource.value;
  geometrySpace.value = { center: false, remove: 0 };
});
