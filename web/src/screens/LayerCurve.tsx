/** The curve under the layer slider, and its value at the layer. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { LayerEntry } from "../api/types";
import { Button, Choose, Problem } from "../app/ui";
import { Curves } from "../charts/Curves";
import { formatWithError } from "../charts/numbers";
import { currentSource, offline } from "../state/store";
import { measureLayers, rawGeometry } from "./geometry-state";
import { SIDE } from "./LayerStrip";
import { FAMILIES, type Family, seriesOf, type TidyRow } from "./measures";

/** Which curve stands under the slider. */
const curve = signal("dimension");
const CURVES = FAMILIES.filter((f) => ["dimension", "cosine", "overlap"].includes(f.id));

export function CurveChoice() {
  return (
    <Choose
      label="Curve under the slider"
      testid="layer-curve-select"
      value={curve.value}
      onChange={(id) => (curve.value = id)}
      choices={CURVES.map((f) => ({ value: f.id, label: f.id === "overlap" ? "Kept from previous layer" : f.title }))}
    />
  );
}

export function UnderCurve({ list, at, onPick }: { list: LayerEntry[]; at: number; onPick: (index: number) => void }) {
  const table = rawGeometry.value;
  const family = CURVES.find((f) => f.id === curve.value)!;
  const source = currentSource.value;
  if (!table || table.state === "failed")
    return (
      <div class="layerbar-ask" data-testid="layer-curve-empty">
        {offline.value ? (
          "No curves were saved with this page."
        ) : (
          <Button
            testid="layer-measure"
            disabled={source === null}
            onClick={() => source !== null && void measureLayers(source, { center: false, remove: 0 })}
          >
            Measure the layers
          </Button>
        )}
        <Problem text={table?.error ?? null} testid="layer-curve-error" />
      </div>
    );
  if (table.state === "running" && table.rows.length === 0)
    return (
      <div class="layerbar-ask" data-testid="layer-curve-busy">
        Measuring the layers: {Math.round(table.progress * 100)} %
      </div>
    );
  return <ShownCurve list={list} at={at} family={family} rows={table.rows} onPick={onPick} />;
}

interface ShownCurveProps {
  list: LayerEntry[];
  at: number;
  family: Family;
  rows: TidyRow[];
  onPick: (index: number) => void;
}

function ShownCurve({ list, at, family, rows, onPick }: ShownCurveProps) {
  const x = useMemo(() => list.map((_, i) => i), [list]);
  const series = useMemo(
    () =>
      seriesOf(
        rows,
        list.map((l) => l.layer),
        family.measures,
      ).slice(0, 1),
    [rows, list, family],
  );
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
        onPick={onPick}
        legend={false}
        testid="layer-curve"
      />
    </div>
  );
}

/** The curve's value at the layer, or between two of them at the nearer one. */
export function CurveValue({ list, at }: { list: LayerEntry[]; at: number }) {
  const family = CURVES.find((f) => f.id === curve.value)!;
  const [shown] = seriesOf(
    rawGeometry.value?.rows ?? [],
    list.map((l) => l.layer),
    family.measures,
  );
  return (
    <output class="layerbar-value" data-testid="layer-curve-value" title={shown?.label}>
      {shown ? formatWithError(shown.values[Math.round(at)], shown.se?.[Math.round(at)]) : ""}
    </output>
  );
}
