/** What the panel says of a map: how many neighbours it keeps, and its stress; while it is made and when it is done. */
import type { LayoutState } from "../api/types";
import { count, num } from "./format";

export interface GaugeLine {
  name: string;
  value: string;
  title: string;
}

type Shown = Pick<LayoutState, "method" | "loss" | "loss_se" | "gauge" | "quality">;

const iterative = (s: Shown): boolean => s.method === "tsne" || s.method === "umap";

/** Neighbours kept: of the map that is there, or so far (`final` false). Methods that take many steps have the line,
 *  and so its place, from the beginning; null where there is nothing to say. */
export function keptLine(s: Shown, ended: boolean): (GaugeLine & { share: number | null; final: boolean }) | null {
  const q = s.quality ?? (ended ? null : s.gauge);
  const final = Boolean(s.quality);
  if (!q)
    return ended || !iterative(s)
      ? null
      : { name: "kept so far", value: "–", title: "Measured once the points move", share: null, final };
  const sampled = q.sampled ? `; measured on ${count(q.sampled)} rows` : "";
  return {
    name: `${final ? "neighbours kept" : "kept so far"}, k = ${q.k}`,
    value: `${(100 * q.kept).toFixed(1)}${q.kept_se ? ` ± ${num(100 * q.kept_se, 1)}` : ""} %`,
    title: `Of each point's ${q.k} nearest neighbours in the original space, the share that is nearest on the map${sampled}`,
    share: q.kept,
    final,
  };
}

const stresses: Partial<Record<LayoutState["method"], string>> = {
  tsne: "Kullback-Leibler divergence of the map's neighbourhoods from those in the space, in nats",
  umap: "What UMAP's descent lowers: the cross-entropy of its graph and the map, with repulsion as weak as its negative samples make it, in nats a row; measured on sampled rows",
};

/** What the method makes small; null for methods that have no such number. */
export function stressLine(s: Shown, ended: boolean): GaugeLine | null {
  if (typeof s.loss !== "number" && (ended || !iterative(s))) return null;
  return {
    name: "stress",
    value: num(s.loss, 4) + (s.loss_se ? ` ± ${num(s.loss_se, 1)}` : ""),
    title: stresses[s.method] ?? "What the method makes small",
  };
}
