/** The two maps of a comparison, linked: what the pointer does on one is seen on the other. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Context } from "../app/Context";
import { plotTheme } from "../app/map";
import { place } from "../app/stage";
import { type Camera, createPlot, HIDDEN, type Plot, SELECTED } from "../plot";
import { numberColouring } from "../state/colouring";
import { num } from "../state/format";
import { commit } from "../state/history";
import { currentSource, hover, options, selection, sources, theme, tool } from "../state/store";
import { useCard } from "./compare-cards";
import { compared, type Compared, compareHover, compareSelection, comparison, ownSelection } from "./compare-state";

/** The plots on the left and on the right, while they are on the page. */
export interface Linked {
  a: Plot | null;
  b: Plot | null;
}

/** One of the two maps. Everything it learns from the pointer is said in rows of the left side. */
export function Half({ which, linked }: { which: "a" | "b"; linked: Linked }) {
  const host = useRef<HTMLDivElement>(null);
  const shown = compared.value;
  const other = which === "a" ? "b" : "a";
  const at = rowOn(which, compareHover.value, shown);

  useEffect(() => {
    const plot = createPlot(host.current!, { renderer: options.renderer, animate: options.animate, theme: plotTheme() });
    linked[which] = plot;
    plot.camera.onchange = (camera: Camera) => linked[other]?.camera.set(camera);
    plot.onhover = (row) => hoverRow(toLeft(which, row, compared.peek()));
    plot.onclick = (row) => select(row < 0 ? [] : [toLeft(which, row, compared.peek())], "replace");
    plot.onselect = (rows, mode) =>
      select(
        Array.from(rows, (r) => toLeft(which, r, compared.peek())),
        mode,
      );
    /* At once, not with the next picture of the page: the hand is already on its way. */
    const stop = [
      effect(() => void (plot.tool = tool.value)),
      effect(() => plot.setHover(rowOn(which, compareHover.value, compared.value))),
    ];
    return () => {
      for (const end of stop) end();
      plot.destroy();
      linked[which] = null;
    };
  }, []);

  useEffect(() => {
    const plot = linked[which];
    if (!plot || !shown) return;
    const positions = shown[which];
    plot.setData({ n: positions.length / 2, dim: 2, positions: place(positions, 2).finite });
    plot.setAxes(null);
    paintOverlap(plot, which, shown);
    if (which === "a") {
      plot.camera.fit();
      linked.b?.camera.set(plot.camera.get());
    } else if (linked.a) plot.camera.set(linked.a.camera.get());
  }, [shown]);
  useEffect(() => {
    const plot = linked[which];
    if (!plot) return;
    plot.setTheme(plotTheme());
    if (shown) paintOverlap(plot, which, shown);
  }, [theme.value]);
  useEffect(() => {
    const plot = linked[which];
    if (!plot || !shown) return;
    const flags = new Uint8Array(shown[which].length / 2);
    for (const row of compareSelection.value) mark(flags, rowOn(which, row, shown), SELECTED);
    place(shown[which], 2).unplaced?.forEach((missing, row) => missing && (flags[row] = HIDDEN));
    plot.setFlags(flags);
  }, [shown, compareSelection.value]);

  const side = comparison.value[which];
  const source = sources.value.find((s) => s.id === side?.source);
  return (
    <figure class="half" data-testid={`compare-${which}`} data-hover={at}>
      <div class="half-plot" ref={host} />
      <figcaption>
        {source?.name}
        {source && source.layers.length > 1 && `, layer ${side!.layer}`}
      </figcaption>
      {shown && at >= 0 && <Card which={which} row={at} shown={shown} linked={linked} />}
    </figure>
  );
}

function mark(flags: Uint8Array, row: number, bit: number): void {
  if (row >= 0 && row < flags.length) flags[row] |= bit;
}

/** The row on a side that belongs to a row of the left one; -1: it has no partner. */
function rowOn(which: "a" | "b", left: number, shown: Compared | null): number {
  if (left < 0 || !shown) return -1;
  return which === "a" ? left : (shown.overlap.match[left] ?? -1);
}

function toLeft(which: "a" | "b", row: number, shown: Compared | null): number {
  if (row < 0 || !shown) return -1;
  return which === "a" ? row : (shown.back[row] ?? -1);
}

const onMap = (): boolean => comparison.peek().a?.source === currentSource.peek();

/** The pointer's row is the page's, too, when the left side is what the map shows. */
export function hoverRow(row: number): void {
  compareHover.value = row;
  if (onMap()) hover.value = row;
}

export function select(rows: number[], mode: "replace" | "add" | "remove"): void {
  const now = new Set(mode === "replace" ? [] : compareSelection.peek());
  for (const row of rows) if (row >= 0) mode === "remove" ? now.delete(row) : now.add(row);
  const next = Uint32Array.from(now).sort();
  if (onMap()) commit("select", () => (selection.value = next));
  else ownSelection.value = next;
}

function paintOverlap(plot: Plot, which: "a" | "b", shown: Compared): void {
  const { overlap } = shown.overlap;
  const values = which === "a" ? overlap : Float32Array.from(shown.back, (left) => (left < 0 ? NaN : overlap[left]));
  const c = numberColouring("kept", values, theme.peek(), { range: [0, 1] });
  plot.setColors(c.index, c.palette);
}

/** Token and context of a row beside its point. */
function Card({ which, row, shown, linked }: { which: "a" | "b"; row: number; shown: Compared; linked: Linked }) {
  const card = useCard(shown.of[which]!.source, row);
  const place = linked[which]?.project(row);
  if (!card || !place) return null;
  const overlap = shown.overlap.overlap[toLeft(which, row, shown)];
  const host = document.querySelector<HTMLElement>(`[data-testid=compare-${which}]`);
  const left = place[0] > (host?.clientWidth ?? 0) / 2;
  return (
    <div
      class={`half-card${left ? " left" : ""}`}
      style={{ left: `${place[0]}px`, top: `${Math.min(place[1], (host?.clientHeight ?? 0) - 110)}px` }}
      data-testid={`compare-card-${which}`}
    >
      <b>{card.token ?? `row ${row}`}</b> {num(overlap * shown.overlap.k, 3)} of {shown.overlap.k} kept
      <Context of={card.context ?? null} />
    </div>
  );
}
