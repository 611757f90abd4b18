/* Where labels go: beside their point, never on top of each other.
 *
 * Labels are tried in the given order, strong ones first, at eight places around the point, the name of a region in its
 * middle first; the first place whose box is free of labels and, if there is one, of labelled points, is taken. Grids of
 * cells keep the boxes already placed, so a thousand labels cost a thousand small look-ups. A label without a free place is
 * left out, a strong one is drawn to the right regardless. */

export interface Anchor {
  x: number;
  y: number;
  /** Radius of the point: the label stays clear of it. */
  r: number;
  width: number;
  height: number;
  strong: boolean;
  region?: boolean;
}

export interface Placed {
  /** Index of the anchor. */
  index: number;
  /** Left end and middle of the text. */
  x: number;
  y: number;
}

interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const CELL = 48, GAP = 4;
/** Right, left, above, below and the corners, as shares of width and height from the point. */
const PLACES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]] as const;
const MIDDLE = [0, 0] as const;

export class CollisionGrid {
  private readonly cells = new Map<number, Rect[]>();

  private *keys(r: Rect): Generator<number> {
    for (let y = Math.floor(r.y0 / CELL); y <= Math.floor(r.y1 / CELL); y++)
      for (let x = Math.floor(r.x0 / CELL); x <= Math.floor(r.x1 / CELL); x++) yield y * 65536 + x;
  }

  free(r: Rect): boolean {
    for (const k of this.keys(r))
      for (const o of this.cells.get(k) ?? []) if (r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1) return false;
    return true;
  }

  add(r: Rect): void {
    for (const k of this.keys(r)) {
      const cell = this.cells.get(k);
      if (cell) cell.push(r);
      else this.cells.set(k, [r]);
    }
  }
}

/** @param anchors with x and y inside `area`, the part of the picture that labels may use. */
export function placeLabels(anchors: readonly Anchor[], area: Rect): Placed[] {
  const grid = new CollisionGrid(), points = new CollisionGrid(), placed: Placed[] = [];
  for (const { x, y, r, region } of anchors) if (!region) points.add({ x0: x - r, y0: y - r, x1: x + r, y1: y + r });
  const order = [...anchors.keys()].sort((a, b) => Number(anchors[b].strong) - Number(anchors[a].strong) || a - b);
  for (const index of order) {
    const a = anchors[index];
    const boxes = (a.region ? [MIDDLE, ...PLACES] : PLACES).map(([px, py]): Rect => {
      const diagonal = px !== 0 && py !== 0 ? 0.7 : 1, away = (a.r + GAP) * diagonal;
      const x0 = px === 0 ? a.x - a.width / 2 : px > 0 ? a.x + away : a.x - away - a.width;
      const y0 = py === 0 ? a.y - a.height / 2 : py > 0 ? a.y + away : a.y - away - a.height;
      return { x0, y0, x1: x0 + a.width, y1: y0 + a.height };
    });
    const inArea = (r: Rect): boolean => r.x0 >= area.x0 && r.x1 <= area.x1 && r.y0 >= area.y0 && r.y1 <= area.y1;
    const free = boxes.filter((r) => inArea(r) && grid.free(r));
    const box = free.find((r) => points.free(r)) ?? free[0] ?? (a.strong ? boxes.find(inArea) ?? boxes[0] : undefined);
    if (!box) continue;
    grid.add(box);
    placed.push({ index, x: box.x0, y: (box.y0 + box.y1) / 2 });
  }
  return placed;
}
