/** Sets of rows as ascending Uint32Arrays, their short form in an address, and polylines. */

export const noRows = new Uint32Array(0);

export function sortedRows(rows: ArrayLike<number>): Uint32Array {
  const s = Uint32Array.from(rows).sort();
  let n = 0;
  for (let i = 0; i < s.length; i++) if (i === 0 || s[i] !== s[i - 1]) s[n++] = s[i];
  return s.slice(0, n);
}

/** Both ascending: rows in a or b / in both / in a only. */
export function combine(a: Uint32Array, b: Uint32Array, op: "add" | "and" | "remove"): Uint32Array {
  const out = new Uint32Array(a.length + (op === "add" ? b.length : 0));
  let i = 0,
    j = 0,
    n = 0;
  while (i < a.length || (op === "add" && j < b.length)) {
    if (j >= b.length || (i < a.length && a[i] < b[j])) {
      if (op !== "and") out[n++] = a[i];
      i++;
    } else if (i >= a.length || b[j] < a[i]) {
      if (op === "add") out[n++] = b[j];
      j++;
    } else {
      if (op !== "remove") out[n++] = a[i];
      i++;
      j++;
    }
  }
  return out.slice(0, n);
}

export function sameRows(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((r, i) => r === b[i]);
}

export function hasRow(rows: Uint32Array, row: number): boolean {
  let lo = 0,
    hi = rows.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (rows[mid] < row) lo = mid + 1;
    else hi = mid;
  }
  return rows[lo] === row;
}

/** Ascending rows as text: runs "gap" or "gap.length" in base 36, joined by "_". */
export function packRows(rows: Uint32Array): string {
  const runs: string[] = [];
  let next = 0;
  for (let i = 0; i < rows.length;) {
    let n = 1;
    while (i + n < rows.length && rows[i + n] === rows[i] + n) n++;
    const gap = (rows[i] - next).toString(36);
    runs.push(n > 1 ? `${gap}.${n.toString(36)}` : gap);
    next = rows[i] + n;
    i += n;
  }
  return runs.join("_");
}

/** The rows of packRows() below `n`; text of another form gives null. */
export function unpackRows(text: string, n: number): Uint32Array | null {
  const out: number[] = [];
  let next = 0;
  for (const run of text ? text.split("_") : []) {
    if (!/^[0-9a-z]{1,7}(\.[0-9a-z]{1,7})?$/.test(run)) return null;
    const [gap, length] = run.split(".");
    let row = next + parseInt(gap, 36);
    const end = row + (length ? parseInt(length, 36) : 1);
    if (end > n) return null;
    for (; row < end; row++) out.push(row);
    next = end;
  }
  return Uint32Array.from(out);
}

/** Polylines from a column of next rows (NaN or out of range = end). A cycle is walked once round. */
export function chains(next: Float32Array): Uint32Array[] {
  const n = next.length;
  const valid = (v: number): boolean => Number.isInteger(v) && v >= 0 && v < n;
  const hasPrevious = new Uint8Array(n);
  for (const v of next) if (valid(v)) hasPrevious[v] = 1;
  const seen = new Uint8Array(n);
  const lines: Uint32Array[] = [];
  const walk = (start: number): void => {
    const line = [start];
    seen[start] = 1;
    let row = next[start];
    while (valid(row)) {
      line.push(row);
      if (seen[row]) break; // joins another line, or closes its own circle
      seen[row] = 1;
      row = next[row];
    }
    if (line.length > 1) lines.push(Uint32Array.from(line));
  };
  for (let i = 0; i < n; i++) if (!hasPrevious[i]) walk(i);
  for (let i = 0; i < n; i++) if (!seen[i]) walk(i); // pure cycles have no start
  return lines;
}
