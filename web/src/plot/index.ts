/** Stand-in of the plot until the renderers land: the agreed interface, dots on a canvas. */
export interface Camera { [key: string]: unknown }
export interface PlotTheme { background: string; foreground: string; muted: string; accent: string; dark: boolean }
export interface Plot {
  readonly renderer: "gl" | "splat"; readonly frame: number;
  setData(d: { n: number; dim: 2 | 3; positions: Float32Array }): void;
  setTarget(positions: Float32Array | null): void; setTween(t: number): void; finishTween(): void;
  setColors(index: Uint8Array | null, palette: Uint8Array): void;
  setSizes(s: Uint8Array | null): void; setFlags(f: Uint8Array): void; setShapes(s: Uint8Array | null): void;
  setLabels(l: { row: number; text: string; strong?: boolean }[]): void;
  setPaths(p: { rows: Uint32Array; color: number }[]): void;
  setAxes(a: { x: string; y: string; z?: string } | null): void; setMode(m: "points" | "density"): void;
  setPointSize(px: number): void; setTheme(t: PlotTheme): void;
  camera: { get(): Camera; set(c: Camera): void; fit(rows?: Uint32Array): void; onchange: ((c: Camera) => void) | null };
  pick(x: number, y: number): number; project(row: number): [number, number]; scalePerUnit(): [number, number];
  select(polygon: [number, number][]): Uint32Array;
  tool: "navigate" | "lasso" | "rectangle";
  onhover: ((row: number, x: number, y: number) => void) | null;
  onclick: ((row: number, x: number, y: number) => void) | null;
  onselect: ((rows: Uint32Array, mode: "replace" | "add" | "remove") => void) | null;
  toPNG(width: number, height: number): Promise<Blob>; toSVG(width: number, height: number): Promise<string>;
  draw(): void; resize(): void; destroy(): void;
}

export function createPlot(host: HTMLElement, o: { renderer?: "auto" | "gl" | "splat"; animate: boolean; theme: PlotTheme }): Plot {
  const canvas = host.appendChild(document.createElement("canvas"));
  let d: { n: number; dim: 2 | 3; positions: Float32Array } = { n: 0, dim: 2, positions: new Float32Array(0) };
  let target: Float32Array | null = null, t = 0, index: Uint8Array | null = null, frame = 0, theme = o.theme;
  let palette = new Uint8Array(3), flags = new Uint8Array(0), s = 1, cx = 0, cy = 0, queued = false;
  const at = (row: number, axis: number): number => {
    const a = d.positions[row * d.dim + axis];
    return target ? a + (target[row * d.dim + axis] - a) * t : a;
  };
  const project = (row: number): [number, number] =>
    [host.clientWidth / 2 + (at(row, 0) - cx) * s, host.clientHeight / 2 - (at(row, 1) - cy) * s];
  const nothing = (): void => undefined;
  const later = (): void => { if (!queued) { queued = true; requestAnimationFrame(() => plot.draw()); } };
  const plot: Plot = {
    renderer: "splat", get frame() { return frame; }, tool: "navigate", onhover: null, onclick: null, onselect: null,
    setData(x) { d = x; target = null; later(); }, setTarget(p) { target = p; t = 0; }, setTween(x) { t = x; later(); },
    finishTween() { if (target) d = { ...d, positions: target }; target = null; later(); },
    setColors(i, p) { index = i; palette = new Uint8Array(p); later(); }, setFlags(f) { flags = new Uint8Array(f); later(); },
    setSizes: nothing, setShapes: nothing, setLabels: nothing, setPaths: nothing, setAxes: nothing, setMode: nothing,
    setPointSize: nothing, setTheme(x) { theme = x; later(); },
    camera: { get: () => ({ s, cx, cy }), onchange: null,
      set(c) { ({ s, cx, cy } = c as { s: number; cx: number; cy: number }); later(); },
      fit() {
        const r = [0, 1].map((k) => { let lo = Infinity, hi = -Infinity;
          for (let i = 0; i < d.n; i++) { const v = at(i, k); if (v < lo) lo = v; if (v > hi) hi = v; } return [lo, hi]; });
        [cx, cy] = r.map(([lo, hi]) => (lo + hi) / 2);
        s = 0.9 * Math.min(host.clientWidth / (r[0][1] - r[0][0]), host.clientHeight / (r[1][1] - r[1][0])); later();
      } },
    pick(x, y) {
      for (let i = d.n - 1; i >= 0; i--) { const [a, b] = project(i); if (Math.hypot(a - x, b - y) < 4) return i; }
      return -1;
    },
    project, scalePerUnit: () => [s, s], select: () => new Uint32Array(0),
    toPNG: () => new Promise((r) => canvas.toBlob((b) => r(b!))), toSVG: async () => "<svg/>",
    draw() {
      queued = false; frame++; canvas.width = host.clientWidth; canvas.height = host.clientHeight;
      const g = canvas.getContext("2d")!;
      g.fillStyle = theme.background; g.fillRect(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < d.n; i++) {
        if (flags[i] & 1) continue;
        const c = 3 * (index ? index[i] : 0), [x, y] = project(i);
        g.fillStyle = `rgb(${palette[c]} ${palette[c + 1]} ${palette[c + 2]})`;
        g.fillRect(x - 1, y - 1, flags[i] & 6 ? 5 : 2, flags[i] & 6 ? 5 : 2);
      }
    },
    resize: later, destroy() { canvas.remove(); },
  };
  host.onmousemove = (e) => plot.onhover?.(plot.pick(e.offsetX, e.offsetY), e.offsetX, e.offsetY);
  host.onclick = (e) => plot.onclick?.(plot.pick(e.offsetX, e.offsetY), e.offsetX, e.offsetY);
  return plot;
}
