/* Numbers as people read them in tables and on axes. Nothing here touches the page. */

/** Four significant digits by default, no trailing zeros, exponents only far from one:
 *  0.2105, 81.62, 432684, 1.2e-7. A missing value is an en dash. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return minus(`${trimZeros(mantissa)}e${Number(exponent)}`);
  }
  if (Number.isInteger(value)) return minus(String(value));
  const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return minus(trimZeros(value.toFixed(Math.min(decimals, 12))));
}

/** A value with its standard error: the error to two digits, the value to the same decimal. */
export function formatWithError(value: number | null | undefined, se: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (se === null || se === undefined || !(se > 0) || !Number.isFinite(se)) return formatNumber(value);
  const decimals = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(se))));
  if (decimals > 8) return `${formatNumber(value)} ± ${formatNumber(se, 2)}`;
  return `${minus(value.toFixed(decimals))} ± ${se.toFixed(decimals)}`;
}

/** Counts with thin spaces between groups of three: 432 684. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

/** Octets in the unit that leaves one to three digits before the point. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${formatNumber(bytes, 3)} ${units[unit]}`;
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

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function minus(text: string): string {
  return text.replace(/^-/, "−").replace("e-", "e−");
}
