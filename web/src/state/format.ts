/** Numbers and sizes as people read them. */

export function count(n: number): string {
  return n.toLocaleString("en");
}

/** "1 row", "2,000 rows". */
export function plural(n: number, one: string, many = one + "s"): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A number in a few significant digits; a real minus sign; a dash for what is not a number. */
export function num(v: number | null | undefined, digits = 3): string {
  if (v === null || v === undefined || Number.isNaN(v)) return "–";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const a = Math.abs(v);
  const s =
    a !== 0 && (a >= 1e6 || a < 1e-4)
      ? v.toExponential(digits - 1)
      : a >= 1000
        ? Math.round(v).toLocaleString("en")
        : String(Number(v.toPrecision(digits)));
  return s.replace("-", "−").replace("e+", "e");
}

/** A number of a table's column: whole ones as they are (a year, an id). */
export function cell(v: number): string {
  return Number.isInteger(v) && Math.abs(v) < 1e6 ? String(v).replace("-", "−") : num(v, 4);
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

export function seconds(s: number): string {
  if (s < 1) return `${Math.max(1, Math.round(s * 1000))} ms`;
  if (s < 100) return `${s.toFixed(1)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

/** Characters that no font shows: signs of their own. */
const unseen: Record<string, string> = { "\n": "↵", "\r": "↵", "\t": "⇥" };

/** A token as people can see it: white space and control characters get signs, an empty one gets a name. */
export function visible(token: string): string {
  if (!token) return "(empty)";
  if (/^\s+$/u.test(token)) return token.replace(/./gsu, (c) => unseen[c] ?? "␣");
  return token.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => unseen[c] ?? "␀");
}

const letters = new Intl.Segmenter();

/** The beginning of a text that is too long for its place; whole letters, whatever the script. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const first = Array.from(letters.segment(text), (s) => s.segment);
  return first.length <= most ? text : `${first.slice(0, most - 1).join("")}…`;
}

const phases: Record<string, string> = {
  reading: "reading the rows",
  basis: "one basis of all layers",
  components: "components",
  axes: "axes",
  neighbors: "neighbours",
  start: "first positions",
  optimise: "moving the points",
  quality: "measuring what was kept",
};

/** What a layout is doing, in words. */
export function phaseName(phase: string | null | undefined): string {
  return phase ? (phases[phase] ?? phase) : "";
}
