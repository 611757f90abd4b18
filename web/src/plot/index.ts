/* The plot: a map of up to some million points in a page element. The contract is in types.ts.
 *
 *   camera.ts    from data to pixels          splat.ts, stamps.ts   points on the CPU, order-independent
 *   scene.ts     what to draw, how strongly   gl.ts, shaders.ts     the same in WebGL2
 *   crowding.ts  how dense they lie           colour.ts             bytes and mixtures
 *   select.ts    lasso and picking            density.ts            contours instead of points
 *   labels.ts    places for text              overlay.ts, pen.ts    axes, trails, labels; canvas or SVG
 *   input.ts     mouse, touch, keys           plot.ts, picture.ts   the parts in a page; PNG and SVG
 *   pictures.ts  cells of an image as points */

import { glName, isSoftware } from "./gl";
import { PlotView } from "./plot";
import type { Plot, PlotOptions } from "./types";

export * from "./types";
export { quaternion, multiply, START } from "./camera";

/** The renderer for this machine: `?renderer=` of the address wins; a software GL is slower than the splat. */
export function chooseRenderer(search: string, name: () => string = glName): "gl" | "splat" {
  const asked = new URLSearchParams(search).get("renderer");
  if (asked === "gl" || asked === "splat") return asked;
  const gl = name();
  return gl === "" || isSoftware(gl) ? "splat" : "gl";
}

/** @param host an element with a size; the plot fills it. Throws Error if the browser has no 2D canvas. */
export function createPlot(host: HTMLElement, o: PlotOptions): Plot {
  const asked = o.renderer ?? "auto";
  return new PlotView(host, { ...o, renderer: asked === "auto" ? chooseRenderer(location.search) : asked });
}
