/* The contract of the plot: what the page may ask of it and in which units.
 *
 * Three rules hold everywhere in this folder. One: all axes share ONE scale (pixels per data unit);
 * stretching an axis on its own would falsify every angle and every variance ratio, which is what
 * the user came to look at. Two: positions, colours, sizes, shapes and flags are arrays with one entry
 * per row, borrowed (never copied, never written) until the next call that replaces them. Three:
 * coordinates that cross this interface are CSS pixels from the upper left corner of the host. */

/** Bits of setFlags(). */
export const HIDDEN = 1, SELECTED = 2, NEIGHBOUR = 4, HOVER = 8, DIMMED = 16;

/** Names of the shapes of setShapes(), by their number; numbers beyond wrap around. */
export const SHAPES = ["disc", "square", "triangle", "diamond", "cross", "plus", "triangle down", "ring"] as const;

/** A size of setSizes() that means "the point size": 32 is half as wide, 128 twice as wide. */
export const SIZE_ONE = 64;

/** Where the eye is. It holds no pixels: the same camera shows the same part of the data in a window
 *  of any size, which is what links two maps and what a session file keeps. */
export interface Camera {
  /** The data point at the centre of the picture (and the centre of the orbit in 3D). */
  target: [number, number, number];
  /** Data units across the shorter side of the picture, measured at the target. */
  extent: number;
  /** Unit quaternion x, y, z, w that turns data into view; ignored in 2D. */
  rotation: [number, number, number, number];
  /** 0 = orthographic, 1 = the eye is one picture side away from the target; ignored in 2D. */
  perspective: number;
}

/** Colours are CSS strings "#rrggbb". */
export interface PlotTheme {
  dark: boolean;
  background: string;
  /** Text of labels, the outline of selected points. */
  ink: string;
  /** Ticks, axis names, the lasso; dimmed points fade towards it. */
  muted: string;
  /** Grid lines and spines. */
  grid: string;
  /** Lasso, hover ring, outline of neighbours. */
  accent: string;
  /** Points without colours. */
  point: string;
  font: string;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", "Open Sans", "Noto Sans", sans-serif';

export const LIGHT: PlotTheme = {
  dark: false, background: "#ffffff", ink: "#1f2328", muted: "#7a828c", grid: "#e7e9ec",
  accent: "#0b66c3", point: "#4c72b0", font: FONT,
};

export const DARK: PlotTheme = {
  dark: true, background: "#14171c", ink: "#eceff3", muted: "#8f99a6", grid: "#2a3038",
  accent: "#63b3ff", point: "#7fa7e0", font: FONT,
};

export interface PlotData {
  n: number;
  dim: 2 | 3;
  /** n * dim numbers, row by row, all finite. */
  positions: Float32Array;
}

export interface Label {
  row: number;
  text: string;
  /** Placed first, set in bold, never left out. */
  strong?: boolean;
  /** Names the region around its row: set in bold, in the middle of it where there are many points. */
  region?: boolean;
}

/** A polyline through rows in their order, or through given places (dim numbers each, in the units of the positions: a
 *  token's way through the layers). `color` is an entry of the palette, or -1 for the ink. */
export type Path = { color: number; rows: Uint32Array } | { color: number; points: Float32Array };

/** An image of cells, row 0 in the upper left corner, then to the right, then down. */
export interface Pictures {
  image: CanvasImageSource;
  /** Of one cell, in pixels of the image. */
  width: number;
  height: number;
  columns: number;
  /** Cells; rows beyond have none. */
  count: number;
}

export interface Axes {
  x: string;
  y: string;
  z?: string;
}

export type SelectMode = "replace" | "add" | "remove";
export type Tool = "navigate" | "lasso" | "rectangle";

export interface PlotOptions {
  /** "auto" (default): `?renderer=gl` or `?renderer=splat` of the address if given, else the splat
   *  when there is no WebGL2 or only a software one, else GL. Small multiples ask for the splat: a browser keeps
   *  about 16 GL contexts alive. */
  renderer?: "auto" | "gl" | "splat";
  /** False: no glides, no half-size pictures while moving; every picture is final. */
  animate: boolean;
  theme: PlotTheme;
}

export interface CameraControl {
  get(): Camera;
  set(c: Camera): void;
  /** Shows all rows that are not hidden, or the given ones; keeps the rotation. Glides when animating. */
  fit(rows?: Uint32Array): void;
  /** Called after each change by the user or by fit(), never by set(): two linked maps cannot echo. */
  onchange: ((c: Camera) => void) | null;
}

export interface Plot {
  /** Which renderer runs. While a GL context is lost the splat steps in; one that cannot be rebuilt turns "gl" into "splat". */
  readonly renderer: "gl" | "splat";
  /** Pictures drawn so far (final ones and those made while moving). */
  readonly frame: number;
  /** True while a redraw is scheduled or a glide runs; tests wait for false. */
  readonly busy: boolean;

  /** New points. Resets target, tween, colours, sizes, shapes, flags, labels and paths when n changes;
   *  fits the camera on the first call and when dim changes. Throws RangeError on a wrong length. */
  setData(d: PlotData): void;
  /** Positions B of the same shape; what is drawn is (1-t) A + t B. null drops B. */
  setTarget(positions: Float32Array | null): void;
  /** t in 0..1. */
  setTween(t: number): void;
  /** B becomes the new A and t becomes 0. */
  finishTween(): void;
  /** Slides from here to `positions` and finishes the tween; at once when not animating. */
  tweenTo(positions: Float32Array, ms?: number): Promise<void>;

  /** Palette entry of each row, and m <= 256 sRGB triples. Index null: all rows in entry 0 (an empty
   *  palette: the theme's point colour). Continuous scales are palettes of 256 entries. */
  setColors(index: Uint8Array | null, palette: Uint8Array): void;
  /** Width of each point in 1/64 of the point size (SIZE_ONE); null: all the same. */
  setSizes(s: Uint8Array | null): void;
  /** Bits per row: HIDDEN, SELECTED, NEIGHBOUR, HOVER, DIMMED. Call again after changing the array. */
  setFlags(f: Uint8Array): void;
  /** Number of SHAPES for each row, for more categories than colours. */
  setShapes(s: Uint8Array | null): void;
  /** The row under the (possibly remote) pointer, or -1: ringed and drawn in front. Costs no redraw of the points. */
  setHover(row: number): void;

  setLabels(l: Label[]): void;
  setPaths(p: Path[]): void;
  /** Names of the axes: ticks and spines in 2D, a tripod in 3D. null (t-SNE, UMAP: axes without meaning): none. */
  setAxes(a: Axes | null): void;
  /** Cells of an image instead of points, up to a few thousand rows; null: points. */
  setPictures(p: Pictures | null): void;
  setMode(m: "points" | "density"): void;
  /** Width of a point in CSS pixels; 0 (default) chooses it from the number of points and the zoom. */
  setPointSize(px: number): void;
  setTheme(t: PlotTheme): void;

  camera: CameraControl;
  /** Row under the CSS pixel or -1: the hovered row first, then selected and neighbours, then front-most. */
  pick(x: number, y: number): number;
  project(row: number): [number, number];
  /** Pixels per data unit in x and y at the target: always equal. */
  scalePerUnit(): [number, number];
  /** All rows whose projection lies inside the polygon (even-odd), ascending; points hidden behind
   *  others count, rows flagged HIDDEN do not. */
  select(polygon: [number, number][]): Uint32Array;

  tool: Tool;
  /** row -1 when the pointer leaves a point. */
  onhover: ((row: number, x: number, y: number) => void) | null;
  /** row -1 for a click on nothing. */
  onclick: ((row: number, x: number, y: number, event: PointerEvent) => void) | null;
  /** After a lasso or a rectangle. Shift gives "add", Alt "remove". */
  onselect: ((rows: Uint32Array, mode: SelectMode) => void) | null;

  /** The picture at that many pixels, text and points scaled with it; drawn by the splat, so it is the same
   *  on every machine up to the fonts. */
  toPNG(width: number, height: number): Promise<Blob>;
  /** Points as an image of 3 pixels per unit inside; labels, axes and paths as vectors. */
  toSVG(width: number, height: number): Promise<string>;

  /** Draws now, at full size. Changes schedule a picture by themselves. */
  draw(): void;
  /** Reads the size of the host again; a ResizeObserver calls it too. */
  resize(): void;
  destroy(): void;
}
