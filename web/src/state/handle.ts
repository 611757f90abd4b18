/** window.__gonio: what tests and notebooks read of the page. */
import { cameraMoved, captureView } from "./view";
import { settled } from "./history";
import { compared, comparison, halves } from "../screens/compare-state";
import { counts } from "./react";
import { layout, shownLayer } from "./layouts";
import { boot, colouring, currentSource, hover, layer, mapPlot, pinned, selection } from "./store";

/** What the map draws, set by the map: data units, NaN where a row is not placed. While points are on
 *  their way (b given) row values are a + (b - a) tween. */
export const drawn: { n: number; dim: 2 | 3; a: Float32Array; b: Float32Array | null; layer: number; tween: number } = {
  n: 0,
  dim: 2,
  a: new Float32Array(0),
  b: null,
  layer: -1,
  tween: 1,
};

function positionsNow(): Float32Array {
  const { a, b, tween } = drawn;
  return b ? a.map((v, i) => v + (b[i] - v) * tween) : a;
}

declare global {
  interface Window {
    __gonio: Record<string, unknown>;
  }
}

export function exposeHandle(): void {
  const handle = {
    /** Listing done and page usable; the first projection may still run. */
    get ready() {
      return boot.value === "ready";
    },
    /** Frames drawn so far by the map. */
    get frame() {
      return mapPlot.value?.frame ?? 0;
    },
    get renderer() {
      return mapPlot.value?.renderer ?? null;
    },
    get counts() {
      return counts.value;
    },
    get source() {
      return currentSource.value;
    },
    get hover() {
      return hover.value;
    },
    get pinned() {
      return pinned.value;
    },
    get selection() {
      return Array.from(selection.value);
    },
    get camera() {
      void cameraMoved.value;
      return mapPlot.value?.camera.get() ?? null;
    },
    get scale() {
      return mapPlot.value?.scalePerUnit() ?? null;
    },
    get epoch() {
      return layout.value?.epoch.value ?? 0;
    },
    get frames() {
      return layout.value?.frames ?? 0;
    },
    get layout() {
      return layout.value?.state.value ?? null;
    },
    /** Whether the positions of the layer on the map are the exact ones. */
    get exact() {
      return layout.value?.exact.has(shownLayer.value ?? -1) ?? false;
    },
    get layer() {
      return layer.value;
    },
    /** The layer whose positions are drawn: differs from `layer` while its layout is not made. */
    get shownLayer() {
      return shownLayer.value;
    },
    /** {n, dim, positions, layer, tween}: what is drawn; tween < 1 while points move between layers. */
    get data() {
      return { n: drawn.n, dim: drawn.dim, layer: drawn.layer, tween: drawn.tween, positions: positionsNow() };
    },
    get legend() {
      return colouring.value.legend;
    },
    /** What is compared, whether that is what the maps show, and where they look from. */
    get compare() {
      return {
        ...comparison.value,
        shown: compared.value?.of ?? null,
        cameras: [halves.a?.camera.get() ?? null, halves.b?.camera.get() ?? null],
        project: (which: "a" | "b", row: number) => halves[which]?.project(row) ?? null,
      };
    },
    /** CSS pixel of a row inside the plot. */
    project: (row: number) => mapPlot.value?.project(row) ?? null,
    /** The view as addresses and sessions hold it. */
    get view() {
      return captureView();
    },
    /** Waits until undo, redo and changes at the server that were asked for are done. */
    settled,
    get plot() {
      return mapPlot.value;
    },
  };
  window.__gonio = handle as unknown as Record<string, unknown>;
}
