/** From a curve to colours on the map: the per-point form of a measure, averaged over brushed layers. */
import { signal as state } from "@preact/signals";
import { loadColumn, wasStopped } from "../state/columns";
import { commit, follow } from "../state/history";
import { colourBy, currentSource, layers, paint, say } from "../state/store";
import { FAMILIES, type Family } from "./measures";

/** Which chart is brushed, and over which layers. */
export interface Painted {
  family: string;
  range: [number, number];
}
export const brushed = state<Painted | null>(null);
/** The range of values that is brushed on the histogram. */
export const valueRange = state<[number, number] | null>(null);

let painting = new AbortController();

/** Paints the map with the measure of each row, averaged over the layers in the range. */
export async function paintMap(
  family: Family,
  range: [number, number] | null,
  put: (change: () => void) => void = (change) => commit(`colour by ${family.pointTitle}`, change),
): Promise<void> {
  painting.abort();
  const { signal } = (painting = new AbortController());
  brushed.value = range && { family: family.id, range };
  valueRange.value = null;
  const source = currentSource.value;
  if (!range || source === null || !family.point) return;
  const chosen = layers.value.map((l) => l.layer).filter((n) => n >= range[0] && n <= range[1]);
  try {
    let mean: Float32Array | null = null;
    for (const n of chosen) {
      const column = await loadColumn(source, family.point, { layer: n }, signal);
      if (signal.aborted) return;
      if (column.kind !== "number") throw new Error(`${family.pointTitle} is not a number column`);
      mean ??= new Float32Array(column.values.length);
      for (let i = 0; i < mean.length; i++) mean[i] += column.values[i] / chosen.length;
    }
    if (!mean) return;
    const where = chosen.length > 1 ? `mean of layers ${chosen[0]} to ${chosen[chosen.length - 1]}` : `layer ${chosen[0]}`;
    const values = mean;
    put(() => {
      paint.value = { title: `${family.pointTitle}, ${where}`, values };
      colourBy.value = { kind: "values" };
    });
  } catch (e) {
    if (signal.aborted) return;
    if (wasStopped(e)) brushed.value = null;
    else say((e as Error).message, "error");
  }
}

/** Paints again what a restored view was painted with: a part of its step. */
export async function repaint({ family, range }: Painted): Promise<void> {
  const known = FAMILIES.find((f) => f.id === family && f.point);
  if (known) await paintMap(known, range, (change) => follow("view", change));
}
