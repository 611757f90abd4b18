/** Both maps of a comparison as one picture: their names above, the colours below; and the overlap of every row. */
import { plotTheme } from "../../app/map";
import { CanvasPen, type Pen, SvgPen } from "../../plot/pen";
import { count, num } from "../../state/format";
import { sources } from "../../state/store";
import { leftColouring } from "../compare-colours";
import { type Compared, compared, halves } from "../compare-state";
import { csv } from "./csv";
import { svgToPdf } from "./svgpdf";

const HEAD = 30;
const FOOT = 34;
const GAP = 12;
/** Pixels of a PNG for a CSS pixel. */
const FINE = 2;

interface Sheet {
  width: number;
  height: number;
  /** Size of one map. */
  map: { width: number; height: number };
}

export async function pairFile(format: "png" | "svg" | "pdf"): Promise<Blob> {
  const { a, b } = halves;
  const host = document.querySelector<HTMLElement>("[data-testid=compare-a]");
  if (!a || !b || !host) throw new Error("There are no maps to save: open the comparison first.");
  const map = { width: host.clientWidth, height: host.clientHeight };
  const sheet: Sheet = { width: 2 * map.width + GAP, height: map.height + HEAD + FOOT, map };
  const { font } = plotTheme();
  const measuring = new CanvasPen(document.createElement("canvas").getContext("2d")!, font);
  if (format === "png") {
    const canvas = document.createElement("canvas");
    canvas.width = sheet.width * FINE;
    canvas.height = sheet.height * FINE;
    const c = canvas.getContext("2d")!;
    const pen = new CanvasPen(c, font);
    pen.begin(FINE);
    pen.rect(0, 0, sheet.width, sheet.height, plotTheme().background);
    for (const [i, plot] of [a, b].entries())
      c.drawImage(
        await createImageBitmap(await plot.toPNG(map.width * FINE, map.height * FINE)),
        i * (map.width + GAP),
        HEAD,
        map.width,
        map.height,
      );
    words(pen, sheet);
    return new Promise((done, fail) =>
      canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("The browser made no picture of the maps."))), "image/png"),
    );
  }
  const pen = new SvgPen(font, (t, size, bold) => measuring.measure(t, size, bold));
  words(pen, sheet);
  const [left, right] = [await a.toSVG(map.width, map.height), await b.toSVG(map.width, map.height)];
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.width}" height="${sheet.height}" viewBox="0 0 ${sheet.width} ${sheet.height}">`,
    `<rect width="${sheet.width}" height="${sheet.height}" fill="${plotTheme().background}"/>`,
    left.replace("<svg ", `<svg y="${HEAD}" `),
    right.replace("<svg ", `<svg x="${map.width + GAP}" y="${HEAD}" `).replaceAll("gonio-plot", "gonio-plot-b"),
    pen.toString(),
    "</svg>",
    "",
  ].join("\n");
  if (format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, "gonio compare")], { type: "application/pdf" });
}

/** Names of the maps, the line between them, the scale of the colours and the numbers. */
function words(pen: Pen, { width, map }: Sheet): void {
  const shown = compared.peek();
  if (!shown) return;
  const theme = plotTheme();
  for (const [i, side] of [shown.of.a, shown.of.b].entries()) {
    const entry = sources.peek().find((s) => s.id === side.source);
    const name = `${entry?.name ?? ""}${entry && entry.layers.length > 1 ? `, layer ${side.layer}` : ""}`;
    pen.text(12 + i * (map.width + GAP), HEAD / 2, name, { size: 13, colour: theme.ink, bold: true });
  }
  const y = HEAD + map.height + FOOT / 2;
  const o = shown.overlap;
  const said = `${num(o.mean, 3)} of the ${o.k} nearest neighbours kept on average; linear CKA ${num(o.cka, 3)}; ${count(o.matched)} rows`;
  pen.text(width - 12, y, said, { size: 12, colour: theme.ink, align: "right" });
  const legend = leftColouring.peek()?.legend;
  let x = 12;
  const write = (text: string): void => {
    pen.text(x, y, text, { size: 12, colour: theme.ink });
    x += pen.measure(text, 12, false) + 8;
  };
  if (legend?.kind === "scale") {
    write(`${legend.title}: ${num(legend.min)}`);
    const wide = 120;
    legend.colours.forEach((colour, i) => pen.rect(x + (wide * i) / legend.colours.length, y - 5, wide / legend.colours.length + 0.5, 10, colour));
    x += wide + 8;
    write(num(legend.max));
  } else if (legend?.kind === "categories") {
    const room = width - 24 - pen.measure(said, 12, false);
    for (const e of legend.entries) {
      if (x + 20 + pen.measure(e.name, 12, false) > room) return write("…");
      pen.circle(x + 5, y, 4.5, { colour: e.colour, width: 0, fill: e.colour, fillAlpha: 1 });
      x += 14;
      write(e.name);
    }
  }
}

/** row, its partner, and the share of its neighbours that it keeps. */
export async function rowsTable(shown: Compared): Promise<Blob> {
  const { overlap, match } = shown.overlap;
  const lines = Array.from(overlap, (v, row) => [row, match[row] < 0 ? null : match[row], v]);
  return new Blob([csv(["row", "match", "overlap"], lines)], { type: "text/csv" });
}
