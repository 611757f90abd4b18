/** The map: keeps the plot in step with the state.
 *
 *  Positions come from three places: a running layout (each frame replaces the last), a change of layer
 *  or layout (the points slide), and the layer slider (the hand holds the points between two layers). */
import { effect, signal } from "@preact/signals";
import { createPlot, HIDDEN, SELECTED, NEIGHBOUR, DIMMED, type Plot, type PlotTheme } from "../plot";
import { pin, select } from "../state/actions";
import { api } from "../api/client";
import { tokenOf, tokens } from "../state/columns";
import { percent } from "../state/format";
import { drawn } from "../state/handle";
import { layout, layoutLayers, shownLayer, type Layout } from "../state/layouts";
import { trails } from "../screens/trails";
import { cameraMoved, pendingCamera } from "../state/view";
import { hasRow } from "../state/rows";
import {
  colouring, detail, drawMode, hover, hoverAt, isolated, mapPlot, neighbours, offline, options, paths, pinned, pointSize, scrub, selection,
  showLabels, showPaths, sizes, theme, tool,
} from "../state/store";

/** Milliseconds of a slide between layers or layouts. */
const slideMs = 600;
/** So many selected rows carry their labels. */
const maxLabels = 60;

/** The plot's colours, read from the style sheet so that there is one list of them. */
export function plotTheme(): PlotTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    dark: theme.peek() === "dark", background: read("--plot"), ink: read("--ink"), muted: read("--faint"),
    grid: read("--grid"), accent: read("--accent"), point: read("--point"), font: read("--font"),
  };
}

interface Placed {
  /** As they came: NaN where a row is not placed. */
  raw: Float32Array;
  /** The same with 0 for NaN: what the plot takes. */
  finite: Float32Array;
  /** 1 where a row is not placed; null when all are. */
  unplaced: Uint8Array | null;
}

const placedOf = new WeakMap<Float32Array, Placed>();

function place(raw: Float32Array, dim: number): Placed {
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

/** Axis names of a layout: "PC1 (23.1 %)". Methods whose axes mean nothing have none. */
export function axisNames(l: Layout | null): { x: string; y: string; z?: string } | null {
  const s = l?.state.value;
  if (!s || s.method === "tsne" || s.method === "umap") return null;
  const name = (i: number): string => {
    const share = s.explained?.[i];
    return (s.axes?.[i] ?? `axis ${i + 1}`) + (share === undefined || share === null ? "" : ` (${percent(share)})`);
  };
  return s.dim === 3 ? { x: name(0), y: name(1), z: name(2) } : { x: name(0), y: name(1) };
}

/** Changes when other rows become placed: the flags depend on it. */
const unplaced = signal<Uint8Array | null>(null);
/** Counts changes of the number of points: the plot has then forgotten colours, flags, labels and paths. */
const emptied = signal(0);

/** Shows positions on a plot: at once, held between two, or sliding. */
class Stage {
  private a: Placed | null = null;
  private b: Placed | null = null;
  private t = 0;
  private request = 0;
  private dim: 2 | 3 = 2;

  constructor(private readonly plot: Plot) {}

  stop(): void {
    cancelAnimationFrame(this.request);
  }

  /** What is on the way now, as the start of another slide. */
  private now(): Placed | null {
    if (!this.a || !this.b || this.t === 0) return this.a;
    if (this.t === 1) return this.b;
    const { a, b, t } = this;
    return place(a.raw.map((v, i) => v + (b.raw[i] - v) * t), this.dim);
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

  fits(raw: Float32Array, dim: number): boolean {
    return this.a !== null && this.dim === dim && this.a.raw.length === raw.length;
  }

  shows(raw: Float32Array): boolean {
    return this.b ? this.b.raw === raw : this.a?.raw === raw;
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
    let from = this.t, to = 1;
    if (this.b && this.a?.raw === raw) to = 0;
    else if (this.b?.raw !== raw) {
      const here = this.now()!;
      if (here !== this.a) this.plot.setData({ n: here.raw.length / this.dim, dim: this.dim, positions: here.finite });
      this.a = here;
      this.b = place(raw, this.dim);
      this.plot.setTarget(this.b.finite);
      from = 0;
    }
    const start = performance.now();
    const step = (): void => {
      const x = ms > 0 ? Math.min(1, (performance.now() - start) / ms) : 1;
      const eased = x < 0.5 ? 4 * x ** 3 : 1 - 4 * (1 - x) ** 3;
      this.tween(from + (to - from) * eased);
      if (x < 1) this.request = requestAnimationFrame(step);
      else {
        this.set(raw, this.dim);
        then();
      }
    };
    if (ms > 0) this.request = requestAnimationFrame(step);
    else step();
  }
}

/** Nearest row of each automatic label: labels then travel with their points. */
function anchor(labels: { x: number; y: number; z?: number; text: string; rows: number }[], raw: Float32Array, dim: number) {
  return labels.map((l) => {
    const at = [l.x, l.y, l.z ?? 0];
    let best = -1, least = Infinity;
    for (let i = 0; i < raw.length; i += dim) {
      let d = 0;
      for (let k = 0; k < dim; k++) d += (raw[i + k] - at[k]) ** 2;
      if (d < least) {
        least = d;
        best = i / dim;
      }
    }
    return { row: best, text: l.text };
  }).filter((l) => l.row >= 0);
}

/** Puts a plot into the host and connects it; answers how to take it away. */
export function connectMap(host: HTMLElement): () => void {
  const plot = createPlot(host, { renderer: options.renderer, animate: options.animate, theme: plotTheme() });
  const stage = new Stage(plot);
  const autoLabels = signal<{ row: number; text: string }[]>([]);
  let shown: { layout: number; layer: number | null } | null = null;
  /** The camera follows the points until the user takes it. */
  let following = true;
  let hand = 0;
  let flags = new Uint8Array(0);
  mapPlot.value = plot;

  const touched = (): void => { hand = performance.now(); };
  const byHand: (keyof HTMLElementEventMap)[] = ["wheel", "pointermove", "keydown"];
  for (const e of byHand)
    host.addEventListener(e, (x) => { if (!(x instanceof PointerEvent) || x.buttons) touched(); }, { capture: true, passive: true });
  let rest: ReturnType<typeof setTimeout> | undefined;
  plot.camera.onchange = () => {
    if (performance.now() - hand < 250) following = false;
    clearTimeout(rest);
    rest = setTimeout(() => cameraMoved.value++, 200);
  };
  const fit = (): void => { if (following) plot.camera.fit(); };

  const showPositions = (): void => {
    const l = layout.value;
    const at = scrub.value;
    const of = shownLayer.value;
    const d = detail.value;
    if (!l || !d || of === null) return;
    void l.version.value;
    const { dim } = l.request.value;
    const good = (p: Float32Array | undefined): p is Float32Array => p !== undefined && p.length === d.rows * dim;
    const list = layoutLayers.value;
    if (at !== null && list.length > 1) {
      const i = Math.min(list.length - 1, Math.max(0, Math.floor(at)));
      const [a, b] = [l.positions.get(list[i]), l.positions.get(list[i + 1])];
      if (good(a) && good(b)) stage.hold(a, b, dim, Math.min(1, at - i));
      else if (good(a)) stage.set(a, dim);
      shown = { layout: l.id, layer: of };
      return;
    }
    const p = l.positions.get(of);
    if (!good(p) || stage.shows(p)) return;
    const before = shown;
    shown = { layout: l.id, layer: of };
    const same = before?.layout === l.id;
    if (!stage.fits(p, dim) || !before) {
      following = true;
      stage.set(p, dim);
      const camera = pendingCamera.peek();
      if (camera) {
        following = false;
        plot.camera.set(camera);
        pendingCamera.value = null;
      } else plot.camera.fit();
    } else if (same && before.layer === of) {
      stage.set(p, dim); // a frame of a running layout, or the exact positions after the last
      fit();
    } else {
      if (!same) following = true;
      stage.slide(p, options.animate ? slideMs : 0, fit);
    }
  };

  /** The camera goes to a sub-dataset and back, unless the user holds it. */
  let subset: Uint32Array | null = isolated.peek();
  const fitSubset = (): void => {
    const now = isolated.value;
    if (now === subset) return;
    subset = now;
    queueMicrotask(fit); // after the flags have changed
  };

  const showFlags = (): void => {
    const n = detail.value?.rows ?? 0;
    const off = colouring.value.off;
    const missing = unplaced.value;
    const sub = isolated.value;
    const chosen = selection.value;
    const pin = pinned.value;
    const near = neighbours.value.reply?.rows ?? [];
    const nearOn = neighbours.value.of !== null;
    void emptied.value;
    if (drawn.n !== n) return;
    if (flags.length !== n) flags = new Uint8Array(n);
    const focus = chosen.length > 0 || nearOn;
    flags.fill(focus ? DIMMED : 0);
    for (const r of chosen) flags[r] = SELECTED;
    if (nearOn) for (const x of near) flags[x.row] = (flags[x.row] & ~DIMMED) | NEIGHBOUR;
    if (pin >= 0 && pin < n) flags[pin] = SELECTED | NEIGHBOUR;
    if (off && off.length === n) for (let i = 0; i < n; i++) if (off[i]) flags[i] |= HIDDEN;
    if (missing && missing.length === n) for (let i = 0; i < n; i++) if (missing[i]) flags[i] |= HIDDEN;
    if (sub) {
      let j = 0;
      for (let i = 0; i < n; i++)
        if (sub[j] === i) j++;
        else flags[i] |= HIDDEN;
    }
    plot.setFlags(flags);
  };

  const showColours = (): void => {
    const c = colouring.value;
    void emptied.value;
    if (c.index && c.index.length !== drawn.n) return;
    plot.setColors(c.index, c.palette);
    plot.setShapes(c.shapes);
    const s = sizes.value;
    plot.setSizes(s && s.length === drawn.n ? s : null);
  };

  const showLabelTexts = (): void => {
    void tokens.value;
    void emptied.value;
    const rows = new Map<number, { row: number; text: string; strong?: boolean }>();
    const add = (row: number, strong = false): void => {
      if (row >= 0 && row < drawn.n && !rows.has(row)) rows.set(row, { row, text: tokenOf(row), strong });
    };
    add(pinned.value, true);
    if (neighbours.value.of) for (const x of neighbours.value.reply?.rows ?? []) add(x.row);
    const chosen = selection.value;
    if (chosen.length <= maxLabels) chosen.forEach((r) => add(r));
    if (showLabels.value && !rows.size) for (const l of autoLabels.value) rows.set(l.row, l);
    plot.setLabels([...rows.values()]);
  };

  /** Words for the dense regions of a finished layout. */
  const askLabels = (): void => {
    const l = layout.value;
    const of = shownLayer.value;
    const done = l?.state.value?.state === "done";
    autoLabels.value = [];
    if (!l || !done || of === null || !showLabels.value || offline.value) return;
    api.labels(l.request.peek().source, l.id, of).then(
      ({ labels }) => {
        const p = l.positions.get(of);
        if (p && layout.peek() === l && shownLayer.peek() === of) autoLabels.value = anchor(labels, p, l.request.peek().dim);
      },
      () => undefined, // a map without words is still a map
    );
  };

  const showPathLines = (): void => {
    const lines = showPaths.value ? paths.value : [];
    void emptied.value;
    plot.setPaths([...lines.filter((l) => l.every((r) => r < drawn.n)).map((l) => ({ rows: l, color: -1 })), ...trails.value]);
  };

  const disposers = [
    effect(() => {
      void theme.value;
      // After the root element has taken the theme: its variables are what is read.
      queueMicrotask(() => plot.setTheme(plotTheme()));
    }),
    effect(showPositions),
    effect(fitSubset),
    effect(showFlags),
    effect(showColours),
    effect(askLabels),
    effect(showLabelTexts),
    effect(showPathLines),
    effect(() => plot.setAxes(axisNames(layout.value))),
    effect(() => plot.setMode(drawMode.value)),
    effect(() => plot.setPointSize(pointSize.value)),
    effect(() => { plot.tool = tool.value; }),
    effect(() => {
      void emptied.value;
      plot.setHover(hover.value < drawn.n ? hover.value : -1);
    }),
  ];

  plot.onhover = (row, x, y) => {
    hover.value = row;
    hoverAt.value = row < 0 ? null : [x, y];
  };
  plot.onclick = (row, _x, _y, e) => {
    if (row >= 0 && (e.shiftKey || e.ctrlKey || e.metaKey)) {
      const one = Uint32Array.of(row);
      select(one, hasRow(selection.peek(), row) ? "remove" : "add");
    } else if (row >= 0 || pinned.peek() >= 0) pin(row);
  };
  plot.onselect = (rows, mode) => select(rows, mode);

  return () => {
    disposers.forEach((d) => d());
    clearTimeout(rest);
    stage.stop();
    mapPlot.value = null;
    plot.destroy();
  };
}
