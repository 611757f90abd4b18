/* Spectra: the share of the variance that each principal component holds, for one line per layer.
 * Both axes are logarithmic, so that a power law is straight. */
import type { JSX } from "preact";
import { Curves } from "./Curves";
import { layerColor } from "./theme";

export interface SpectrumProps {
  layers: { layer: number; shares: number[] }[];
  /** The layer drawn in full; the others step back. */
  current: number | null;
  height: number;
  testid: string;
}

export function Spectrum(p: SpectrumProps): JSX.Element {
  const count = Math.max(1, ...p.layers.map((l) => l.shares.length));
  const ranks = Array.from({ length: count }, (_, i) => i + 1);
  const drawn = p.layers.map((l, i) => ({
    label: `layer ${l.layer}`,
    values: ranks.map((_, k) => l.shares[k] ?? null),
    color: layerColor(i, p.layers.length),
    width: l.layer === p.current ? 2.5 : 1,
  }));
  /* The current layer is drawn last, over the others. */
  const named = drawn.filter((_, i) => p.layers[i].layer === p.current);
  return (
    <Curves
      x={ranks}
      series={[...drawn.filter((s) => !named.includes(s)), ...named]}
      label="Share of variance of each principal component, a line per layer"
      xLabel="component"
      xName={(x) => `component ${x}`}
      logX
      logY
      legend={false}
      height={p.height}
      testid={p.testid}
    />
  );
}
