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
let past: Step[] = [];
let future: Step[] = [];

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
  future = [];
  refresh();
}

/** Runs a change as one undoable step. Steps with the same `merge` key that follow each other (a slider
 *  drag, typing in the search box) become one. Nothing changed: no step. */
export function commit(label: string, change: () => void, merge: string | null = null): void {
  const old = new Map([...tracked].map(([name, s]) => [name, s.peek()]));
  batch(change);
  const before = new Map<string, unknown>();
  const after = new Map<string, unknown>();
  for (const [name, s] of tracked)
    if (!Object.is(s.peek(), old.get(name))) {
      before.set(name, old.get(name));
      after.set(name, s.peek());
    }
  if (!after.size) return;
  const last = past[past.length - 1];
  if (merge && last && last.merge === merge && !future.length) {
    for (const [name, v] of before) if (!last.before.has(name)) last.before.set(name, v);
    for (const [name, v] of after) last.after.set(name, v);
    return;
  }
  push({ label, merge, before, after });
}

/** Runs a change that follows from an earlier one (a layout that was asked for, a default that had to be
 *  fetched first): part of the last step if that has the key `merge`, otherwise no step at all. */
export function follow(merge: string, change: () => void): void {
  const last = past[past.length - 1];
  if (last?.merge === merge) commit(last.label, change, merge);
  else batch(change);
}

/** Does a change on the server as one step; a failure is thrown and leaves no step. */
export async function commitRemote(label: string, redo: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
  await redo();
  push({ label, merge: null, before: new Map(), after: new Map(), undo, redo });
}

function restore(values: Map<string, unknown>): void {
  batch(() => {
    for (const [name, v] of values) tracked.get(name)!.value = v;
  });
}

export async function undo(): Promise<void> {
  const step = past.pop();
  if (!step) return;
  restore(step.before);
  future.push(step);
  refresh();
  await step.undo?.();
}

export async function redo(): Promise<void> {
  const step = future.pop();
  if (!step) return;
  restore(step.after);
  past.push(step);
  refresh();
  await step.redo?.();
}

/** Forgets all steps: after another session was restored. */
export function clearHistory(): void {
  past = [];
  future = [];
  refresh();
}
