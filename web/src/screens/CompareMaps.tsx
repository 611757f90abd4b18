/** The two maps of a comparison, linked: what the pointer does on one is seen on the other. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Context } from "../app/Context";
import { plotTheme } from "../app/map";
import { place } from "../app/stage";
import { type Camera, createPlot, HIDDEN, SELECTED } from "../plot";
import { fitCamera } from "../plot/camera";
import { num } from "../state/format";
import { commit } from "../state/history";
import { currentSource, hover, options, selection, sources, theme, tool } from "../state/store";
import { useCard } from "./compare-cards";
import { colourings } from "./compare-colours";
import {
  compared,
  type Compared,
  compareHover,
  compareSelection,
  comparing,
  comparison,
  halves,
  lookMoved,
  ownSelection,
  pendingLook,
} from "./compare-state";

type Which = "a" | "b";

/** One of the two maps. Everything it learns from the pointer is said in rows of the left side. */
export function Half({ which }: { which: Which }) {
  const host = useRef<HTMLDivElement>(null);
  const shown = compared.value;
  const at = rowOn(which, compareHover.value, shown);

  useEffect(() => {
    const plot = createPlot(host.current!, { renderer: options.renderer, animate: options.animate, theme: plotTheme() });
    halves[which] = plot;
    let rest: ReturnType<typeof setTimeout> | undefined;
    plot.camera.onchange = (camera: Camera) => {
      halves[which === "a" ? "b" : "a"]?.camera.set(camera);
      clearTimeout(rest);
      rest = setTimeout(() => lookMoved.value++, 200);
    };
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
      clearTimeout(rest);
      if (which === "a") pendingLook.value = plot.camera.get(); // for the next visit
      plot.destroy();
      halves[which] = null;
    };
  }, []);

  useEffect(() => {
    const plot = halves[which];
    if (!plot || !shown) return;
    const { dim } = shown.of;
    plot.setData({ n: shown[which].length / dim, dim, positions: place(shown[which], dim).finite });
    plot.setAxes(null);
    /* The right one is drawn last: then both hold their points. */
    if (which === "b") look(shown);
  }, [shown]);
  useEffect(() => halves[which]?.setTheme(plotTheme()), [theme.value]);
  const colours = colourings.value?.[which];
  /* Rows outside of a sample have no number: they would bury the others. A column colours all. */
  const sampleAlone = shown !== null && shown.overlap.sampled !== null && comparison.value.colour === null;
  useEffect(() => {
    const plot = halves[which];
    if (!plot || !shown || !colours) return;
    plot.setColors(colours.index, colours.palette);
    plot.setShapes(colours.shapes);
  }, [shown, colours]);
  useEffect(() => {
    const plot = halves[which];
    if (!plot || !shown) return;
    const { dim } = shown.of;
    const flags = new Uint8Array(shown[which].length / dim);
    for (const row of compareSelection.value) mark(flags, rowOn(which, row, shown), SELECTED);
    place(shown[which], dim).unplaced?.forEach((missing, row) => missing && (flags[row] = HIDDEN));
    if (sampleAlone) flags.forEach((_, row) => outside(which, row, shown) && (flags[row] = HIDDEN));
    plot.setFlags(flags);
  }, [shown, compareSelection.value, sampleAlone]);

  const side = (shown?.of ?? comparison.value)[which];
  const source = sources.value.find((s) => s.id === side?.source);
  const stale = shown && comparing.value;
  return (
    <figure class={`half${stale ? " stale" : ""}`} data-testid={`compare-${which}`} data-hover={at}>
      <div class="half-plot" ref={host} />
      <figcaption>
        {source?.name}
        {source && source.layers.length > 1 && `, layer ${side!.layer}`}
      </figcaption>
      {shown && at >= 0 && <Card which={which} row={at} shown={shown} />}
    </figure>
  );
}

/** Dimensions of the points that the maps last looked at: a turn of the page to three is another look. */
let looked = 0;

/** One camera for both: the one that is wanted, the one that is there, or one that shows all of both. */
function look(shown: Compared): void {
  const { a, b } = halves;
  if (!a || !b) return;
  const wanted = pendingLook.peek();
  pendingLook.value = null;
  if (wanted && (looked === 0 || looked === shown.of.dim)) a.camera.set(wanted);
  else fitBoth();
  looked = shown.of.dim;
  b.camera.set(a.camera.get());
}

/** Both maps with all their points: the right one may reach beyond the left. */
export function fitBoth(): void {
  const { a, b } = halves;
  const shown = compared.peek();
  const host = document.querySelector<HTMLElement>("[data-testid=compare-a]");
  if (!a || !b || !shown || !host) return;
  const { dim } = shown.of;
  const view = { x: 0, y: 0, width: host.clientWidth, height: host.clientHeight };
  const [left, right] = ([shown.a, shown.b] as const).map((raw) => {
    const { finite, unplaced } = place(raw, dim);
    const points = { n: raw.length / dim, dim, a: finite, b: null, t: 0 };
    return fitCamera(a.camera.get(), points, view, (row) => unplaced?.[row] === 1) ?? a.camera.get();
  });
  const apart = Math.hypot(...left.target.map((v, i) => v - right.target[i]));
  const both: Camera = {
    ...left,
    target: left.target.map((v, i) => (v + right.target[i]) / 2) as Camera["target"],
    extent: Math.max(left.extent, right.extent) + apart,
  };
  a.camera.set(both);
  b.camera.set(both);
  lookMoved.value++;
}

/** Whether a row is not one of the sampled ones. */
function outside(which: Which, row: number, shown: Compared): boolean {
  const left = toLeft(which, row, shown);
  return left < 0 || Number.isNaN(shown.overlap.overlap[left]);
}

function mark(flags: Uint8Array, row: number, bit: number): void {
  if (row >= 0 && row < flags.length) flags[row] |= bit;
}

/** The row on a side that belongs to a row of the left one; -1: it has no partner. */
function rowOn(which: Which, left: number, shown: Compared | null): number {
  if (left < 0 || !shown) return -1;
  return which === "a" ? left : (shown.overlap.match[left] ?? -1);
}

function toLeft(which: Which, row: number, shown: Compared | null): number {
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

/** Token and context of a row beside its point. */
function Card({ which, row, shown }: { which: Which; row: number; shown: Compared }) {
  const card = useCard(shown.of[which].source, row);
  const place = halves[which]?.project(row);
  if (!card || !place) return null;
  const { k } = shown.overlap;
  const partner = toLeft(which, row, shown);
  const overlap = shown.overlap.overlap[partner];
  const without = shown.overlap.match[partner] >= 0 ? "not in the sample" : "no partner on the other side";
  const host = document.querySelector<HTMLElement>(`[data-testid=compare-${which}]`);
  const left = place[0] > (host?.clientWidth ?? 0) / 2;
  return (
    <div
      class={`half-card${left ? " left" : ""}`}
      style={{ left: `${place[0]}px`, top: `${Math.min(place[1], (host?.clientHeight ?? 0) - 110)}px` }}
      data-testid={`compare-card-${which}`}
    >
      <b>{card.token ?? `row ${row}`}</b>{" "}
      <span class="muted">{overlap >= 0 ? `${num(overlap * k, 3)} of ${k} kept` : without}</span>
      <Context of={card.context ?? null} />
    </div>
  );
}
