/** The one table of keys: what each does, shown by Help, obeyed by the page. */
import { clear, goToLayer, nextNeighbour, pin, redoStep, setDim, stepLayer, undoStep } from "./actions";
import { dialog, hover, layers, mapPlot, pinned, tool } from "./store";

export interface Key {
  /** As KeyboardEvent.key says, with "ctrl+" before it where Control (or Command) is held. */
  key: string;
  /** For people, if the key itself does not read well. */
  shown?: string;
  does: string;
  run: () => void;
}

/** Play and pause of the layer bar; the bar sets it. */
export const playLayers = { toggle: (): void => undefined };

/** What keys do on a screen with maps of its own, in place of what they do on the map. */
let ownKeys: Record<string, () => void> = {};
export function screenKeys(table: Record<string, () => void>): () => void {
  ownKeys = table;
  return () => (ownKeys = {});
}

const toggleTool = (t: "lasso" | "rectangle") => (): void => {
  tool.value = tool.peek() === t ? "navigate" : t;
};

export const keys: Key[] = [
  { key: "/", does: "search", run: () => document.querySelector<HTMLInputElement>("[data-testid=search]")?.focus() },
  { key: "l", does: "lasso, again: navigate", run: toggleTool("lasso") },
  { key: "r", does: "rectangle, again: navigate", run: toggleTool("rectangle") },
  { key: "f", does: "fit the map to its points", run: () => mapPlot.peek()?.camera.fit() },
  { key: "2", does: "two dimensions", run: () => setDim(2) },
  { key: "3", does: "three dimensions", run: () => setDim(3) },
  { key: "[", does: "previous layer", run: () => stepLayer(-1) },
  { key: "]", does: "next layer", run: () => stepLayer(1) },
  { key: "Home", does: "first layer", run: () => layers.peek().length > 1 && goToLayer(layers.peek()[0].layer) },
  {
    key: "End",
    does: "last layer",
    run: () => layers.peek().length > 1 && goToLayer(layers.peek()[layers.peek().length - 1].layer),
  },
  { key: " ", shown: "Space", does: "play through the layers", run: () => playLayers.toggle() },
  { key: "n", does: "next neighbour", run: nextNeighbour },
  {
    key: "Enter",
    does: "pin the marked point",
    run: () => hover.peek() >= 0 && hover.peek() !== pinned.peek() && pin(hover.peek()),
  },
  { key: "Escape", shown: "Esc", does: "clear: dialog, pinned token, selection, lasso", run: clear },
  { key: "ctrl+z", shown: "Ctrl Z", does: "undo", run: undoStep },
  { key: "ctrl+y", shown: "Ctrl Y", does: "redo (also Ctrl Shift Z)", run: redoStep },
  { key: "?", does: "help", run: () => (dialog.value = dialog.peek() === "help" ? null : "help") },
];

/** Where typed characters belong to the control that has the focus. */
function typing(e: KeyboardEvent): boolean {
  const t = e.target as HTMLElement | null;
  if (!t?.closest) return false;
  if (t.closest("textarea, select, [contenteditable]")) return true;
  const input = t.closest("input");
  if (input) return input.type !== "checkbox" && (input.type !== "range" || /^(Arrow|Home|End|Page)/.test(e.key));
  // Space and Enter press the button that has the focus.
  return (e.key === " " || e.key === "Enter") && !!t.closest("button, a, [role=button], [role=option], summary");
}

export function onKey(e: KeyboardEvent): void {
  if (e.altKey || e.defaultPrevented) return;
  const held = e.ctrlKey || e.metaKey;
  if (typing(e) && e.key !== "Escape") return;
  if (typing(e) && e.key === "Escape") return (e.target as HTMLElement).blur();
  let name = held ? `ctrl+${e.key.toLowerCase()}` : e.key;
  if (held && e.shiftKey && e.key.toLowerCase() === "z") name = "ctrl+y";
  // Under a dialog only its own keys are meant.
  if (dialog.peek() && name !== "Escape" && name !== "?") return;
  const k = keys.find((x) => x.key === name);
  if (!k) return;
  e.preventDefault();
  (ownKeys[name] ?? k.run)();
}
