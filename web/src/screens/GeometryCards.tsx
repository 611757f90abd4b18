/** The cards of the geometry screen: a chart for each family of measures, spectra, and the table. */
import { useMemo } from "preact/hooks";
import { Button } from "../app/ui";
import { Curves, type CurvesProps } from "../charts/Curves";
import { curvesFigure, heatmapFigure } from "../charts/figure";
import { Heatmap, type HeatmapProps } from "../charts/Heatmap";
import { spectrumChart } from "../charts/spectrum";
import { layerColor } from "../charts/theme";
import { goToLayer } from "../state/actions";
import { layer, layers, offline } from "../state/store";
import { brushed, paintMap } from "./geometry-paint";
import type { GeometryTable } from "./geometry-state";
import { SaveChart } from "./SaveChart";
import { dominanceMatrix, familiesIn, type Family, notesOf, scaleCurves, seriesOf, tableOf } from "./measures";

export function Cards({ table }: { table: GeometryTable }) {
  const numbers = layers.value.map((l) => l.layer);
  const families = useMemo(() => familiesIn(table.rows), [table.rows]);
  return (
    <div class="cards" data-testid="geometry-cards">
      {families.map((f) => (
        <FamilyCard key={f.id} family={f} table={table} numbers={numbers} />
      ))}
      <ScaleCard table={table} />
      <SpectrumCard table={table} numbers={numbers} />
      <DominantCard table={table} numbers={numbers} />
      <TableCard table={table} numbers={numbers} />
    </div>
  );
}

function FamilyCard({ family, table, numbers }: { family: Family; table: GeometryTable; numbers: number[] }) {
  const series = useMemo(() => seriesOf(table.rows, numbers, family.measures, true), [table.rows, numbers.join(), family.id]);
  /* A file stands alone: its lines have their full names. */
  const named = () => curvesFigure({ ...chart, series: seriesOf(table.rows, numbers, family.measures) });
  const range = brushed.value?.family === family.id ? brushed.value.range : null;
  const empty = series.every((s) => s.values.every((v) => v === null));
  const chart: CurvesProps = {
    x: numbers,
    series,
    label: `${family.title} of each layer`,
    xName: (x) => `layer ${x}`,
    marker: layer.value,
    brush: range,
    onPick: (i) => goToLayer(numbers[i]),
    ...(family.point && !offline.value && { onBrush: (r: [number, number] | null) => void paintMap(family, r) }),
    ...(family.range && { yRange: family.range }),
    height: 150,
    testid: `geometry-curve-${family.id}`,
  };
  return (
    <section class="geo-card" data-testid={`geometry-card-${family.id}`}>
      <h2>
        {family.title}
        <span class="row-of">
          {family.point && !offline.value && (
            <Button
              kind="quiet"
              testid={`geometry-paint-${family.id}`}
              title={`Colour the map by the ${family.pointTitle} of each row`}
              onClick={() => void paintMap(family, [layer.value, layer.value])}
            >
              Colour map
            </Button>
          )}
          {!empty && <SaveChart name={family.id} testid={`geometry-save-${family.id}`} figure={named} />}
        </span>
      </h2>
      {empty ? (
        notesOf(table.rows, family.measures).map((n) => (
          <p class="hint" key={n}>
            {n}
          </p>
        ))
      ) : (
        <Curves {...chart} />
      )}
    </section>
  );
}

function ScaleCard({ table }: { table: GeometryTable }) {
  const curves = useMemo(() => scaleCurves(table.rows), [table.rows]);
  const all = useMemo(() => [...new Set(curves.flatMap((c) => c.scale))].sort((a, b) => a - b), [curves]);
  if (curves.length === 0) return null;
  /* Each layer has scales of its own: the curves share an axis of all of them and skip the others'. */
  const fill = (c: (typeof curves)[number]): (number | null)[] => all.map((s) => c.value[c.scale.indexOf(s)] ?? null);
  const chart: CurvesProps = {
    x: all,
    series: curves.map((c, i) => ({
      label: `layer ${c.layer}`,
      values: fill(c),
      rank: [i, curves.length],
      width: c.layer === layer.value ? 2.5 : 1,
    })),
    label: "Intrinsic dimension over the distance at which it is measured, a line per layer",
    xLabel: "mean distance of the neighbours",
    yLabel: "intrinsic dimension",
    xName: () => "",
    legend: false,
    logX: true,
    joinGaps: true,
    height: 190,
    testid: "geometry-curve-gride",
  };
  return (
    <section class="geo-card" data-testid="geometry-card-gride">
      <h2>
        Dimension by scale (GRIDE)
        <span class="row-of">
          <LayerRamp numbers={curves.map((c) => c.layer)} />
          <SaveChart name="gride" testid="geometry-save-gride" figure={() => curvesFigure(chart)} />
        </span>
      </h2>
      <Curves {...chart} />
    </section>
  );
}

/** The colours of lines that stand for layers. */
function LayerRamp({ numbers }: { numbers: number[] }) {
  const n = numbers.length;
  if (n < 2) return null;
  return (
    <span class="layer-ramp" aria-hidden="true">
      layer {numbers[0]}{" "}
      <i style={{ background: `linear-gradient(90deg, ${numbers.map((_, i) => layerColor(i, n)).join(", ")})` }} />{" "}
      {numbers[n - 1]}
    </span>
  );
}

function SpectrumCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const shares = useMemo(
    () => numbers.filter((n) => table.spectra[n]).map((n) => ({ layer: n, shares: table.spectra[n] })),
    [table.spectra, numbers.join()],
  );
  if (shares.length === 0) return null;
  const chart = spectrumChart(shares, layer.value);
  return (
    <section class="geo-card" data-testid="geometry-card-spectrum">
      <h2>
        Spectrum: share of variance
        <span class="row-of">
          <LayerRamp numbers={shares.map((s) => s.layer)} />
          <SaveChart name="spectrum" testid="geometry-save-spectrum" figure={() => curvesFigure(chart)} />
        </span>
      </h2>
      <Curves {...chart} />
    </section>
  );
}

function DominantCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const { dims, values } = useMemo(() => dominanceMatrix(table.dominant, numbers, 24), [table.dominant, numbers.join()]);
  if (dims.length === 0) return null;
  const chart: HeatmapProps = {
    rows: numbers.map((n) => `layer ${n}`),
    columns: dims.map(String),
    values,
    label: "Share of the mean cosine that each dimension makes",
    unit: "share of the mean cosine",
    xLabel: "dimension",
    current: numbers.indexOf(layer.value),
    rowHeight: numbers.length > 14 ? 11 : 16,
    onPick: (r) => goToLayer(numbers[r]),
    testid: "geometry-dominant",
  };
  return (
    <section class="geo-card" data-testid="geometry-card-dominant">
      <h2>
        Dominant dimensions
        <SaveChart name="dominant" testid="geometry-save-dominant" figure={() => heatmapFigure(chart)} />
      </h2>
      <Heatmap {...chart} />
    </section>
  );
}

function TableCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const { head, lines } = useMemo(() => tableOf(table.rows, numbers), [table.rows, numbers.join()]);
  const notes = useMemo(
    () =>
      notesOf(
        table.rows,
        table.rows.map((r) => r.measure),
      ),
    [table.rows],
  );
  return (
    <section class="geo-card wide">
      <h2>All values</h2>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="All values, a line per layer">
        <table data-testid="geometry-table">
          <thead>
            <tr>
              <th scope="col">layer</th>
              {head.map((h) => (
                <th scope="col" key={h}>
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line, i) => (
              <tr key={numbers[i]} class={numbers[i] === layer.value ? "current" : ""} onClick={() => goToLayer(numbers[i])}>
                <th scope="row">
                  <button class="table-pick" data-testid={`geometry-row-${numbers[i]}`} aria-label={`Layer ${numbers[i]}`}>
                    {numbers[i]}
                  </button>
                </th>
                {line.map((cell, c) => (
                  <td key={c}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {notes.length > 0 && (
        <ul class="notes" data-testid="geometry-notes">
          {notes.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
