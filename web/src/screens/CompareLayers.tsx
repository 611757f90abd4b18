/** The comparison over the layers: curves, and the matrix of all pairs, each cell of which opens its pair. */
import { useEffect, useMemo } from "preact/hooks";
import { Button, Problem, Segmented } from "../app/ui";
import { Curves, type CurvesProps } from "../charts/Curves";
import { curvesFigure, type Figure, heatmapFigure } from "../charts/figure";
import { Heatmap, type HeatmapProps } from "../charts/Heatmap";
import { count } from "../state/format";
import { sources } from "../state/store";
import { Progress } from "./CompareProgress";
import {
  followLayers,
  lineOf,
  type Matrix,
  measureOverLayers,
  type OverLayers,
  overLayers,
  requestOf,
  stopOverLayers,
} from "./compare-layers";
import { type Comparison, comparison, setComparison } from "./compare-state";
import { SaveChart } from "./SaveChart";

export function CompareLayers() {
  const c = comparison.value;
  useEffect(followLayers, []);
  if (!c.a || !c.b) return null;
  const request = requestOf(c);
  const now = request && overLayers.value?.key === JSON.stringify(request) ? overLayers.value : null;
  const own = c.a.source === c.b.source;
  const several = layersOf(c.a.source).length > 1 || layersOf(c.b.source).length > 1;
  if (!several)
    return (
      <div class="compare-layers" data-testid="compare-layers">
        <p class="hint">Both sources have one layer: there is nothing to draw over layers.</p>
      </div>
    );
  return (
    <div class="compare-layers" data-testid="compare-layers">
      {now ? <Asked now={now} own={own} /> : <Ask own={own} />}
    </div>
  );
}

const layersOf = (source: number): number[] =>
  (sources.value.find((s) => s.id === source)?.layers ?? []).map((l) => l.layer);
const nameOf = (source: number): string => sources.value.find((s) => s.id === source)?.name ?? "";

function Ask({ own }: { own: boolean }) {
  const ask = (over: Comparison["over"]) => () => setComparison({ over });
  return (
    <>
      <p class="hint">
        {own
          ? "Every layer beside every other: the share of the nearest neighbours that they have in common, and CKA."
          : "Layers of the same number, or every layer of the left beside every layer of the right: shared neighbours and CKA."}{" "}
        Large sets take a while; the page stays usable, and curves appear layer by layer.
      </p>
      <span class="row-of">
        {!own && (
          <Button testid="compare-all-layers" onClick={ask("same")}>
            Compare all layers
          </Button>
        )}
        <Button testid="compare-all-pairs" onClick={ask("pairs")}>
          {own ? "Compare all layers" : "Compare all pairs"}
        </Button>
      </span>
    </>
  );
}

function Asked({ now, own }: { now: OverLayers; own: boolean }) {
  return (
    <>
      {now.state === "running" && (
        <Progress
          what="Comparing the layers"
          share={now.progress}
          since={now.since}
          left={now.left}
          testid="compare-layers-progress"
          onStop={stopOverLayers}
        />
      )}
      {now.state === "stopped" && (
        <p class="hint" data-testid="compare-layers-stopped">
          Stopped.
          <Button testid="compare-layers-again" onClick={() => void measureOverLayers()}>
            Go on
          </Button>
        </p>
      )}
      {now.state === "failed" && (
        <>
          <Problem text={now.error} testid="compare-layers-error" />
          <Button testid="compare-layers-again" onClick={() => void measureOverLayers()}>
            Try again
          </Button>
        </>
      )}
      {now.sampled !== null && (
        <p class="hint" data-testid="compare-layers-sampled">
          Overlap of {count(now.sampled)} sampled rows, whose neighbours were looked for among all rows; bands are one standard error.
        </p>
      )}
      <OverCurves now={now} own={own} />
      {now.matrix && <Pairs now={now} matrix={now.matrix} />}
      {!own && !now.matrix && now.state === "done" && (
        <Button testid="compare-all-pairs" onClick={() => setComparison({ over: "pairs" })}>
          Compare all pairs
        </Button>
      )}
    </>
  );
}

/** Curves of layers of the same number; of one source beside itself, of the left layer beside all. */
function OverCurves({ now, own }: { now: OverLayers; own: boolean }) {
  const c = comparison.value;
  const { curves, matrix } = now;
  const layer = c.a!.layer;
  const chart = useMemo((): CurvesProps | null => {
    const common = { xName: (x: number) => `layer ${x}`, yRange: [0, 1] as [number, number], height: 150, testid: "compare-curves" };
    if (own) {
      if (!matrix || lineOf(matrix, "cka", layer).every((v) => v === null)) return null; // that row is still to come
      const chance = curves.chance.find((v) => v !== null) ?? null;
      return {
        ...common,
        x: matrix.b,
        series: [
          { label: "overlap", values: lineOf(matrix, "overlap", layer), se: lineOf(matrix, "se", layer) },
          { label: "CKA", values: lineOf(matrix, "cka", layer) },
          ...(chance === null ? [] : [{ label: "by chance", values: matrix.b.map(() => chance), width: 1 }]),
        ],
        label: `Layer ${layer} beside every layer of ${nameOf(c.a!.source)}, k = ${now.k}`,
        marker: c.b!.layer,
        onPick: (i) => setComparison({ b: { ...c.b!, layer: matrix.b[i] } }),
      };
    }
    if (curves.layers.length === 0) return null;
    return {
      ...common,
      x: curves.layers,
      series: [
        { label: "overlap", values: curves.overlap, se: curves.se },
        { label: "CKA", values: curves.cka },
        { label: "by chance", values: curves.chance, width: 1 },
      ],
      label: `${nameOf(c.a!.source)} beside ${nameOf(c.b!.source)}, layer by layer, k = ${now.k}`,
      marker: layer,
      onPick: (i) =>
        setComparison({ a: { ...c.a!, layer: curves.layers[i] }, b: { ...c.b!, layer: curves.layers[i] } }),
    };
  }, [curves, matrix, own, layer, c.a, c.b, now.k]);
  if (!chart) return null;
  return (
    <section>
      <h2>
        {own ? `Layer ${layer} beside the others` : "Layers of the same number"}
        <SaveChart name="layers" testid="compare-curves-save" figure={() => curvesFigure(chart)} />
      </h2>
      <Curves {...chart} />
    </section>
  );
}

const SHOWN = { overlap: "neighbours shared", cka: "linear CKA" };

function Pairs({ now, matrix }: { now: OverLayers; matrix: Matrix }) {
  const c = comparison.value;
  const shows = c.shows;
  const chart: HeatmapProps = {
    rows: matrix.a.map(String),
    columns: matrix.b.map(String),
    values: matrix[shows],
    label: shows === "cka" ? "Linear CKA of all pairs of layers" : `Share of the ${now.k} nearest neighbours in common`,
    unit: SHOWN[shows],
    range: [0, 1],
    marked: [matrix.a.indexOf(c.a!.layer), matrix.b.indexOf(c.b!.layer)],
    axes: ["left layer", "right layer"],
    onPick: (r, k) => setComparison({ a: { ...c.a!, layer: matrix.a[r] }, b: { ...c.b!, layer: matrix.b[k] } }),
    testid: "compare-matrix",
  };
  const figure = (): Figure => {
    const axes: [string, string] = [`layer of ${nameOf(c.a!.source)}`, `layer of ${nameOf(c.b!.source)}`];
    const table = {
      head: ["left_layer", "right_layer", "overlap", "overlap_se", "cka"],
      rows: matrix.a.flatMap((a, r) =>
        matrix.b.map((b, k) => [a, b, ...[matrix.overlap, matrix.se, matrix.cka].map((m) => known(m[r * matrix.b.length + k]))]),
      ),
    };
    return { ...heatmapFigure({ ...chart, axes }), table };
  };
  return (
    <section>
      <h2>
        All pairs of layers
        <SaveChart name="pairs" testid="compare-matrix-save" figure={figure} />
      </h2>
      <Segmented
        label="The matrix shows"
        testid="compare-shows"
        value={shows}
        onChange={(v) => setComparison({ shows: v })}
        options={[
          { value: "overlap", label: "Neighbours shared" },
          { value: "cka", label: "CKA" },
        ]}
      />
      <div class="heat">
        <Heatmap {...chart} />
      </div>
      <p class="hint">Click a cell, or move with the arrows and press Enter, to open its two layers.</p>
    </section>
  );
}

const known = (v: number): number | null => (Number.isNaN(v) ? null : v);
