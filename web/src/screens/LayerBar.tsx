/** The layer bar: play, a slider over the layers, a small map of each layer above it and a curve below
 *  it, all on one scale of layers.
 *
 *  Dragging sets `scrub`, a place between two layers, and the map shows the points on their way from
 *  one to the other; letting go settles on the nearest layer. */
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button, Choose, Problem } from "../app/ui";
import { Curves } from "../charts/Curves";
import { formatWithError } from "../charts/numbers";
import { commit } from "../state/history";
import type { Align, LayerEntry } from "../api/types";
import { playLayers } from "../state/keys";
import { type Layout, layout, layoutLayers } from "../state/layouts";
import { colouring, currentSource, layer, layers, offline, options, scrub, selection, theme } from "../state/store";
import { measureLayers, rawGeometry } from "./geometry-state";
import { FAMILIES, type Family, seriesOf, type TidyRow } from "./measures";
import { showTrails } from "./trails";
import { type Box, commonBox, drawSmall, sampleRows } from "./strip";

/** Seconds a layer takes while playing. */
const PACE = 0.9;
const GUTTER = 196;
const SIDE = 32;
/** Rows that a small map draws at most. */
const SAMPLE = 4000;

/** The layers play one after another while this is true. */
const playing = signal(false);
/** Which curve stands under the slider. */
const curve = signal("dimension");
const CURVES = FAMILIES.filter((f) => ["dimension", "cosine", "overlap"].includes(f.id));

/** Plays from where the slider is to the last layer; from the last one, starts over. */
function togglePlay(): void {
  playing.value = !playing.peek() && layers.peek().length > 1;
}

playLayers.toggle = togglePlay;

/** Moves to a place between two layers. `layer` follows to the nearer one, so that colours, neighbours
 *  and curves keep up; only a layout of all layers can show what lies between. */
function move(place: number): void {
  const numbers = layers.peek().map((l) => l.layer);
  commit("layer", () => {
    scrub.value = layoutLayers.peek().length === numbers.length ? place : null;
    layer.value = numbers[Math.round(place)];
  }, "layer");
}

/** Ends a drag or a play on a layer. */
function settle(index: number): void {
  const numbers = layers.peek().map((l) => l.layer);
  const to = numbers[Math.min(numbers.length - 1, Math.max(0, Math.round(index)))];
  commit("layer", () => {
    layer.value = to;
    scrub.value = null;
  }, "layer");
}

export function LayerBar() {
  const list = layers.value;
  const at = scrub.value ?? Math.max(0, list.findIndex((l) => l.layer === layer.value));
  usePlay();
  if (list.length < 2) return null;
  return (
    <section class="layerbar" data-testid="layerbar" aria-label="Layers">
      <Side list={list} at={at} />
      <div class="layerbar-main">
        <Strip list={list} at={at} />
        <Slider list={list} at={at} />
        <UnderCurve list={list} at={at} />
      </div>
    </section>
  );
}

/** Moves `scrub` with the clock while playing. Without animation each layer is shown for its time. */
function usePlay(): void {
  const on = playing.value;
  useEffect(() => {
    if (!on) return;
    const numbers = layers.peek().map((l) => l.layer);
    const last = numbers.length - 1;
    let from = scrub.peek() ?? numbers.indexOf(layer.peek());
    if (from >= last) from = 0;
    let begun: number | null = null;
    let frame = 0;
    const step = (now: number): void => {
      begun ??= now;
      const place = Math.min(last, from + (now - begun) / 1000 / PACE);
      /* Each layer rests for a third of its time. */
      const rest = Math.min(1, Math.max(0, ((place % 1) - 1 / 6) * 1.5));
      move(options.animate ? Math.floor(place) + rest * rest * (3 - 2 * rest) : Math.floor(place));
      if (place >= last) {
        playing.value = false;
        settle(last);
      } else frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => {
      cancelAnimationFrame(frame);
      if (scrub.peek() !== null) settle(scrub.peek()!);
    };
  }, [on]);
}

function Side({ list, at }: { list: LayerEntry[]; at: number }) {
  const here = list[Math.round(at)];
  return (
    <div class="layerbar-side" style={{ width: `${GUTTER}px` }}>
      <div class="layerbar-now">
        <Button icon={playing.value ? "pause" : "play"} testid="layer-play" pressed={playing.value} title={playing.value ? "Stop (Space)" : "Play through the layers (Space)"} onClick={togglePlay} />
        <div>
          <b data-testid="layer-name">Layer {here?.layer}</b>
          <span>{here ? `of ${list[list.length - 1].layer}, depth ${here.depth.toFixed(2)}` : ""}</span>
        </div>
        <Button
          icon="path" kind="quiet" testid="layer-trails" pressed={showTrails.value} title="Trails: lines of the pinned and the selected rows (up to 40) through all layers"
          onClick={() => commit("trails", () => (showTrails.value = !showTrails.value))}
        />
      </div>
      <Alignment />
      <Choose
        label="Curve under the slider" testid="layer-curve-select" value={curve.value} onChange={(id) => (curve.value = id)}
        choices={CURVES.map((f) => ({ value: f.id, label: f.id === "overlap" ? "Kept from previous layer" : f.title }))}
      />
      <CurveValue list={list} at={at} />
    </div>
  );
}

const ALIGNED: Record<Align, [string, string]> = {
  joint: ["one joint basis", "All layers are drawn in one basis: what moves on the screen moves in the space."],
  procrustes: ["Procrustes", "Each layer's map was turned and mirrored onto the one before it; its shape was not changed."],
  aligned: ["aligned runs", "Each layer's map started from the one before it and was held near it: small changes may be hidden."],
  none: ["not aligned", "Each layer's map stands for itself: turns and jumps between layers mean nothing."],
};

/** Which alignment is on: motion between layers that were not aligned would be invented. */
function Alignment() {
  const several = layoutLayers.value.length > 1;
  const align = layout.value?.request.value.align ?? "none";
  const [name, why] = several ? ALIGNED[align] : ["one layer", "This layout is of one layer. Choose “all layers” on the left to move between layers."];
  return (
    <p class={`layerbar-align${several && align === "none" ? " warn" : ""}`} title={why} data-testid="layer-alignment">
      Alignment: {name}
    </p>
  );
}

/** Left edge of layer i of n inside a strip of the given width. */
function xOf(i: number, n: number, width: number): number {
  return SIDE + (i / Math.max(1, n - 1)) * (width - 2 * SIDE);
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const resize = new ResizeObserver(() => setWidth(ref.current?.clientWidth ?? 0));
    resize.observe(ref.current!);
    setWidth(ref.current!.clientWidth);
    return () => resize.disconnect();
  }, []);
  return [ref, width] as const;
}

function Strip({ list, at }: { list: LayerEntry[]; at: number }) {
  const [ref, width] = useWidth();
  const shown = layout.value;
  const version = shown?.version.value ?? 0;
  const rows = useMemo(() => sampleRows((shown?.positions.values().next().value?.length ?? 0) / (shown?.request.value.dim ?? 2), SAMPLE), [shown, version]);
  /* Aligned layers share one box, so that their small maps can be compared. */
  const box = useMemo(
    () => (shown && shown.request.value.align !== "none" ? commonBox([...shown.positions.values()], shown.request.value.dim, rows) : null),
    [shown, version, rows],
  );
  const step = width > 0 ? (width - 2 * SIDE) / Math.max(1, list.length - 1) : 0;
  const px = Math.max(14, Math.min(52, Math.floor(step - 4)));
  const every = Math.max(1, Math.ceil(18 / Math.max(1, step)));
  return (
    <div class="strip" ref={ref} style={{ height: "56px" }} data-testid="layer-strip">
      {width > 0 && list.map((l, i) => (i % every === 0 || i === list.length - 1) && (
        <button
          key={l.layer}
          class={`strip-map${Math.round(at) === i ? " current" : ""}`}
          style={{ left: `${xOf(i, list.length, width) - px / 2}px`, width: `${px}px`, height: `${px}px`, top: `${(54 - px) / 2}px` }}
          title={`layer ${l.layer}`}
          aria-label={`Layer ${l.layer}`}
          data-testid={`layer-map-${l.layer}`}
          tabIndex={-1}
          onClick={() => settle(i)}
        >
          <SmallMap shown={shown} version={version} rows={rows} box={box} layer={l.layer} px={px} />
        </button>
      ))}
    </div>
  );
}

interface SmallMapProps {
  shown: Layout | null;
  version: number;
  rows: Uint32Array;
  /** null: a box of its own. */
  box: Box | null;
  layer: number;
  px: number;
}

function SmallMap({ shown, version, rows, box, layer: n, px }: SmallMapProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const marked = selection.value;
  useEffect(() => {
    const canvas = ref.current!;
    const size = Math.round((px - 2) * devicePixelRatio);
    canvas.width = canvas.height = size;
    const p = shown?.positions.get(n);
    if (!shown || !p) return;
    const { dim } = shown.request.value;
    const few = marked.length <= 2000 ? marked : marked.filter((_, i) => i % Math.ceil(marked.length / 2000) === 0);
    const style = getComputedStyle(canvas);
    const { index, palette } = colouring.peek();
    const ink = octets(style.color);
    const colour = (row: number): ArrayLike<number> => (index && index.length * dim === p.length ? palette.subarray(3 * index[row], 3 * index[row] + 3) : ink);
    drawSmall(canvas.getContext("2d")!, size, p, dim, rows, few, box ?? commonBox([p], dim, rows), colour, octets(style.outlineColor));
  }, [shown, version, rows, box, n, px, theme.value, marked, colouring.value]);
  return <canvas ref={ref} style={{ width: `${px - 2}px`, height: `${px - 2}px` }} aria-hidden="true" />;
}

/** "rgb(1, 2, 3)", as computed styles have it, as three octets. */
function octets(color: string): [number, number, number] {
  const found = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [found[0] ?? 0, found[1] ?? 0, found[2] ?? 0];
}

function Slider({ list, at }: { list: LayerEntry[]; at: number }) {
  const last = list.length - 1;
  const key = (event: KeyboardEvent): void => {
    const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: last, PageUp: at + 4, PageDown: at - 4 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    settle(to);
  };
  return (
    <div class="layer-slider" style={{ padding: `0 ${SIDE - 8}px` }}>
      <input
        type="range" min={0} max={last} step={0.01} value={at}
        data-testid="layer-slider"
        aria-label="Layer"
        aria-valuetext={`layer ${list[Math.round(at)]?.layer} of ${list[last].layer}`}
        onInput={(e) => {
          playing.value = false;
          move(Number(e.currentTarget.value));
        }}
        onChange={(e) => settle(Number(e.currentTarget.value))}
        onKeyDown={key}
      />
      <div class="layer-ticks" aria-hidden="true">
        {list.map((l, i) => <i key={l.layer} style={{ left: `${(i / last) * 100}%` }} />)}
      </div>
    </div>
  );
}

function UnderCurve({ list, at }: { list: LayerEntry[]; at: number }) {
  const table = rawGeometry.value;
  const family = CURVES.find((f) => f.id === curve.value)!;
  const source = currentSource.value;
  if (!table || table.state === "failed")
    return (
      <div class="layerbar-ask" data-testid="layer-curve-empty">
        {offline.value ? "No curves were saved with this page." : (
          <Button testid="layer-measure" disabled={source === null} onClick={() => source !== null && void measureLayers(source, { center: false, remove: 0 })}>
            Measure the layers
          </Button>
        )}
        <Problem text={table?.error ?? null} testid="layer-curve-error" />
      </div>
    );
  if (table.state === "running" && table.rows.length === 0)
    return <div class="layerbar-ask" data-testid="layer-curve-busy">Measuring the layers: {Math.round(table.progress * 100)} %</div>;
  return <ShownCurve list={list} at={at} family={family} rows={table.rows} />;
}

function ShownCurve({ list, at, family, rows }: { list: LayerEntry[]; at: number; family: Family; rows: TidyRow[] }) {
  const x = useMemo(() => list.map((_, i) => i), [list]);
  const series = useMemo(() => seriesOf(rows, list.map((l) => l.layer), family.measures).slice(0, 1), [rows, list, family]);
  return (
    <div class="layerbar-chart">
      <Curves
        x={x}
        series={series}
        label={`${family.title} of each layer`}
        height={48}
        bare={{ left: SIDE, right: SIDE }}
        {...(family.range && { yRange: family.range })}
        marker={at}
        onPick={settle}
        legend={false}
        testid="layer-curve"
      />
    </div>
  );
}

/** The curve's value at the layer, or between two of them at the nearer one. */
function CurveValue({ list, at }: { list: LayerEntry[]; at: number }) {
  const family = CURVES.find((f) => f.id === curve.value)!;
  const [shown] = seriesOf(rawGeometry.value?.rows ?? [], list.map((l) => l.layer), family.measures);
  return (
    <output class="layerbar-value" data-testid="layer-curve-value" title={shown?.label}>
      {shown ? formatWithError(shown.values[Math.round(at)], shown.se?.[Math.round(at)]) : ""}
    </output>
  );
}
