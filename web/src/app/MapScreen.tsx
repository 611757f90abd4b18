/** The map between its two panels: tool bar, plot, hover card, status line, layer bar. */
import { useEffect, useRef } from "preact/hooks";
import { restoreAll, setDim } from "../state/actions";
import { hoverCard, otherColumns } from "../state/cards";
import { measures, tokenOf } from "../state/columns";
import { count, num, plural, seconds } from "../state/format";
import { commit } from "../state/history";
import { layout, layoutLayers, running, runError, shownLayer, stale, starting } from "../state/layouts";
import { counts } from "../state/react";
import {
  colourBusy, colourBy, type ColourBy, detail, drawMode, hiddenCodes, hover, hoverAt, isolated, layer, layers, mapPlot, offline, paint, paths,
  pointSize, projection, say, sets, showLabels, showPaths, sizeBy, tool,
} from "../state/store";
import { LayerBar } from "../screens";
import { connectMap } from "./map";
import { Context } from "./Context";
import { Button, type Choice, Choose, Empty, Segmented } from "./ui";

export function MapScreen() {
  return (
    <main class="map" data-testid="screen-map">
      <Toolbar />
      <div class="plot-frame">
        <Plot />
        <Waiting />
        <Isolated />
        <HoverCard />
      </div>
      <Status />
      {layers.value.length > 1 && <LayerBar />}
    </main>
  );
}

function Plot() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => connectMap(host.current!), []);
  return <div class="plot" data-testid="plot" ref={host} onPointerLeave={() => { hover.value = -1; hoverAt.value = null; }} />;
}

/** What the plot says until there is something to draw. */
function Waiting() {
  const l = layout.value;
  const of = shownLayer.value;
  const d = detail.value;
  void l?.version.value;
  const arrived = l && of !== null && l.positions.has(of);
  if (arrived) return null;
  const refused = runError.value;
  const s = l?.state.value;
  if (refused)
    return (
      <div class="over-plot" data-testid="plot-error">
        <Empty title="No map yet">
          <p>{refused}</p>
        </Empty>
      </div>
    );
  return (
    <div class="over-plot" data-testid="plot-waiting" role="status">
      <Empty title={d ? `Placing ${plural(d.rows, "row")}` : "Opening"}>
        <p>{s?.phase ?? "PCA of all rows"}</p>
        <div class="meter indeterminate" />
      </Empty>
    </div>
  );
}

function Isolated() {
  const rows = isolated.value;
  if (!rows) return null;
  return (
    <div class="banner" data-testid="isolated">
      <span>
        {plural(rows.length, "isolated row")} of {count(counts.value.rows)}
      </span>
      <Button testid="restore-all" onClick={restoreAll} kind="quiet">
        Show all rows
      </Button>
    </div>
  );
}

/* ---- tool bar --------------------------------------------------------------------------------- */

/** A choice of colours as the value of the list, and back. */
const key = (by: ColourBy): string => ("name" in by ? `${by.kind}:${by.name}` : by.kind);
function byKey(text: string): ColourBy {
  const [kind, ...rest] = text.split(":");
  const name = rest.join(":");
  if (kind === "column" || kind === "measure") return { kind, name };
  if (kind === "trust") return { kind, name: name as "kept" | "lost" | "false" };
  return kind === "sets" || kind === "values" ? { kind } : { kind: "none" };
}

function columnChoices(kind: "all" | "numbers"): Choice[] {
  return (detail.value?.columns ?? [])
    .filter((c) => kind === "all" || c.type === "number")
    .map((c) => ({ value: `column:${c.name}`, label: c.name }));
}

function measureChoices(): Choice[] {
  const all = layers.value;
  const first = all[0]?.layer === layer.value;
  return measures
    .filter((m) => m.name !== "overlap_previous" || all.length > 1)
    .map((m) => ({ value: `measure:${m.name}`, label: m.title, disabled: offline.value || (m.name === "overlap_previous" && first) }));
}

function ColourChoice() {
  const l = layout.value;
  const done = l?.state.value?.state === "done" && !offline.value;
  const trust: Choice[] = [
    { value: "trust:kept", label: "Neighbours kept", disabled: !done },
    { value: "trust:lost", label: "Neighbours lost", disabled: !done },
    { value: "trust:false", label: "False neighbours", disabled: !done },
  ];
  return (
    <Choose
      label="Colour"
      testid="colour-by"
      named
      value={key(colourBy.value)}
      choices={[
        { value: "none", label: "one colour" },
        { group: "Columns", choices: columnChoices("all") },
        { group: `Measured at layer ${layer.value}`, choices: measureChoices() },
        { group: "Trust in this map", choices: trust },
        { group: "Sets", choices: sets.value.length ? [{ value: "sets", label: "named sets" }] : [] },
        { group: "From other screens", choices: paint.value ? [{ value: "values", label: paint.value.title }] : [] },
      ]}
      onChange={(v) =>
        commit("colour", () => {
          colourBy.value = byKey(v);
          hiddenCodes.value = new Set();
        })
      }
    />
  );
}

const widths = [1, 1.5, 2, 3, 4, 6, 8];

/** One width for all points, or a width by a number. */
function SizeChoice() {
  const s = sizeBy.value;
  return (
    <Choose
      label="Size of points"
      testid="size-by"
      value={s ? `${s.kind}:${s.name}` : `width:${pointSize.value}`}
      choices={[
        { value: "width:0", label: "size: auto" },
        { group: "All alike", choices: widths.map((w) => ({ value: `width:${w}`, label: `${w} px` })) },
        { group: "By column", choices: columnChoices("numbers") },
        { group: `By what is measured at layer ${layer.value}`, choices: measureChoices() },
      ]}
      onChange={(v) => {
        const by = byKey(v);
        commit("size", () => {
          sizeBy.value = by.kind === "column" || by.kind === "measure" ? by : null;
          if (v.startsWith("width:")) pointSize.value = Number(v.slice(6));
        });
      }}
    />
  );
}

/** The picture as a file, at twice its size on the screen. */
async function screenshot(): Promise<void> {
  const plot = mapPlot.peek();
  const host = document.querySelector<HTMLElement>("[data-testid=plot]");
  if (!plot || !host) return;
  try {
    const url = URL.createObjectURL(await plot.toPNG(host.clientWidth * 2, host.clientHeight * 2));
    const a = document.createElement("a");
    a.href = url;
    a.download = `${detail.peek()?.name.replace(/[^\w.-]+/g, "-") ?? "map"}-layer-${layer.peek()}.png`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch (e) {
    say((e as Error).message, "error");
  }
}

function Toolbar() {
  const is3d = projection.value.dim;
  return (
    <div class="toolbar" role="toolbar" aria-label="Map">
      <Segmented
        label="Tool"
        testid="tool"
        value={tool.value}
        onChange={(t) => (tool.value = t)}
        options={[
          { value: "navigate", icon: "hand", title: "Navigate: drag moves or turns the map" },
          { value: "lasso", icon: "lasso", title: "Lasso (l): draw round points; Shift adds, Alt removes" },
          { value: "rectangle", icon: "rectangle", title: "Rectangle (r): Shift adds, Alt removes" },
        ]}
      />
      <Button icon="fit" kind="quiet" testid="fit" title="Fit the map to its points (f)" onClick={() => mapPlot.peek()?.camera.fit()} />
      <Segmented
        label="Dimensions"
        testid="dim"
        value={is3d}
        onChange={setDim}
        options={[
          { value: 2, label: "2D", title: "Two dimensions (2)" },
          { value: 3, label: "3D", title: "Three dimensions (3)" },
        ]}
      />
      <Button
        kind="quiet" testid="density" pressed={drawMode.value === "density"} title="Contours of density instead of points"
        onClick={() => commit("drawing", () => (drawMode.value = drawMode.value === "density" ? "points" : "density"))}
      >
        Density
      </Button>
      <span class="spring" />
      <span class={colourBusy.value ? "busy" : ""}>
        <ColourChoice />
      </span>
      <SizeChoice />
      <Button
        icon="label" kind="quiet" testid="labels" pressed={showLabels.value} title="Words for dense regions"
        onClick={() => commit("labels", () => (showLabels.value = !showLabels.value))}
      />
      {paths.value.length > 0 && (
        <Button
          icon="path" kind="quiet" testid="paths" pressed={showPaths.value} title="Lines along sequences (__seq_next__)"
          onClick={() => commit("paths", () => (showPaths.value = !showPaths.value))}
        />
      )}
      <Button icon="camera" kind="quiet" testid="screenshot" title="Save the picture (PNG)" onClick={() => void screenshot()} />
    </div>
  );
}

/* ---- hover card ------------------------------------------------------------------------------- */

const cardWidth = 320;

function HoverCard() {
  const row = hover.value;
  const at = hoverAt.value;
  if (row < 0 || !at) return null;
  const host = document.querySelector<HTMLElement>("[data-testid=plot]");
  const [w, h] = [host?.clientWidth ?? 0, host?.clientHeight ?? 0];
  const left = at[0] + 16 + cardWidth < w ? at[0] + 16 : Math.max(4, at[0] - 16 - cardWidth);
  const below = at[1] < h - 170;
  const place = below ? { left: `${left}px`, top: `${at[1] + 14}px` } : { left: `${left}px`, bottom: `${h - at[1] + 14}px` };
  const c = hoverCard.value?.row === row ? hoverCard.value : null;
  const by = colourBy.value;
  // The column that colours the map first, then a few others.
  const first = (name: string): number => (by.kind === "column" && by.name === name ? 0 : 1);
  const facts = (c ? otherColumns(c) : []).filter(([, v]) => v !== null && v !== "").sort((a, b) => first(a[0]) - first(b[0]));
  return (
    <div class="hover-card" style={place} data-testid="hover-card" role="status">
      <div class="token-line">
        <strong class="token">{c?.token ?? tokenOf(row)}</strong>
        <span class="muted">row {count(row)}</span>
      </div>
      <Context of={c?.context} />
      {c && (
        <dl class="facts">
          {facts.slice(0, 5).map(([n, v]) => (
            <div key={n}>
              <dt>{n}</dt>
              <dd>{typeof v === "number" ? num(v) : v}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

/* ---- status line ------------------------------------------------------------------------------ */

const methods = { raw: "as they are", pca: "PCA", tsne: "t-SNE", umap: "UMAP", axes: "axes" } as const;
const aligned = { none: "not aligned", joint: "joint basis", procrustes: "turned onto the previous layer", aligned: "held near the previous layer" } as const;

function Status() {
  const l = layout.value;
  const s = l?.state.value;
  const c = counts.value;
  if (!l || !s) return <div class="status" data-testid="status" />;
  const r = l.request.value;
  const many = layoutLayers.value.length > 1;
  const space = r.space.center || r.space.remove ? `centred${r.space.remove ? `, ${r.space.remove} leading components removed` : ""}` : null;
  return (
    <div class="status" data-testid="status">
      <span data-testid="status-rows">
        {count(s.placed)} of {plural(s.rows, "row")} placed{c.shown < s.placed ? `, ${count(c.shown)} shown` : ""}
      </span>
      {s.non_finite > 0 && <span class="bad">{count(s.non_finite)} non-finite</span>}
      <span data-testid="status-method">
        {methods[r.method]} in {r.dim}D
        {layers.value.length > 1 && `, layer ${shownLayer.value}`}
        {many && `, ${aligned[r.align]}`}
        {space && `, ${space}`}
      </span>
      {r.method !== "raw" && <span data-testid="status-seed">seed {r.seed}</span>}
      {s.quality && (
        <span data-testid="status-kept" title={`Share of each point's ${s.quality.k} nearest neighbours in the original space that are its nearest on the map`}>
          {num(100 * s.quality.kept, 3)} % of neighbours kept
        </span>
      )}
      <span class="spring" />
      {running.value ? <span class="live">{starting.value ? "starting" : s.phase}</span> : stale.value.length > 0 ? <span class="stale">stale</span> : <span>{seconds(s.seconds)}</span>}
    </div>
  );
}
