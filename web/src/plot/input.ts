/* Hands to camera: mouse, touch, keyboard.
 *
 *   drag              2D: move, 3D: turn           right or middle drag, Ctrl-drag   3D: move, 2D: move
 *   wheel, pinch      zoom to the pointer          two fingers                       move and zoom
 *   Shift-drag        lasso that adds              double click                      zoom in twice
 *   arrows            2D: move, 3D: turn           Shift-arrows                      3D: move
 *   + and -           zoom                         Home                              fit
 *   Esc               drops a lasso in progress
 *
 * With the tool "lasso" or "rectangle" a left drag (or one finger) draws; Shift adds, Alt removes. All other gestures stay. */

import { orbit, pan, zoomAt, type Projection } from "./camera";
import { simplify } from "./select";
import type { Camera, SelectMode, Tool } from "./types";

/** What the gestures need of the plot, in CSS pixels. */
export interface InputHost {
  readonly element: HTMLElement;
  readonly dim: 2 | 3;
  readonly tool: Tool;
  camera(): Camera;
  projection(): Projection;
  moveTo(c: Camera): void;
  fit(): void;
  /** The line being drawn, or null when it is finished or dropped. */
  lasso(line: [number, number][] | null): void;
  selected(polygon: [number, number][], mode: SelectMode): void;
  hover(x: number, y: number): void;
  /** No row is under the pointer any more. */
  leave(): void;
  click(x: number, y: number, e: PointerEvent): void;
}

type Drag = "turn" | "move" | "lasso" | "rectangle" | "pinch";

const CLICK_SLOP = 4, MOVE_STEP = 48, TURN_STEP = 36, ZOOM_STEP = 1.25;
const WHEEL = 0.0016, WHEEL_LINE = 24, WHEEL_PAGE = 400;
const LASSO_TOLERANCE = 0.75;

/** Listens until the returned function is called. */
export function attachInput(host: InputHost): () => void {
  const { element } = host, pointers = new Map<number, [number, number]>(), stop = new AbortController();
  let drag: Drag | null = null, mode: SelectMode = "replace", line: [number, number][] = [], travelled = 0;

  const at = (e: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  const listen = <K extends keyof HTMLElementEventMap>(type: K, f: (e: HTMLElementEventMap[K]) => void): void =>
    element.addEventListener(type, f, { signal: stop.signal, passive: false });
  const drop = (): void => {
    drag = null;
    line = [];
    host.lasso(null);
  };
  const modeOf = (e: PointerEvent): SelectMode => (e.altKey ? "remove" : e.shiftKey ? "add" : "replace");
  const shape = (): [number, number][] => {
    if (drag !== "rectangle") return line;
    const [ax, ay] = line[0], [bx, by] = line[line.length - 1];
    return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  };

  listen("pointerdown", (e) => {
    element.focus({ preventScroll: true });
    element.setPointerCapture(e.pointerId);
    pointers.set(e.pointerId, at(e));
    if (pointers.size === 2) {
      drop();
      drag = "pinch";
      return;
    }
    if (pointers.size > 2) return;
    travelled = 0;
    mode = modeOf(e);
    line = [at(e)];
    const move = e.button !== 0 || e.ctrlKey || e.metaKey;
    if (move) drag = "move";
    else if (host.tool !== "navigate") drag = host.tool;
    else if (e.shiftKey) drag = "lasso";
    else drag = host.dim === 3 ? "turn" : "move";
    if (e.button === 1) e.preventDefault();
  });

  listen("pointermove", (e) => {
    const before = pointers.get(e.pointerId), now = at(e);
    if (!before || !drag) {
      host.hover(...now);
      return;
    }
    const dx = now[0] - before[0], dy = now[1] - before[1];
    if (drag === "pinch") {
      const other = [...pointers].find(([id]) => id !== e.pointerId)?.[1];
      if (other) pinch(before, now, other);
      pointers.set(e.pointerId, now);
      return;
    }
    pointers.set(e.pointerId, now);
    travelled = Math.max(travelled, Math.hypot(now[0] - line[0][0], now[1] - line[0][1]));
    if (travelled < CLICK_SLOP) return;
    host.leave();
    if (drag === "turn") host.moveTo(orbit(host.camera(), host.projection(), dx, dy));
    else if (drag === "move") host.moveTo(pan(host.camera(), host.projection(), dx, dy));
    else {
      line.push(now);
      host.lasso(shape());
    }
  });

  const pinch = (before: [number, number], now: [number, number], other: [number, number]): void => {
    const from = Math.hypot(before[0] - other[0], before[1] - other[1]), to = Math.hypot(now[0] - other[0], now[1] - other[1]);
    host.moveTo(pan(host.camera(), host.projection(), (now[0] - before[0]) / 2, (now[1] - before[1]) / 2));
    if (from > 8 && to > 8)
      host.moveTo(zoomAt(host.camera(), host.projection(), to / from, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2));
  };

  listen("pointerup", (e) => {
    pointers.delete(e.pointerId);
    const was = drag;
    if (was === "pinch") {
      if (pointers.size === 0) drop();
      return;
    }
    if (!was) return;
    if (travelled < CLICK_SLOP) {
      if (e.button === 0) host.click(...at(e), e);
    } else if (was === "lasso" || was === "rectangle") host.selected(simplify(shape(), LASSO_TOLERANCE), mode);
    drop();
  });
  listen("pointercancel", (e) => {
    pointers.delete(e.pointerId);
    drop();
  });
  listen("pointerleave", (e) => {
    if (!pointers.has(e.pointerId)) host.leave();
  });
  listen("contextmenu", (e) => e.preventDefault());

  listen("wheel", (e) => {
    e.preventDefault();
    const unit = e.deltaMode === 1 ? WHEEL_LINE : e.deltaMode === 2 ? WHEEL_PAGE : 1;
    // A pinch on a trackpad arrives as a wheel with ctrlKey and small deltas.
    const amount = e.deltaY * unit * (e.ctrlKey ? 6 : 1);
    host.moveTo(zoomAt(host.camera(), host.projection(), Math.exp(-amount * WHEEL), ...at(e)));
  });
  listen("dblclick", (e) => {
    if (host.tool === "navigate") host.moveTo(zoomAt(host.camera(), host.projection(), 2, ...at(e)));
  });

  listen("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const pr = host.projection(), c = host.camera();
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (arrow) {
      const [x, y] = arrow as [number, number];
      // Arrows move the eye, so the picture goes the other way; in 3D they turn the cloud itself.
      if (host.dim === 3 && !e.shiftKey) host.moveTo(orbit(c, pr, TURN_STEP * x, TURN_STEP * y));
      else host.moveTo(pan(c, pr, -MOVE_STEP * x, -MOVE_STEP * y));
    } else if (e.key === "+" || e.key === "=") host.moveTo(zoomAt(c, pr, ZOOM_STEP, pr.cx, pr.cy));
    else if (e.key === "-" || e.key === "_") host.moveTo(zoomAt(c, pr, 1 / ZOOM_STEP, pr.cx, pr.cy));
    else if (e.key === "Home") host.fit();
    else if (e.key === "Escape" && line.length > 1) drop();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });

  return () => stop.abort();
}
