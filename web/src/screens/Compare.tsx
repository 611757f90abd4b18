/** Compare: two maps side by side, one look. Hover, lasso and camera of one act on the other, by row or
 *  by token; colours say how many of its nearest neighbours each row keeps. */
import { effect, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { plotTheme } from "../app/map";
import { Context, Snippet } from "../app/Context";
import { Button, Choose, Empty, Problem, Segmented } from "../app/ui";
import { Curves } from "../charts/Curves";
import { formatWithError } from "../charts/numbers";
import { count, num } from "../state/format";
import { VirtualList } from "../charts/VirtualList";
import { api } from "../api/client";
import type { TokenCard } from "../api/types";
import { numberColouring } from "../state/colouring";
import { commit } from "../state/history";
import { currentSource, hover, offline, options, selection, sources, theme, tool } from "../state/store";
import { createPlot, SELECTED, type Camera, type Plot } from "../plot";
import { csv } from "./export/csv";
import { download } from "./export/download";
import { compared, compareError, compareHover, compareNow, compareSelection, comparing, comparison, proposeSides, setComparison, type Compared, type Side } from "./compare-state";

export function Compare() {
  const linked = useRef<{ a: Plot | null; b: Plot | null }>({ a: null, b: null }).current;
  useEffect(() => {
    proposeSides();
    if (!compared.peek()) void compareNow();
  }, []);
  const shown = compared.value;
  return (
    <main class="screen compare" data-testid="screen-compare" aria-label="Compare two layers">
      <Controls />
      <div class="compare-maps">
        <Half which="a" linked={linked} />
        <Half which="b" linked={linked} />
        {!shown && <Waiting />}
      </div>
      <aside class="compare-side">
        {shown && <Summary shown={shown} />}
        {shown && <Changes shown={shown} linked={linked} />}
        <OverLayers />
      </aside>
    </main>
  );
}

function Waiting() {
  if (compareError.value)
    return (
      <div class="over-plot" data-testid="compare-failed">
        <Empty title="No comparison">
          <Problem text={compareError.value} testid="compare-error" />
          <Button testid="compare-retry" onClick={() => void compareNow()}>Try again</Button>
        </Empty>
      </div>
    );
  return (
    <div class="over-plot" data-testid="compare-waiting" role="status">
      <Empty title="Comparing">
        <p>{comparing.value ?? "Choose what to compare."}</p>
        {comparing.value && <div class="meter indeterminate" />}
      </Empty>
    </div>
  );
}

function Controls() {
  const c = comparison.value;
  const set = (change: Partial<typeof c>): void => {
    setComparison(change);
    void compareNow();
  };
  return (
    <header class="screen-head">
      <h1>Compare</h1>
      <SideChoice name="a" label="Left" side={c.a} onChange={(a) => set({ a })} />
      <Button testid="compare-swap" title="Swap the sides" kind="quiet" onClick={() => set({ a: c.b, b: c.a })}>⇄</Button>
      <SideChoice name="b" label="Right" side={c.b} onChange={(b) => set({ b })} />
      <Choose label="Map" testid="compare-method" named value={c.method} choices={METHODS} onChange={(v) => set({ method: v as typeof c.method })} />
      <Choose label="Neighbours" testid="compare-k" named value={String(c.k)} choices={[5, 10, 15, 30, 50, 100].map((k) => ({ value: String(k), label: String(k) }))} onChange={(v) => set({ k: Number(v) })} />
      <Choose label="Match by" testid="compare-match" named value={c.match} choices={MATCHES} onChange={(v) => set({ match: v as typeof c.match })} />
      <span class="spring" />
      {compared.value && comparing.value && <span class="muted" aria-live="polite">{comparing.value} …</span>}
      {compared.value && <Problem text={compareError.value} testid="compare-error" />}
      <Segmented
        label="Tool" testid="compare-tool" value={tool.value} onChange={(t) => (tool.value = t)}
        options={[
          { value: "navigate", icon: "hand", title: "Navigate: drag moves both maps" },
          { value: "lasso", icon: "lasso", title: "Lasso (l): Shift adds, Alt removes" },
          { value: "rectangle", icon: "rectangle", title: "Rectangle (r): Shift adds, Alt removes" },
        ]}
      />
    </header>
  );
}

const METHODS = [{ value: "pca", label: "PCA" }, { value: "tsne", label: "t-SNE" }, { value: "umap", label: "UMAP" }];
const MATCHES = [{ value: "row", label: "row" }, { value: "token", label: "token" }];

function SideChoice({ name, label, side, onChange }: { name: string; label: string; side: Side | null; onChange: (s: Side) => void }) {
  const usable = sources.value.filter((s) => s.supported);
  const entry = usable.find((s) => s.id === side?.source);
  const open = (id: string): void => {
    const source = Number(id);
    onChange({ source, layer: usable.find((s) => s.id === source)?.layers[0]?.layer ?? 0 });
  };
  return (
    <span class="side-choice">
      <Choose label={label} testid={`compare-${name}-source`} named value={String(side?.source ?? "")} choices={usable.map((s) => ({ value: String(s.id), label: s.name }))} onChange={open} />
      {entry && entry.layers.length > 1 && (
        <Choose
          label={`${label}: layer`} testid={`compare-${name}-layer`} value={String(side!.layer)} onChange={(v) => onChange({ source: side!.source, layer: Number(v) })}
          choices={entry.layers.map((l) => ({ value: String(l.layer), label: `layer ${l.layer}` }))}
        />
      )}
    </span>
  );
}

/** One of the two maps. Everything it learns from the pointer is said in rows of the left side. */
function Half({ which, linked }: { which: "a" | "b"; linked: { a: Plot | null; b: Plot | null } }) {
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
    plot.onselect = (rows, mode) => select(Array.from(rows, (r) => toLeft(which, r, compared.peek())), mode);
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
    plot.setData({ n: positions.length / 2, dim: 2, positions });
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

/** The pointer's row is the page's, too, when the left side is what the map shows. */
function hoverRow(row: number): void {
  compareHover.value = row;
  if (comparison.peek().a?.source === currentSource.peek()) hover.value = row;
}

function select(rows: number[], mode: "replace" | "add" | "remove"): void {
  const now = new Set(mode === "replace" ? [] : compareSelection.peek());
  for (const row of rows) if (row >= 0) mode === "remove" ? now.delete(row) : now.add(row);
  const next = Uint32Array.from(now).sort();
  compareSelection.value = next;
  if (comparison.peek().a?.source === currentSource.peek()) commit("select", () => (selection.value = next));
}

function paintOverlap(plot: Plot, which: "a" | "b", shown: Compared): void {
  const { overlap } = shown.overlap;
  const values = which === "a" ? overlap : Float32Array.from(shown.back, (left) => (left < 0 ? NaN : overlap[left]));
  const c = numberColouring("kept", values, theme.peek(), { range: [0, 1] });
  plot.setColors(c.index, c.palette);
}

/** Token and context of a row beside its point. */
function Card({ which, row, shown, linked }: { which: "a" | "b"; row: number; shown: Compared; linked: { a: Plot | null; b: Plot | null } }) {
  const card = useCard(shown.of[which]!.source, row);
  const place = linked[which]?.project(row);
  if (!card || !place) return null;
  const overlap = shown.overlap.overlap[toLeft(which, row, shown)];
  const host = document.querySelector<HTMLElement>(`[data-testid=compare-${which}]`);
  const left = place[0] > (host?.clientWidth ?? 0) / 2;
  return (
    <div class={`half-card${left ? " left" : ""}`} style={{ left: `${place[0]}px`, top: `${Math.min(place[1], (host?.clientHeight ?? 0) - 110)}px` }} data-testid={`compare-card-${which}`}>
      <b>{card.token ?? `row ${row}`}</b> {num(overlap * shown.of.k, 3)} of {shown.of.k} kept
      <Context of={card.context ?? null} />
    </div>
  );
}

const cards = new Map<string, TokenCard>();

function useCard(source: number, row: number): TokenCard | null {
  const [card, setCard] = useState<TokenCard | null>(null);
  useEffect(() => {
    const key = `${source} ${row}`;
    setCard(cards.get(key) ?? null);
    if (cards.has(key)) return;
    let current = true;
    const timer = setTimeout(() => void fetchCards(source, [row]).then(() => current && setCard(cards.get(key) ?? null)), 30);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source, row]);
  return card?.row === row ? card : null;
}

async function fetchCards(source: number, rows: number[]): Promise<void> {
  const missing = rows.filter((r) => !cards.has(`${source} ${r}`)).slice(0, 1000);
  if (missing.length === 0) return;
  try {
    for (const card of await api.cards(source, missing)) cards.set(`${source} ${card.row}`, card);
  } catch {
    // a list without tokens is still a list: its rows keep their numbers
  }
  while (cards.size > 20000) cards.delete(cards.keys().next().value!);
}

function Summary({ shown }: { shown: Compared }) {
  const o = shown.overlap;
  return (
    <section class="compare-summary" data-testid="compare-summary">
      <dl>
        <dt>neighbours kept</dt>
        <dd data-testid="compare-mean">{formatWithError(o.mean, o.se)}</dd>
        <dt>by chance</dt>
        <dd>{num(o.chance, 2)}</dd>
        <dt>CKA</dt>
        <dd data-testid="compare-cka">{num(o.cka, 3)}</dd>
        <dt>rows matched</dt>
        <dd data-testid="compare-matched">{count(o.matched)}</dd>
      </dl>
      <div class="ramp"><em>none kept</em><i /><em>all {shown.of.k} kept</em></div>
      <p class="hint" data-testid="compare-alignment">{shown.moved}</p>
    </section>
  );
}

function Changes({ shown, linked }: { shown: Compared; linked: { a: Plot | null; b: Plot | null } }) {
  const changed = useSignal(true);
  const fetched = useSignal(0);
  const rows = useComputed(() => (changed.value ? (compared.value?.changed ?? shown.changed) : (compared.value?.stable ?? shown.stable))).value;
  const { source } = shown.of.a!;
  const save = (): void => {
    const lines = Array.from(rows, (row) => [row, shown.overlap.match[row], shown.overlap.overlap[row]]);
    download("overlap.csv", csv(["row", "match", "overlap"], lines), "text/csv");
  };
  void fetched.value;
  return (
    <section class="compare-list">
      <div class="row-of">
        <Segmented
          label="Order" testid="compare-order" value={changed.value ? "changed" : "stable"} onChange={(v) => (changed.value = v === "changed")}
          options={[{ value: "changed", label: "Most changed" }, { value: "stable", label: "Most stable" }]}
        />
        <span class="spring" />
        <Button kind="quiet" testid="compare-csv" title="Overlap of every row as CSV" onClick={save}>CSV</Button>
      </div>
      <VirtualList
        count={rows.length}
        rowHeight={26}
        label={changed.value ? "Rows by how much their neighbours changed" : "Rows by how stable their neighbours are"}
        testid="compare-rows"
        selected={compareSelection.value.length === 1 ? rows.indexOf(compareSelection.value[0]) : null}
        onSight={(first, last) => void fetchCards(source, Array.from(rows.subarray(first, last))).then(() => fetched.value++)}
        onHover={(i) => hoverRow(i === null ? -1 : rows[i])}
        onPick={(i) => {
          select([rows[i]], "replace");
          linked.a?.draw();
        }}
        render={(i) => {
          const card = cards.get(`${source} ${rows[i]}`);
          return (
            <>
              <b>{card?.token ?? `row ${rows[i]}`}</b>
              <Snippet of={card?.context ?? null} />
              <span class="kept">{num(shown.overlap.overlap[rows[i]] * shown.of.k, 3)}<i> / {shown.of.k}</i></span>
            </>
          );
        }}
      />
    </section>
  );
}

/** Overlap and CKA of every layer that both sources have; between two sources only. */
function OverLayers() {
  const c = comparison.value;
  const reply = useSignal<(LayerCurves & { key: string }) | null>(null);
  const state = useSignal<string | null>(null);
  if (!c.a || !c.b || c.a.source === c.b.source || offline.value) return null;
  const key = JSON.stringify([c.a.source, c.b.source, c.k, c.match]);
  const ask = async (): Promise<void> => {
    state.value = "comparing all layers …";
    try {
      reply.value = { key, ...layerCurves(await api.compare(c.a!.source, c.b!.source, c.k, c.match)) };
      state.value = null;
    } catch (e) {
      state.value = (e as Error).message;
    }
  };
  const got = reply.value?.key === key ? reply.value : null;
  return (
    <section class="compare-layers" data-testid="compare-layers">
      <h2>Over the layers</h2>
      {got ? (
        <Curves
          x={got.layers}
          series={[{ label: "overlap", values: got.overlap, se: got.se }, { label: "CKA", values: got.cka }, { label: "by chance", values: got.chance, width: 1 }]}
          label="Overlap and CKA of the layers that both have"
          xName={(x) => `layer ${x}`}
          yRange={[0, 1]}
          marker={c.a.layer}
          onPick={(i) => {
            setComparison({ a: { ...c.a!, layer: got.layers[i] }, b: { ...c.b!, layer: got.layers[i] } });
            void compareNow();
          }}
          height={130}
          testid="compare-curves"
        />
      ) : (
        state.value ? <p class="hint">{state.value}</p> : <Button testid="compare-all-layers" onClick={() => void ask()}>Compare all layers</Button>
      )}
    </section>
  );
}

interface LayerCurves {
  layers: number[];
  overlap: (number | null)[];
  se: (number | null)[];
  chance: (number | null)[];
  cka: (number | null)[];
}

/** The server's curves: a list of {layer, overlap, se, chance, cka}. */
export function layerCurves(reply: Record<string, unknown>): LayerCurves {
  const list = (Array.isArray(reply["layers"]) ? reply["layers"] : []) as Record<string, unknown>[];
  const number = (v: unknown): number | null => (typeof v === "number" ? v : null);
  return {
    layers: list.map((l) => number(l["layer"]) ?? 0),
    overlap: list.map((l) => number(l["overlap"])),
    se: list.map((l) => number(l["se"])),
    chance: list.map((l) => number(l["chance"])),
    cka: list.map((l) => number(l["cka"])),
  };
}
