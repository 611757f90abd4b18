/** The map as a picture file. */
import type { Plot } from "../../plot";
import { svgToPdf } from "./svgpdf";

export type PictureFormat = "png" | "svg" | "pdf";

/** @param width, height of the picture in px; of a PDF at 96 px an inch.
 *  @throws a sentence when the browser cannot make a picture of that size. */
export async function picture(plot: Plot, format: PictureFormat, width: number, height: number, title: string): Promise<Blob> {
  if (format === "png") return plot.toPNG(width, height);
  const svg = await plot.toSVG(width, height);
  if (format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, title)], { type: "application/pdf" });
}
