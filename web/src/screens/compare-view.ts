/** A comparison in addresses and session files: its sources by path and hash, never by number. */
import { api } from "../api/client";
import type { Camera } from "../plot";
import { offline, say, sources } from "../state/store";
import {
  type Comparison,
  comparison,
  freshComparison,
  halves,
  lookMoved,
  pendingLook,
  type Side,
  sideDetails,
} from "./compare-state";

interface SideView {
  path: string;
  name: string;
  hash: string;
  layer: number;
}
/** Choices that are as usual are left out. */
export type ComparisonView = Partial<Omit<Comparison, "a" | "b">> & { a: SideView; b: SideView; camera: Camera | null };

/** The comparison as it is; null: nothing was compared. */
export function captureComparison(): ComparisonView | null {
  const { a, b, ...rest } = comparison.value;
  void lookMoved.value;
  const view = (side: Side | null): SideView | null => {
    const d = side && sideDetails.value.get(side.source);
    return side && d ? { path: d.path, name: d.name, hash: d.hash, layer: side.layer } : null;
  };
  const [left, right] = [view(a), view(b)];
  if (!left || !right) return null;
  const camera = halves.a?.camera.get() ?? pendingLook.value;
  const chosen = Object.entries(rest).filter(([name, v]) => v !== freshComparison[name as keyof Comparison]);
  return { ...Object.fromEntries(chosen), a: left, b: right, camera };
}

const WORDS: { [K in keyof Comparison]?: readonly Comparison[K][] } = {
  match: ["row", "token"],
  metric: ["euclidean", "cosine"],
  method: ["pca", "tsne", "umap"],
  dim: [2, 3],
  all: [false, true],
  over: ["none", "same", "pairs"],
  shows: ["overlap", "cka"],
  tab: ["rows", "layers"],
};

/** The choices of a view that have a form this page knows: an address or a file may hold anything. */
export function choicesOf(view: Partial<ComparisonView>): Partial<Comparison> {
  const known = Object.entries(WORDS).filter(([name, words]) =>
    (words as readonly unknown[]).includes(view[name as keyof ComparisonView]),
  );
  return {
    ...(Object.fromEntries(known.map(([name]) => [name, view[name as keyof ComparisonView]])) as Partial<Comparison>),
    ...(Number.isInteger(view.k) && view.k! >= 1 && view.k! <= 1000 && { k: view.k! }),
    ...(typeof view.colour === "string" && { colour: view.colour }),
  };
}

/** A comparison to take up again. What it needs and cannot find is said; the page is then as without it. */
export async function readComparison(view: ComparisonView | null): Promise<[Comparison, Camera | null]> {
  if (!view?.a || !view.b || offline.peek()) return [freshComparison, null];
  try {
    return [{ ...freshComparison, ...choicesOf(view), a: await sideOf(view.a), b: await sideOf(view.b) }, view.camera];
  } catch (e) {
    say((e as Error).message, "error");
    return [freshComparison, null];
  }
}

async function sideOf(v: SideView): Promise<Side> {
  const entry = sources.peek().find((s) => s.path === v.path && s.name === v.name);
  if (!entry) throw new Error(`The view compares '${v.name}' (${v.path}), which is not among the open sources.`);
  const { hash } = await api.source(entry.id);
  if (hash !== v.hash)
    throw new Error(`'${v.name}' has other data than when it was compared (hash ${hash}, expected ${v.hash}).`);
  const known = entry.layers.some((l) => l.layer === v.layer);
  return { source: entry.id, layer: known ? v.layer : (entry.layers[0]?.layer ?? 0) };
}
