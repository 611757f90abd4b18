/** Compare: two maps side by side, one look. Hover, lasso and camera of one act on the other, by row or
 *  by token; colours say how many of its nearest neighbours each row keeps. */
import { effect, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Choose, Empty, Problem, Segmented } from "../app/ui";
import { screenKeys } from "../state/keys";
import { sources, tool } from "../state/store";
import { pairFile, rowsTable } from "./export/pair";
import { SaveMenu } from "./SaveMenu";
import {
  compared,
  compareError,
  comparedRows,
  compareNow,
  compareStopped,
  comparing,
  type Comparison,
  comparison,
  proposeSides,
  questionOf,
  setComparison,
  type Side,
  sideDetails,
  stopComparing,
  usableK,
} from "./compare-state";
import { Changes, Summary } from "./CompareLists";
import { CompareLayers } from "./CompareLayers";
import { fitBoth, Half } from "./CompareMaps";
import { Progress } from "./CompareProgress";

export function Compare() {
  useEffect(() => {
    proposeSides();
    const stepRight = (by: number) => (): void => {
      const { b } = comparison.peek();
      const list = layersOf(b);
      const to = list[list.indexOf(b?.layer ?? 0) + by];
      if (b && to !== undefined) setComparison({ b: { ...b, layer: to } });
    };
    return screenKeys({
      f: fitBoth,
      "2": () => setComparison({ dim: 2 }),
      "3": () => setComparison({ dim: 3 }),
      "[": stepRight(-1),
      "]": stepRight(1),
    });
  }, []);
  /* Every way to another question (a control, undo, an address) asks it. */
  useEffect(
    () =>
      effect(() => {
        if (questionOf(comparison.value)) untracked(() => void compareNow());
      }),
    [],
  );
  const shown = compared.value;
  const { tab } = comparison.value;
  return (
    <main class="screen compare" data-testid="screen-compare" aria-label="Compare two layers">
      <Controls />
      <div class="compare-maps">
        <Half which="a" />
        <Half which="b" />
        {!shown && <Waiting />}
        <Tools />
        <Next />
      </div>
      <aside class="compare-side">
        {shown && <Summary shown={shown} />}
        <div class="compare-tabs">
          <Segmented
            label="Beside the maps"
            testid="compare-tab"
            value={tab}
            onChange={(t) => setComparison({ tab: t })}
            options={[
              { value: "rows", label: "Rows" },
              { value: "layers", label: "Over the layers" },
            ]}
          />
        </div>
        {tab === "rows" && shown && <Changes shown={shown} />}
        {tab === "layers" && <CompareLayers />}
      </aside>
    </main>
  );
}

function Doing() {
  const now = comparing.value;
  return (
    now && (
      <Progress
        what={now.what}
        share={now.progress}
        since={now.since}
        left={now.left}
        testid="compare-progress"
        onStop={stopComparing}
      />
    )
  );
}

function Waiting() {
  const retry = (text: string) => (
    <Button testid="compare-retry" onClick={() => void compareNow()}>
      {text}
    </Button>
  );
  if (compareError.value)
    return (
      <div class="over-plot" data-testid="compare-failed">
        <Empty title="No comparison">
          <Problem text={compareError.value} testid="compare-error" />
          {retry("Try again")}
        </Empty>
      </div>
    );
  return (
    <div class="over-plot" data-testid="compare-waiting">
      {comparing.value ? (
        <Empty title="Comparing">
          <Doing />
        </Empty>
      ) : (
        <Empty title={compareStopped.value ? "Stopped" : "Nothing is compared"}>
          {compareStopped.value ? retry("Compare") : <p>Choose what to compare.</p>}
        </Empty>
      )}
    </div>
  );
}

const K_CHOICES = [5, 10, 15, 30, 50, 100];

function Controls() {
  const c = comparison.value;
  const k = usableK(c.k, comparedRows(c));
  const ks = [...new Set([...K_CHOICES.filter((v) => v === usableK(v, comparedRows(c))), k])].sort((x, y) => x - y);
  return (
    <header class="screen-head">
      <h1>Compare</h1>
      <SideChoice name="a" label="Left" side={c.a} onChange={(a) => setComparison({ a })} />
      <Button
        testid="compare-swap"
        title="Swap the sides"
        kind="quiet"
        onClick={() => setComparison({ a: c.b, b: c.a })}
      >
        ⇄
      </Button>
      <SideChoice name="b" label="Right" side={c.b} onChange={(b) => setComparison({ b })} />
      <Choose
        label="Map"
        testid="compare-method"
        named
        value={c.method}
        choices={METHODS}
        onChange={(v) => setComparison({ method: v as Comparison["method"] })}
      />
      <Segmented
        label="Dimensions"
        testid="compare-dim"
        value={c.dim}
        onChange={(dim) => setComparison({ dim })}
        options={[
          { value: 2, label: "2D", title: "Two dimensions (2)" },
          { value: 3, label: "3D", title: "Three dimensions (3)" },
        ]}
      />
      <Choose
        label="k"
        testid="compare-k"
        named
        value={String(k)}
        choices={ks.map((v) => ({ value: String(v), label: String(v) }))}
        onChange={(v) => setComparison({ k: Number(v) })}
      />
      <Choose
        label="Metric"
        testid="compare-metric"
        value={c.metric}
        choices={METRICS}
        onChange={(v) => setComparison({ metric: v as Comparison["metric"] })}
      />
      <Choose
        label="Match by"
        testid="compare-match"
        named
        value={c.match}
        choices={matches(c)}
        onChange={(v) => setComparison({ match: v as Comparison["match"] })}
      />
    </header>
  );
}

/** Over the maps: what the hand does, and what leaves the screen. */
function Tools() {
  const shown = compared.value;
  return (
    <div class="compare-tools">
      <Segmented
        label="Tool"
        testid="compare-tool"
        value={tool.value}
        onChange={(t) => (tool.value = t)}
        options={[
          { value: "navigate", icon: "hand", title: "Navigate: drag moves both maps" },
          { value: "lasso", icon: "lasso", title: "Lasso (l): Shift adds, Alt removes" },
          { value: "rectangle", icon: "rectangle", title: "Rectangle (r): Shift adds, Alt removes" },
        ]}
      />
      <Button icon="fit" kind="quiet" testid="compare-fit" title="Fit both maps (f)" onClick={fitBoth} />
      {shown && (
        <SaveMenu
          testid="compare-save"
          name="compared"
          title="Save both maps, or the overlap of every row"
          formats={["png", "svg", "pdf", "csv"]}
          make={(f) => (f === "csv" ? rowsTable(shown) : pairFile(f))}
        />
      )}
    </div>
  );
}

/** Over the maps of the comparison before: how the next one goes, or why there is none. */
function Next() {
  if (!compared.value || !(comparing.value || compareStopped.value || compareError.value)) return null;
  return (
    <div class="compare-next">
      <Doing />
      {!comparing.value && compareStopped.value && (
        <span data-testid="compare-stopped">
          Stopped: the maps show the comparison before.{" "}
          <Button testid="compare-retry" onClick={() => void compareNow()}>
            Compare
          </Button>
        </span>
      )}
      <Problem text={compareError.value} testid="compare-error" />
    </div>
  );
}

const METHODS = [
  { value: "pca", label: "PCA" },
  { value: "tsne", label: "t-SNE" },
  { value: "umap", label: "UMAP" },
];
const METRICS = [
  { value: "euclidean", label: "Euclidean" },
  { value: "cosine", label: "cosine" },
];

const layersOf = (side: Side | null): number[] =>
  (sources.peek().find((s) => s.id === side?.source)?.layers ?? []).map((l) => l.layer);

/** Rows can be matched by their place only if there are as many, by token only if they have one. */
function matches(c: Comparison) {
  const rows = (side: Side | null) => sources.value.find((s) => s.id === side?.source)?.rows;
  const tokens = [c.a, c.b].every((side) => !side || sideDetails.value.get(side.source)?.token_column !== null);
  return [
    { value: "row", label: "row", disabled: rows(c.a) !== rows(c.b) },
    { value: "token", label: "token", disabled: !tokens },
  ];
}

function SideChoice({
  name,
  label,
  side,
  onChange,
}: {
  name: string;
  label: string;
  side: Side | null;
  onChange: (s: Side) => void;
}) {
  const usable = sources.value.filter((s) => s.supported);
  const entry = usable.find((s) => s.id === side?.source);
  const open = (id: string): void => {
    const source = Number(id);
    const layers = layersOf({ source, layer: 0 });
    onChange({ source, layer: layers.includes(side?.layer ?? -1) ? side!.layer : (layers[0] ?? 0) });
  };
  return (
    <span class="side-choice">
      <Choose
        label={label}
        testid={`compare-${name}-source`}
        named
        value={String(side?.source ?? "")}
        choices={usable.map((s) => ({ value: String(s.id), label: s.name }))}
        onChange={open}
      />
      {entry && entry.layers.length > 1 && (
        <Choose
          label={`${label}: layer`}
          testid={`compare-${name}-layer`}
          value={String(side!.layer)}
          onChange={(v) => onChange({ source: side!.source, layer: Number(v) })}
          choices={entry.layers.map((l) => ({ value: String(l.layer), label: `layer ${l.layer}` }))}
        />
      )}
    </span>
  );
}
