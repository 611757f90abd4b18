/** Positions on their way to the plot: shown at once, held between two, or sliding. */
import { signal } from "@preact/signals";
import type { Plot } from "../plot";
import { drawn } from "../state/handle";
import { shownLayer } from "../state/layouts";

interface Placed {
  /** As they came: NaN where a row is not placed. */
  raw: Float32Array;
  /** The same with 0 for NaN: what the plot takes. */
  finite: Float32Array;
  /** 1 where a row is not placed; null when all are. */
  unplaced: Uint8Array | null;
}

const placedOf = new WeakMap<Float32Array, Placed>();

/** Positions as the plot takes them; the same answer for the same array. */
export function place(raw: Float32Array, dim: number): Placed {
  let p = placedOf.get(raw);
  if (p) return p;
  p = { raw, finite: raw, unplaced: null };
  for (let i = 0; i < raw.length; i++)
    if (!Number.isFinite(raw[i])) {
      if (!p.unplaced) {
        p.unplaced = new Uint8Array(raw.length / dim);
        p.finite = raw.slice();
      }
      p.finite[i] = 0;
      p.unplaced[Math.floor(i / dim)] = 1;
    }
  placedOf.set(raw, p);
  return p;
}

/** Changes when other rows become placed: the flags depend on it. */
export const unplaced = signal<Uint8Array | null>(null);
/** The source whose rows the plot shows; null before the first map. While another layout of it is made they stay. */
export const pictured = signal<number | null>(null);
/** Counts changes of the number of points: the plot has then forgotten colours, flags, labels and paths. */
export const emptied = signal(0);

/** Shows positions on a plot: at once, held between two, or sliding. */
export class Stage {
  private a: Placed | null = null;
  private b: Placed | null = null;
  private t = 0;
  private request = 0;
  private dim: 2 | 3 = 2;
  /** Where a slide ends; null while nothing slides. */
  private goal: Float32Array | null = null;

  constructor(private readonly plot: Plot) {}

  stop(): void {
    cancelAnimationFrame(this.request);
    this.goal = null;
  }

  /** What is on the way now, as the start of another slide. */
  private now(): Placed | null {
    if (!this.a || !this.b || this.t === 0) return this.a;
    if (this.t === 1) return this.b;
    const { a, b, t } = this;
    return place(
      a.raw.map((v, i) => v + (b.raw[i] - v) * t),
      this.dim,
    );
  }

  private report(): void {
    const { a, b, t } = this;
    drawn.n = a ? a.raw.length / this.dim : 0;
    drawn.dim = this.dim;
    drawn.tween = b ? t : 1;
    drawn.a = a?.raw ?? new Float32Array(0);
    drawn.b = b?.raw ?? null;
    drawn.layer = shownLayer.peek() ?? -1;
    unplaced.value = (b && t > 0.5 ? b : a)?.unplaced ?? null;
  }

  get slides(): boolean {
    return this.goal !== null;
  }

  fits(raw: Float32Array, dim: number): boolean {
    return this.a !== null && this.dim === dim && this.a.raw.length === raw.length;
  }

  /** True when these positions are drawn, or are where a slide ends. */
  shows(raw: Float32Array): boolean {
    return (this.goal ?? (this.b ?? this.a)?.raw) === raw;
  }

  /** Other numbers for the same picture (a frame, exact positions): a slide goes on, to them. */
  update(raw: Float32Array): void {
    if (!this.goal || !this.a || !this.b) return this.set(raw, this.dim);
    if (this.goal === this.b.raw) this.b = place(raw, this.dim);
    else {
      this.a = place(raw, this.dim);
      this.plot.setData({ n: raw.length / this.dim, dim: this.dim, positions: this.a.finite });
    }
    this.goal = raw;
    this.plot.setTarget(this.b.finite);
    this.tween(this.t);
  }

  /** At once. */
  set(raw: Float32Array, dim: 2 | 3): void {
    this.stop();
    this.dim = dim;
    this.a = place(raw, dim);
    this.b = null;
    this.t = 0;
    this.plot.setData({ n: raw.length / dim, dim, positions: this.a.finite });
    const n = drawn.n;
    this.report();
    if (drawn.n !== n) emptied.value++;
  }

  /** Between two, t of the way. */
  hold(a: Float32Array, b: Float32Array, dim: 2 | 3, t: number): void {
    this.stop();
    if (this.a?.raw !== a || this.dim !== dim) this.set(a, dim);
    if (this.b?.raw !== b) {
      this.b = place(b, dim);
      this.plot.setTarget(this.b.finite);
    }
    this.tween(t);
  }

  private tween(t: number): void {
    this.t = t;
    this.plot.setTween(t);
    this.report();
  }

  /** From here to there; `then` is called at the end. */
  slide(raw: Float32Array, ms: number, then: () => void): void {
    this.stop();
    let from = this.t,
      to = 1;
    if (this.b && this.a?.raw === raw) to = 0;
    else if (this.b?.raw !== raw) {
      const here = this.now()!;
      if (here !== this.a) this.plot.setData({ n: here.raw.length / this.dim, dim: this.dim, positions: here.finite });
      this.a = here;
      this.b = place(raw, this.dim);
      this.plot.setTarget(this.b.finite);
      from = 0;
    }
    this.goal = raw;
    const start = performance.now();
    const step = (): void => {
      const x = ms > 0 ? Math.min(1, (performance.now() - start) / ms) : 1;
      const eased = x < 0.5 ? 4 * x ** 3 : 1 - 4 * (1 - x) ** 3;
      this.tween(from + (to - from) * eased);
      if (x < 1) this.request = requestAnimationFrame(step);
      else {
        this.set(this.goal ?? raw, this.dim);
        then();
      }
    };
    if (ms > 0) this.request = requestAnimationFrame(step);
    else step();
  }
}
