/* The plot in a page: three canvases in the host (GL points, splat points, overlay), the schedule of pictures,
 * and the wiring between scene, camera, renderers and hands. */

import { between, fitCamera, makeProjection, projectRange, START, type Projection, type Viewport } from "./camera";
import { parseColour } from "./colour";
import { GlRenderer } from "./gl";
import { attachInput } from "./input";
import { drawOverlay, plotArea, type OverlayState } from "./overlay";
import { CanvasPen } from "./pen";
import { drawPoints, imageOf, toPNG, toSVG, type Shot } from "./picture";
import { drawPictures } from "./pictures";
import { lookOf, Scene } from "./scene";
import { PickGrid, rowsInside } from "./select";
import { Splat } from "./splat";
import type { Axes, Camera, CameraControl, Label, Path, Pictures, Plot, PlotData, PlotOptions, PlotTheme, Tool } from "./types";

/** While moving, pictures above this many pixels or slower than this are drawn at half size. */
const LARGE_PICTURE = 2.2e6, SLOW_MS = 45;
/** A hand that rests this long has stopped: the full picture is drawn. */
const REST_MS = 140;
const GLIDE_MS = 320, TWEEN_MS = 700;
const MAX_RATIO = 3;
/** A fit to few rows shows at least this share of the half width of all. */
const NEAREST_FIT = 0.1;
/** The hand may zoom to these multiples of the width of all. */
const FARTHEST = 100, NEAREST = 1e-6;

const ease = (t: number): number => (t < 0.5 ? 4 * t * t * t : 1 - 4 * (1 - t) ** 3);
const copyCamera = (c: Camera): Camera => ({ ...c, target: [...c.target], rotation: [...c.rotation] });

export class PlotView implements Plot {
  frame = 0;
  onhover: Plot["onhover"] = null;
  onclick: Plot["onclick"] = null;
  onselect: Plot["onselect"] = null;
  readonly camera: CameraControl;

  private readonly scene: Scene;
  private readonly overlay: OverlayState = { labels: [], paths: [], axes: null, pictures: null, hover: -1, lasso: null };
  private readonly root = document.createElement("div");
  private readonly splatCanvas = document.createElement("canvas");
  private readonly overCanvas = document.createElement("canvas");
  private readonly splatContext: CanvasRenderingContext2D;
  private readonly overContext: CanvasRenderingContext2D;
  private pen: CanvasPen;
  private gl: GlRenderer | null = null;
  private splats: { full: Splat | null; half: Splat | null } = { full: null, half: null };
  private eye: Camera = { target: [0, 0, 0], extent: 1, rotation: START, perspective: 0.35 };
  private currentTool: Tool = "navigate";
  private mode: Shot["mode"] = "points";
  private width = 1;
  private height = 1;
  private ratio = 1;
  private shown = false;
  /** The camera shows all rows and nobody has moved it: it may be fitted again when the picture's size changes. */
  private follow = false;
  private moving = false;
  private fullMs = 0;
  private request = 0;
  /** Stale points make the overlay stale, too. */
  private stale = { points: true, overlay: true };
  private restTimer = 0;
  /** What ends the glide of the camera, or the tween, that runs. */
  private ending: { camera: (() => void) | null; tween: (() => void) | null } = { camera: null, tween: null };
  private grid: PickGrid | null = null;
  private pointer: [number, number] | null = null;
  /** The focus came with the pointer: no ring. */
  private byHand = false;
  private readonly observer: ResizeObserver;
  private readonly detach: () => void;

  constructor(private readonly host: HTMLElement, private readonly options: PlotOptions & { renderer: "gl" | "splat" }) {
    this.scene = new Scene(options.theme);
    this.splatContext = context2d(this.splatCanvas);
    this.overContext = context2d(this.overCanvas);
    this.pen = new CanvasPen(this.overContext, options.theme.font);
    this.layOut();
    if (options.renderer === "gl") this.startGl();
    this.camera = {
      get: () => copyCamera(this.eye),
      set: (c) => this.setCamera(c),
      fit: (rows) => this.fit(rows),
      onchange: null,
    };
    this.detach = attachInput(this.inputHost());
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
    this.resize();
  }

  get renderer(): "gl" | "splat" {
    return this.gl ? "gl" : "splat";
  }

  get busy(): boolean {
    return this.request !== 0 || this.gliding || this.moving;
  }

  get tool(): Tool {
    return this.currentTool;
  }

  set tool(t: Tool) {
    this.currentTool = t;
    this.setCursor();
  }

  setData(d: PlotData): void {
    this.ending.tween?.();
    const turned = d.dim !== this.scene.positions.dim;
    if (!this.scene.setData(d)) {
      this.overlay.labels = [];
      this.overlay.paths = [];
      this.overlay.hover = -1;
    }
    if (!this.shown || turned) {
      this.shown = d.n > 0;
      this.eye = this.fitted();
      this.follow = true;
    }
    this.redraw();
  }

  setTarget(positions: Float32Array | null): void {
    this.scene.setTarget(positions);
    this.redraw();
  }

  setTween(t: number): void {
    if (!(t >= 0 && t <= 1)) throw new RangeError(`plot: tween ${t}: expected 0 to 1`);
    this.scene.positions.t = this.scene.positions.b ? t : 0;
    this.startMoving();
    this.redraw();
  }

  finishTween(): void {
    this.scene.finishTween();
    this.redraw();
  }

  async tweenTo(positions: Float32Array, ms = TWEEN_MS): Promise<void> {
    this.ending.tween?.();
    this.setTarget(positions);
    await this.run("tween", ms, (t) => this.setTween(ease(t)));
    if (this.scene.positions.b === positions) this.finishTween();
  }

  setColors(index: Uint8Array | null, palette: Uint8Array): void {
    this.scene.setColors(index, palette);
    this.redraw();
  }

  setSizes(s: Uint8Array | null): void {
    this.scene.setBytes("sizes", s);
    this.redraw();
  }

  setFlags(f: Uint8Array): void {
    this.scene.setBytes("flags", f);
    this.redraw();
  }

  setShapes(s: Uint8Array | null): void {
    this.scene.setBytes("shapes", s);
    this.redraw();
  }

  setHover(row: number): void {
    if (row === this.overlay.hover) return;
    this.overlay.hover = row;
    this.redrawOverlay();
  }

  setLabels(l: Label[]): void {
    this.overlay.labels = l;
    this.redrawOverlay();
  }

  setPaths(p: Path[]): void {
    this.overlay.paths = p;
    this.redrawOverlay();
  }

  setPictures(p: Pictures | null): void {
    this.overlay.pictures = p;
    this.redrawOverlay();
  }

  setAxes(a: Axes | null): void {
    this.overlay.axes = a;
    this.refit();
    this.redraw();
  }

  setMode(m: Shot["mode"]): void {
    this.mode = m;
    this.redraw();
  }

  setPointSize(px: number): void {
    if (!(px >= 0)) throw new RangeError(`plot: point size ${px}: expected a width in pixels, or 0`);
    this.scene.pointSize = px;
    this.redraw();
  }

  setTheme(t: PlotTheme): void {
    this.scene.setTheme(t);
    this.pen = new CanvasPen(this.overContext, t.font);
    this.root.style.background = t.background;
    this.redraw();
  }

  pick(x: number, y: number): number {
    const view = this.view();
    if (x < view.x || y < view.y || x > view.x + view.width || y > view.y + view.height) return -1;
    if (!this.grid) {
      const pr = this.projection();
      this.grid = new PickGrid(this.scene, pr, lookOf(this.scene, pr, view, 1), this.width, this.height, 1);
    }
    return this.grid.at(x, y, this.overlay.hover);
  }

  project(row: number): [number, number] {
    const out = new Float64Array(3);
    projectRange(this.projection(), this.scene.positions, row, row + 1, out);
    return [out[0], out[1]];
  }

  scalePerUnit(): [number, number] {
    const { scale } = this.projection();
    return [scale, scale];
  }

  select(polygon: [number, number][]): Uint32Array {
    return rowsInside(this.scene, this.projection(), polygon);
  }

  toPNG(width: number, height: number): Promise<Blob> {
    return toPNG(this.shot(), width, height);
  }

  toSVG(width: number, height: number): Promise<string> {
    return toSVG(this.shot(), width, height);
  }

  draw(): void {
    this.moving = false;
    clearTimeout(this.restTimer);
    this.stale = { points: true, overlay: true };
    this.render();
  }

  resize(): void {
    const width = this.host.clientWidth, height = this.host.clientHeight;
    const ratio = Math.min(MAX_RATIO, Math.max(1, globalThis.devicePixelRatio || 1));
    if (width < 1 || height < 1 || (width === this.width && height === this.height && ratio === this.ratio)) return;
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    this.splats = { full: null, half: null };
    this.refit();
    this.redraw();
  }

  destroy(): void {
    this.ending.camera?.();
    this.ending.tween?.();
    cancelAnimationFrame(this.request);
    clearTimeout(this.restTimer);
    this.observer.disconnect();
    this.detach();
    this.gl?.destroy();
    this.root.remove();
  }

  private setCursor(): void {
    this.root.style.cursor = this.currentTool !== "navigate" ? "crosshair" : this.overlay.hover >= 0 ? "pointer" : "default";
  }

  private layOut(): void {
    const { root } = this;
    Object.assign(root.style, {
      position: "relative", width: "100%", height: "100%", overflow: "hidden", touchAction: "none", userSelect: "none",
      background: this.options.theme.background,
    });
    root.style.outline = "none";
    for (const change of ["focus", "blur"]) root.addEventListener(change, () => this.redrawOverlay());
    // The browser shows the focus of an element that is focused by a script as if it came from the keyboard.
    root.addEventListener("pointerdown", () => (this.byHand = true));
    for (const change of ["keydown", "blur"])
      root.addEventListener(change, () => {
        this.byHand = false;
        this.redrawOverlay();
      });
    root.tabIndex = 0;
    root.setAttribute("role", "application");
    root.setAttribute("aria-label", "Map of points. Arrow keys move or turn it, plus and minus zoom, Home shows all.");
    for (const c of [this.splatCanvas, this.overCanvas]) this.addCanvas(c);
    this.host.append(root);
  }

  private addCanvas(c: HTMLCanvasElement): void {
    c.setAttribute("aria-hidden", "true");
    Object.assign(c.style, {
      position: "absolute", left: "0", top: "0", width: "100%", height: "100%", display: "block", pointerEvents: "none",
    });
    this.root.append(c);
  }

  private startGl(): void {
    const canvas = document.createElement("canvas");
    try {
      this.gl = new GlRenderer(canvas, () => this.redraw(), () => this.stopGl());
    } catch {
      // No usable GL: the splat draws everything, and `renderer` says so.
      return;
    }
    this.addCanvas(canvas);
    this.root.append(this.overCanvas);
  }

  private stopGl(): void {
    this.gl?.canvas.remove();
    this.gl = null;
    this.redraw();
  }

  private view(): Viewport {
    return plotArea(this.width, this.height, this.overlay.axes, this.scene.positions.dim);
  }

  private projection(): Projection {
    return makeProjection(this.eye, this.view(), this.scene.positions.dim);
  }

  private setCamera(c: Camera): void {
    if (!(c.extent > 0) || ![...c.target, ...c.rotation, c.extent, c.perspective].every(Number.isFinite))
      throw new RangeError(`plot: camera ${JSON.stringify(c)}: expected finite numbers and extent > 0`);
    this.ending.camera?.();
    this.eye = copyCamera(c);
    this.follow = false;
    this.redraw();
  }

  /** A change by the user. */
  private moveTo(c: Camera): void {
    const { box } = this.scene, width = (box && 2 * Math.max(...box.half)) || c.extent, { extent } = this.eye;
    // Zoomed out until all points are a dot, or in until float32 coordinates have no more digits.
    if ((c.extent > extent && c.extent > FARTHEST * width) || (c.extent < extent && c.extent < NEAREST * width)) return;
    this.eye = c;
    this.follow = false;
    this.startMoving();
    this.redraw();
    this.camera.onchange?.(copyCamera(c));
  }

  /** The camera that shows the rows; rows in one spot (a single one) are shown with their surroundings. */
  private fitted(rows?: Uint32Array): Camera {
    const { box, positions, isHidden } = this.scene, least = rows && box ? NEAREST_FIT * Math.max(...box.half) : 0;
    return fitCamera(this.eye, positions, this.view(), isHidden, rows, least) ?? this.eye;
  }

  private fit(rows?: Uint32Array): void {
    this.ending.camera?.();
    const from = copyCamera(this.eye), to = this.fitted(rows), still = JSON.stringify(from) === JSON.stringify(to);
    void this.run("camera", still ? 0 : GLIDE_MS, (t) => {
      this.moveTo(between(from, to, ease(t)));
      this.follow = t === 1 && rows === undefined;
    });
  }

  private refit(): void {
    if (this.follow) this.eye = this.fitted();
  }

  private get gliding(): boolean {
    return this.ending.camera !== null || this.ending.tween !== null;
  }

  /** Calls step(0..1) once per picture for `ms`, ends with step(1); only step(1) when not animating. */
  private run(what: "camera" | "tween", ms: number, step: (t: number) => void): Promise<void> {
    if (!this.options.animate || ms <= 0) {
      step(1);
      return Promise.resolve();
    }
    return new Promise((done) => {
      const start = performance.now();
      let request = 0;
      const finish = (): void => {
        cancelAnimationFrame(request);
        this.ending[what] = null;
        done();
      };
      const tick = (): void => {
        const t = Math.min(1, (performance.now() - start) / ms);
        this.startMoving();
        step(t);
        // A step calls the page back, which may have ended this run.
        if (this.ending[what] !== finish) return;
        if (t < 1) request = requestAnimationFrame(tick);
        else finish();
      };
      this.ending[what] = finish;
      request = requestAnimationFrame(tick);
    });
  }

  private startMoving(): void {
    if (!this.options.animate) return;
    this.moving = true;
    clearTimeout(this.restTimer);
    this.restTimer = window.setTimeout(() => {
      this.moving = false;
      this.redraw();
    }, REST_MS);
  }

  private redraw(): void {
    this.grid = null;
    this.stale.points = true;
    this.redrawOverlay();
  }

  private redrawOverlay(): void {
    this.stale.overlay = true;
    this.schedule();
  }

  private schedule(): void {
    if (this.request === 0) this.request = requestAnimationFrame(() => this.render());
  }

  private render(): void {
    cancelAnimationFrame(this.request);
    this.request = 0;
    if (this.stale.points) this.renderPoints();
    if (this.stale.overlay) {
      this.renderOverlay();
      this.frame++;
    }
    this.stale = { points: false, overlay: false };
    this.updateHover();
  }

  private renderPoints(): void {
    const useGl = this.gl !== null && this.gl.usable && this.mode === "points";
    if (this.gl) this.gl.canvas.style.visibility = useGl ? "visible" : "hidden";
    const large = this.width * this.height * this.ratio * this.ratio > LARGE_PICTURE || this.fullMs > SLOW_MS;
    const half = !useGl && this.moving && large, ratio = half ? this.ratio / 2 : this.ratio;
    const width = Math.max(1, Math.round(this.width * ratio)), height = Math.max(1, Math.round(this.height * ratio));
    const v = this.view(), view = { x: v.x * ratio, y: v.y * ratio, width: v.width * ratio, height: v.height * ratio };
    const pr = makeProjection(this.eye, view, this.scene.positions.dim), look = lookOf(this.scene, pr, view, ratio);
    if (useGl && this.gl) {
      setSize(this.gl.canvas, width, height);
      this.gl.draw(this.scene, pr, look, parseColour(this.scene.theme.background));
      return;
    }
    const start = performance.now();
    const splat = this.splat(half ? "half" : "full", width, height);
    drawPoints(splat, this.scene, pr, look, this.mode, ratio);
    setSize(this.splatCanvas, width, height);
    this.splatContext.putImageData(imageOf(splat), 0, 0);
    if (!half) this.fullMs = performance.now() - start;
  }

  private splat(which: "full" | "half", width: number, height: number): Splat {
    const old = this.splats[which];
    if (old && old.width === width && old.height === height) return old;
    return (this.splats[which] = new Splat(width, height));
  }

  private renderOverlay(): void {
    const { overContext: c, pen, width, height, ratio } = this, view = this.view(), pr = this.projection();
    setSize(this.overCanvas, Math.round(width * ratio), Math.round(height * ratio));
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.overCanvas.width, this.overCanvas.height);
    // Chromium 156 keeps showing the old picture of a canvas that was cleared and not drawn on (a lasso that is done).
    c.fillStyle = "rgba(0, 0, 0, 0.004)";
    c.fillRect(0, 0, 1, 1);
    const frame = { scene: this.scene, pr, look: lookOf(this.scene, pr, view, 1), view, width, height };
    drawPictures(c, frame, this.overlay.pictures, ratio);
    pen.begin(ratio);
    drawOverlay(pen, frame, this.overlay);
    // The element's own focus ring would lie under the canvases.
    if (this.byHand || !this.root.matches(":focus-visible")) return;
    const ring: [number, number][] = [[1, 1], [width - 1, 1], [width - 1, height - 1], [1, height - 1]];
    pen.line(ring, { colour: this.scene.theme.accent, width: 2, closed: true });
  }

  /** The row under the resting pointer; not while something moves. */
  private updateHover(): void {
    if (!this.pointer || this.moving || this.gliding) return;
    const [x, y] = this.pointer;
    this.pointer = null;
    const row = this.pick(x, y), before = this.overlay.hover;
    if (row === before) return;
    this.setHover(row);
    this.setCursor();
    this.onhover?.(row, x, y);
  }

  private shot(): Shot {
    return {
      scene: this.scene, camera: copyCamera(this.eye), overlay: { ...this.overlay, hover: -1, lasso: null }, mode: this.mode,
      hostWidth: this.width, hostHeight: this.height,
    };
  }

  private inputHost(): Parameters<typeof attachInput>[0] {
    const plot = this;
    return {
      element: this.root,
      get dim() {
        return plot.scene.positions.dim;
      },
      get tool() {
        return plot.currentTool;
      },
      camera: () => this.eye,
      projection: () => this.projection(),
      moveTo: (c) => {
        this.ending.camera?.();
        this.moveTo(c);
      },
      fit: () => this.fit(),
      lasso: (line) => {
        this.overlay.lasso = line ? [...line] : null;
        this.redrawOverlay();
      },
      selected: (polygon, mode) => this.onselect?.(this.select(polygon), mode),
      hover: (x, y) => {
        this.pointer = [x, y];
        this.schedule();
      },
      leave: () => {
        this.pointer = null;
        if (this.overlay.hover < 0) return;
        this.setHover(-1);
        this.onhover?.(-1, 0, 0);
      },
      click: (x, y, e) => this.onclick?.(this.pick(x, y), x, y, e),
    };
  }
}

function context2d(c: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = c.getContext("2d");
  if (!context) throw new Error("plot: no 2D canvas in this browser");
  return context;
}

function setSize(c: HTMLCanvasElement, width: number, height: number): void {
  if (c.width !== width) c.width = width;
  if (c.height !== height) c.height = height;
}
