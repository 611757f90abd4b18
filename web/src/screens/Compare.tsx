/** Compare: two maps side by side, one look. Hover, lasso and camera of one act on the other, by row or
 *  by token; colours say how many of its nearest neighbours each row keeps. */
import { useEffect, useRef } from "preact/hooks";
import { Button, Choose, Empty, Problem, Segmented } from "../app/ui";
import { sources, tool } from "../state/store";
import {
  compared,
  compareError,
  compareNow,
  comparing,
  comparison,
  proposeSides,
  setComparison,
  type Side,
} from "./compare-state";
import { Changes, OverLayers, Summary } from "./CompareLists";
import { Half, type Linked } from "./CompareMaps";

export function Compare() {
  const linked = useRef<Linked>({ a: null, b: null }).current;
  useEffect(() => {
    proposeSides();
    if (!compared.peek()) void compareNow();
  }, []);
  const shown = compared.value;
  return (
    <main class="screen compare" data-testid="screen-compare" aria-label="Compare two layers">
      <Controls />
      <div class="compare-maps">
        <Half which="a" linked={linked} />
        <Half which="b" linked={linked} />
        {!shown && <Waiting />}
      </div>
      <aside class="compare-side">
        {shown && <Summary shown={shown} />}
        {shown && <Changes shown={shown} linked={linked} />}
        <OverLayers />
      </aside>
    </main>
  );
}

function Waiting() {
  if (compareError.value)
    return (
      <div class="over-plot" data-testid="compare-failed">
        <Empty title="No comparison">
          <Problem text={compareError.value} testid="compare-error" />
          <Button testid="compare-retry" onClick={() => void compareNow()}>
            Try again
          </Button>
        </Empty>
      </div>
    );
  return (
    <div class="over-plot" data-testid="compare-waiting" role="status">
      <Empty title="Comparing">
        <p>{comparing.value ?? "Choose what to compare."}</p>
        {comparing.value && <div class="meter indeterminate" />}
      </Empty>
    </div>
  );
}

function Controls() {
  const c = comparison.value;
  const set = (change: Partial<typeof c>): void => {
    setComparison(change);
    void compareNow();
  };
  return (
    <header class="screen-head">
      <h1>Compare</h1>
      <SideChoice name="a" label="Left" side={c.a} onChange={(a) => set({ a })} />
      <Button testid="compare-swap" title="Swap the sides" kind="quiet" onClick={() => set({ a: c.b, b: c.a })}>
        ⇄
      </Button>
      <SideChoice name="b" label="Right" side={c.b} onChange={(b) => set({ b })} />
      <Choose
        label="Map"
        testid="compare-method"
        named
        value={c.method}
        choices={METHODS}
        onChange={(v) => set({ method: v as typeof c.method })}
      />
      <Choose
        label="Neighbours"
        testid="compare-k"
        named
        value={String(c.k)}
        choices={[5, 10, 15, 30, 50, 100].map((k) => ({ value: String(k), label: String(k) }))}
        onChange={(v) => set({ k: Number(v) })}
      />
      <Choose
        label="Match by"
        testid="compare-match"
        named
        value={c.match}
        choices={MATCHES}
        onChange={(v) => set({ match: v as typeof c.match })}
      />
      <span class="spring" />
      {compared.value && comparing.value && (
        <span class="muted" aria-live="polite">
          {comparing.value} …
        </span>
      )}
      {compared.value && <Problem text={compareError.value} testid="compare-error" />}
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
    </header>
  );
}

const METHODS = [
  { value: "pca", label: "PCA" },
  { value: "tsne", label: "t-SNE" },
  { value: "umap", label: "UMAP" },
];
const MATCHES = [
  { value: "row", label: "row" },
  { value: "token", label: "token" },
];

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
    onChange({ source, layer: usable.find((s) => s.id === source)?.layers[0]?.layer ?? 0 });
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
