/** Nearest neighbours in the original space, always with the space, the metric and the layer they belong to. */
import type { Neighbor, Space } from "../api/types";
import { pin } from "../state/actions";
import { tokenOf } from "../state/columns";
import { plural } from "../state/format";
import { commit } from "../state/history";
import {
  detail,
  hover,
  hoverAt,
  isolated,
  layer,
  layers,
  nearest,
  type NearestSettings,
  neighbours,
  offline,
  savedNearest,
} from "../state/store";
import { Snippet } from "./Context";
import { SpaceControls } from "./SpaceControls";
import { Sprite } from "./Sprite";
import { asList, Problem, Segmented, stop } from "./ui";

export function spaceName(s: Space): string {
  if (s.remove) return `centred, ${s.remove} leading component${s.remove === 1 ? "" : "s"} removed`;
  return s.center ? "centred vectors" : "raw vectors";
}

function set(patch: Partial<NearestSettings>): void {
  commit("neighbours", () => (nearest.value = { ...nearest.value, ...patch }), `nearest.${Object.keys(patch)[0]}`);
}

export function Neighbours() {
  const { of, reply, busy, error } = neighbours.value;
  const saved = savedNearest.value;
  if (offline.value && !saved) return null;
  const { k, metric, space } = saved ?? nearest.value;
  // A source of few rows has fewer neighbours than are asked for.
  const n = Math.min(k, Math.max(1, (detail.value?.rows ?? 1) - 1));
  const where = `${metric === "cosine" ? "cosine" : "Euclidean"} distance, ${layers.value.length > 1 ? `layer ${saved?.layer ?? layer.value}, ` : ""}${spaceName(space)}${isolated.value && !saved ? `, among ${plural(isolated.value.length, "isolated row")}` : ""}`;
  return (
    <section class="section" data-testid="neighbours" aria-busy={busy}>
      <h2>
        <span data-testid="neighbours-title">{n} nearest in the original space</span>
      </h2>
      <p class="subtitle" data-testid="neighbours-space">
        {where}
      </p>
      {!saved && <Controls metric={metric} k={k} space={space} />}
      <Problem text={error} testid="neighbours-error" />
      {of && reply && <List rows={reply.rows} busy={busy} />}
      {of && !reply && busy && <Coming n={n} />}
    </section>
  );
}

/** Which neighbours are wanted; a saved page has one kind. */
function Controls({ metric, k, space }: NearestSettings) {
  return (
    <>
      <div class="row-of">
        <Segmented
          label="Metric"
          testid="metric"
          value={metric}
          onChange={(m) => set({ metric: m })}
          options={[
            { value: "cosine", label: "Cosine" },
            { value: "euclidean", label: "Euclidean" },
          ]}
        />
        <label class="tiny">
          k
          <input
            type="number"
            data-testid="neighbours-k"
            min={1}
            max={999}
            value={k}
            aria-label="Number of neighbours"
            onChange={(e) => set({ k: Math.min(999, Math.max(1, Math.round(e.currentTarget.valueAsNumber) || k)) })}
          />
        </label>
      </div>
      <SpaceControls
        space={space}
        prefix="neighbours"
        centreTitle="Take the mean off before distances are measured"
        before="without top"
        onChange={(to) => set({ space: to })}
      />
    </>
  );
}

/** The list before it is there: it has its room already, so that nothing below moves when it comes. */
function Coming({ n }: { n: number }) {
  return (
    <ol class="neighbours" data-testid="neighbours-coming" aria-hidden="true">
      {Array.from({ length: n }, (_, i) => (
        <li key={i}>
          <span class="line">
            <span class="token">&nbsp;</span>
            <span class="bar" />
            <span class="distance" />
            {detail.value?.text && <span class="snippet">&nbsp;</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

function List({ rows, busy }: { rows: Neighbor[]; busy: boolean }) {
  const far = Math.max(...rows.map((n) => n.distance ?? 0), 1e-30);
  // All on one spot: no digits tell them apart.
  const decimals = far < 1e-9 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(far))));
  return (
    <ol class={`neighbours${busy ? " busy" : ""}`} data-testid="neighbour-list" {...asList}>
      {rows.map((n, i) => (
        <li key={n.row}>
          <button
            type="button"
            class={`line${hover.value === n.row ? " hover" : ""}`}
            tabIndex={stop(i)}
            data-row={n.row}
            aria-label={tokenOf(n.row, n.token) + (n.distance === null ? "" : `, distance ${n.distance.toFixed(decimals)}`)}
            data-testid={`neighbour-${n.row}`}
            onClick={() => pin(n.row)}
            onPointerEnter={() => {
              hoverAt.value = null;
              hover.value = n.row;
            }}
            onPointerLeave={() => {
              hover.value = -1;
            }}
            onFocus={() => {
              hoverAt.value = null;
              hover.value = n.row;
            }}
          >
            <span class="token" title={tokenOf(n.row, n.token)}>
              <Sprite row={n.row} size={18} />
              {tokenOf(n.row, n.token)}
            </span>
            {n.distance !== null && (
              <>
                <span class="bar" aria-hidden="true">
                  <i style={{ width: `${(100 * n.distance) / far}%` }} />
                </span>
                <span class="distance">{n.distance.toFixed(decimals)}</span>
              </>
            )}
            <Snippet of={n.context ?? null} />
          </button>
        </li>
      ))}
    </ol>
  );
}
