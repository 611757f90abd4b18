/** The map as a picture file, with the legend of its colours on the right. */
import type { Plot, PlotTheme } from "../../plot";
import { CanvasPen, SvgPen } from "../../plot/pen";
import type { Legend } from "../../state/colouring";
import { drawLegend, legendWidth } from "./legend";
import { svgToPdf } from "./svgpdf";

export type PictureFormat = "png" | "svg" | "pdf";

export interface PictureOrder {
  format: PictureFormat;
  /** Of the whole picture, in px; of a PDF at 96 px an inch. */
  width: number;
  height: number;
  title: string;
  /** null: the picture is the map alone. */
  legend: Legend | null;
  theme: PlotTheme;
  screenTheme: PlotTheme;
  /** Size of the map on the screen: the picture shows what it shows, in letters of the same share. */
  screen: { width: number; height: number };
}

/** Room in px that names and ticks of the axes take at most, in width and in height. */
const AXES: [number, number] = [72, 56];

/** @throws a sentence when the browser cannot make a picture of that size. */
export async function picture(plot: Plot, o: PictureOrder): Promise<Blob> {
  const k = o.height / o.screen.height;
  const measuring = new CanvasPen(canvasOf(1, 1)[1], o.theme.font);
  const side = o.legend ? Math.round(Math.min(o.width / 3, k * legendWidth(measuring, o.legend, o.screen.height))) : 0;
  const width = o.width - side;
  if (o.format === "png") return png(plot, o, width, side, k);
  const drawn = await asOnScreen(plot, o, width, () => plot.toSVG(width, o.height));
  const pen = new SvgPen(o.theme.font, (t, size, bold) => measuring.measure(t, size, bold));
  if (o.legend && side > 0) drawLegend(pen, o.legend, 0, o.screen.height, o.theme);
  const svg = side > 0 ? widened(drawn, o, width, k, pen.toString()) : drawn;
  if (o.format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, o.title)], { type: "application/pdf" });
}

/** Draws with a camera that shows at least what the screen shows: a camera says how many units the
 *  shorter side spans, so a picture of another shape would cut the longer one. The plot takes
 *  camera and theme when `draw` begins, and has its own back before the next frame. */
async function asOnScreen<T>(plot: Plot, o: PictureOrder, width: number, draw: () => Promise<T>): Promise<T> {
  const camera = plot.camera.get();
  plot.camera.set({ ...camera, extent: camera.extent * widening(o.screen, { width, height: o.height }) });
  plot.setTheme(o.theme);
  const drawn = draw();
  plot.camera.set(camera);
  plot.setTheme(o.screenTheme);
  return drawn;
}

/** By how much the extent of a camera grows from the screen to a picture of another shape: the picture
 *  is scaled until one side fits, and the other side then shows more. */
export function widening(screen: { width: number; height: number }, picture: { width: number; height: number }): number {
  const k = Math.min(picture.width / screen.width, picture.height / screen.height);
  const shorter = (margin: [number, number]): number =>
    Math.min(picture.width / k - margin[0], picture.height / k - margin[1]) /
    Math.min(screen.width - margin[0], screen.height - margin[1]);
  return Math.max(1, shorter([0, 0]), shorter(AXES));
}

async function png(plot: Plot, o: PictureOrder, width: number, side: number, k: number): Promise<Blob> {
  const map = await asOnScreen(plot, o, width, () => plot.toPNG(width, o.height));
  if (!o.legend || side === 0) return map;
  const [canvas, c] = canvasOf(o.width, o.height);
  c.fillStyle = o.theme.background;
  c.fillRect(0, 0, o.width, o.height);
  c.drawImage(await createImageBitmap(map), 0, 0);
  const pen = new CanvasPen(c, o.theme.font);
  pen.begin(k);
  drawLegend(pen, o.legend, width / k, o.screen.height, o.theme);
  return new Promise((done, fail) =>
    canvas.toBlob(
      (b) => (b ? done(b) : fail(new Error(`The browser made no picture of ${o.width} × ${o.height} pixels.`))),
      "image/png",
    ),
  );
}

/** The plot's SVG inside a wider one, with the legend's elements beside it. */
function widened(svg: string, o: PictureOrder, width: number, k: number, legend: string): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${o.width}" height="${o.height}" viewBox="0 0 ${o.width} ${o.height}">`,
    `<rect width="${o.width}" height="${o.height}" fill="${o.theme.background}"/>`,
    svg,
    `<g transform="translate(${width} 0) scale(${k})">`,
    legend,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function canvasOf(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const c = canvas.getContext("2d");
  if (!c) throw new Error(`The browser has no canvas of ${width} × ${height} pixels.`);
  return [canvas, c];
}
