/** The strip of small maps above the layer slider, one for each layer. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LayerEntry } from "../api/types";
import { type Layout, layout } from "../state/layouts";
import { colouring, selection, theme } from "../state/store";
import { type Box, commonBox, drawSmall, sampleRows } from "./strip";

/** Room in px left of the first layer and right of the last: slider, strip and curve share it. */
export const SIDE = 32;
/** Rows that a small map draws at most. */
const SAMPLE = 4000;

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

export function Strip({ list, at, onPick }: { list: LayerEntry[]; at: number; onPick: (index: number) => void }) {
  const [ref, width] = useWidth();
  const shown = layout.value;
  const version = shown?.version.value ?? 0;
  const rows = useMemo(
    () => sampleRows((shown?.positions.values().next().value?.length ?? 0) / (shown?.request.value.dim ?? 2), SAMPLE),
    [shown, version],
  );
  /* Aligned layers share one box, so that their small maps can be compared. */
  const box = useMemo(
    () =>
      shown && shown.request.value.align !== "none"
        ? commonBox([...shown.positions.values()], shown.request.value.dim, rows)
        : null,
    [shown, version, rows],
  );
  const step = width > 0 ? (width - 2 * SIDE) / Math.max(1, list.length - 1) : 0;
  const px = Math.max(14, Math.min(52, Math.floor(step - 4)));
  const every = Math.max(1, Math.ceil(18 / Math.max(1, step)));
  return (
    <div class="strip" ref={ref} style={{ height: "56px" }} data-testid="layer-strip">
      {width > 0 &&
        list.map(
          (l, i) =>
            (i % every === 0 || i === list.length - 1) && (
              <button
                key={l.layer}
                class={`strip-map${Math.round(at) === i ? " current" : ""}`}
                style={{
                  left: `${xOf(i, list.length, width) - px / 2}px`,
                  width: `${px}px`,
                  height: `${px}px`,
                  top: `${(54 - px) / 2}px`,
                }}
                title={shown?.positions.has(l.layer) ? `layer ${l.layer}` : `layer ${l.layer}: not drawn yet`}
                aria-label={`Layer ${l.layer}`}
                data-testid={`layer-map-${l.layer}`}
                tabIndex={-1}
                onClick={() => onPick(i)}
              >
                {shown?.positions.has(l.layer) ? (
                  <SmallMap shown={shown} version={version} rows={rows} box={box} layer={l.layer} px={px} />
                ) : (
                  <span class="strip-number">{l.layer}</span>
                )}
              </button>
            ),
        )}
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
    const colour = (row: number): ArrayLike<number> =>
      index && index.length * dim === p.length ? palette.subarray(3 * index[row], 3 * index[row] + 3) : ink;
    drawSmall(
      canvas.getContext("2d")!,
      size,
      p,
      dim,
      rows,
      few,
      box ?? commonBox([p], dim, rows),
      colour,
      octets(style.outlineColor),
    );
  }, [shown, version, rows, box, n, px, theme.value, marked, colouring.value]);
  return <canvas ref={ref} style={{ width: `${px - 2}px`, height: `${px - 2}px` }} aria-hidden="true" />;
}

/** "rgb(1, 2, 3)", as computed styles have it, as three octets. */
function octets(color: string): [number, number, number] {
  const found = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [found[0] ?? 0, found[1] ?? 0, found[2] ?? 0];
}
