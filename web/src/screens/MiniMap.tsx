/** The map again, small, beside another screen: the current layout at the current layer, in the colours
 *  that the screen painted. */
import { useEffect, useRef } from "preact/hooks";
import { createPlot, HIDDEN, type Plot, SELECTED } from "../plot";
import { numberColouring, plainColouring } from "../state/colouring";
import { layout, shownLayer } from "../state/layouts";
import { colourBy, options, paint, selection, theme } from "../state/store";
import { showScreen } from "../state/actions";
import { plotTheme } from "../app/map";
import { place } from "../app/stage";
import { Button } from "../app/ui";

export function MiniMap() {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const l = layout.value;
  const version = l?.version.value ?? 0;
  const positions = l && shownLayer.value !== null ? l.positions.get(shownLayer.value) : undefined;

  useEffect(() => {
    const p = createPlot(host.current!, { renderer: options.renderer, animate: options.animate, theme: plotTheme() });
    plot.current = p;
    const resize = new ResizeObserver(() => p.resize());
    resize.observe(host.current!);
    return () => {
      resize.disconnect();
      p.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setTheme(plotTheme()), [theme.value]);

  useEffect(() => {
    if (!plot.current || !l || !positions) return;
    const n = positions.length / l.request.value.dim;
    plot.current.setData({ n, dim: l.request.value.dim, positions: place(positions, l.request.value.dim).finite });
    colour(plot.current, positions, l.request.value.dim);
    plot.current.camera.fit();
  }, [l, positions, version]);
  useEffect(() => {
    if (plot.current && l && positions) colour(plot.current, positions, l.request.value.dim);
  }, [paint.value, colourBy.value, selection.value, theme.value]);

  return (
    <div class="minimap" data-testid="geometry-map">
      <div class="minimap-plot" ref={host} />
      {!positions && <p class="minimap-note">No layout yet: run one on the map.</p>}
      <Button testid="geometry-to-map" onClick={() => showScreen("map")}>
        Open map
      </Button>
    </div>
  );
}

/** Painted values on the sequential scale, the selection flagged, rows without a place hidden. */
function colour(plot: Plot, positions: Float32Array, dim: number): void {
  const count = positions.length / dim;
  const shown = colourBy.peek().kind === "values" ? paint.peek() : null;
  const c =
    shown && shown.values.length === count
      ? numberColouring(shown.title, shown.values, theme.peek())
      : plainColouring(theme.peek());
  plot.setColors(c.index, c.palette);
  const flags = new Uint8Array(count);
  for (const row of selection.peek()) if (row < count) flags[row] = SELECTED;
  place(positions, dim).unplaced?.forEach((missing, row) => missing && (flags[row] = HIDDEN));
  plot.setFlags(flags);
}
