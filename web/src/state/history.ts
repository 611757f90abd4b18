/** Undo for everything.
 *
 *  A view-state signal made with undoable() belongs to the history. A change is made inside commit():
 *  the signals that differ afterwards become one step. Values are immutable (a new array, never a
 *  changed one), so a step holds references, not copies. Changes on the server (sets, tags) come with
 *  their own way back: commitRemote(). */
import { batch, type Signal, signal } from "@preact/signals";

const tracked = new Map<string, Signal<unknown>>();

interface Step {
  label: string;
  merge: string | null;
  before: Map<string, unknown>;
  after: Map<string, unknown>;
  undo?: () => Promise<unknown>;
  redo?: () => Promise<unknown>;
}

const limit = 200;
const past: Step[] = [];
const future: Step[] = [];

/** Labels of the steps that ctrl-z and ctrl-y would take, or null. */
export const canUndo = signal<string | null>(null);
export const canRedo = signal<string | null>(null);

/** A view-state signal that undo restores and the URL and session files may carry. */
export function undoable<T>(name: string, initial: T): Signal<T> {
  const s = signal(initial);
  tracked.set(name, s as Signal<unknown>);
  return s;
}

function refresh(): void {
  canUndo.value = past.length ? past[past.length - 1].label : null;
  canRedo.value = future.length ? future[future.length - 1].label : null;
}

function push(step: Step): void {
  past.push(step);
  if (past.length > limit) past.shift();
  future.length = 0;
  refresh();
}

/** Runs a change; the values that it replaced, and what they became. */
function differences(change: () => void): Pick<Step, "before" | "after"> {
  const old = new Map([...tracked].map(([name, s]) => [name, s.peek()]));
  batch(change);
  const before = new Map<string, unknown>();
  const after = new Map<string, unknown>();
  for (const [name, s] of tracked)
    if (!Object.is(s.peek(), old.get(name))) {
      before.set(name, old.get(name));
      after.set(name, s.peek());
    }
  return { before, after };
}

function amend(step: Step, { before, after }: Pick<Step, "before" | "after">): void {
  for (const [name, v] of before) if (!step.before.has(name)) step.before.set(name, v);
  for (const [name, v] of after) step.after.set(name, v);
}

/** Runs a change as one undoable step. Steps with the same `merge` key that follow each other (a slider
 *  drag, typing in the search box) become one. Nothing changed: no step. */
export function commit(label: string, change: () => void, merge: string | null = null): void {
  const changed = differences(change);
  if (!changed.after.size) return;
  const last = past[past.length - 1];
  if (merge && last?.merge === merge && !future.length) amend(last, changed);
  else push({ label, merge, ...changed });
}

/** Runs a change that follows from an earlier one (a layout that was asked for, a default that had to be
 *  fetched first): part of the last step if that has the key `merge`, otherwise no step at all. What was
 *  undone after it can still be done again. */
export function follow(merge: string, change: () => void): void {
  const last = past[past.length - 1];
  if (last?.merge === merge) amend(last, differences(change));
  else batch(change);
}

/** Changes on the server happen one after the other, in the order in which they were asked for. */
let queue: Promise<unknown> = Promise.resolve();
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const turn = queue.then(task);
  queue = turn.catch(() => undefined);
  return turn;
}

/** Ends when everything that was asked for so far is done. */
export async function settled(): Promise<void> {
  await queue;
}

/** Does a change on the server as one step; a failure is thrown and leaves no step. */
export function commitRemote(label: string, redo: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
  return inTurn(async () => {
    await redo();
    push({ label, merge: null, before: new Map(), after: new Map(), undo, redo });
  });
}

/** Counts undo and redo: reactions that would change the view let alone what these brought back. */
export const restores = signal(0);

function restore(values: Map<string, unknown>): void {
  batch(() => {
    restores.value++;
    for (const [name, v] of values) tracked.get(name)!.value = v;
  });
}

/** Takes a step back or forth. A change on the server that fails stays where it was, and throws. */
function move(from: Step[], to: Step[], values: "before" | "after", remote: "undo" | "redo"): Promise<void> {
  return inTurn(async () => {
    const step = from[from.length - 1];
    if (!step) return;
    await step[remote]?.();
    const at = from.lastIndexOf(step); // not the last any more if something was done meanwhile
    if (at >= 0) from.splice(at, 1);
    restore(step[values]);
    to.push(step);
    refresh();
  });
}

export function undo(): Promise<void> {
  return move(past, future, "before", "undo");
}

export function redo(): Promise<void> {
  return move(future, past, "after", "redo");
}

/** Forgets all steps: after another session was restored. */
export function clearHistory(): void {
  past.length = 0;
  future.length = 0;
  refresh();
}
