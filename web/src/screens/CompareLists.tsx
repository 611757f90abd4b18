/** What a comparison says beside its maps: the numbers, the colours, the rows in order. */
import { useComputed, useSignal } from "@preact/signals";
import { Snippet } from "../app/Context";
import { Sign } from "../app/Legend";
import { Button, Choose, Segmented } from "../app/ui";
import { formatWithError } from "../charts/numbers";
import { VirtualList } from "../charts/VirtualList";
import { count, num } from "../state/format";
import { sources } from "../state/store";
import { cards, fetchCards } from "./compare-cards";
import { colourings } from "./compare-colours";
import { caveats, compared, type Compared, compareSelection, comparison, halves, setComparison, sideDetails } from "./compare-state";
import { hoverRow, select } from "./CompareMaps";

export function Summary({ shown }: { shown: Compared }) {
  const o = shown.overlap;
  const [a, b] = [shown.of.a, shown.of.b].map((side) => sources.value.find((s) => s.id === side.source));
  const warnings = caveats(comparison.value, shown, a?.rows ?? 0, b?.rows ?? 0, a?.name ?? "the left", b?.name ?? "the right");
  return (
    <section class="compare-summary" data-testid="compare-summary">
      <dl>
        <dt>neighbours kept</dt>
        <dd data-testid="compare-mean">{formatWithError(o.mean, o.se)}</dd>
        <dt>by chance</dt>
        <dd>{num(o.chance, 2)}</dd>
        <dt>linear CKA</dt>
        <dd data-testid="compare-cka">{num(o.cka, 3)}</dd>
        <dt>rows matched</dt>
        <dd data-testid="compare-matched">{count(o.matched)}</dd>
      </dl>
      {comparison.value.tab === "rows" && <ColourChoice />}
      <Colours k={o.k} />
      {o.sampled !== null && (
        <p class="hint" data-testid="compare-sampled">
          Neighbours kept: of {count(o.sampled)} sampled rows, looked for among all rows. The maps show these rows.
          <Button testid="compare-all-rows" onClick={() => setComparison({ all: true })}>
            Compare all rows: takes minutes
          </Button>
        </p>
      )}
      {warnings.length > 0 && (
        <p class="hint" data-testid="compare-caveats">
          {warnings.join(" ")}
        </p>
      )}
      {comparison.value.tab === "rows" && (
        <p class="hint" data-testid="compare-alignment">
          {shown.moved}
        </p>
      )}
    </section>
  );
}

/** Colours of both maps: the neighbours kept, or a column of the left side. */
function ColourChoice() {
  const c = comparison.value;
  const columns = sideDetails.value.get(c.a?.source ?? -1)?.columns.filter((x) => x.type !== "text") ?? [];
  if (columns.length === 0) return null;
  return (
    <Choose
      label="Colour"
      testid="compare-colour"
      named
      value={c.colour ?? ""}
      choices={[{ value: "", label: "neighbours kept" }, ...columns.map((x) => ({ value: x.name, label: x.name }))]}
      onChange={(v) => setComparison({ colour: v || null })}
    />
  );
}

/** The legend of both maps. */
function Colours({ k }: { k: number }) {
  const legend = colourings.value?.a.legend;
  if (!legend || legend.kind === "plain") return null;
  if (legend.kind === "categories") {
    const most = 12;
    const entries = legend.entries.slice(0, most);
    return (
      <ul class="compare-legend" aria-label={`Colours: ${legend.title}`}>
        {entries.map((e) => (
          <li key={e.codes[0]}>
            <Sign shape={e.shape} colour={e.colour} />
            {e.name}
          </li>
        ))}
        {legend.entries.length > most && <li class="muted">and {legend.entries.length - most} more</li>}
      </ul>
    );
  }
  const kept = comparison.value.colour === null;
  const every = legend.colours.filter((_, i) => i % 16 === 0 || i === legend.colours.length - 1);
  return (
    <div class="ramp" data-testid="compare-scale">
      <em>{kept ? "none kept" : num(legend.min)}</em>
      <i style={{ background: `linear-gradient(90deg, ${every.join(", ")})` }} />
      <em>{kept ? `all ${k} kept` : num(legend.max)}</em>
    </div>
  );
}

export function Changes({ shown }: { shown: Compared }) {
  const changed = useSignal(true);
  const fetched = useSignal(0);
  const rows = useComputed(() =>
    changed.value ? (compared.value?.changed ?? shown.changed) : (compared.value?.stable ?? shown.stable),
  ).value;
  const { source } = shown.of.a;
  void fetched.value;
  return (
    <section class="compare-list">
      <Segmented
        label="Order"
        testid="compare-order"
        value={changed.value ? "changed" : "stable"}
        onChange={(v) => (changed.value = v === "changed")}
        options={[
          { value: "changed", label: "Most changed" },
          { value: "stable", label: "Most stable" },
        ]}
      />
      <VirtualList
        count={rows.length}
        rowHeight={26}
        label={changed.value ? "Rows by how much their neighbours changed" : "Rows by how stable their neighbours are"}
        testid="compare-rows"
        selected={compareSelection.value.length === 1 ? rows.indexOf(compareSelection.value[0]) : null}
        onSight={(first, last) => void fetchCards(source, Array.from(rows.subarray(first, last))).then(() => fetched.value++)}
        onHover={(i) => hoverRow(i === null ? -1 : rows[i])}
        onPick={(i) => {
          select([rows[i]], "replace");
          halves.a?.draw();
        }}
        render={(i) => {
          const card = cards.get(`${source} ${rows[i]}`);
          return (
            <>
              <b>{card?.token ?? `row ${rows[i]}`}</b>
              <Snippet of={card?.context ?? null} />
              <span class="kept">
                {num(shown.overlap.overlap[rows[i]] * shown.overlap.k, 3)}
                <i> / {shown.overlap.k}</i>
              </span>
            </>
          );
        }}
      />
    </section>
  );
}
