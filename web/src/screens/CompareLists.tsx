/** What a comparison says beside its maps: the numbers, the rows in order, the curves over layers. */
import { useComputed, useSignal } from "@preact/signals";
import { api } from "../api/client";
import { Snippet } from "../app/Context";
import { Button, Segmented } from "../app/ui";
import { Curves } from "../charts/Curves";
import { formatWithError } from "../charts/numbers";
import { VirtualList } from "../charts/VirtualList";
import { count, num } from "../state/format";
import { offline } from "../state/store";
import { cards, fetchCards } from "./compare-cards";
import { compared, type Compared, compareNow, compareSelection, comparison, setComparison } from "./compare-state";
import { hoverRow, type Linked, select } from "./CompareMaps";
import { csv } from "./export/csv";
import { download } from "./export/download";

export function Summary({ shown }: { shown: Compared }) {
  const o = shown.overlap;
  return (
    <section class="compare-summary" data-testid="compare-summary">
      <dl>
        <dt>neighbours kept</dt>
        <dd data-testid="compare-mean">{formatWithError(o.mean, o.se)}</dd>
        <dt>by chance</dt>
        <dd>{num(o.chance, 2)}</dd>
        <dt>CKA</dt>
        <dd data-testid="compare-cka">{num(o.cka, 3)}</dd>
        <dt>rows matched</dt>
        <dd data-testid="compare-matched">{count(o.matched)}</dd>
      </dl>
      <div class="ramp">
        <em>none kept</em>
        <i />
        <em>all {shown.overlap.k} kept</em>
      </div>
      <p class="hint" data-testid="compare-alignment">
        {shown.moved}
      </p>
    </section>
  );
}

export function Changes({ shown, linked }: { shown: Compared; linked: Linked }) {
  const changed = useSignal(true);
  const fetched = useSignal(0);
  const rows = useComputed(() =>
    changed.value ? (compared.value?.changed ?? shown.changed) : (compared.value?.stable ?? shown.stable),
  ).value;
  const { source } = shown.of.a!;
  const save = (): void => {
    const lines = Array.from(rows, (row) => [row, shown.overlap.match[row], shown.overlap.overlap[row]]);
    download("overlap.csv", csv(["row", "match", "overlap"], lines), "text/csv");
  };
  void fetched.value;
  return (
    <section class="compare-list">
      <div class="row-of">
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
        <span class="spring" />
        <Button kind="quiet" testid="compare-csv" title="Overlap of every row as CSV" onClick={save}>
          CSV
        </Button>
      </div>
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
          linked.a?.draw();
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

/** Overlap and CKA of every layer that both sources have; between two sources only. */
export function OverLayers() {
  const c = comparison.value;
  const reply = useSignal<(LayerCurves & { key: string }) | null>(null);
  const state = useSignal<string | null>(null);
  if (!c.a || !c.b || c.a.source === c.b.source || offline.value) return null;
  const key = JSON.stringify([c.a.source, c.b.source, c.k, c.match]);
  const ask = async (): Promise<void> => {
    state.value = "comparing all layers …";
    try {
      reply.value = { key, ...layerCurves(await api.compare(c.a!.source, c.b!.source, c.k, c.match)) };
      state.value = null;
    } catch (e) {
      state.value = (e as Error).message;
    }
  };
  const got = reply.value?.key === key ? reply.value : null;
  return (
    <section class="compare-layers" data-testid="compare-layers">
      <h2>Over the layers</h2>
      {got ? (
        <Curves
          x={got.layers}
          series={[
            { label: "overlap", values: got.overlap, se: got.se },
            { label: "CKA", values: got.cka },
            { label: "by chance", values: got.chance, width: 1 },
          ]}
          label="Overlap and CKA of the layers that both have"
          xName={(x) => `layer ${x}`}
          yRange={[0, 1]}
          marker={c.a.layer}
          onPick={(i) => {
            setComparison({ a: { ...c.a!, layer: got.layers[i] }, b: { ...c.b!, layer: got.layers[i] } });
            void compareNow();
          }}
          height={130}
          testid="compare-curves"
        />
      ) : state.value ? (
        <p class="hint">{state.value}</p>
      ) : (
        <Button testid="compare-all-layers" onClick={() => void ask()}>
          Compare all layers
        </Button>
      )}
    </section>
  );
}

interface LayerCurves {
  layers: number[];
  overlap: (number | null)[];
  se: (number | null)[];
  chance: (number | null)[];
  cka: (number | null)[];
}

/** The server's curves: a list of {layer, overlap, se, chance, cka}. */
export function layerCurves(reply: Record<string, unknown>): LayerCurves {
  const list = (Array.isArray(reply["layers"]) ? reply["layers"] : []) as Record<string, unknown>[];
  const number = (v: unknown): number | null => (typeof v === "number" ? v : null);
  return {
    layers: list.map((l) => number(l["layer"]) ?? 0),
    overlap: list.map((l) => number(l["overlap"])),
    se: list.map((l) => number(l["se"])),
    chance: list.map((l) => number(l["chance"])),
    cka: list.map((l) => number(l["cka"])),
  };
}
