/* Numbers of tables and axes beyond state/format.ts. Nothing here touches the page. */
import { num } from "../state/format";

/** A value with its standard error: the error to two digits, the value to the same decimal. */
export function formatWithError(value: number | null | undefined, se: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (se === null || se === undefined || !(se > 0) || !Number.isFinite(se)) return num(value, 4);
  const decimals = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(se))));
  if (decimals > 8) return `${num(value, 4)} ± ${num(se, 2)}`;
  return `${value.toFixed(decimals).replace("-", "−")} ± ${se.toFixed(decimals)}`;
}

/** Smallest and largest finite value; null where there is none. */
export function extent(values: ArrayLike<number | null | undefined>): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v === null || v === undefined || !Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : null;
}

/** Round values that cover [low, high] in about `count` steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (!(high > low) || count < 1) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Counts of finite values in equal bins over [low, high]; values outside are left out. */
export function binCounts(values: ArrayLike<number>, low: number, high: number, bins: number): Uint32Array {
  const counts = new Uint32Array(bins);
  const scale = high > low ? bins / (high - low) : 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!(v >= low && v <= high)) continue;
    counts[Math.min(bins - 1, Math.floor((v - low) * scale))]++;
  }
  return counts;
}
