/** Trails: the way of the pinned row and of the selected rows through all layers, as lines on the map. */
import { computed } from "@preact/signals";
import type { Path } from "../plot";
import { layout, layoutLayers } from "../state/layouts";
import { colouring, pinned, selection, showTrails } from "../state/store";

/** More lines than this say nothing. */
const LIMIT = 40;

/** A row's places in the given layers, one after another; null unless it has at least two. */
export function trailOf(
  row: number,
  numbers: number[],
  positions: ReadonlyMap<number, Float32Array>,
  dim: number,
): Float32Array | null {
  const places: number[] = [];
  for (const n of numbers) {
    const p = positions.get(n)?.subarray(row * dim, (row + 1) * dim);
    if (p && p.length === dim && p.every(Number.isFinite)) places.push(...p);
  }
  return places.length >= 2 * dim ? Float32Array.from(places) : null;
}

/** What the map draws: nothing for a layout of one layer or for a large selection. */
export const trails = computed<Path[]>(() => {
  const l = layout.value;
  const numbers = layoutLayers.value;
  const chosen = selection.value;
  void l?.version.value;
  if (!l || numbers.length < 2 || !showTrails.value) return [];
  const rows = new Set(chosen.length <= LIMIT ? chosen : []);
  if (pinned.value >= 0) rows.add(pinned.value);
  const { index } = colouring.value;
  return [...rows].flatMap((row) => {
    const points = trailOf(row, numbers, l.positions, l.request.value.dim);
    return points ? [{ color: index?.[row] ?? 0, points }] : [];
  });
});
