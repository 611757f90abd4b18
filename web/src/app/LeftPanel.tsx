/** Left of the map: the source, the projection with its live parameters, how it goes, the legend. */
import type { Method } from "../api/types";
import { setProjection, showScreen } from "../state/actions";
import { commit } from "../state/history";
import { count, num } from "../state/format";
import {
  alignOf,
  canGoOn,
  control,
  goOn,
  layout,
  run,
  runError,
  running,
  stale,
  starting,
} from "../state/layouts";
import { detail, fileChanged, labelBy, layer, layers, offline, projection, type Projection } from "../state/store";
import { AxesForm } from "./Axes";
import { Bookmarks } from "./Bookmarks";
import { Legend } from "./Legend";
import { Waiting } from "./Waiting";
import { Progress } from "./Progress";
import { SpaceControls } from "./SpaceControls";
import { Button, Choose, Icon, NumberField, Problem, Range, Section, Segmented } from "./ui";

export function LeftPanel() {
  return (
    <aside class="panel left" aria-label="Source and projection">
      <Source />
      {!offline.value && <ProjectionPanel />}
      <LabelBy />
      <Waiting />
      <Legend />
    </aside>
  );
}

function Source() {
  const d = detail.value;
  return (
    <>
      <button
        type="button"
        class="source-button"
        data-testid="source"
        onClick={() => showScreen("open")}
        title="Open another source"
      >
        <span>
          <strong>{d?.name ?? "…"}</strong>
          <small>
            {d ? `${count(d.rows)} × ${count(d.dims)}${d.layers.length > 1 ? `, ${d.layers.length} layers` : ""}` : "opening"}
          </small>
        </span>
        <Icon name="down" />
      </button>
      <Problem text={d?.warning ?? null} testid="source-warning" />
    </>
  );
}

/** Which column names the rows; nothing to choose where there is one. */
function LabelBy() {
  const columns = detail.value?.columns ?? [];
  const usual = detail.value?.token_column ?? null;
  if (columns.length < 2) return null;
  return (
    <div class="section">
      <Choose
        label="Label by"
        testid="label-by"
        named
        value={labelBy.value === usual ? "" : (labelBy.value ?? "")}
        choices={[
          { value: "", label: usual ?? "first of words" },
          ...columns.filter((c) => c.name !== usual).map((c) => ({ value: c.name, label: c.name })),
        ]}
        onChange={(v) => commit("label by", () => (labelBy.value = v || null))}
      />
    </div>
  );
}

const methods: { value: Method; label: string; title: string }[] = [
  { value: "pca", label: "PCA", title: "Principal components of all rows, centred" },
  { value: "tsne", label: "t-SNE", title: "t-SNE of all rows" },
  { value: "umap", label: "UMAP", title: "UMAP of all rows" },
  { value: "axes", label: "Axes", title: "Axes from words: the difference of two matches" },
  { value: "raw", label: "Raw", title: "The first two or three columns as they are" },
];

/** t-SNE and UMAP take minutes for a stack: they start with the layer in view unless all are asked for. */
function setMethod(method: Method): void {
  const slow = method === "tsne" || method === "umap";
  setProjection(slow ? { method, scope: "layer" } : { method }, "method");
}

function ProjectionPanel() {
  const p = projection.value;
  const method = methods.find((m) => m.value === p.method);
  return (
    <Section title="Projection" testid="projection">
      <Segmented label="Method" testid="method" value={p.method} options={methods} onChange={setMethod} />
      <Bookmarks p={p} />
      {method && <p class="subtitle">{method.title}.</p>}
      {layers.value.length > 1 && <Scope p={p} />}
      {p.method === "pca" && <Components p={p} />}
      {p.method === "tsne" && <Tsne p={p} />}
      {p.method === "umap" && <Umap p={p} />}
      {p.method === "axes" && <AxesForm p={p} />}
      {(p.method === "tsne" || p.method === "umap") && (
        <Segmented
          label="Distance of the neighbours"
          testid="layout-metric"
          value={p.metric}
          onChange={(metric) => setProjection({ metric }, "metric")}
          options={[
            { value: "euclidean", label: "Euclidean" },
            { value: "cosine", label: "Cosine" },
          ]}
        />
      )}
      {p.method !== "raw" && p.method !== "bookmark" && <SpaceOf p={p} />}
      <RunRow />
      <Stale />
      <Problem text={runError.value === fileChanged.value ? null : runError.value} testid="run-error" />
      <Progress />
    </Section>
  );
}

function Scope({ p }: { p: Projection }) {
  return (
    <>
      <Segmented
        label="Layers"
        testid="scope"
        value={p.scope}
        onChange={(scope) => setProjection({ scope }, "scope")}
        options={[
          { value: "layer", label: `Layer ${layer.value}` },
          { value: "all", label: `All ${layers.value.length} layers` },
        ]}
      />
      {p.scope === "all" && (
        <Choose
          label="Alignment"
          testid="align"
          named
          value={alignOf(p)}
          choices={[
            { value: "joint", label: "one joint basis", disabled: p.method !== "pca" },
            { value: "procrustes", label: "turned onto the previous" },
            { value: "aligned", label: "held near the previous", disabled: p.method !== "tsne" && p.method !== "umap" },
            { value: "none", label: "none" },
          ]}
          onChange={(align) => setProjection({ align: align as Projection["align"] }, "align")}
        />
      )}
    </>
  );
}

function Components({ p }: { p: Projection }) {
  const most = Math.max(1, Math.min(detail.value?.dims ?? 1, 50));
  const set = (i: number, v: number): void => {
    const components = [...p.components] as [number, number, number];
    components[i] = v - 1;
    setProjection({ components }, `component ${i}`);
  };
  return (
    <div class="triple" data-testid="components">
      <span class="muted">PC on</span>
      {(["x", "y", "z"] as const).slice(0, p.dim).map((name, i) => (
        <label key={name} class="tiny">
          {name}
          <input
            type="number"
            min={1}
            max={most}
            value={p.components[i] + 1}
            data-testid={`component-${name}`}
            aria-label={`Component on ${name}`}
            onChange={(e) => set(i, Math.min(most, Math.max(1, Math.round(e.currentTarget.valueAsNumber) || i + 1)))}
          />
        </label>
      ))}
    </div>
  );
}

const rounded = (v: number): string => num(v, 3);

function Tsne({ p }: { p: Projection }) {
  const t = p.tsne;
  const set = (patch: Partial<typeof t>) => setProjection({ tsne: { ...t, ...patch } }, `tsne.${Object.keys(patch)[0]}`);
  const most = Math.max(5, Math.min(200, Math.floor(((detail.value?.rows ?? 600) - 1) / 3)));
  return (
    <>
      <Range
        label="Perplexity"
        testid="perplexity"
        min={2}
        max={most}
        value={Math.min(t.perplexity, most)}
        onInput={(perplexity) => set({ perplexity })}
        title="How many neighbours a point attends to"
      />
      <Range
        label="Learning rate"
        testid="learning-rate"
        min={1}
        max={100000}
        log
        value={Math.max(1, t.learning_rate)}
        show={(v) => (v <= 1 ? "auto" : rounded(v))}
        title="Auto: rows over exaggeration, then rows"
        onInput={(v) => set({ learning_rate: v <= 1 ? 0 : v })}
      />
      <Range
        label="Exaggeration"
        testid="exaggeration"
        min={1}
        max={32}
        value={t.exaggeration}
        onInput={(exaggeration) => set({ exaggeration })}
        title="Attraction in the first phase, as a factor"
      />
      <Range
        label="Steps"
        testid="steps"
        min={50}
        max={3000}
        step={50}
        value={t.steps}
        show={count}
        onInput={(steps) => set({ steps })}
      />
    </>
  );
}

function Umap({ p }: { p: Projection }) {
  const u = p.umap;
  const set = (patch: Partial<typeof u>) => setProjection({ umap: { ...u, ...patch } }, `umap.${Object.keys(patch)[0]}`);
  const most = Math.max(3, Math.min(200, (detail.value?.rows ?? 200) - 1));
  return (
    <>
      <Range
        label="Neighbours"
        testid="neighbors"
        min={2}
        max={most}
        value={Math.min(u.neighbors, most)}
        onInput={(neighbors) => set({ neighbors })}
      />
      <Range
        label="Least distance"
        testid="min-dist"
        min={0}
        max={0.99}
        step={0.01}
        value={u.min_dist}
        show={(v) => v.toFixed(2)}
        onInput={(min_dist) => set({ min_dist })}
        title="How tightly points may be packed"
      />
      <Range
        label="Steps"
        testid="steps"
        min={50}
        max={2000}
        step={50}
        value={u.steps}
        show={count}
        onInput={(steps) => set({ steps })}
      />
    </>
  );
}

function SpaceOf({ p }: { p: Projection }) {
  const pca = p.method === "pca";
  return (
    <SpaceControls
      space={p.space}
      prefix="space"
      locked={pca}
      centreTitle={pca ? "PCA is always centred" : "Take the mean off first. The neighbours on the right have a switch of their own."}
      before="minus top"
      removeTitle="Leading principal components taken off first"
      onChange={(space, what) => setProjection({ space }, what)}
    />
  );
}

function Stale() {
  const what = running.value ? [] : stale.value;
  return (
    <p class="stale" data-testid="stale" hidden={!what.length}>
      Changed since this map was made: {what.join(", ")}. Press Run.
    </p>
  );
}

function RunRow() {
  const s = layout.value?.state.value;
  const on = running.value;
  const paused = s?.state === "paused";
  return (
    <div class="row-of run">
      {on ? (
        <>
          <Button
            testid={paused ? "resume" : "pause"}
            icon={paused ? "play" : "pause"}
            kind="primary"
            disabled={starting.value}
            onClick={() => void control(paused ? "resume" : "pause")}
          >
            {paused ? "Resume" : "Pause"}
          </Button>
          <Button testid="stop" icon="stop" disabled={starting.value} onClick={() => void control("stop")}>
            Stop
          </Button>
        </>
      ) : (
        <Button testid="run" icon="play" kind={stale.value.length || !s ? "primary" : "plain"} onClick={() => void run()}>
          Run
        </Button>
      )}
      {!on && canGoOn.value && (
        <Button testid="go-on" title="Go on from these positions with the new parameters" onClick={() => void goOn()}>
          Go on
        </Button>
      )}
      {!on && projection.value.method !== "raw" && projection.value.method !== "bookmark" && (
        <NumberField
          label="seed"
          testid="seed"
          value={projection.value.seed}
          min={0}
          max={2 ** 31}
          onChange={(seed) => setProjection({ seed: Math.round(seed) }, "seed")}
        />
      )}
    </div>
  );
}
