/** Geometry: what each layer's cloud of vectors is like, as curves over the layers and as a table.
 *
 *  A click on a curve goes to that layer; a brush over layers paints the map with the per-point form
 *  of the same measure, averaged over the brushed layers. The map stands beside the curves. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Button, Empty, NumberField, Problem, Switch } from "../app/ui";
import { Curves } from "../charts/Curves";
import { Heatmap } from "../charts/Heatmap";
import { Histogram } from "../charts/Histogram";
import { Spectrum } from "../charts/Spectrum";
import { layerColor } from "../charts/theme";
import { api } from "../api/client";
import { attempt, goToLayer, setProjection } from "../state/actions";
import { loadColumn } from "../state/columns";
import { count } from "../state/format";
import { commit } from "../state/history";
import { run } from "../state/layouts";
import { colourBy, currentSource, detail, layer, layers, offline, paint, projection, say, selection } from "../state/store";
import { geometry, geometrySpace, measureLayers, type GeometryTable } from "./geometry-state";
import { downloadFrom, fileName } from "./export/download";
import { dominanceMatrix, familiesIn, notesOf, scaleCurves, seriesOf, tableOf, type Family } from "./measures";
import { MiniMap } from "./MiniMap";

/** Which chart is brushed, and over which layers. */
const brushed = signal<{ family: string; range: [number, number] } | null>(null);
/** The range of values that is brushed on the histogram. */
const valueRange = signal<[number, number] | null>(null);

export function Geometry() {
  const table = geometry.value;
  return (
    <main class="screen geometry" data-testid="screen-geometry" aria-label="Geometry of the layers">
      <Head table={table} />
      {!table && <Ask />}
      {table?.state === "failed" && <Failed table={table} />}
      {table?.state === "running" && table.rows.length === 0 && (
        <div class="screen-empty" data-testid="geometry-waiting" role="status">
          <Empty title="Measuring">
            <p>The first layer takes longest: its neighbours are searched exactly.</p>
          </Empty>
        </div>
      )}
      {table && table.state !== "failed" && table.rows.length > 0 && (
        <div class="geometry-body">
          <Cards table={table} />
          <aside class="geometry-side" aria-label="The map in these colours">
            <MiniMap />
            <Painted />
          </aside>
        </div>
      )}
    </main>
  );
}

function Head({ table }: { table: GeometryTable | null }) {
  const source = currentSource.value;
  const space = geometrySpace.value;
  const sameSpace = space.center === projection.value.space.center && space.remove === projection.value.space.remove;
  const set = (next: { center?: boolean; remove?: number }): void => {
    geometrySpace.value = { ...space, ...next };
    if (source !== null && table) void measureLayers(source, geometrySpace.value);
  };
  return (
    <header class="screen-head">
      <h1>Geometry</h1>
      <span class="of">{detail.value?.name}</span>
      <Switch label="Remove the mean" testid="geometry-center" on={space.center} onChange={(center) => set({ center, remove: center ? space.remove : 0 })} />
      <NumberField
        label="Remove leading components" testid="geometry-remove" min={0} max={Math.min(50, (detail.value?.dims ?? 2) - 1)} value={space.remove}
        onChange={(v) => set({ remove: Math.round(v), center: space.center || v > 0 })}
      />
      {!sameSpace && !offline.value && (
        <Button testid="geometry-apply" title="Run the layout of the map again in this space" onClick={applyToMap}>Apply to map</Button>
      )}
      <span class="spring" />
      {table?.state === "running" && <Progress share={table.progress} />}
      {table?.state === "done" && source !== null && !offline.value && (
        <span class="row-of">
          {(["csv", "json"] as const).map((f) => (
            <Button key={f} testid={`geometry-${f}`} title={`The table as ${f.toUpperCase()}`} onClick={() => void attempt(() => downloadFrom(api.exportUrl.geometry(source, f), fileName(`${detail.peek()?.name}-geometry`, f)))}>
              {f.toUpperCase()}
            </Button>
          ))}
        </span>
      )}
    </header>
  );
}

function Progress({ share }: { share: number }) {
  return (
    <span class="geo-progress" role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} aria-label="Measuring the layers" data-testid="geometry-progress">
      <i style={{ width: `${share * 100}%` }} />
      <b>{Math.round(share * 100)} %</b>
    </span>
  );
}

function Ask() {
  const source = detail.value;
  return (
    <div class="screen-empty" data-testid="geometry-empty">
      <Empty title="Not measured yet">
        <p>
          Intrinsic dimension, cosines, ranks, isotropy, hubness and neighbour overlap of{" "}
          {source ? `${layers.value.length > 1 ? `${layers.value.length} layers of ` : ""}${count(source.rows)} × ${source.dims} vectors` : "the layers"}.
          Large sets take minutes; the page stays usable meanwhile.
        </p>
        <Button kind="primary" testid="geometry-start" disabled={!source || offline.value} onClick={() => source && void measureLayers(source.id, geometrySpace.value)}>
          Measure {layers.value.length > 1 ? "all layers" : "the vectors"}
        </Button>
      </Empty>
    </div>
  );
}

function Failed({ table }: { table: GeometryTable }) {
  return (
    <div class="screen-empty" data-testid="geometry-failed">
      <Empty title="The measurement failed">
        <Problem text={table.error} testid="geometry-error" />
        <Button testid="geometry-retry" onClick={() => void measureLayers(table.source, table.space)}>Try again</Button>
      </Empty>
    </div>
  );
}

function Cards({ table }: { table: GeometryTable }) {
  const numbers = layers.value.map((l) => l.layer);
  const families = useMemo(() => familiesIn(table.rows), [table.rows]);
  return (
    <div class="cards" data-testid="geometry-cards">
      {families.map((f) => <FamilyCard key={f.id} family={f} table={table} numbers={numbers} />)}
      <ScaleCard table={table} />
      <SpectrumCard table={table} numbers={numbers} />
      <DominantCard table={table} numbers={numbers} />
      <TableCard table={table} numbers={numbers} />
    </div>
  );
}

function FamilyCard({ family, table, numbers }: { family: Family; table: GeometryTable; numbers: number[] }) {
  const series = useMemo(() => seriesOf(table.rows, numbers, family.measures, true), [table.rows, numbers.join(), family.id]);
  const range = brushed.value?.family === family.id ? brushed.value.range : null;
  const empty = series.every((s) => s.values.every((v) => v === null));
  return (
    <section class="geo-card" data-testid={`geometry-card-${family.id}`}>
      <h2>
        {family.title}
        {family.point && !offline.value && (
          <Button kind="quiet" testid={`geometry-paint-${family.id}`} title={`Colour the map by the ${family.pointTitle} of each row`} onClick={() => void paintMap(family, [layer.value, layer.value])}>
            Colour map
          </Button>
        )}
      </h2>
      {empty ? notesOf(table.rows, family.measures).map((n) => <p class="hint" key={n}>{n}</p>) : <Curves
        x={numbers}
        series={series}
        label={`${family.title} of each layer`}
        xName={(x) => `layer ${x}`}
        marker={layer.value}
        brush={range}
        onPick={(i) => goToLayer(numbers[i])}
        {...(family.point && !offline.value && { onBrush: (r: [number, number] | null) => void paintMap(family, r) })}
        {...(family.range && { yRange: family.range })}
        height={150}
        testid={`geometry-curve-${family.id}`}
      />}
    </section>
  );
}

function ScaleCard({ table }: { table: GeometryTable }) {
  const curves = useMemo(() => scaleCurves(table.rows), [table.rows]);
  const all = useMemo(() => [...new Set(curves.flatMap((c) => c.scale))].sort((a, b) => a - b), [curves]);
  if (curves.length === 0) return null;
  /* Each layer has scales of its own: the curves share an axis of all of them and skip the others'. */
  const fill = (c: (typeof curves)[number]): (number | null)[] => all.map((s) => c.value[c.scale.indexOf(s)] ?? null);
  return (
    <section class="geo-card" data-testid="geometry-card-gride">
      <h2>Dimension by scale (GRIDE)<LayerRamp numbers={curves.map((c) => c.layer)} /></h2>
      <Curves
        x={all}
        series={curves.map((c, i) => ({
          label: `layer ${c.layer}`,
          values: fill(c),
          color: layerColor(i, curves.length),
          width: c.layer === layer.value ? 2.5 : 1,
        }))}
        label="Intrinsic dimension over the distance at which it is measured, a line per layer"
        xLabel="mean distance of the neighbours"
        xName={() => ""}
        legend={false}
        logX
        joinGaps
        height={190}
        testid="geometry-curve-gride"
      />
    </section>
  );
}

/** The colours of lines that stand for layers. */
function LayerRamp({ numbers }: { numbers: number[] }) {
  const n = numbers.length;
  if (n < 2) return null;
  return (
    <span class="layer-ramp" aria-hidden="true">
      layer {numbers[0]} <i style={{ background: `linear-gradient(90deg, ${numbers.map((_, i) => layerColor(i, n)).join(", ")})` }} /> {numbers[n - 1]}
    </span>
  );
}

function SpectrumCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const shares = useMemo(() => numbers.filter((n) => table.spectra[n]).map((n) => ({ layer: n, shares: table.spectra[n] })), [table.spectra, numbers.join()]);
  if (shares.length === 0) return null;
  return (
    <section class="geo-card" data-testid="geometry-card-spectrum">
      <h2>Spectrum: share of variance<LayerRamp numbers={shares.map((s) => s.layer)} /></h2>
      <Spectrum layers={shares} current={layer.value} height={190} testid="geometry-spectrum" />
    </section>
  );
}

function DominantCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const { dims, values } = useMemo(() => dominanceMatrix(table.dominant, numbers, 24), [table.dominant, numbers.join()]);
  if (dims.length === 0) return null;
  return (
    <section class="geo-card" data-testid="geometry-card-dominant">
      <h2>Dominant dimensions</h2>
      <Heatmap
        rows={numbers.map((n) => `layer ${n}`)}
        columns={dims.map(String)}
        values={values}
        label="Share of the mean cosine that each dimension makes"
        unit="share of the mean cosine"
        current={numbers.indexOf(layer.value)}
        rowHeight={numbers.length > 14 ? 11 : 16}
        onPick={(r) => goToLayer(numbers[r])}
        testid="geometry-dominant"
      />
    </section>
  );
}

function TableCard({ table, numbers }: { table: GeometryTable; numbers: number[] }) {
  const { head, lines } = useMemo(() => tableOf(table.rows, numbers), [table.rows, numbers.join()]);
  const notes = useMemo(() => notesOf(table.rows, table.rows.map((r) => r.measure)), [table.rows]);
  return (
    <section class="geo-card wide">
      <h2>All values</h2>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="All values, a line per layer">
        <table data-testid="geometry-table">
          <thead>
            <tr>
              <th scope="col">layer</th>
              {head.map((h) => <th scope="col" key={h}>{h}</th>)}
            </tr>
          </thead>
          <tbody>
            {lines.map((line, i) => (
              <tr key={numbers[i]} class={numbers[i] === layer.value ? "current" : ""} onClick={() => goToLayer(numbers[i])}>
                <th scope="row"><button class="table-pick" data-testid={`geometry-row-${numbers[i]}`} aria-label={`Layer ${numbers[i]}`}>{numbers[i]}</button></th>
                {line.map((cell, c) => <td key={c}>{cell}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {notes.length > 0 && <ul class="notes" data-testid="geometry-notes">{notes.map((n) => <li key={n}>{n}</li>)}</ul>}
    </section>
  );
}

/** The values on the map: how they are spread; a brush selects the rows inside. */
function Painted() {
  const shown = paint.value;
  if (!shown || colourBy.value.kind !== "values")
    return <p class="hint">Drag over layers on a curve, or press “Colour map”: the map takes the colours of that measure, row by row.</p>;
  const select = (range: [number, number] | null): void => {
    valueRange.value = range;
    const rows: number[] = [];
    if (range) shown.values.forEach((v, i) => v >= range[0] && v <= range[1] && rows.push(i));
    commit("select by value", () => (selection.value = Uint32Array.from(rows)), "select by value");
  };
  return (
    <>
      <Histogram values={shown.values} label={shown.title} brush={valueRange.value} onBrush={select} height={110} testid="geometry-histogram" />
      <p class="hint">Drag over the bars to select the rows with these values.</p>
    </>
  );
}

/** Runs the map's layout again in the space of the table. */
function applyToMap(): void {
  setProjection({ space: geometrySpace.peek() }, "space");
  void run("projection.space");
}

let painting = 0;

/** Paints the map with the measure of each row, averaged over the layers in the range. */
async function paintMap(family: Family, range: [number, number] | null): Promise<void> {
  const turn = ++painting;
  brushed.value = range && { family: family.id, range };
  valueRange.value = null;
  const source = currentSource.value;
  if (!range || source === null || !family.point) return;
  const chosen = layers.value.map((l) => l.layer).filter((n) => n >= range[0] && n <= range[1]);
  try {
    let mean: Float32Array | null = null;
    for (const n of chosen) {
      const column = await loadColumn(source, family.point, { layer: n });
      if (turn !== painting) return;
      if (column.kind !== "number") throw new Error(`${family.pointTitle} is not a number column`);
      mean ??= new Float32Array(column.values.length);
      for (let i = 0; i < mean.length; i++) mean[i] += column.values[i] / chosen.length;
    }
    if (!mean) return;
    const where = chosen.length > 1 ? `mean of layers ${chosen[0]} to ${chosen[chosen.length - 1]}` : `layer ${chosen[0]}`;
    const values = mean;
    commit(`colour by ${family.pointTitle}`, () => {
      paint.value = { title: `${family.pointTitle}, ${where}`, values };
      colourBy.value = { kind: "values" };
    });
  } catch (e) {
    if (turn === painting) say((e as Error).message, "error");
  }
}
