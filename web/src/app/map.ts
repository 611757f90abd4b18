/** The map: keeps the plot in step with the state.
 *
 *  Positions come from three places: a running layout (each frame replaces the last), a change of layer
 *  or layout (the points slide), and the layer slider (the hand holds the points between two layers). */
import { effect, signal } from "@preact/signals";
import { createPlot, HIDDEN, SELECTED, NEIGHBOUR, DIMMED, type Label, type PlotTheme } from "../plot";
import { pin, select } from "../state/actions";
import { api } from "../api/client";
import { tokenOf, tokens } from "../state/columns";
import { clip, percent } from "../state/format";
import { drawn } from "../state/handle";
import { arrived, finished, type Layout, layout, layoutLayers, shownLayer, shownState } from "../state/layouts";
import { trails } from "../screens/trails";
import { cameraMoved, pendingCamera } from "../state/view";
import { hasRow } from "../state/rows";
import {
  colouring,
  currentSource,
  detail,
  drawMode,
  hover,
  hoverAt,
  isolated,
  mapPlot,
  neighbours,
  options,
  paths,
  pinned,
  pointSize,
  scrub,
  selection,
  showLabels,
  showPaths,
  showPictures,
  sizes,
  sprite,
  theme,
  tool,
} from "../state/store";
import { emptied, pictured, Stage, unplaced } from "./stage";

/** Milliseconds of a slide between layers or layouts. */
const slideMs = 600;
/** So many selected rows carry their labels. */
const maxLabels = 60;
/** Longer labels are cut. */
const longestLabel = 24;

/** The plot's colours, read from the style sheet so that there is one list of them. */
export function plotTheme(): PlotTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    dark: theme.peek() === "dark",
    background: read("--plot"),
    ink: read("--ink"),
    muted: read("--faint"),
    grid: read("--grid"),
    accent: read("--accent"),
    point: read("--point"),
    font: read("--font"),
  };
}

/** Axis names of a layout: "PC1 (23.1 %)". Methods whose axes mean nothing have none. */
function axisNames(): { x: string; y: string; z?: string } | null {
  const s = shownState.value;
  const kind = s?.method === "bookmark" ? s.params["projection"] : s?.method;
  if (!s || kind === "tsne" || kind === "umap") return null;
  const components = s.params["components"];
  const name = (i: number): string => {
    if (!Array.isArray(components)) return s.axes?.[i] ?? `axis ${i + 1}`;
    const share = s.explained?.[i];
    return `PC${Number(components[i]) + 1}` + (typeof share === "number" ? ` (${percent(share)})` : "");
  };
  return s.dim === 3 ? { x: name(0), y: name(1), z: name(2) } : { x: name(0), y: name(1) };
}

/** Nearest row of each automatic label: labels then travel with their points. */
function anchor(labels: { x: number; y: number; z?: number; text: string; rows: number }[], raw: Float32Array, dim: number) {
  return labels
    .map((l) => {
      const at = [l.x, l.y, l.z ?? 0];
      let best = -1,
        least = Infinity;
      for (let i = 0; i < raw.length; i += dim) {
        let d = 0;
        for (let k = 0; k < dim; k++) d += (raw[i + k] - at[k]) ** 2;
        if (d < least) {
          least = d;
          best = i / dim;
        }
      }
      return { row: best, text: l.text };
    })
    .filter((l) => l.row >= 0);
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

  const touched = (): void => {
    hand = performance.now();
  };
  const byHand: (keyof HTMLElementEventMap)[] = ["wheel", "pointermove", "keydown"];
  for (const e of byHand)
    host.addEventListener(
      e,
      (x) => {
        if (!(x instanceof PointerEvent) || x.buttons) touched();
      },
      { capture: true, passive: true },
    );
  let rest: ReturnType<typeof setTimeout> | undefined;
  plot.camera.onchange = () => {
    if (performance.now() - hand < 250) following = false;
    clearTimeout(rest);
    rest = setTimeout(() => cameraMoved.value++, 200);
  };
  const fit = (): void => {
    if (following) plot.camera.fit();
  };

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
      else return; // what was there stays until it comes
      shown = { layout: l.id, layer: of };
      pictured.value = d.id;
      return;
    }
    const p = l.positions.get(of);
    const camera = pendingCamera.value;
    if (!good(p)) return;
    if (stage.shows(p)) {
      if (!camera) return;
      following = false;
      pendingCamera.value = null;
      return plot.camera.set(camera);
    }
    const before = shown;
    shown = { layout: l.id, layer: of };
    pictured.value = d.id;
    const same = before?.layout === l.id;
    if (camera || !before || !stage.fits(p, dim)) {
      following = camera === null;
      stage.set(p, dim);
      pendingCamera.value = null;
      if (camera) plot.camera.set(camera);
      else plot.camera.fit();
    } else if (same && before.layer === of) {
      const slides = stage.slides;
      stage.update(p); // a frame of a running layout, or the exact positions after the last
      if (!slides) fit();
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
    const rows = new Map<number, Label>();
    const add = (row: number, strong = false): void => {
      if (row >= 0 && row < drawn.n && !rows.has(row)) rows.set(row, { row, text: clip(tokenOf(row), longestLabel), strong });
    };
    add(pinned.value, true);
    if (neighbours.value.of) for (const x of neighbours.value.reply?.rows ?? []) add(x.row);
    const chosen = selection.value;
    if (chosen.length <= maxLabels) chosen.forEach((r) => add(r));
    // Words for regions are for a map on which nothing is singled out.
    if (showLabels.value && !rows.size && !chosen.length) for (const l of autoLabels.value) rows.set(l.row, { ...l, region: true });
    plot.setLabels([...rows.values()]);
  };

  /** Words for the dense regions of a finished layout, asked for once: until it goes on, they stay what they are. */
  const words = new WeakMap<Layout, Map<string, ReturnType<typeof api.labels>>>();
  const wordsOf = (l: Layout, of: number): ReturnType<typeof api.labels> => {
    const asked = words.get(l) ?? new Map<string, ReturnType<typeof api.labels>>();
    const key = `${of} ${l.state.peek()?.epoch}`;
    const reply = asked.get(key) ?? api.labels(l.request.peek().source, l.id, of, l.abort.signal);
    reply.catch(() => asked.delete(key)); // asked again when it is wanted again
    words.set(l, asked.set(key, reply));
    return reply;
  };
  const askLabels = (): void => {
    const l = layout.value;
    const of = shownLayer.value;
    const done = finished.value;
    autoLabels.value = [];
    if (!l || !done || of === null || !showLabels.value) return;
    wordsOf(l, of).then(
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
    effect(() => {
      const names = axisNames();
      // The axes of a map that is still shown keep their names.
      if (arrived.value || pictured.value !== currentSource.value) plot.setAxes(names);
    }),
    effect(() => plot.setPictures(showPictures.value ? sprite.value : null)),
    effect(() => plot.setMode(drawMode.value)),
    effect(() => plot.setPointSize(pointSize.value)),
    effect(() => {
      plot.tool = tool.value;
    }),
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
    pictured.value = null;
    plot.destroy();
  };
}
