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
  /** Height of the map on the screen: the legend's letters keep their share of it. */
  screenHeight: number;
}

/** @throws a sentence when the browser cannot make a picture of that size. */
export async function picture(plot: Plot, o: PictureOrder): Promise<Blob> {
  const k = o.height / o.screenHeight;
  const measuring = new CanvasPen(canvasOf(1, 1)[1], o.theme.font);
  const side = o.legend ? Math.round(Math.min(o.width / 3, k * legendWidth(measuring, o.legend, o.screenHeight))) : 0;
  const width = o.width - side;
  if (o.format === "png") return png(plot, o, width, side, k);
  const pen = new SvgPen(o.theme.font, (t, size, bold) => measuring.measure(t, size, bold));
  if (o.legend && side > 0) drawLegend(pen, o.legend, 0, o.screenHeight, o.theme);
  const svg =
    side > 0 ? widened(await plot.toSVG(width, o.height), o, width, k, pen.toString()) : await plot.toSVG(width, o.height);
  if (o.format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, o.title)], { type: "application/pdf" });
}

async function png(plot: Plot, o: PictureOrder, width: number, side: number, k: number): Promise<Blob> {
  const map = await plot.toPNG(width, o.height);
  if (!o.legend || side === 0) return map;
  const [canvas, c] = canvasOf(o.width, o.height);
  c.fillStyle = o.theme.background;
  c.fillRect(0, 0, o.width, o.height);
  c.drawImage(await createImageBitmap(map), 0, 0);
  c.translate(width, 0);
  c.scale(k, k);
  drawLegend(new CanvasPen(c, o.theme.font), o.legend, 0, o.screenHeight, o.theme);
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
