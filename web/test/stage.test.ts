import assert from "node:assert/strict";
import test from "node:test";
import type { Plot } from "../src/plot";
import { Stage, unplaced } from "../src/app/stage";
import { drawn } from "../src/state/handle";

/** A plot that keeps A, B and t, and a clock that is turned by hand. */
function makePlot() {
  const seen = { a: [] as number[], b: null as number[] | null, t: 0 };
  const plot = {
    setData: (d: { positions: Float32Array }) => Object.assign(seen, { a: [...d.positions], b: null, t: 0 }),
    setTarget: (p: Float32Array) => (seen.b = [...p]),
    setTween: (t: number) => (seen.t = t),
  } as unknown as Plot;
  const now = (): number[] => seen.a.map((v, i) => (seen.b ? v + (seen.b[i] - v) * seen.t : v));
  return { plot, seen, now };
}

let time = 0;
let next: (() => void) | null = null;
globalThis.performance.now = () => time;
globalThis.requestAnimationFrame = (f) => ((next = () => f(time)), 1);
globalThis.cancelAnimationFrame = () => (next = null);
const turn = (ms: number): void => {
  time += ms;
  const f = next;
  next = null;
  f?.();
};
const at = (...v: number[]) => Float32Array.from(v);

test("a slide passes between its ends and stops at the second", () => {
  const { plot, now } = makePlot();
  const stage = new Stage(plot);
  let ended = 0;
  const [a, b] = [at(0, 0), at(10, 20)];
  stage.set(a, 2);
  stage.slide(b, 100, () => ended++);
  assert.ok(stage.shows(b) && stage.slides);
  turn(50);
  assert.deepEqual(now(), [5, 10]);
  turn(25);
  assert.ok(now()[0] > 5 && now()[0] < 10 && now()[1] === 2 * now()[0]);
  turn(25);
  assert.deepEqual(now(), [10, 20]);
  assert.deepEqual([ended, stage.slides, drawn.tween], [1, false, 1]);
});

test("exact positions that come during a slide do not end it", () => {
  const { plot, now } = makePlot();
  const stage = new Stage(plot);
  stage.set(at(0, 0), 2);
  stage.slide(at(10, 20), 100, () => undefined);
  turn(50);
  stage.update(at(10.5, 20));
  assert.ok(stage.slides);
  assert.deepEqual(now(), [5.25, 10]);
  turn(50);
  assert.deepEqual(now(), [10.5, 20]);
});

test("turning back half way goes to the start; a third place is reached from where the points are", () => {
  const { plot, now } = makePlot();
  const stage = new Stage(plot);
  const [a, b, c] = [at(0, 0), at(10, 20), at(-10, 0)];
  stage.set(a, 2);
  stage.slide(b, 100, () => undefined);
  turn(50);
  stage.slide(a, 100, () => undefined);
  assert.ok(stage.shows(a));
  turn(50);
  assert.deepEqual(now(), [2.5, 5]);
  stage.slide(c, 100, () => undefined);
  assert.deepEqual(now(), [2.5, 5], "nothing jumps");
  turn(100);
  assert.deepEqual(now(), [-10, 0]);
});

test("held between two layers; rows that are not placed are told and drawn nowhere", () => {
  const { plot, seen, now } = makePlot();
  const stage = new Stage(plot);
  const [a, b] = [at(0, 0, NaN, NaN), at(4, 8, 1, 1)];
  stage.hold(a, b, 2, 0.25);
  assert.deepEqual(now().slice(0, 2), [1, 2]);
  assert.ok(seen.a.every(Number.isFinite));
  assert.deepEqual([...unplaced.value!], [0, 1]);
  assert.ok(Number.isNaN(drawn.a[2]), "the handle sees what came");
  stage.hold(a, b, 2, 0.75);
  assert.equal(unplaced.value, null);
  assert.deepEqual(now().slice(0, 2), [3, 6]);
});
