/* Gestures without a page: events at a stand-in for the element, and what becomes of the camera. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeProjection, START } from "../src/plot/camera";
import type { Camera, SelectMode, Tool } from "../src/plot/index";
import { attachInput, type InputHost } from "../src/plot/input";

class Stand extends EventTarget {
  focused = 0;
  focus(): void {
    this.focused++;
  }
  setPointerCapture(): void {}
  getBoundingClientRect(): { left: number; top: number } {
    return { left: 10, top: 20 };
  }
}

function setUp(dim: 2 | 3, tool: Tool = "navigate") {
  const element = new Stand(), log: string[] = [], view = { x: 0, y: 0, width: 400, height: 400 };
  let camera: Camera = { target: [0, 0, 0], extent: 4, rotation: START, perspective: 0 };
  const start = JSON.stringify(camera.rotation);
  let polygon: [number, number][] = [], mode: SelectMode | null = null, lassoing = false;
  const host: InputHost = {
    element: element as unknown as HTMLElement, dim, tool,
    camera: () => camera,
    projection: () => makeProjection(camera, view, dim),
    moveTo: (c) => (camera = c),
    fit: () => log.push("fit"),
    lasso: (line) => (lassoing = line !== null),
    selected: (p, m) => ([polygon, mode] = [p, m]),
    hover: (x, y) => log.push(`hover ${x} ${y}`),
    leave: () => log.push("leave"),
    click: (x, y) => log.push(`click ${x} ${y}`),
  };
  const stop = attachInput(host);
  /** x and y from the corner of the element. */
  const send = (type: string, x: number, y: number, more: object = {}): Event => {
    const e = new Event(type, { cancelable: true });
    Object.assign(e, { clientX: x + 10, clientY: y + 20, pointerId: 1, button: 0, deltaMode: 0, ...more });
    element.dispatchEvent(e);
    return e;
  };
  const drag = (points: [number, number][], more: object = {}): void => {
    send("pointerdown", ...points[0], more);
    for (const p of points.slice(1)) send("pointermove", ...p, more);
    send("pointerup", ...points[points.length - 1], more);
  };
  return {
    element, log, send, drag, stop,
    camera: () => camera,
    turned: () => JSON.stringify(camera.rotation) !== start,
    selection: () => ({ polygon, mode }),
    lassoing: () => lassoing,
  };
}

const near = (got: number[], want: number[]): void => got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < 1e-9, `${got} is not ${want}`));

test("2D: a drag moves the data with the pointer", () => {
  const s = setUp(2);
  s.drag([[100, 100], [150, 100], [200, 70]]);
  // 400 pixels show 4 units; the camera goes the other way, y points upwards.
  near(s.camera().target, [-1, -0.3, 0]);
  assert.equal(s.turned(), false);
  assert.equal(s.element.focused, 1);
});

test("3D: the left button turns, the right one and Ctrl move", () => {
  const left = setUp(3), right = setUp(3), ctrl = setUp(3);
  left.drag([[100, 100], [160, 120]]);
  assert.equal(left.turned(), true);
  near(left.camera().target, [0, 0, 0]);
  right.drag([[100, 100], [160, 120]], { button: 2 });
  ctrl.drag([[100, 100], [160, 120]], { ctrlKey: true });
  for (const s of [right, ctrl]) {
    assert.equal(s.turned(), false);
    assert.ok(Math.abs(Math.hypot(...s.camera().target) - Math.hypot(0.6, 0.2)) < 1e-9);
  }
});

test("a press without a way is a click, a way is none", () => {
  const s = setUp(2);
  s.drag([[50, 60], [52, 61]]);
  assert.deepEqual(s.log, ["click 52 61"]);
  near(s.camera().target, [0, 0, 0]);
  s.drag([[50, 60], [90, 61]]);
  assert.deepEqual(s.log.filter((l) => l.startsWith("click")), ["click 52 61"]);
});

test("lasso and rectangle: replace, Shift adds, Alt removes; the line is gone afterwards", () => {
  for (const [keys, expected] of [[{}, "replace"], [{ shiftKey: true }, "add"], [{ altKey: true }, "remove"]] as const) {
    const s = setUp(3, "rectangle");
    s.drag([[10, 20], [30, 30], [50, 80]], keys);
    assert.deepEqual(s.selection(), { polygon: [[10, 20], [50, 20], [50, 80], [10, 80]], mode: expected });
    assert.equal(s.lassoing(), false);
    assert.equal(s.turned(), false);
  }
  const s = setUp(2, "lasso");
  s.drag([[0, 0], [50, 0], [100, 0], [100, 100], [0, 100]]);
  // The corner in the middle of a straight side is dropped.
  assert.deepEqual(s.selection().polygon, [[0, 0], [100, 0], [100, 100], [0, 100]]);
});

test("navigating, a Shift-drag is a lasso that adds; Escape drops it", () => {
  const s = setUp(3);
  s.drag([[0, 0], [100, 0], [100, 100]], { shiftKey: true });
  assert.equal(s.selection().mode, "add");
  assert.equal(s.turned(), false);
  const t = setUp(2, "lasso");
  t.send("pointerdown", 0, 0);
  t.send("pointermove", 100, 0);
  t.send("pointermove", 100, 100);
  assert.equal(t.lassoing(), true);
  t.send("keydown", 0, 0, { key: "Escape" });
  t.send("pointerup", 100, 100);
  assert.equal(t.lassoing(), false);
  assert.equal(t.selection().mode, null);
});

test("the wheel zooms to the pointer and does not scroll the page", () => {
  const s = setUp(2), e = s.send("wheel", 300, 200, { deltaY: -500 });
  const factor = Math.exp(500 * 0.0016);
  assert.equal(e.defaultPrevented, true);
  near([s.camera().extent], [4 / factor]);
  // (300, 200) is the point (1, 0): it stays.
  near(s.camera().target, [1 - 1 / factor, 0, 0]);
});

test("two fingers zoom and move; lifting one does not jump", () => {
  const s = setUp(2);
  s.send("pointerdown", 150, 200, { pointerId: 1 });
  s.send("pointerdown", 250, 200, { pointerId: 2 });
  s.send("pointermove", 100, 200, { pointerId: 1 });
  s.send("pointermove", 300, 200, { pointerId: 2 });
  near([s.camera().extent], [2]);
  near(s.camera().target, [0, 0, 0]);
  s.send("pointerup", 300, 200, { pointerId: 2 });
  s.send("pointermove", 180, 240, { pointerId: 1 });
  near(s.camera().target, [0, 0, 0]);
  s.send("pointerup", 180, 240, { pointerId: 1 });
  assert.deepEqual(s.log.filter((l) => l.startsWith("click")), []);
});

test("keys: arrows, Shift-arrows, plus, minus, Home; others are left to the page", () => {
  const flat = setUp(2), deep = setUp(3), key = (s: typeof flat, k: string, more: object = {}): boolean => s.send("keydown", 0, 0, { key: k, ...more }).defaultPrevented;
  assert.equal(key(flat, "ArrowRight"), true);
  near(flat.camera().target, [0.48, 0, 0]);
  key(flat, "ArrowUp");
  near(flat.camera().target, [0.48, 0.48, 0]);
  key(flat, "+");
  near([flat.camera().extent], [3.2]);
  key(flat, "-");
  near([flat.camera().extent], [4]);
  key(flat, "Home");
  assert.deepEqual(flat.log, ["fit"]);
  key(deep, "ArrowLeft", { shiftKey: true });
  assert.equal(deep.turned(), false);
  key(deep, "ArrowLeft");
  assert.equal(deep.turned(), true);
  assert.deepEqual([key(flat, "l"), key(flat, "+", { ctrlKey: true }), key(flat, "Escape")], [false, false, false]);
});

test("after stopping, nothing is heard", () => {
  const s = setUp(2);
  s.send("pointermove", 5, 6);
  s.stop();
  s.send("pointermove", 7, 8);
  s.send("wheel", 0, 0, { deltaY: 10 });
  assert.deepEqual(s.log, ["hover 5 6"]);
  near([s.camera().extent], [4]);
});
