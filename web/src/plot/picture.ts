/* Pictures for files: the splat at any size, with the overlay on top. */

import { makeProjection, type Projection, type Viewport } from "./camera";
import { parseColour } from "./colour";
import { drawDensity } from "./density";
import { drawOverlay, plotArea, type OverlayState } from "./overlay";
import { CanvasPen, SvgPen } from "./pen";
import { drawPictures } from "./pictures";
import { lookOf, type Look, type Scene } from "./scene";
import { Splat } from "./splat";
import type { Camera } from "./types";

/** Pixels in one band of a large picture: bounds the memory of the sums. */
const BAND = 4e6;
const SVG_RATIO = 3, SVG_MAX = 8000;

export interface Shot {
  scene: Scene;
  camera: Camera;
  overlay: OverlayState;
  mode: "points" | "density";
  /** Size of the host in CSS pixels: what the widths of text and points refer to. */
  hostWidth: number;
  hostHeight: number;
}

export const packed = (css: string): number => {
  const [r, g, b] = parseColour(css);
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
};

/** Draws points or density into the splat's picture; highlighted points lie on top of both. */
export function drawPoints(splat: Splat, s: Scene, pr: Projection, look: Look, mode: Shot["mode"], ratio: number): void {
  const background = packed(s.theme.background);
  if (mode === "points") splat.draw(s, pr, look, background);
  else {
    drawDensity(s, pr, { pixels: splat.pixels, width: splat.width, height: splat.height, ratio, background, ink: packed(s.theme.ink) });
    splat.drawFront(s, pr, look);
  }
}

export function imageOf(splat: Splat): ImageData {
  return new ImageData(new Uint8ClampedArray(splat.pixels.buffer), splat.width, splat.height);
}

const scaled = (v: Viewport, k: number): Viewport => ({ x: v.x * k, y: v.y * k, width: v.width * k, height: v.height * k });

interface Setting {
  /** Pixels per unit of the overlay. */
  k: number;
  width: number;
  height: number;
  view: Viewport;
}

function settingOf(shot: Shot, width: number, height: number): Setting {
  if (!(width >= 1 && height >= 1 && width <= 32767 && height <= 32767))
    throw new RangeError(`plot: picture of ${width} x ${height} pixels: expected 1 to 32767 each`);
  const k = Math.min(width / shot.hostWidth, height / shot.hostHeight);
  const view = plotArea(width / k, height / k, shot.overlay.axes, shot.scene.positions.dim);
  return { k, width: width / k, height: height / k, view };
}

function canvasOf(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error(`plot: no canvas of ${width} x ${height} pixels in this browser`);
  return [canvas, context];
}

/** The points of the setting on a canvas, `ratio` pixels per unit. */
function pointCanvas(shot: Shot, s: Setting, ratio: number, width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const [canvas, context] = canvasOf(width, height);
  const view = scaled(s.view, ratio), pr = makeProjection(shot.camera, view, shot.scene.positions.dim);
  const look = lookOf(shot.scene, pr, view, ratio);
  const band = shot.mode === "density" ? height : Math.max(1, Math.floor(BAND / width));
  for (let y = 0; y < height; y += band) {
    const splat = new Splat(width, Math.min(band, height - y));
    drawPoints(splat, shot.scene, { ...pr, cy: pr.cy - y }, look, shot.mode, ratio);
    context.putImageData(imageOf(splat), 0, y);
  }
  drawPictures(context, frameOf(shot, s), shot.overlay.pictures, ratio);
  return [canvas, context];
}

function frameOf(shot: Shot, s: Setting): Parameters<typeof drawOverlay>[1] {
  const pr = makeProjection(shot.camera, s.view, shot.scene.positions.dim);
  return { scene: shot.scene, pr, look: lookOf(shot.scene, pr, s.view, 1), view: s.view, width: s.width, height: s.height };
}

export async function toPNG(shot: Shot, width: number, height: number): Promise<Blob> {
  const s = settingOf(shot, width, height), [canvas, context] = pointCanvas(shot, s, s.k, width, height);
  const pen = new CanvasPen(context, shot.scene.theme.font);
  pen.begin(s.k);
  drawOverlay(pen, frameOf(shot, s), shot.overlay);
  return new Promise((done, fail) =>
    canvas.toBlob((b) => (b ? done(b) : fail(new Error(`plot: the browser made no PNG of ${width} x ${height} pixels`))), "image/png"));
}

export async function toSVG(shot: Shot, width: number, height: number): Promise<string> {
  const s = settingOf(shot, width, height), inner = Math.min(SVG_RATIO, SVG_MAX / Math.max(width, height)) * s.k;
  const [canvas] = pointCanvas(shot, s, inner, Math.round(s.width * inner), Math.round(s.height * inner));
  const [, measuring] = canvasOf(1, 1), ruler = new CanvasPen(measuring, shot.scene.theme.font);
  const pen = new SvgPen(shot.scene.theme.font, (t, size, bold) => ruler.measure(t, size, bold));
  drawOverlay(pen, frameOf(shot, s), shot.overlay);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${s.width} ${s.height}">`,
    `<clipPath id="gonio-plot"><rect width="${s.width}" height="${s.height}"/></clipPath>`,
    `<image width="${s.width}" height="${s.height}" href="${canvas.toDataURL("image/png")}"/>`,
    `<g clip-path="url(#gonio-plot)">`, pen.toString(), "</g>", "</svg>", "",
  ].join("\n");
}
