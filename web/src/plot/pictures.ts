/* Pictures in the place of points: cells of one image, for sets of some thousand rows. They lie on the
 * points, under labels, and are part of every picture for a file. */

import { OFF_SCREEN, projectRange } from "./camera";
import type { Frame } from "./overlay";
import { FRONT, BASE, HIGHLIGHT, radiusSteps, RADIUS_STEPS } from "./scene";
import { DIMMED, SIZE_ONE, type Pictures } from "./types";

/** Beyond these rows points stay points. */
export const MOST_PICTURES = 5000;
/** A picture is so many times as wide as its point, within these CSS pixels. */
const TIMES = 3, LEAST = 16, MOST = 64;
const DIM_ALPHA = 0.3;

/** Left upper corner of a row's cell in the image; null: there is none. */
export function cellOf(p: Pick<Pictures, "width" | "height" | "columns" | "count">, row: number): [number, number] | null {
  if (row < 0 || row >= p.count) return null;
  return [(row % p.columns) * p.width, Math.floor(row / p.columns) * p.height];
}

/** @param scale pixels of the canvas per CSS pixel. */
export function drawPictures(c: CanvasRenderingContext2D, f: Frame, p: Pictures | null, scale: number): void {
  const { scene, pr, view } = f, { n } = scene.positions;
  if (!p || n > MOST_PICTURES) return;
  const at = new Float64Array(3 * n), rows: number[] = [];
  projectRange(pr, scene.positions, 0, n, at);
  for (let i = 0; i < n; i++) if (at[3 * i] !== OFF_SCREEN && !scene.isHidden(i)) rows.push(i);
  const front = (i: number): boolean => ((scene.flags?.[i] ?? 0) & HIGHLIGHT) !== 0;
  rows.sort((a, b) => Number(front(a)) - Number(front(b)) || at[3 * a + 2] - at[3 * b + 2] || a - b);
  c.save();
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.beginPath();
  c.rect(view.x, view.y, view.width, view.height);
  c.clip();
  for (const i of rows) {
    const cell = cellOf(p, i), high = front(i);
    if (!cell) continue;
    const r = radiusSteps(f.look, pr, high ? FRONT : BASE, scene.sizes?.[i] ?? SIZE_ONE, at[3 * i + 2]) / RADIUS_STEPS;
    const side = Math.min(MOST, Math.max(LEAST, 2 * TIMES * r)), k = side / Math.max(p.width, p.height);
    const w = k * p.width, h = k * p.height, x = at[3 * i] - w / 2, y = at[3 * i + 1] - h / 2;
    if (x > view.x + view.width || y > view.y + view.height || x + w < view.x || y + h < view.y) continue;
    c.globalAlpha = (scene.flags?.[i] ?? 0) & DIMMED ? DIM_ALPHA : 1;
    c.drawImage(p.image, cell[0], cell[1], p.width, p.height, x, y, w, h);
    if (!high) continue;
    c.strokeStyle = scene.theme.accent;
    c.lineWidth = 1.5;
    c.strokeRect(x, y, w, h);
  }
  c.restore();
}
