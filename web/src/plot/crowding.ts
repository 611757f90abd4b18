/* How crowded the points are, to choose their opacity.
 *
 * A fixed opacity makes dense places flat blots or sparse places invisible. So we count the points in a grid of 128 x 128
 * cells once per data set (64 x 64 for few points, whose discs are wider), and ask for each picture: how many other discs
 * lie on top of a typical point in view? Typical means the geometric mean over the points of what the others in their cell
 * add up to; a cell that is cut by the edge of the view counts with the share that is inside, so the opacity changes
 * smoothly while the camera moves. Only others count: a point alone in its cell is not crowded, however wide its disc is.
 * In 3D the three coordinate planes stand for all directions, and the view is not looked at. */

import type { Box, Positions } from "./camera";

const CELLS = 128, CELLS_FEW = 64, FEW = 5000;
/** Fewer discs on top of a point than this are as good as none: they have no logarithm, and hide nothing. */
const LEAST = 0.25;

export interface Rectangle {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

interface Plane {
  /** The cells that hold points: column, line, count. */
  cells: { x: number; y: number; count: number }[];
  /** Lower left corner of the grid and width of a cell, in data units. */
  u: number;
  v: number;
  cell: number;
}

export class Crowding {
  private readonly planes: Plane[];

  /** @param skip rows that are not drawn. */
  constructor(p: Positions, box: Box, skip: (row: number) => boolean) {
    const axes: [number, number][] = p.dim === 2 ? [[0, 1]] : [[0, 1], [1, 2], [0, 2]];
    const side = 2 * Math.max(...box.half) || 1, across = p.n < FEW ? CELLS_FEW : CELLS;
    this.planes = axes.map(([u, v]) => countPlane(p, skip, u, v, box.centre[u] - side / 2, box.centre[v] - side / 2, side, across));
  }

  /** Discs of other points on top of a typical point, at least LEAST; 2D only: of those in `view`.
   *  @param disc area of a disc in squared data units. */
  overlap(disc: number, view?: Rectangle): number {
    return this.planes.reduce((sum, plane) => sum + overlapOf(plane, disc, view), 0) / this.planes.length;
  }
}

function countPlane(
  p: Positions, skip: (row: number) => boolean, u: number, v: number, u0: number, v0: number, side: number, across: number,
): Plane {
  const counts = new Uint32Array(across * across), k = across / side;
  for (let row = 0, i = 0; row < p.n; row++, i += p.dim) {
    if (skip(row)) continue;
    const x = Math.min(across - 1, ((p.a[i + u] - u0) * k) | 0), y = Math.min(across - 1, ((p.a[i + v] - v0) * k) | 0);
    counts[y * across + x]++;
  }
  const cells: Plane["cells"] = [];
  counts.forEach((count, i) => {
    if (count > 0) cells.push({ x: i % across, y: Math.floor(i / across), count });
  });
  return { cells, u: u0, v: v0, cell: side / across };
}

function overlapOf({ cells, u, v, cell }: Plane, disc: number, view?: Rectangle): number {
  /** Share of the cell that starts at `start` that lies between a and b. */
  const share = (start: number, a: number, b: number): number => Math.max(0, Math.min(b, start + cell) - Math.max(a, start)) / cell;
  const each = disc / (cell * cell);
  let points = 0, sum = 0;
  for (const { x, y, count } of cells) {
    const w = view ? count * share(u + x * cell, view.x0, view.x1) * share(v + y * cell, view.y0, view.y1) : count;
    points += w;
    sum += w * Math.log(Math.max(LEAST, (count - 1) * each));
  }
  return points > 0 ? Math.exp(sum / points) : LEAST;
}
