/* Spectra: the share of the variance that each principal component holds, for one line per layer.
 * Both axes are logarithmic, so that a power law is straight. */
import type { CurvesProps } from "./Curves";

/** @param current the layer drawn in full; the others step back. */
export function spectrumChart(layers: { layer: number; shares: number[] }[], current: number | null): CurvesProps {
  const count = Math.max(1, ...layers.map((l) => l.shares.length));
  const ranks = Array.from({ length: count }, (_, i) => i + 1);
  const drawn = layers.map((l, i) => ({
    label: `layer ${l.layer}`,
    values: ranks.map((_, k) => l.shares[k] ?? null),
    rank: [i, layers.length] as [number, number],
    width: l.layer === current ? 2.5 : 1,
  }));
  /* The current layer is drawn last, over the others. */
  const named = drawn.filter((_, i) => layers[i].layer === current);
  return {
    x: ranks,
    series: [...drawn.filter((s) => !named.includes(s)), ...named],
    label: "Share of variance of each principal component, a line per layer",
    xLabel: "component",
    yLabel: "share of variance",
    xName: (x) => `component ${x}`,
    logX: true,
    logY: true,
    legend: false,
    height: 190,
    testid: "geometry-spectrum",
  };
}
