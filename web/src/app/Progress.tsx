/** How a run goes, under its button. */
import { count, num, percent, phaseName, plural } from "../state/format";
import { keptLine, stressLine } from "../state/gauges";
import { canMeasure, layout, measureKept, measuring, shownState } from "../state/layouts";

/** Phase and epochs while it runs; above them what is measured then and at the end, in the same places. */
export function Progress() {
  const l = layout.value;
  const s = shownState.value;
  if (!l || !s) return <div class="gauges" />;
  const epoch = Math.max(l.epoch.value, s.epoch);
  const ended = s.state === "done" || s.state === "stopped" || s.state === "failed";
  const kept = keptLine(s, ended);
  const stress = stressLine(s, ended);
  return (
    <div class="gauges" data-testid="gauges">
      {kept && (
        <>
          <div class="gauge-line" title={kept.title}>
            <span>{kept.name}</span>
            <b data-testid={kept.final ? "kept" : "kept-now"}>{kept.value}</b>
          </div>
          <div class="meter kept">
            <i style={{ width: `${100 * (kept.share ?? 0)}%` }} />
          </div>
        </>
      )}
      {ended && !s.quality && s.state !== "failed" && canMeasure(s.placed) && (
        <div class="gauge-line muted">
          <span>neighbours kept</span>
          {measuring.value ? (
            <span>measuring</span>
          ) : (
            <button type="button" class="set-name measure" data-testid="measure-kept" onClick={() => void measureKept()}>
              measure
            </button>
          )}
        </div>
      )}
      {stress && (
        <div class="gauge-line muted" title={stress.title}>
          <span>{stress.name}</span>
          <span data-testid="loss">{stress.value}</span>
        </div>
      )}
      {s.neighbors_search === "approximate" && typeof s.recall === "number" && (
        <div
          class="gauge-line muted"
          title="All pairs of so many rows take long: this map is made of approximate lists. The share of a row's nearest neighbours in the original space that they have, measured on 1,000 rows"
        >
          <span>neighbours found</span>
          <span data-testid="recall">
            {(100 * s.recall).toFixed(1)}
            {s.recall_se ? ` ± ${num(100 * s.recall_se, 1)}` : ""} %
          </span>
        </div>
      )}
      {!ended && (
        <>
          <div class="gauge-line">
            <span>{s.state === "paused" ? "paused" : phaseName(s.phase) || s.state}</span>
            <span data-testid="epoch">{s.epochs > 1 ? `${count(epoch)} of ${count(s.epochs)}` : ""}</span>
          </div>
          <div
            class={`meter${s.epochs > 1 ? "" : " indeterminate"}`}
            role="progressbar"
            aria-valuenow={epoch}
            aria-valuemin={0}
            aria-valuemax={s.epochs}
          >
            <i style={{ width: `${(100 * epoch) / Math.max(1, s.epochs)}%` }} />
          </div>
        </>
      )}
      {typeof s.quality?.trustworthiness === "number" && (
        <>
          <div class="gauge-line muted">
            <span>trustworthiness</span>
            <span>{num(s.quality.trustworthiness, 3)}</span>
          </div>
          <div class="gauge-line muted">
            <span>continuity</span>
            <span>{num(s.quality.continuity, 3)}</span>
          </div>
        </>
      )}
      {s.moved && (
        <div
          class="gauge-line muted"
          title="Mean movement of a point from the layer before, over the extent of the map; in brackets: before the maps were aligned"
        >
          <span>moved from the layer before</span>
          <span data-testid="moved">
            {percent(s.moved.relative, 0)}
            {s.movedRaw && ` (${percent(s.movedRaw.relative, 0)})`}
          </span>
        </div>
      )}
      {s.note && <p class="subtitle">{s.note}</p>}
      {s.state === "stopped" && (
        <p class="subtitle">
          Stopped at epoch {count(epoch)}: {plural(s.placed, "row")} placed.
        </p>
      )}
    </div>
  );
}
