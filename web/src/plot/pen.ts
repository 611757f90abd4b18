/* One way to draw lines and text, two results: a canvas on the screen and in a PNG, elements in an SVG. */

export interface Stroke {
  colour: string;
  width: number;
  alpha?: number;
  dash?: number[];
  closed?: boolean;
  /** Fills the closed line with this colour at fillAlpha. */
  fill?: string;
  fillAlpha?: number;
}

export interface TextStyle {
  size: number;
  colour: string;
  bold?: boolean;
  align?: "left" | "center" | "right";
  /** Colour of a soft edge around the letters, so that they read over points. */
  halo?: string;
  /** Quarter turns to the left. */
  turns?: number;
  alpha?: number;
}

export interface Pen {
  line(points: readonly [number, number][], s: Stroke): void;
  circle(x: number, y: number, r: number, s: Stroke): void;
  rect(x: number, y: number, width: number, height: number, fill: string): void;
  /** y is the middle of the letters. */
  text(x: number, y: number, text: string, s: TextStyle): void;
  measure(text: string, size: number, bold: boolean): number;
}

const HALO_WIDTH = 4;
const fontOf = (family: string, size: number, bold: boolean): string => `${bold ? "600" : "400"} ${size}px ${family}`;

export class CanvasPen implements Pen {
  private readonly widths = new Map<string, number>();

  constructor(private readonly c: CanvasRenderingContext2D, private readonly family: string) {
    this.begin(1);
  }

  /** Before each picture: a canvas forgets its settings when its size changes. @param scale pixels per unit. */
  begin(scale: number): void {
    this.c.setTransform(scale, 0, 0, scale, 0, 0);
    this.c.lineJoin = "round";
    this.c.lineCap = "round";
    this.c.textBaseline = "middle";
  }

  line(points: readonly [number, number][], s: Stroke): void {
    this.c.beginPath();
    points.forEach(([x, y], i) => (i ? this.c.lineTo(x, y) : this.c.moveTo(x, y)));
    if (s.closed) this.c.closePath();
    this.paint(s);
  }

  circle(x: number, y: number, r: number, s: Stroke): void {
    this.c.beginPath();
    this.c.arc(x, y, r, 0, 2 * Math.PI);
    this.paint(s);
  }

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.c.fillStyle = fill;
    this.c.fillRect(x, y, width, height);
  }

  text(x: number, y: number, text: string, s: TextStyle): void {
    const { c } = this;
    c.save();
    c.translate(x, y);
    if (s.turns) c.rotate((-s.turns * Math.PI) / 2);
    c.globalAlpha = s.alpha ?? 1;
    c.font = fontOf(this.family, s.size, s.bold ?? false);
    c.textAlign = s.align ?? "left";
    if (s.halo) {
      c.strokeStyle = s.halo;
      c.lineWidth = HALO_WIDTH;
      c.strokeText(text, 0, 0);
    }
    c.fillStyle = s.colour;
    c.fillText(text, 0, 0);
    c.restore();
  }

  measure(text: string, size: number, bold: boolean): number {
    const font = fontOf(this.family, size, bold), key = font + text;
    let width = this.widths.get(key);
    if (width === undefined) {
      this.c.font = font;
      width = this.c.measureText(text).width;
      this.widths.set(key, width);
    }
    return width;
  }

  private paint(s: Stroke): void {
    const { c } = this;
    if (s.fill) {
      c.globalAlpha = s.fillAlpha ?? 1;
      c.fillStyle = s.fill;
      c.fill();
    }
    if (s.width > 0) {
      c.globalAlpha = s.alpha ?? 1;
      c.setLineDash(s.dash ?? []);
      c.strokeStyle = s.colour;
      c.lineWidth = s.width;
      c.stroke();
    }
    c.globalAlpha = 1;
  }
}

const number = (v: number): string => String(Math.round(v * 100) / 100);
const ENTITY: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (t: string): string =>
  t.replace(/[&<>"]/g, (c) => ENTITY[c])
    // Characters that XML 1.0 does not allow at all.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");

export class SvgPen implements Pen {
  private readonly parts: string[] = [];

  /** @param measure width of a text, from a canvas. */
  constructor(private readonly family: string, readonly measure: Pen["measure"]) {}

  line(points: readonly [number, number][], s: Stroke): void {
    const at = points.map(([x, y]) => `${number(x)},${number(y)}`).join(" ");
    this.parts.push(`<${s.closed ? "polygon" : "polyline"} points="${at}" ${this.style(s)}/>`);
  }

  circle(x: number, y: number, r: number, s: Stroke): void {
    this.parts.push(`<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" ${this.style(s)}/>`);
  }

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.parts.push(`<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="${fill}"/>`);
  }

  text(x: number, y: number, text: string, s: TextStyle): void {
    const anchor = { left: "start", center: "middle", right: "end" }[s.align ?? "left"];
    const halo = s.halo ? ` stroke="${s.halo}" stroke-width="${HALO_WIDTH}" stroke-linejoin="round" paint-order="stroke"` : "";
    const turn = s.turns ? ` rotate(${-90 * s.turns})` : "";
    // 0.35 em below the middle is the baseline: dominant-baseline is not known to all programs.
    this.parts.push(
      `<text transform="translate(${number(x)} ${number(y)})${turn}" dy="0.35em" font-family="${escape(this.family)}" font-size="${s.size}"` +
        ` font-weight="${s.bold ? 600 : 400}" text-anchor="${anchor}" fill="${s.colour}" opacity="${s.alpha ?? 1}"${halo}>${escape(text)}</text>`,
    );
  }

  /** The elements drawn so far. */
  toString(): string {
    return this.parts.join("\n");
  }

  private style(s: Stroke): string {
    const stroke = s.width > 0 ? `stroke="${s.colour}" stroke-width="${s.width}" stroke-opacity="${s.alpha ?? 1}"` : "";
    const dash = s.dash && s.dash.length > 0 ? ` stroke-dasharray="${s.dash.join(" ")}"` : "";
    const fill = s.fill ? `fill="${s.fill}" fill-opacity="${s.fillAlpha ?? 1}"` : 'fill="none"';
    return `${fill} ${stroke}${dash} stroke-linejoin="round" stroke-linecap="round"`;
  }
}
