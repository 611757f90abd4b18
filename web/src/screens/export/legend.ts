/** The legend of the colours, drawn with the plot's own pens beside the map in pictures for files. */
import type { PlotTheme } from "../../plot";
import type { Pen } from "../../plot/pen";
import { count, num } from "../../state/format";
import type { Legend } from "../../state/colouring";

const TEXT = 12;
const LINE = 20;
const PAD = 18;
const BAR = { width: 14, height: 180 };
const LONGEST = 34;

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** The entries that fit into a height, and how many do not. */
function fitting<T>(entries: T[], height: number): { shown: T[]; rest: number } {
  const room = Math.max(1, Math.floor((height - 2 * PAD) / LINE) - 1);
  return entries.length <= room
    ? { shown: entries, rest: 0 }
    : { shown: entries.slice(0, room - 1), rest: entries.length - room + 1 };
}

/** Width that the legend takes, in units of the pen; 0: there is nothing to explain. */
export function legendWidth(pen: Pen, legend: Legend, height: number): number {
  if (legend.kind === "plain") return 0;
  const title = pen.measure(cut(legend.title), TEXT, true);
  if (legend.kind === "scale")
    return Math.ceil(
      2 * PAD + Math.max(title, BAR.width + 10 + Math.max(...ends(legend).map((t) => pen.measure(t, TEXT, false)))),
    );
  const { shown } = fitting(visible(legend), height);
  return Math.ceil(2 * PAD + Math.max(title, ...shown.map((e) => 20 + pen.measure(words(e), TEXT, false))));
}

const visible = (legend: Extract<Legend, { kind: "categories" }>) => legend.entries.filter((e) => !e.hidden);
const words = (e: { name: string; count: number }): string => `${cut(e.name)}  ${count(e.count)}`;
const ends = (legend: Extract<Legend, { kind: "scale" }>): [string, string] => [
  `${legend.above > 0 ? "≥ " : ""}${num(legend.max, 4)}`,
  `${legend.below > 0 ? "≤ " : ""}${num(legend.min, 4)}`,
];

/** Draws it with its left edge at x, over the given height. */
export function drawLegend(pen: Pen, legend: Legend, x: number, height: number, theme: PlotTheme): void {
  if (legend.kind === "plain") return;
  let y = PAD + LINE / 2;
  pen.text(x + PAD, y, cut(legend.title), { size: TEXT, colour: theme.ink, bold: true });
  y += LINE;
  if (legend.kind === "categories") {
    const { shown, rest } = fitting(visible(legend), height);
    for (const e of shown) {
      sign(pen, x + PAD + 6, y, e.shape, e.colour);
      pen.text(x + PAD + 20, y, words(e), { size: TEXT, colour: theme.ink });
      y += LINE;
    }
    if (rest > 0) pen.text(x + PAD + 20, y, `and ${rest} more`, { size: TEXT, colour: theme.muted });
    return;
  }
  const tall = Math.min(BAR.height, height - y - PAD);
  const steps = legend.colours.length;
  /* Each step reaches down to the foot and is painted over by the next: no gaps between them. */
  for (let i = steps - 1; i >= 0; i--)
    pen.rect(x + PAD, y + tall * (1 - (i + 1) / steps), BAR.width, (tall * (i + 1)) / steps, legend.colours[i]);
  const [top, bottom] = ends(legend);
  pen.text(x + PAD + BAR.width + 8, y + 5, top, { size: TEXT, colour: theme.ink });
  pen.text(x + PAD + BAR.width + 8, y + tall - 5, bottom, { size: TEXT, colour: theme.ink });
}

/** Signs in the order of the plot's SHAPES; those that have no simple outline here are discs. */
const CORNERS: Record<number, [number, number][]> = {
  1: [
    [-4, -4],
    [4, -4],
    [4, 4],
    [-4, 4],
  ],
  2: [
    [0, -5],
    [5, 4],
    [-5, 4],
  ],
  3: [
    [0, -5.5],
    [5.5, 0],
    [0, 5.5],
    [-5.5, 0],
  ],
  6: [
    [-5, -4],
    [5, -4],
    [0, 5],
  ],
};
const STROKES: Record<number, [number, number][][]> = {
  4: [
    [
      [-4, -4],
      [4, 4],
    ],
    [
      [-4, 4],
      [4, -4],
    ],
  ],
  5: [
    [
      [-5, 0],
      [5, 0],
    ],
    [
      [0, -5],
      [0, 5],
    ],
  ],
};

function sign(pen: Pen, x: number, y: number, shape: number, colour: string): void {
  const at = (points: [number, number][]): [number, number][] => points.map(([u, v]) => [x + u, y + v]);
  if (CORNERS[shape]) pen.line(at(CORNERS[shape]), { colour, width: 0, closed: true, fill: colour });
  else if (STROKES[shape]) for (const s of STROKES[shape]) pen.line(at(s), { colour, width: 2.4 });
  else pen.circle(x, y, 4.5, shape === 7 ? { colour, width: 2 } : { colour, width: 0, fill: colour });
}
