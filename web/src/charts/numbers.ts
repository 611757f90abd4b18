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

/** Ends of a linear axis over [low, high]: those that are known beforehand, or a little beyond the values. */
export function linearEnds(low: number | null, high: number | null, known: [number | null, number | null]): [number, number] {
  const [from, to] = known;
  let a = from ?? low ?? 0;
  let b = to ?? high ?? 1;
  if (!(b > a)) {
    const room = Math.max(0.5, Math.abs(a) * 0.05);
    [a, b] = [from ?? a - room, to ?? a + room];
  }
  const pad = (b - a) * 0.07;
  return [from === null ? a - pad : a, to === null ? b + pad : b];
}

/** Decades that a logarithmic axis shows at most: what lies lower is rounding. */
const MOST_DECADES = 10;

/** Ends of a logarithmic axis: a little room on both sides. */
export function logEnds(low: number, high: number): [number, number] {
  return low > 0 && high > 0 ? [Math.max(low, high / 10 ** MOST_DECADES) / 1.15, high * 1.15] : [0.1, 1];
}

/** Powers of ten inside [low, high], with 2 and 5 times them where there are few. */
export function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  const few = Math.log10(high / low) < 2;
  const every = Math.max(1, Math.ceil(Math.log10(high / low) / 6));
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const m of few ? [1, 2, 5] : [1]) {
      const t = Number(`${m}e${e}`);
      if (e % every === 0 && t >= low * 0.9999 && t <= high * 1.0001) ticks.push(t);
    }
  return ticks;
}
