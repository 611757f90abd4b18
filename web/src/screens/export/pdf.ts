/* A PDF of one page, written from scratch: pictures, lines, areas and text.
 *
 * A PDF is a list of numbered objects, a table with the byte where each one starts, and a trailer
 * that points to the table. Text uses Helvetica, which every reader has, so no font is embedded;
 * that font covers Western European letters only, and `encodable` says which texts it can hold:
 * others are given as pictures. The page's own unit is the point, 1/72 inch; here the origin is the
 * upper left corner and y runs down, as on a screen. */

export interface PdfPicture {
  width: number;
  height: number;
  /** width * height * 3 octets. */
  rgb: Uint8Array;
  /** width * height octets: opacity; absent: opaque. */
  alpha?: Uint8Array;
}

/** A colour as three shares of one. */
export type PdfColor = [number, number, number];

/* Widths of Helvetica in thousandths of the font size, from the space to the tilde. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556,
  556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778,
  722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222,
  500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/* Characters of the encoding WinAnsi whose octet is not their code point. */
const SPECIAL: Record<string, number> = {
  "€": 128,
  "‚": 130,
  "„": 132,
  "…": 133,
  "†": 134,
  "‡": 135,
  "‰": 137,
  "‘": 145,
  "’": 146,
  "“": 147,
  "”": 148,
  "•": 149,
  "–": 150,
  "—": 151,
  "™": 153,
  œ: 156,
  Œ: 140,
  Š: 138,
  š: 154,
  Ž: 142,
  ž: 158,
  Ÿ: 159,
  "−": 150,
};

/** The octets of a text in the encoding of the page's font; null: it has a character that is not in it. */
export function encode(text: string): number[] | null {
  const octets: number[] = [];
  for (const char of text) {
    const code = SPECIAL[char] ?? char.codePointAt(0)!;
    const plain = (code >= 32 && code <= 126) || (code >= 160 && code <= 255);
    if (!plain && SPECIAL[char] === undefined) return null;
    octets.push(code);
  }
  return octets;
}

export function encodable(text: string): boolean {
  return encode(text) !== null;
}

/** Width of an encodable text in points (letters with accents count as wide as a digit). */
export function textWidth(text: string, size: number): number {
  let sum = 0;
  for (const code of encode(text) ?? []) sum += WIDTHS[code - 32] ?? 556;
  return (sum * size) / 1000;
}

export class PdfPage {
  private content: string[] = [];
  private pictures: PdfPicture[] = [];
  private opacities: number[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
    readonly title: string,
  ) {
    this.content.push(`1 0 0 -1 0 ${n(height)} cm`);
  }

  picture(p: PdfPicture, x: number, y: number, width: number, height: number): void {
    let at = this.pictures.indexOf(p);
    if (at < 0) at = this.pictures.push(p) - 1;
    /* A picture fills the unit square with its first row at the top: turn it back. */
    this.content.push(`q ${n(width)} 0 0 ${n(-height)} ${n(x)} ${n(y + height)} cm /P${at} Do Q`);
  }

  polygon(
    points: [number, number][],
    style: { fill?: PdfColor; stroke?: PdfColor; width?: number; close?: boolean; dash?: number[]; opacity?: number },
  ): void {
    if (points.length < 2 || (!style.fill && !style.stroke)) return;
    const path = points.map(([x, y], i) => `${n(x)} ${n(y)} ${i ? "l" : "m"}`).join(" ");
    const paint = style.fill && style.stroke ? "B" : style.fill ? "f" : "S";
    this.content.push(
      `q ${this.opacity(style.opacity)}${style.fill ? `${color(style.fill)} rg ` : ""}${style.stroke ? `${color(style.stroke)} RG ${n(style.width ?? 1)} w 1 j 1 J ` : ""}` +
        `${style.dash ? `[${style.dash.map(n).join(" ")}] 0 d ` : ""}${path}${style.close ? " h" : ""} ${paint} Q`,
    );
  }

  /** Text whose baseline starts (ends, is centred) at x, y. A halo is drawn under it.
   *  @return false where the font lacks a character: nothing was drawn. */
  text(
    text: string,
    x: number,
    y: number,
    size: number,
    style: {
      fill: PdfColor;
      anchor?: "start" | "middle" | "end";
      bold?: boolean;
      halo?: { color: PdfColor; width: number };
      opacity?: number;
      turn?: number;
    },
  ): boolean {
    const octets = encode(text);
    if (!octets) return false;
    const shift = { start: 0, middle: 0.5, end: 1 }[style.anchor ?? "start"] * textWidth(text, size);
    const [cos, sin] = [Math.cos(style.turn ?? 0), Math.sin(style.turn ?? 0)];
    const matrix = `${n(cos)} ${n(sin)} ${n(sin)} ${n(-cos)} ${n(x - shift * cos)} ${n(y - shift * sin)} Tm`;
    const hex = octets.map((o) => o.toString(16).padStart(2, "0")).join("");
    const set = (mode: string): string => `BT /F${style.bold ? 1 : 0} ${n(size)} Tf ${mode} ${matrix} <${hex}> Tj ET`;
    const halo = style.halo ? `${color(style.halo.color)} RG ${n(style.halo.width)} w 1 j ${set("1 Tr")} ` : "";
    this.content.push(`q ${this.opacity(style.opacity)}${halo}${color(style.fill)} rg ${set("0 Tr")} Q`);
    return true;
  }

  /** The finished file. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const objects: (string | { dictionary: string; data: Uint8Array })[] = [];
    const add = (o: (typeof objects)[number]): number => objects.push(o);
    const catalogue = add(""),
      pages = add(""),
      page = add("");
    const fonts = ["Helvetica", "Helvetica-Bold"].map((name) =>
      add(`<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`),
    );
    const pictures: number[] = [];
    for (const p of this.pictures) {
      const shape = `/Type /XObject /Subtype /Image /Width ${p.width} /Height ${p.height} /BitsPerComponent 8 /Filter /FlateDecode`;
      const mask = p.alpha ? add({ dictionary: `${shape} /ColorSpace /DeviceGray`, data: await deflate(p.alpha) }) : 0;
      pictures.push(
        add({ dictionary: `${shape} /ColorSpace /DeviceRGB${mask ? ` /SMask ${mask} 0 R` : ""}`, data: await deflate(p.rgb) }),
      );
    }
    const states = this.opacities.map((o) => add(`<< /Type /ExtGState /CA ${n(o)} /ca ${n(o)} >>`));
    const content = add({ dictionary: "/Filter /FlateDecode", data: await deflate(ascii(this.content.join("\n"))) });
    const info = add(`<< /Title ${utf16(this.title)} /Producer (gonio) >>`);
    const named = (letter: string, ids: number[]): string =>
      `<< ${ids.map((id, i) => `/${letter}${i} ${id} 0 R`).join(" ")} >>`;
    objects[catalogue - 1] = `<< /Type /Catalog /Pages ${pages} 0 R >>`;
    objects[pages - 1] = `<< /Type /Pages /Kids [${page} 0 R] /Count 1 >>`;
    objects[page - 1] =
      `<< /Type /Page /Parent ${pages} 0 R /MediaBox [0 0 ${n(this.width)} ${n(this.height)}] /Contents ${content} 0 R ` +
      `/Resources << /Font ${named("F", fonts)} /XObject ${named("P", pictures)} /ExtGState ${named("G", states)} >> >>`;
    return assemble(objects, catalogue, info);
  }

  private opacity(value: number | undefined): string {
    if (value === undefined || value >= 1) return "";
    let at = this.opacities.indexOf(value);
    if (at < 0) at = this.opacities.push(value) - 1;
    return `/G${at} gs `;
  }
}

/** Numbers the objects and writes the table of their places. */
function assemble(
  objects: (string | { dictionary: string; data: Uint8Array })[],
  root: number,
  info: number,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const places: number[] = [];
  let size = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    size += part.length;
  };
  /* The comment of high octets tells programs that carry the file that it is not text. */
  put(new Uint8Array([...ascii("%PDF-1.5\n%"), 0xe2, 0xe3, 0xcf, 0xd3, 10]));
  objects.forEach((object, i) => {
    places.push(size);
    if (typeof object === "string") return put(ascii(`${i + 1} 0 obj\n${object}\nendobj\n`));
    put(ascii(`${i + 1} 0 obj\n<< ${object.dictionary} /Length ${object.data.length} >>\nstream\n`));
    put(object.data);
    put(ascii("\nendstream\nendobj\n"));
  });
  const table = places.map((p) => `${String(p).padStart(10, "0")} 00000 n \n`).join("");
  put(
    ascii(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}` +
        `trailer\n<< /Size ${objects.length + 1} /Root ${root} 0 R /Info ${info} 0 R >>\nstartxref\n${size}\n%%EOF\n`,
    ),
  );
  const file = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

async function deflate(data: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([data as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A string of the document's description: UTF-16 with its mark, in hexadecimal. */
function utf16(text: string): string {
  let hex = "FEFF";
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(4, "0");
  return `<${hex}>`;
}

function n(value: number): string {
  return String(Number(value.toFixed(4)));
}

function color(c: PdfColor): string {
  return c.map((v) => n(Math.min(1, Math.max(0, v)))).join(" ");
}
