/** A chart as a file: PNG at three times its size, SVG and PDF with lines and letters as such, or its numbers. */
import type { Figure } from "../../charts/figure";
import { PAPER } from "../../charts/theme";
import { CanvasPen, SvgPen } from "../../plot/pen";
import { csv } from "./csv";
import { svgToPdf } from "./svgpdf";

export type ChartFormat = "png" | "svg" | "pdf" | "csv";

/** Pixels of a PNG for a unit of the figure. */
const FINE = 3;

export async function chartFile(f: Figure, format: ChartFormat): Promise<Blob> {
  if (format === "csv") return new Blob([csv(f.table.head, f.table.rows)], { type: "text/csv" });
  if (format === "png") return chartPng(f);
  const svg = chartSvg(f);
  if (format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, f.title)], { type: "application/pdf" });
}

function chartSvg(f: Figure): string {
  const measuring = new CanvasPen(document.createElement("canvas").getContext("2d")!, PAPER.font);
  const pen = new SvgPen(PAPER.font, (t, size, bold) => measuring.measure(t, size, bold));
  f.draw(pen);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${f.width}" height="${f.height}" viewBox="0 0 ${f.width} ${f.height}">`,
    pen.toString(),
    "</svg>",
    "",
  ].join("\n");
}

function chartPng(f: Figure): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = f.width * FINE;
  canvas.height = f.height * FINE;
  const pen = new CanvasPen(canvas.getContext("2d")!, PAPER.font);
  pen.begin(FINE);
  f.draw(pen);
  return new Promise((done, fail) =>
    canvas.toBlob((b) => (b ? done(b) : fail(new Error("The browser made no picture of the chart."))), "image/png"),
  );
}
