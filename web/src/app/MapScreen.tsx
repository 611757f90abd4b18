/** The map between its two panels: plot, hover card, status line; the tool bar above, the layer bar below. */
import { useEffect, useRef } from "preact/hooks";
import { restoreAll } from "../state/actions";
import { hoverCard, otherColumns } from "../state/cards";
import { tokenOf, tokens } from "../state/columns";
import { cell, count, num, phaseName, plural, seconds } from "../state/format";
import {
  arrived,
  layout,
  layoutLayers,
  running,
  runError,
  shownLayer,
  shownState,
  stale,
  starting,
} from "../state/layouts";
import { counts } from "../state/react";
import { colourBy, detail, hover, hoverAt, isolated, layers, pinned } from "../state/store";
import { LayerBar } from "../screens";
import { Context } from "./Context";
import { connectMap } from "./map";
import { Sprite } from "./Sprite";
import { pictured } from "./stage";
import { Toolbar } from "./Toolbar";
import { TypedMarks } from "./Typed";
import { Button, Empty } from "./ui";

export function MapScreen() {
  return (
    <main class="map" data-testid="screen-map">
      <Toolbar />
      <Isolated />
      <div class="plot-frame">
        <Plot />
        <TypedMarks />
        <Waiting />
        <Coming />
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
  return (
    <div
      class="plot"
      data-testid="plot"
      ref={host}
      onPointerLeave={() => {
        hover.value = -1;
        hoverAt.value = null;
      }}
    />
  );
}

/** Another layout is being made of rows that are on the map: they stay until it comes. */
const standing = (): boolean => detail.value !== null && pictured.value === detail.value.id;

/** How the layout that is asked for gets on, in words. */
function progressWords(): string {
  const s = layout.value?.state.value;
  const what = phaseName(s?.phase) || "starting";
  return s && s.seconds >= 1 ? `${what}, ${Math.round(s.seconds)} s` : what;
}

/** Over the standing map: what is on its way, or why it does not come. */
function Coming() {
  if (arrived.value || !standing()) return null;
  if (runError.value)
    return (
      <div class="banner refused" data-testid="plot-error">
        <span>{runError.value}</span>
      </div>
    );
  return (
    <div class="banner" data-testid="plot-coming" role="status">
      <span>
        {layoutLayers.value.length > 1 ? `Placing ${layoutLayers.value.length} layers` : "Placing the rows"}: {progressWords()}
      </span>
      <div class="meter indeterminate" />
    </div>
  );
}

/** What the plot says until there is something to draw. */
function Waiting() {
  const d = detail.value;
  if (arrived.value || standing()) return null;
  const refused = runError.value;
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
        <p>{progressWords()}</p>
        <div class="meter indeterminate" />
      </Empty>
    </div>
  );
}

function Isolated() {
  const rows = isolated.value;
  if (!rows) return null;
  return (
    <div class="subset" data-testid="isolated">
      <span>
        {plural(rows.length, "isolated row")} of {count(counts.value.rows)}
      </span>
      <Button testid="restore-all" onClick={restoreAll} kind="quiet">
        Show all rows
      </Button>
    </div>
  );
}

/* ---- hover card ------------------------------------------------------------------------------- */

const cardWidth = 320;

function HoverCard() {
  const row = hover.value;
  const at = hoverAt.value;
  // The pinned row's card is on the right; here it would only hide its neighbours.
  if (row < 0 || !at || row === pinned.value) return null;
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
        <strong class="token">{tokenOf(row, c?.token)}</strong>
        {tokens.value && <span class="muted">row {count(row)}</span>}
      </div>
      <Sprite row={row} size={72} />
      <Context of={c?.context} />
      {facts.length > 0 && (
        <dl class="facts">
          {facts.slice(0, 5).map(([n, v]) => (
            <div key={n}>
              <dt>{n}</dt>
              <dd>{typeof v === "number" ? cell(v) : v}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

/* ---- status line ------------------------------------------------------------------------------ */

const methods = { raw: "as they are", pca: "PCA", tsne: "t-SNE", umap: "UMAP", axes: "axes", bookmark: "saved layout" } as const;
const aligned = {
  none: "not aligned",
  joint: "joint basis",
  procrustes: "turned onto the previous layer",
  aligned: "held near the previous layer",
} as const;

function Status() {
  const l = layout.value;
  const s = shownState.value;
  const c = counts.value;
  if (!l || !s) return <div class="status" data-testid="status" />;
  const r = l.request.value;
  const many = layoutLayers.value.length > 1;
  const space =
    r.space.center || r.space.remove
      ? `centred${r.space.remove ? `, ${r.space.remove} leading components removed` : ""}`
      : null;
  return (
    <div class="status" data-testid="status">
      <span data-testid="status-rows">
        {arrived.value || !running.value
          ? `${count(s.placed)} of ${plural(s.rows, "row")} placed${c.shown < s.placed ? `, ${count(c.shown)} shown` : ""}`
          : `placing ${plural(s.rows, "row")}`}
      </span>
      {s.non_finite > 0 && <span class="bad">{count(s.non_finite)} non-finite</span>}
      <span data-testid="status-method">
        {methods[r.method]} in {r.dim}D
        {(r.method === "tsne" || r.method === "umap") && (r.metric === "cosine" ? ", cosine" : ", Euclidean")}
        {layers.value.length > 1 && `, layer ${shownLayer.value}`}
        {many && `, ${aligned[r.align]}`}
        {space && `, ${space}`}
      </span>
      {r.method !== "raw" && r.method !== "bookmark" && <span data-testid="status-seed">seed {r.seed}</span>}
      {s.quality && (
        <span
          data-testid="status-kept"
          title={`Share of each point's ${s.quality.k} nearest neighbours in the original space that are its nearest on the map`}
        >
          {num(100 * s.quality.kept, 3)} % of neighbours kept
        </span>
      )}
      <span class="spring" />
      {running.value ? (
        <span class="live">{starting.value ? "starting" : phaseName(s.phase)}</span>
      ) : stale.value.length > 0 ? (
        <span class="stale">stale</span>
      ) : (
        <span>{seconds(s.seconds)}</span>
      )}
    </div>
  );
}
