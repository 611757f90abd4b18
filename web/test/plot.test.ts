/* The plot without a page: camera arithmetic, selection, picking, the splat against a naive loop in float64,
 * its independence of the order of the rows, labels that do not collide. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as cam from "../src/plot/camera";
import { colourTable, parseColour } from "../src/plot/colour";
import { Crowding } from "../src/plot/crowding";
import { drawDensity } from "../src/plot/density";
import { chooseRenderer, LIGHT, HIDDEN, SELECTED, NEIGHBOUR, DIMMED, type Camera } from "../src/plot/index";
import { placeLabels, type Anchor } from "../src/plot/labels";
import { plotArea, ticks } from "../src/plot/overlay";
import { SvgPen } from "../src/plot/pen";
import { cellOf } from "../src/plot/pictures";
import { FOG, lookOf, radiusSteps, RADIUS_STEPS, Scene } from "../src/plot/scene";
import { inside, PickGrid, rowsInside, simplify } from "../src/plot/select";
import { Splat } from "../src/plot/splat";
import { reach, shapeDistance } from "../src/plot/stamps";

/** Reproducible numbers: a 32-bit linear congruential generator. */
function random(seed: number): { uniform: () => number; normal: () => number } {
  let s = seed >>> 0;
  const uniform = (): number => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

const PALETTE = Uint8Array.from([200, 30, 30, 20, 160, 60, 30, 60, 220, 240, 200, 0]);
const VIEW = { x: 0, y: 0, width: 200, height: 120 };
const EYE: Camera = { target: [0, 0, 0], extent: 8, rotation: cam.START, perspective: 0.5 };
const WHITE = 0xffffffff;

function cloud(n: number, dim: 2 | 3, seed = 1): Scene {
  const r = random(seed), scene = new Scene(LIGHT);
  scene.setData({ n, dim, positions: Float32Array.from({ length: n * dim }, () => r.normal()) });
  scene.setColors(Uint8Array.from({ length: n }, () => Math.floor(4 * r.uniform())), PALETTE);
  return scene;
}

/** The same rows in another order. */
function permuted(s: Scene, seed: number): Scene {
  const { n, dim, a } = s.positions, r = random(seed), order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(r.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const pick = (v: Uint8Array | null): Uint8Array | null => v && Uint8Array.from(order, (i) => v[i]);
  const out = new Scene(s.theme);
  out.setData({ n, dim, positions: Float32Array.from({ length: n * dim }, (_, k) => a[order[Math.floor(k / dim)] * dim + (k % dim)]) });
  out.setColors(pick(s.colors), s.palette);
  for (const what of ["sizes", "shapes", "flags"] as const) out.setBytes(what, pick(s[what]));
  return out;
}

function draw(s: Scene, c: Camera = EYE, ratio = 1): Uint32Array {
  const v = { x: 0, y: 0, width: VIEW.width * ratio, height: VIEW.height * ratio };
  const pr = cam.makeProjection(c, v, s.positions.dim), splat = new Splat(v.width, v.height);
  splat.draw(s, pr, lookOf(s, pr, v, ratio), WHITE);
  return splat.pixels;
}

const at = (pr: cam.Projection, p: cam.Positions, row: number): number[] => {
  const out = new Float64Array(3);
  cam.projectRange(pr, p, row, row + 1, out);
  return [...out];
};
const close = (a: number, b: number, eps = 1e-9): void => assert.ok(Math.abs(a - b) <= eps, `${a} is not ${b}`);

test("2D: one scale for both axes, y upwards, the target in the centre", () => {
  const p = { n: 3, dim: 2 as const, a: Float32Array.of(1, 2, 2, 2, 1, 3), b: null, t: 0 };
  const pr = cam.makeProjection({ ...EYE, target: [1, 2, 0], extent: 4 }, VIEW, 2);
  assert.equal(pr.scale, 30); // the shorter side, 120 pixels, shows 4 units
  assert.deepEqual(at(pr, p, 0), [100, 60, 0]);
  assert.deepEqual(at(pr, p, 1), [130, 60, 0]);
  assert.deepEqual(at(pr, p, 2), [100, 30, 0]);
});

test("3D without perspective keeps distances: a rotation is not a stretch", () => {
  const p = { n: 4, dim: 3 as const, a: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1), b: null, t: 0 };
  const pr = cam.makeProjection({ ...EYE, perspective: 0 }, VIEW, 3), o = at(pr, p, 0);
  const arms = [1, 2, 3].map((row) => at(pr, p, row).map((v, j) => v - o[j]));
  for (const a of arms) close(Math.hypot(...a), pr.scale, 1e-9);
  close(arms[0][0] * arms[1][0] + arms[0][1] * arms[1][1] + arms[0][2] * arms[1][2], 0, 1e-9);
});

test("perspective: nearer is larger, the target's plane is not changed, nothing behind the eye", () => {
  const p = { n: 3, dim: 3 as const, a: Float32Array.of(1, 0, 0, 1, 0, 4, 1, 0, 100), b: null, t: 0 };
  const c: Camera = { ...EYE, rotation: [0, 0, 0, 1], perspective: 0.5 };
  const pr = cam.makeProjection(c, VIEW, 3); // scale 15, the eye 240 pixels = 16 units away
  close(at(pr, p, 0)[0], 115);
  close(at(pr, p, 1)[0], 100 + (15 * 16) / 12);
  assert.equal(at(pr, p, 2)[0], cam.OFF_SCREEN);
});

test("a tween is the straight line between A and B", () => {
  const p = { n: 1, dim: 2 as const, a: Float32Array.of(0, 0), b: Float32Array.of(4, 8), t: 0.25 };
  assert.deepEqual(at(cam.makeProjection({ ...EYE, extent: 120 }, VIEW, 2), p, 0), [101, 58, 0]);
});

test("zooming keeps the data under the pointer, panning moves by the pixels, orbiting keeps the target", () => {
  for (const dim of [2, 3] as const) {
    const c: Camera = { ...EYE, target: [0.5, -1, 2], perspective: 0 }, pr = cam.makeProjection(c, VIEW, dim);
    const before = cam.unproject(c, pr, 37, 81);
    const zoomed = cam.zoomAt(c, pr, 3, 37, 81), after = cam.unproject(zoomed, cam.makeProjection(zoomed, VIEW, dim), 37, 81);
    before.forEach((v, j) => close(v, after[j]));
    close(zoomed.extent, c.extent / 3);
    const p = { n: 1, dim, a: Float32Array.from([1, 1, 1].slice(0, dim)), b: null, t: 0 };
    const moved = cam.makeProjection(cam.pan(c, pr, 11, -7), VIEW, dim), a = at(pr, p, 0), b = at(moved, p, 0);
    close(b[0] - a[0], 11);
    close(b[1] - a[1], -7);
  }
  const c: Camera = { ...EYE, rotation: [0, 0, 0, 1], perspective: 0 };
  const front = { n: 1, dim: 3 as const, a: Float32Array.of(0, 0, 1), b: null, t: 0 };
  const turned = cam.makeProjection(cam.orbit(c, cam.makeProjection(c, VIEW, 3), 10, 6), VIEW, 3), s = at(turned, front, 0);
  assert.ok(s[0] > 100 && s[1] > 60, `the front follows the pointer to the lower right: ${s[0]}, ${s[1]}`);
});

test("a glide starts and ends at its cameras and turns the short way", () => {
  const a = EYE, q = EYE.rotation.map((v) => -v) as Camera["rotation"], b: Camera = { ...EYE, extent: 2, target: [1, 2, 3], rotation: q };
  close(cam.between(a, b, 0).extent, 8);
  close(cam.between(a, b, 1).extent, 2);
  close(cam.between(a, b, 0.5).extent, 4);
  // -q is the same rotation as q: nothing may turn on the way.
  const half = cam.matrix(cam.between(a, b, 0.5).rotation);
  cam.matrix(a.rotation).forEach((v, i) => close(v, half[i]));
});

test("a fit shows all rows that are not hidden, and fills the picture", () => {
  for (const dim of [2, 3] as const) {
    const s = cloud(500, dim, 7), flags = new Uint8Array(500);
    s.positions.a.set([90, 90], 0);
    flags[0] = HIDDEN;
    s.setBytes("flags", flags);
    const c = cam.fitCamera({ ...EYE, perspective: 0 }, s.positions, VIEW, s.isHidden);
    assert.ok(c);
    const pr = cam.makeProjection(c, VIEW, dim);
    let widest = 0;
    for (let row = 1; row < 500; row++) {
      const [x, y] = at(pr, s.positions, row);
      widest = Math.max(widest, Math.abs(x - 100) / 100, Math.abs(y - 60) / 60);
    }
    close(widest, 0.88, 1e-3);
  }
  const one = cloud(3, 2);
  assert.equal(cam.fitCamera(EYE, one.positions, VIEW, () => true), null);
  // A single row has no width: the least extent holds, and without one a unit.
  assert.equal(cam.fitCamera(EYE, one.positions, VIEW, () => false, Uint32Array.of(1), 0.25)?.extent, 0.25);
  assert.equal(cam.fitCamera(EYE, one.positions, VIEW, () => false, Uint32Array.of(1))?.extent, 1);
});

test("the splat is the naive sum of optical depths, pixel by pixel", () => {
  for (const [dim, size] of [[2, 0], [2, 7], [3, 3]] as const) {
    const s = cloud(400, dim, 3), r = random(9);
    s.pointSize = size;
    s.setBytes("sizes", Uint8Array.from({ length: 400 }, () => 32 + Math.floor(96 * r.uniform())));
    s.setBytes("shapes", Uint8Array.from({ length: 400 }, () => Math.floor(8 * r.uniform())));
    s.setBytes("flags", Uint8Array.from({ length: 400 }, () => [0, 0, HIDDEN, DIMMED][Math.floor(4 * r.uniform())]));
    const pr = cam.makeProjection(EYE, VIEW, dim), look = lookOf(s, pr, VIEW, 1), got = draw(s);
    const alpha = 1 - Math.exp(-look.depth);
    const points = Array.from({ length: 400 }, (_, row) => {
      const [x, y, depth] = at(pr, s.positions, row), flag = s.flags![row];
      return {
        x: (Math.floor(x * 8) + 0.5) / 8, y: (Math.floor(y * 8) + 0.5) / 8, shape: s.shapes![row],
        radius: radiusSteps(look, pr, 0, s.sizes![row], depth) / RADIUS_STEPS,
        gain: (dim === 3 ? Math.min(1, Math.max(FOG, look.fogAt + look.fogPer * depth)) : 1) * (flag & DIMMED ? look.dim : 1),
        entry: s.colors![row] + (flag & DIMMED ? 256 : 0), hidden: (flag & HIDDEN) !== 0,
      };
    });
    let worst = 0, covered = 0;
    for (let y = 0; y < VIEW.height; y++)
      for (let x = 0; x < VIEW.width; x++) {
        const sum = [0, 0, 0, 0];
        for (const p of points) {
          if (p.hidden) continue;
          const coverage = Math.min(1, Math.max(0, 0.5 - shapeDistance(p.shape, x + 0.5 - p.x, y + 0.5 - p.y, p.radius)));
          if (coverage === 0) continue;
          const w = -Math.log(1 - alpha * coverage) * p.gain;
          for (let j = 0; j < 3; j++) sum[j] += w * s.table[4 * p.entry + j];
          sum[3] += w;
        }
        const pixel = got[y * VIEW.width + x], a = 1 - Math.exp(-sum[3]);
        if (a > 0.02) covered++;
        for (let j = 0; j < 3; j++) {
          const expected = sum[3] > 0 ? (sum[j] / sum[3]) * a + 255 * (1 - a) : 255;
          worst = Math.max(worst, Math.abs(expected - ((pixel >>> (8 * j)) & 255)));
        }
      }
    assert.ok(covered > 300, `only ${covered} pixels covered`);
    // Weights are rounded to 1/255 of one point's depth (half a step: depth / 2 of 255), coverage to 1/255 (1/2 of 255); up
    // to 4 points lie on an edge.
    assert.ok(worst <= 2 * look.depth + 2, `${dim}D, size ${size}: ${worst} of 255 from the naive sum`);
  }
});

test("the splat does not depend on the order of the rows, byte for byte", () => {
  for (const dim of [2, 3] as const) {
    const s = cloud(30000, dim, 5), r = random(4);
    s.setBytes("sizes", Uint8Array.from({ length: 30000 }, () => 20 + Math.floor(200 * r.uniform())));
    s.setBytes("shapes", Uint8Array.from({ length: 30000 }, () => Math.floor(8 * r.uniform())));
    s.setBytes("flags", Uint8Array.from({ length: 30000 }, () => [0, 0, 0, HIDDEN, DIMMED, SELECTED, NEIGHBOUR][Math.floor(7 * r.uniform())]));
    const first = draw(s);
    assert.deepEqual(draw(permuted(s, 8)), first);
    assert.deepEqual(draw(s), first);
    assert.ok(first.some((v) => v !== WHITE));
  }
});

test("points on one pixel beyond 32-bit sums keep their mean colour", () => {
  const n = 400000, s = new Scene(LIGHT);
  s.setData({ n, dim: 2, positions: new Float32Array(2 * n) });
  s.setColors(Uint8Array.from({ length: n }, (_, i) => (i % 4 === 0 ? 0 : 1)), Uint8Array.of(255, 0, 0, 0, 0, 255));
  s.pointSize = 6;
  const pixel = draw(s)[60 * VIEW.width + 100];
  const [r, g, b] = [0, 8, 16].map((shift) => (pixel >>> shift) & 255);
  assert.ok(Math.abs(r - 64) <= 1 && g === 0 && Math.abs(b - 191) <= 1, `${r} ${g} ${b}`);
});

test("points at the rim of the picture and far outside are clipped, not wrapped", () => {
  const s = new Scene(LIGHT);
  s.setData({ n: 5, dim: 2, positions: Float32Array.of(-100, 0, 100, 0, 0, -60, 0, 60, 1e30, -1e30) });
  s.pointSize = 40;
  const got = draw(s, { ...EYE, extent: 120 });
  const dark = (x: number, y: number): boolean => got[y * VIEW.width + x] !== WHITE;
  assert.deepEqual([dark(0, 60), dark(199, 60), dark(100, 119), dark(100, 0)], [true, true, true, true]);
  assert.deepEqual([dark(0, 0), dark(199, 0), dark(100, 60), dark(40, 60)], [false, false, false, false]);
});

test("a large point whose centre is outside shows its rest on every side", () => {
  for (const [x, y, px, py] of [[-140, 0, 3, 60], [140, 0, 196, 60], [0, 100, 100, 3], [0, -100, 100, 116]]) {
    const s = new Scene(LIGHT);
    s.setData({ n: 1, dim: 2, positions: Float32Array.of(x, y) });
    s.pointSize = 96;
    const got = draw(s, { ...EYE, extent: 120 });
    assert.notEqual(got[py * VIEW.width + px], WHITE, `${x}, ${y}`);
    assert.equal(got[60 * VIEW.width + 100], WHITE);
  }
});

test("all shapes have about the area of the disc and stay within their reach", () => {
  const r = 20, far = reach(r);
  for (let shape = 0; shape < 8; shape++) {
    let area = 0, out = 0;
    for (let y = -far - 2; y <= far + 2; y += 0.25)
      for (let x = -far - 2; x <= far + 2; x += 0.25) {
        if (shapeDistance(shape, x, y, r) >= 0) continue;
        area += 1 / 16;
        if (Math.max(Math.abs(x), Math.abs(y)) > far) out++;
      }
    assert.ok(Math.abs(area / (Math.PI * r * r) - 1) < 0.16, `shape ${shape}: ${area / (Math.PI * r * r)} discs`);
    assert.equal(out, 0);
  }
});

test("highlighted points lie on top, with an outline in the ink", () => {
  const n = 5000, s = new Scene(LIGHT), flags = new Uint8Array(n);
  s.setData({ n, dim: 2, positions: Float32Array.from({ length: 2 * n }, (_, i) => (i < 2 * n - 2 ? 0.01 : 0)) });
  s.setColors(Uint8Array.from({ length: n }, (_, i) => (i === n - 1 ? 1 : 0)), Uint8Array.of(255, 0, 0, 0, 255, 0));
  s.pointSize = 10;
  flags[n - 1] = SELECTED;
  s.setBytes("flags", flags);
  const got = draw(s), green = got[60 * VIEW.width + 100];
  assert.ok(((green >>> 8) & 255) > 230 && (green & 255) < 30, green.toString(16));
  // From the green disc outwards the row gets dark before it gets white.
  const row = Array.from(got.slice(60 * VIEW.width + 100, 60 * VIEW.width + 112), (v) => Math.max(v & 255, (v >>> 8) & 255, (v >>> 16) & 255));
  assert.ok(Math.min(...row) < 130 && row[11] === 255, row.join(" "));
});

test("the polygon's rows are those of a naive test, hidden-behind included, flagged hidden excluded", () => {
  for (const dim of [2, 3] as const) {
    const s = cloud(9000, dim, 11), flags = new Uint8Array(9000);
    for (let i = 0; i < 9000; i += 7) flags[i] = HIDDEN;
    s.setBytes("flags", flags);
    const pr = cam.makeProjection(EYE, VIEW, dim);
    const star: [number, number][] = Array.from({ length: 11 }, (_, k) => [
      100 + 55 * Math.cos((k * 4 * 2 * Math.PI) / 11), 60 + 50 * Math.sin((k * 4 * 2 * Math.PI) / 11),
    ]);
    // Crossing number with a ray to the left: another form than the code's.
    const naive = (x: number, y: number): boolean => {
      let crossings = 0;
      star.forEach(([ax, ay], k) => {
        const [bx, by] = star[(k + 1) % star.length];
        if (ay <= y !== by <= y && ax + ((bx - ax) * (y - ay)) / (by - ay) < x) crossings++;
      });
      return crossings % 2 === 1;
    };
    const expected: number[] = [];
    for (let row = 0; row < 9000; row++) {
      const [x, y] = at(pr, s.positions, row);
      if (!flags[row] && naive(x, y)) expected.push(row);
    }
    assert.ok(expected.length > 500);
    assert.deepEqual([...rowsInside(s, pr, star)], expected);
    assert.equal(rowsInside(s, pr, star.slice(0, 2)).length, 0);
  }
});

test("a drawn line keeps its shape with fewer corners", () => {
  const circle = Array.from({ length: 500 }, (_, k): [number, number] => [100 * Math.cos(k / 79.6), 100 * Math.sin(k / 79.6)]);
  const few = simplify(circle, 0.75);
  assert.ok(few.length < 60 && few.length > 12, `${few.length} corners`);
  const flat = few.flat();
  assert.equal(inside(flat, 0, 98), true);
  assert.equal(inside(flat, 0, 101), false);
  assert.deepEqual(simplify([[0, 0], [1, 1], [2, 2]], 5), [[0, 0], [1, 1], [2, 2]]);
});

test("picking: the front-most disc, the hovered row first, nothing hidden, nothing far away", () => {
  const s = new Scene(LIGHT), flags = new Uint8Array(4);
  s.setData({ n: 4, dim: 3, positions: Float32Array.of(0, 0, -1, 0, 0, 1, 0, 0, 2, 3, 0, 0) });
  s.pointSize = 8;
  const c: Camera = { ...EYE, rotation: [0, 0, 0, 1], perspective: 0 };
  const pr = cam.makeProjection(c, VIEW, 3), look = lookOf(s, pr, VIEW, 1);
  const grid = (): PickGrid => new PickGrid(s, pr, look, VIEW.width, VIEW.height, 1);
  assert.equal(grid().at(101, 60, -1), 2);
  assert.equal(grid().at(101, 60, 0), 0);
  flags[2] = HIDDEN;
  s.setBytes("flags", flags);
  assert.equal(grid().at(101, 60, -1), 1);
  flags[0] = SELECTED;
  s.setBytes("flags", flags);
  assert.equal(grid().at(101, 60, -1), 0);
  assert.equal(grid().at(145, 60, -1), 3);
  assert.equal(grid().at(125, 60, -1), -1);
});

test("picking finds what a naive search over all rows finds", () => {
  const s = cloud(3000, 2, 13), pr = cam.makeProjection(EYE, VIEW, 2), look = lookOf(s, pr, VIEW, 1);
  const grid = new PickGrid(s, pr, look, VIEW.width, VIEW.height, 1), radius = radiusSteps(look, pr, 0, 64, 0) / RADIUS_STEPS, r = random(2);
  for (let k = 0; k < 300; k++) {
    const x = 200 * r.uniform(), y = 120 * r.uniform();
    let best = -1, least = radius + 3;
    for (let row = 0; row < 3000; row++) {
      const [px, py] = at(pr, s.positions, row), d = Math.hypot(px - x, py - y);
      if (px >= 0 && py >= 0 && px < 200 && py < 120 && d <= least && (best < 0 || d < least)) [best, least] = [row, d];
    }
    assert.equal(grid.at(x, y, -1), best);
  }
});

test("labels never overlap, stay in the picture, and strong ones are always there", () => {
  const r = random(21), area = { x0: 0, y0: 0, x1: 600, y1: 400 };
  const anchors = Array.from({ length: 400 }, (_, i): Anchor => ({
    x: 600 * r.uniform(), y: 400 * r.uniform(), r: 3, width: 20 + 60 * r.uniform(), height: 15, strong: i >= 396,
  }));
  const placed = placeLabels(anchors, area);
  const box = (p: (typeof placed)[number]): number[] => [p.x, p.y - 7.5, p.x + anchors[p.index].width, p.y + 7.5];
  assert.ok(placed.length > 60 && placed.length < 400, `${placed.length} placed`);
  for (let i = 396; i < 400; i++) assert.ok(placed.some((p) => p.index === i));
  placed.forEach((p, i) => {
    const a = box(p);
    assert.ok(a[0] >= 0 && a[1] >= 0 && a[2] <= 600 && a[3] <= 400);
    for (const q of placed.slice(i + 1)) {
      const b = box(q);
      assert.ok(a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1], `labels ${p.index} and ${q.index} overlap`);
    }
  });
  assert.deepEqual(placeLabels(anchors, area), placed);
  const same = Array.from({ length: 20 }, (): Anchor => ({ x: 300, y: 200, r: 3, width: 50, height: 15, strong: true }));
  assert.equal(placeLabels(same, area).length, 20);
});

test("ticks are round, inside the range, and written alike", () => {
  const t = ticks(-1.3, 2.2, 0.5);
  assert.deepEqual(t.values.map(t.text), ["\u22121.0", "\u22120.5", "0", "0.5", "1.0", "1.5", "2.0"]);
  assert.deepEqual(ticks(0, 0.0021, 0.0009).values.map(ticks(0, 0.0021, 0.0009).text), ["0", "0.001", "0.002"]);
  assert.equal(ticks(0, 3e6, 1e6).text(2e6), "2e6");
  // Far from the origin neighbours still differ.
  const far = ticks(1e5, 1.02e5, 500), texts = far.values.map(far.text);
  assert.equal(new Set(texts).size, texts.length);
  assert.equal(texts[1], "1.005e5");
});

test("crowding: others on top of a point of a uniform square; of the part in view; smooth at the edge of a cell", () => {
  // 70 % of the points in the left half, 30 % in the right one.
  const r = random(17), n = 400000, a = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) a.set([(i % 10 < 3 ? 5 : 0) + 5 * r.uniform(), 10 * r.uniform()], 2 * i);
  const p = { n, dim: 2 as const, a, b: null, t: 0 }, box = cam.boundingBox(p, () => false);
  assert.ok(box);
  const all = (): boolean => false, crowding = new Crowding(p, box, all), dense = (0.7 * n) / 50, sparse = (0.3 * n) / 50;
  const near = (got: number, want: number): void => assert.ok(Math.abs(got / want - 1) < 0.05, `${got} is not ${want}`);
  near(crowding.overlap(1), Math.exp(0.7 * Math.log(dense) + 0.3 * Math.log(sparse)));
  near(crowding.overlap(2), 2 * crowding.overlap(1));
  near(crowding.overlap(1, { x0: 1, y0: 1, x1: 4, y1: 9 }), dense);
  near(crowding.overlap(1, { x0: 6, y0: 1, x1: 9, y1: 9 }), sparse);
  near(crowding.overlap(1, { x0: 20, y0: 0, x1: 30, y1: 10 }), crowding.overlap(0));
  for (let x1 = 5.5; x1 < 6.5; x1 += 0.01) {
    const [one, two] = [x1, x1 + 0.01].map((end) => crowding.overlap(1, { x0: 4, y0: 2, x1: end, y1: 8 }));
    assert.ok(Math.abs(two / one - 1) < 0.02, `jumps at ${x1}`);
  }
  const left = new Crowding(p, box, (row) => row % 10 < 3);
  near(left.overlap(1), dense);
});

test("few points are wide and nearly opaque, also what is left of a crowd of which the rest is hidden", () => {
  const v = { x: 0, y: 0, width: 900, height: 640 };
  const look = (s: Scene): { width: number; opacity: number } => {
    const eye = cam.fitCamera(EYE, s.positions, v, s.isHidden);
    assert.ok(eye);
    const l = lookOf(s, cam.makeProjection(eye, v, 2), v, 1);
    return { width: 2 * l.radius, opacity: 1 - Math.exp(-l.depth) };
  };
  for (const n of [2, 14, 100, 300]) {
    const { width, opacity } = look(cloud(n, 2, 5));
    assert.ok(opacity > 0.9 && width > 10, `${n} points: ${width} px at ${opacity}`);
  }
  const many = look(cloud(200000, 2, 5));
  assert.ok(many.opacity < 0.6 && many.width < 2, `${many.width} px at ${many.opacity}`);
  const rest = cloud(200000, 2, 5);
  rest.setBytes("flags", Uint8Array.from({ length: 200000 }, (_, i) => (i % 4000 ? HIDDEN : 0)));
  assert.ok(look(rest).opacity > 0.9, `50 of 200,000: ${look(rest).opacity}`);
});

test("a lone point far from the crowd is as opaque as if the crowd were not there", () => {
  const alone = (crowd: number): number => {
    const s = new Scene(LIGHT), a = new Float32Array(2 * (crowd + 1)), r = random(3);
    for (let i = 2; i < a.length; i++) a[i] = 10 + 0.1 * r.uniform();
    s.setData({ n: crowd + 1, dim: 2, positions: a });
    s.pointSize = 4;
    const pr = cam.makeProjection({ ...EYE, extent: 2 }, VIEW, 2);
    return lookOf(s, pr, VIEW, 1).depth;
  };
  assert.equal(alone(50000), alone(10));
});

test("density: counts, not the order of the rows; nothing drawn for no points", () => {
  const s = cloud(20000, 2, 23), pr = cam.makeProjection(EYE, VIEW, 2);
  const picture = (scene: Scene): Uint32Array => {
    const pixels = new Uint32Array(VIEW.width * VIEW.height);
    drawDensity(scene, pr, { pixels, width: VIEW.width, height: VIEW.height, ratio: 1, background: WHITE, ink: 0xff000000 });
    return pixels;
  };
  const first = picture(s), grey = (x: number, y: number): number => first[y * VIEW.width + x] & 255;
  assert.deepEqual(picture(permuted(s, 3)), first);
  assert.ok(grey(100, 60) < grey(60, 60), "denser in the middle");
  s.setBytes("flags", new Uint8Array(20000).fill(HIDDEN));
  assert.ok(picture(s).every((v) => v === WHITE));
});

test("wrong lengths, palettes and colours are refused in one sentence and change nothing", () => {
  const s = cloud(10, 2);
  assert.throws(() => s.setData({ n: 3, dim: 2, positions: new Float32Array(5) }), /positions: 5 values, expected 6/);
  assert.throws(() => s.setTarget(new Float32Array(3)), /target positions: 3 values, expected 20/);
  assert.throws(() => s.setColors(new Uint8Array(9), PALETTE), /colour indices: 9 values, expected 10/);
  assert.throws(() => s.setColors(null, new Uint8Array(4)), /palette of 4 bytes/);
  assert.throws(() => s.setBytes("flags", new Uint8Array(1)), /flags: 1 values, expected 10/);
  assert.throws(() => parseColour("red"), /colour 'red': expected #rrggbb/);
  assert.equal(s.positions.n, 10);
  assert.equal(s.flags, null);
});

test("colours behind the end of the palette are muted; without a palette all points have the theme's colour", () => {
  const table = colourTable(PALETTE, LIGHT), empty = colourTable(new Uint8Array(0), LIGHT);
  assert.deepEqual([...table.slice(4, 8)], [20, 160, 60, 255]);
  assert.deepEqual([...table.slice(16, 19)], parseColour(LIGHT.muted));
  assert.deepEqual([...empty.slice(0, 3)], parseColour(LIGHT.point));
});

test("the renderer: the address wins, software GL and no GL mean the splat", () => {
  assert.equal(chooseRenderer("?renderer=gl", () => ""), "gl");
  assert.equal(chooseRenderer("?renderer=splat", () => "NVIDIA"), "splat");
  assert.equal(chooseRenderer("?renderer=other", () => "ANGLE (NVIDIA, GeForce)"), "gl");
  assert.equal(chooseRenderer("", () => "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device))"), "splat");
  assert.equal(chooseRenderer("", () => "llvmpipe (LLVM 15)"), "splat");
  assert.equal(chooseRenderer("", () => ""), "splat");
});

test("SVG text is escaped, axes need room", () => {
  const pen = new SvgPen("serif", () => 10);
  pen.text(1, 2, `<b> & "x"\u0001`, { size: 10, colour: "#000000" });
  assert.match(pen.toString(), /&lt;b&gt; &amp; &quot;x&quot;\ufffd/);
  assert.deepEqual(plotArea(100, 80, { x: "a", y: "b" }, 2), { x: 0, y: 0, width: 100, height: 80 });
  assert.ok(plotArea(640, 480, { x: "a", y: "b" }, 2).width < 640);
});

test("a row's picture is its cell, counted along the rows of cells", () => {
  const sprite = { width: 10, height: 8, columns: 3, count: 6 };
  assert.deepEqual(
    [0, 2, 3, 5].map((row) => cellOf(sprite, row)),
    [
      [0, 0],
      [20, 0],
      [0, 8],
      [20, 8],
    ],
  );
  assert.equal(cellOf(sprite, 6), null);
  assert.equal(cellOf(sprite, -1), null);
});
