/** The plot's SVG as a PDF of one page: the image stays an image, lines and letters stay lines and
 *  letters. It reads the elements that our own SVG has, not SVG at large. */
import { encodable, type PdfColor, PdfPage, type PdfPicture } from "./pdf";

/** @param scale points of the page for a unit of the SVG's size: 0.75 makes 96 units an inch. */
export async function svgToPdf(svg: string, title: string, scale = 0.75): Promise<Uint8Array<ArrayBuffer>> {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const [width, height] = ["width", "height"].map((n) => number(root, n) * scale);
  if (root.nodeName !== "svg" || !(width > 0 && height > 0)) throw new Error("The plot gave no picture with a size.");
  const page = new PdfPage(width, height, title);
  for (const e of root.querySelectorAll("image, rect, line, polyline, polygon, circle, path, text"))
    if (!e.closest("clipPath, defs")) await draw(page, e, placeOf(e, scale));
  return page.bytes();
}

const number = (e: Element, name: string, otherwise = 0): number => parseFloat(e.getAttribute(name) ?? "") || otherwise;

/** Where an element's own coordinates lie on the page: page = (x, y) + k * own. */
interface Place {
  x: number;
  y: number;
  k: number;
}

/** All our pictures are shifted and scaled alike in x and y, by groups and by one picture in another. */
function placeOf(e: Element, scale: number): Place {
  const up = e.parentElement;
  const outer = up ? placeOf(up, scale) : { x: 0, y: 0, k: scale };
  const inside = (x: number, y: number, k: number): Place => ({
    x: outer.x + outer.k * x,
    y: outer.y + outer.k * y,
    k: outer.k * k,
  });
  if (e.nodeName === "svg") {
    const box = (e.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
    return inside(number(e, "x"), number(e, "y"), box.length === 4 ? number(e, "width", box[2]) / box[2] : 1);
  }
  if (e.nodeName !== "g") return outer;
  const [, dx, dy] = /translate\(\s*([-\d.]+)[\s,]+([-\d.]+)/.exec(e.getAttribute("transform") ?? "") ?? [0, 0, 0];
  const [, k] = /scale\(\s*([-\d.]+)/.exec(e.getAttribute("transform") ?? "") ?? [0, 1];
  return inside(Number(dx), Number(dy), Number(k));
}

async function draw(page: PdfPage, e: Element, at: Place): Promise<void> {
  const { k } = at;
  if (e.nodeName === "image") {
    const picture = await decode(e.getAttribute("href") ?? "");
    return page.picture(
      picture,
      at.x + number(e, "x") * k,
      at.y + number(e, "y") * k,
      number(e, "width") * k,
      number(e, "height") * k,
    );
  }
  if (e.nodeName === "text") return drawText(page, e, at);
  const points = outline(e).map(([x, y]) => [at.x + x * k, at.y + y * k] as [number, number]);
  const fill = colour(e.getAttribute("fill") ?? "#000000");
  const stroke = colour(e.getAttribute("stroke"));
  const close =
    e.nodeName !== "polyline" && e.nodeName !== "line" && !(e.nodeName === "path" && !/z\s*$/i.test(e.getAttribute("d") ?? ""));
  const dash = e
    .getAttribute("stroke-dasharray")
    ?.split(/[\s,]+/)
    .map((d) => Number(d) * k);
  if (fill && e.nodeName !== "line")
    page.polygon(points, { fill, close, opacity: number(e, "fill-opacity", 1) * number(e, "opacity", 1) });
  if (stroke)
    page.polygon(points, {
      stroke,
      close,
      width: number(e, "stroke-width", 1) * k,
      opacity: number(e, "stroke-opacity", 1) * number(e, "opacity", 1),
      ...(dash && { dash }),
    });
}

/** The corners of a shape; a circle has 32. */
function outline(e: Element): [number, number][] {
  const [x, y, w, h] = ["x", "y", "width", "height"].map((n) => number(e, n));
  if (e.nodeName === "rect")
    return [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ];
  if (e.nodeName === "line")
    return [
      [number(e, "x1"), number(e, "y1")],
      [number(e, "x2"), number(e, "y2")],
    ];
  if (e.nodeName === "circle") {
    const [cx, cy, r] = ["cx", "cy", "r"].map((n) => number(e, n));
    return Array.from({ length: 32 }, (_, i) => [cx + r * Math.cos((i * Math.PI) / 16), cy + r * Math.sin((i * Math.PI) / 16)]);
  }
  const list =
    (e.getAttribute(e.nodeName === "path" ? "d" : "points") ?? "").match(/-?[\d.]+(?:e[-+]?\d+)?/gi)?.map(Number) ?? [];
  return Array.from({ length: Math.floor(list.length / 2) }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

function drawText(page: PdfPage, e: Element, { x: left, y: top, k }: Place): void {
  const text = e.textContent ?? "";
  const size = number(e, "font-size", 12);
  const transform = e.getAttribute("transform") ?? "";
  const moved = /translate\(\s*([-\d.]+)[\s,]+([-\d.]+)/.exec(transform);
  const turn = (Number(/rotate\(\s*([-\d.]+)/.exec(transform)?.[1] ?? 0) * Math.PI) / 180;
  /* dy moves along the turned letters' own down. */
  const down = /em$/.test(e.getAttribute("dy") ?? "") ? number(e, "dy") * size : number(e, "dy");
  const x = left + (Number(moved?.[1] ?? 0) + number(e, "x") - down * Math.sin(turn)) * k;
  const y = top + (Number(moved?.[2] ?? 0) + number(e, "y") + down * Math.cos(turn)) * k;
  const halo = colour(e.getAttribute("stroke"));
  const style = {
    fill: colour(e.getAttribute("fill")) ?? ([0, 0, 0] as PdfColor),
    anchor: (e.getAttribute("text-anchor") ?? "start") as "start" | "middle" | "end",
    bold: number(e, "font-weight", 400) >= 600,
    opacity: number(e, "opacity", 1),
    turn,
    ...(halo && { halo: { color: halo, width: number(e, "stroke-width", 1) * k } }),
  };
  if (encodable(text)) page.text(text, x, y, size * k, style);
  else drawLetters(page, text, x, y, size * k, style);
}

/** Text that the PDF's font lacks, drawn by the browser's fonts at eight times its size. */
function drawLetters(
  page: PdfPage,
  text: string,
  x: number,
  y: number,
  size: number,
  style: { fill: PdfColor; anchor: "start" | "middle" | "end"; bold: boolean; halo?: { color: PdfColor; width: number } },
): void {
  const fine = 8;
  const css = (c: PdfColor): string => `rgb(${c.map((v) => Math.round(v * 255)).join(",")})`;
  const canvas = document.createElement("canvas");
  const c = canvas.getContext("2d")!;
  const font = `${style.bold ? 600 : 400} ${size * fine}px system-ui, sans-serif`;
  c.font = font;
  const width = c.measureText(text).width / fine;
  const edge = (style.halo?.width ?? 0) + 1;
  canvas.width = Math.ceil((width + 2 * edge) * fine);
  canvas.height = Math.ceil((size * 1.5 + 2 * edge) * fine);
  c.font = font;
  c.lineJoin = "round";
  const at: [number, number] = [edge * fine, (edge + size * 1.1) * fine];
  if (style.halo) {
    c.strokeStyle = css(style.halo.color);
    c.lineWidth = style.halo.width * fine;
    c.strokeText(text, ...at);
  }
  c.fillStyle = css(style.fill);
  c.fillText(text, ...at);
  const left = x - edge - width * { start: 0, middle: 0.5, end: 1 }[style.anchor];
  page.picture(pixels(canvas), left, y - edge - size * 1.1, canvas.width / fine, canvas.height / fine);
}

async function decode(href: string): Promise<PdfPicture> {
  const image = new Image();
  image.src = href;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d")!.drawImage(image, 0, 0);
  return pixels(canvas);
}

function pixels(canvas: HTMLCanvasElement): PdfPicture {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
    alpha[i] = data[4 * i + 3];
  }
  return alpha.every((a) => a === 255) ? { width, height, rgb } : { width, height, rgb, alpha };
}

/** "#rgb", "#rrggbb" or "rgb(r, g, b)"; null for "none" and nothing. */
function colour(text: string | null): PdfColor | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text?.trim() ?? "");
  if (hex) {
    const full = hex[1].length === 3 ? [...hex[1]].map((d) => d + d).join("") : hex[1];
    return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16) / 255) as PdfColor;
  }
  const rgb = /^rgba?\(([^)]*)\)/.exec(text?.trim() ?? "");
  return rgb
    ? (rgb[1]
        .split(/[\s,/]+/)
        .slice(0, 3)
        .map((v) => Number(v) / 255) as PdfColor)
    : null;
}
