/** Geometry: what each layer's cloud of vectors is like, as curves over the layers and as a table.
 *
 *  A click on a curve goes to that layer; a brush over layers paints the map with the per-point form
 *  of the same measure, averaged over the brushed layers. The map stands beside the curves. */
import { api } from "../api/client";
import { Button, Empty, NumberField, Problem, Switch } from "../app/ui";
import { histogramFigure } from "../charts/figure";
import { Waiting } from "../app/Waiting";
import { Histogram } from "../charts/Histogram";
import { attempt, setProjection } from "../state/actions";
import { count } from "../state/format";
import { commit } from "../state/history";
import { run } from "../state/layouts";
import { colourBy, currentSource, detail, layers, offline, paint, projection, selection } from "../state/store";
import { downloadFrom, fileName } from "./export/download";
import { valueRange } from "./geometry-paint";
import { geometry, geometrySpace, type GeometryTable, measureLayers } from "./geometry-state";
import { Cards } from "./GeometryCards";
import { MiniMap } from "./MiniMap";
import { SaveChart } from "./SaveChart";

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
            <Waiting />
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
      <Switch
        label="Remove the mean"
        testid="geometry-center"
        on={space.center}
        onChange={(center) => set({ center, remove: center ? space.remove : 0 })}
      />
      <NumberField
        label="Remove leading components"
        testid="geometry-remove"
        min={0}
        max={Math.min(50, (detail.value?.dims ?? 2) - 1)}
        value={space.remove}
        onChange={(v) => set({ remove: Math.round(v), center: space.center || v > 0 })}
      />
      {!sameSpace && !offline.value && (
        <Button testid="geometry-apply" title="Run the layout of the map again in this space" onClick={applyToMap}>
          Apply to map
        </Button>
      )}
      <span class="spring" />
      {table?.state === "running" && <Progress share={table.progress} />}
      {table?.state === "done" && source !== null && !offline.value && (
        <span class="row-of">
          {(["csv", "json"] as const).map((f) => (
            <Button
              key={f}
              testid={`geometry-${f}`}
              title={`The table as ${f.toUpperCase()}`}
              onClick={() =>
                void attempt(() =>
                  downloadFrom(api.exportUrl.geometry(source, f), fileName(`${detail.peek()?.name}-geometry`, f)),
                )
              }
            >
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
    <span
      class="geo-progress"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-label="Measuring the layers"
      data-testid="geometry-progress"
    >
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
          {source
            ? `${layers.value.length > 1 ? `${layers.value.length} layers of ` : ""}${count(source.rows)} × ${source.dims} vectors`
            : "the layers"}
          . Large sets take minutes; the page stays usable meanwhile.
        </p>
        <Button
          kind="primary"
          testid="geometry-start"
          disabled={!source || offline.value}
          onClick={() => source && void measureLayers(source.id, geometrySpace.value)}
        >
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
        <Button testid="geometry-retry" onClick={() => void measureLayers(table.source, table.space)}>
          Try again
        </Button>
      </Empty>
    </div>
  );
}

/** The values on the map: how they are spread; a brush selects the rows inside. */
function Painted() {
  const shown = paint.value;
  if (!shown || colourBy.value.kind !== "values")
    return (
      <p class="hint">
        Drag over layers on a curve, or press “Colour map”: the map takes the colours of that measure, row by row.
      </p>
    );
  const select = (range: [number, number] | null): void => {
    valueRange.value = range;
    const rows: number[] = [];
    if (range) shown.values.forEach((v, i) => v >= range[0] && v <= range[1] && rows.push(i));
    commit("select by value", () => (selection.value = Uint32Array.from(rows)), "select by value");
  };
  return (
    <>
      <h2 class="painted">
        The values on the map
        <SaveChart name="values" testid="geometry-save-values" figure={() => histogramFigure(shown.title, shown.values)} />
      </h2>
      <Histogram
        values={shown.values}
        label={shown.title}
        brush={valueRange.value}
        onBrush={select}
        height={110}
        testid="geometry-histogram"
      />
      <p class="hint">Drag over the bars to select the rows with these values.</p>
    </>
  );
}

/** Runs the map's layout again in the space of the table. */
function applyToMap(): void {
  setProjection({ space: geometrySpace.peek() }, "space");
  void run("projection.space");
}
