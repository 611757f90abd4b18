/* How crowded the points are, to choose their opacity.
 *
 * A fixed opacity makes dense places flat blots or sparse places invisible. So we count the points in a grid of 128 x 128
 * cells once per data set, and ask for each picture: how many points per squared data unit lie around a typical point in
 * view? Typical means the geometric mean over the points of the count in their cell; a cell that is cut by the edge of the
 * view counts with the share that is inside, so the opacity changes smoothly while the camera moves. In 3D the three
 * coordinate planes stand for all directions, and the view is not looked at. */

import type { Box, Positions } from "./camera";

const CELLS = 128;

export interface Rectangle {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

interface Plane {
  /** The cells that hold points: column, line, count and its logarithm. */
  cells: { x: number; y: number; count: number; log: number }[];
  /** Lower left corner of the grid and width of a cell, in data units. */
  u: number;
  v: number;
  cell: number;
}

export class Crowding {
  private readonly planes: Plane[];

  constructor(p: Positions, box: Box) {
    const axes: [number, number][] = p.dim === 2 ? [[0, 1]] : [[0, 1], [1, 2], [0, 2]];
    const side = 2 * Math.max(...box.half) || 1;
    this.planes = axes.map(([u, v]) => countPlane(p, u, v, box.centre[u] - side / 2, box.centre[v] - side / 2, side / CELLS));
  }

  /** Points per squared data unit around a typical point; 2D only: of those in `view`. 0 if there are none. */
  typical(view?: Rectangle): number {
    return this.planes.reduce((sum, plane) => sum + typicalOf(plane, view), 0) / this.planes.length;
  }
}

function countPlane(p: Positions, u: number, v: number, u0: number, v0: number, cell: number): Plane {
  const counts = new Uint32Array(CELLS * CELLS), k = 1 / cell;
  for (let i = 0; i < p.a.length; i += p.dim) {
    const x = Math.min(CELLS - 1, ((p.a[i + u] - u0) * k) | 0), y = Math.min(CELLS - 1, ((p.a[i + v] - v0) * k) | 0);
    counts[y * CELLS + x]++;
  }
  const cells: Plane["cells"] = [];
  counts.forEach((count, i) => {
    if (count > 0) cells.push({ x: i % CELLS, y: Math.floor(i / CELLS), count, log: Math.log(count) });
  });
  return { cells, u: u0, v: v0, cell };
}

function typicalOf({ cells, u, v, cell }: Plane, view?: Rectangle): number {
  /** Share of the cell that starts at `start` that lies between a and b. */
  const share = (start: number, a: number, b: number): number => Math.max(0, Math.min(b, start + cell) - Math.max(a, start)) / cell;
  let points = 0, sum = 0;
  for (const { x, y, count, log } of cells) {
    const w = view ? count * share(u + x * cell, view.x0, view.x1) * share(v + y * cell, view.y0, view.y1) : count;
    points += w;
    sum += w * log;
  }
  return points > 0 ? Math.exp(sum / points) / (cell * cell) : 0;
}
