/** Both maps of a comparison as one picture: their names above, the colours below; and the overlap of every row. */
import { plotTheme } from "../../app/map";
import { LIGHT, type Plot, type PlotTheme } from "../../plot";
import { CanvasPen, type Pen, SvgPen } from "../../plot/pen";
import type { Colouring } from "../../state/colouring";
import { count, num } from "../../state/format";
import { sources } from "../../state/store";
import { colourings, colouringsOn } from "../compare-colours";
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
  shown: Compared;
  /** On white, whatever the screen has: it is for paper. */
  theme: PlotTheme;
  colours: { a: Colouring; b: Colouring };
}

export async function pairFile(format: "png" | "svg" | "pdf"): Promise<Blob> {
  const { a, b } = halves;
  const shown = compared.peek();
  const host = document.querySelector<HTMLElement>("[data-testid=compare-a]");
  if (!a || !b || !host || !shown) throw new Error("There are no maps to save: open the comparison first.");
  const map = { width: host.clientWidth, height: host.clientHeight };
  const theme = { ...LIGHT, font: plotTheme().font };
  const sheet: Sheet = {
    width: 2 * map.width + GAP,
    height: map.height + HEAD + FOOT,
    map,
    shown,
    theme,
    colours: colouringsOn("light", shown),
  };
  if (format === "png") return pairPng(sheet, a, b);
  const svg = await pairSvg(sheet, a, b);
  if (format === "svg") return new Blob([svg], { type: "image/svg+xml" });
  return new Blob([await svgToPdf(svg, "gonio compare")], { type: "application/pdf" });
}

/** Draws a map in the sheet's colours. The plot takes them when `draw` begins, and has its own back before the
 *  next frame. */
async function inColours<T>(sheet: Sheet, which: "a" | "b", plot: Plot, draw: () => Promise<T>): Promise<T> {
  const use = (theme: PlotTheme, c: Colouring | undefined): void => {
    plot.setTheme(theme);
    if (c) plot.setColors(c.index, c.palette);
  };
  use(sheet.theme, sheet.colours[which]);
  const drawn = draw();
  use(plotTheme(), colourings.peek()?.[which]);
  return drawn;
}

async function pairPng(sheet: Sheet, a: Plot, b: Plot): Promise<Blob> {
  const { width, height, map, theme } = sheet;
  const canvas = document.createElement("canvas");
  canvas.width = width * FINE;
  canvas.height = height * FINE;
  const c = canvas.getContext("2d")!;
  const pen = new CanvasPen(c, theme.font);
  pen.begin(FINE);
  pen.rect(0, 0, width, height, theme.background);
  for (const [i, plot] of [a, b].entries()) {
    const png = await inColours(sheet, i ? "b" : "a", plot, () => plot.toPNG(map.width * FINE, map.height * FINE));
    c.drawImage(await createImageBitmap(png), i * (map.width + GAP), HEAD, map.width, map.height);
  }
  words(pen, sheet);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("The browser made no picture of the maps."))), "image/png"),
  );
}

async function pairSvg(sheet: Sheet, a: Plot, b: Plot): Promise<string> {
  const { width, height, map, theme } = sheet;
  const measuring = new CanvasPen(document.createElement("canvas").getContext("2d")!, theme.font);
  const pen = new SvgPen(theme.font, (t, size, bold) => measuring.measure(t, size, bold));
  words(pen, sheet);
  const left = await inColours(sheet, "a", a, () => a.toSVG(map.width, map.height));
  const right = await inColours(sheet, "b", b, () => b.toSVG(map.width, map.height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="${theme.background}"/>`,
    left.replace("<svg ", `<svg y="${HEAD}" `),
    right.replace("<svg ", `<svg x="${map.width + GAP}" y="${HEAD}" `).replaceAll("gonio-plot", "gonio-plot-b"),
    pen.toString(),
    "</svg>",
    "",
  ].join("\n");
}

/** Names of the maps, the line between them, the scale of the colours and the numbers. */
function words(pen: Pen, { width, height, map, shown, theme, colours }: Sheet): void {
  const middle = map.width + GAP / 2;
  pen.line(
    [
      [middle, 0],
      [middle, height - FOOT],
    ],
    { colour: theme.grid, width: 1 },
  );
  for (const [i, side] of [shown.of.a, shown.of.b].entries()) {
    const entry = sources.peek().find((s) => s.id === side.source);
    const name = `${entry?.name ?? ""}${entry && entry.layers.length > 1 ? `, layer ${side.layer}` : ""}`;
    pen.text(12 + i * (map.width + GAP), HEAD / 2, name, { size: 13, colour: theme.ink, bold: true });
  }
  const y = HEAD + map.height + FOOT / 2;
  const o = shown.overlap;
  const said = `${num(o.mean, 3)} of the ${o.k} nearest neighbours kept on average; linear CKA ${num(o.cka, 3)}; ${count(o.matched)} rows`;
  pen.text(width - 12, y, said, { size: 12, colour: theme.ink, align: "right" });
  const { legend } = colours.a;
  let x = 12;
  const write = (text: string): void => {
    pen.text(x, y, text, { size: 12, colour: theme.ink });
    x += pen.measure(text, 12, false) + 8;
  };
  if (legend.kind === "scale") {
    write(`${legend.title}: ${num(legend.min)}`);
    const wide = 120;
    legend.colours.forEach((colour, i) => pen.rect(x + (wide * i) / legend.colours.length, y - 5, wide / legend.colours.length + 0.5, 10, colour));
    x += wide + 8;
    write(num(legend.max));
  } else if (legend.kind === "categories") {
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
