/** The layer bar: play, a slider over the layers, a small map of each layer above it and a curve below
 *  it, all on one scale of layers.
 *
 *  Dragging sets `scrub`, a place between two layers, and the map shows the points on their way from
 *  one to the other; letting go settles on the nearest layer. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Align, LayerEntry } from "../api/types";
import { Button } from "../app/ui";
import { commit } from "../state/history";
import { playLayers } from "../state/keys";
import { layout, layoutLayers } from "../state/layouts";
import { layer, layers, options, scrub, showTrails } from "../state/store";
import { CurveChoice, CurveValue, UnderCurve } from "./LayerCurve";
import { SIDE, Strip } from "./LayerStrip";
import { playOn } from "./strip";

const GUTTER = 196;

/** The layers play one after another while this is true. */
const playing = signal(false);
/** Plays from where the slider is to the last layer; from the last one, starts over. */
function togglePlay(): void {
  playing.value = !playing.peek() && layers.peek().length > 1;
}

playLayers.toggle = togglePlay;

/** Moves to a place between two layers. `layer` follows to the nearer one, so that colours, neighbours
 *  and curves keep up; only a layout of all layers can show what lies between. */
function move(place: number): void {
  const numbers = layers.peek().map((l) => l.layer);
  commit(
    "layer",
    () => {
      scrub.value = layoutLayers.peek().length === numbers.length ? place : null;
      layer.value = numbers[Math.round(place)];
    },
    "layer",
  );
}

/** Ends a drag or a play on a layer. */
function settle(index: number): void {
  const numbers = layers.peek().map((l) => l.layer);
  const to = numbers[Math.min(numbers.length - 1, Math.max(0, Math.round(index)))];
  commit(
    "layer",
    () => {
      layer.value = to;
      scrub.value = null;
    },
    "layer",
  );
}

export function LayerBar() {
  const list = layers.value;
  const at =
    scrub.value ??
    Math.max(
      0,
      list.findIndex((l) => l.layer === layer.value),
    );
  usePlay();
  if (list.length < 2) return null;
  return (
    <section class="layerbar" data-testid="layerbar" aria-label="Layers">
      <Side list={list} at={at} />
      <div class="layerbar-main">
        <Strip list={list} at={at} onPick={settle} />
        <Slider list={list} at={at} />
        <UnderCurve list={list} at={at} onPick={settle} />
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
    let place = from;
    let before: number | null = null;
    let frame = 0;
    const step = (now: number): void => {
      place = playOn(place, now - (before ?? now), last);
      before = now;
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
        <Button
          icon={playing.value ? "pause" : "play"}
          testid="layer-play"
          pressed={playing.value}
          title={playing.value ? "Stop (Space)" : "Play through the layers (Space)"}
          onClick={togglePlay}
        />
        <div>
          <b data-testid="layer-name">Layer {here?.layer}</b>
          <span>{here ? `of ${list[list.length - 1].layer}, depth ${here.depth.toFixed(2)}` : ""}</span>
        </div>
        <Button
          icon="path"
          kind="quiet"
          testid="layer-trails"
          pressed={showTrails.value}
          title="Trails: lines of the pinned and the selected rows (up to 40) through all layers"
          onClick={() => commit("trails", () => (showTrails.value = !showTrails.value))}
        />
      </div>
      <Alignment />
      <CurveChoice />
      <CurveValue list={list} at={at} />
    </div>
  );
}

const ALIGNED: Record<Align, [string, string]> = {
  joint: ["one joint basis", "All layers are drawn in one basis: what moves on the screen moves in the space."],
  procrustes: ["Procrustes", "Each layer's map was turned and mirrored onto the one before it; its shape was not changed."],
  aligned: [
    "aligned runs",
    "Each layer's map started from the one before it and was held near it: small changes may be hidden.",
  ],
  none: ["not aligned", "Each layer's map stands for itself: turns and jumps between layers mean nothing."],
};

/** Which alignment is on: motion between layers that were not aligned would be invented. */
function Alignment() {
  const several = layoutLayers.value.length > 1;
  const align = layout.value?.request.value.align ?? "none";
  const [name, why] = several
    ? ALIGNED[align]
    : ["one layer", "This layout is of one layer. Choose “all layers” on the left to move between layers."];
  return (
    <p class={`layerbar-align${several && align === "none" ? " warn" : ""}`} title={why} data-testid="layer-alignment">
      Alignment: {name}
    </p>
  );
}

function Slider({ list, at }: { list: LayerEntry[]; at: number }) {
  const last = list.length - 1;
  const key = (event: KeyboardEvent): void => {
    const to = {
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      Home: 0,
      End: last,
      PageUp: at + 4,
      PageDown: at - 4,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    settle(to);
  };
  return (
    <div class="layer-slider" style={{ padding: `0 ${SIDE - 8}px` }}>
      <input
        type="range"
        min={0}
        max={last}
        step={0.01}
        value={at}
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
        {list.map((l, i) => (
          <i key={l.layer} style={{ left: `${(i / last) * 100}%` }} />
        ))}
      </div>
    </div>
  );
}
