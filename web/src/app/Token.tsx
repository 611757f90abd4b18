/** The card of the pinned token. */
import type { ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { NeighborReply, TokenCard } from "../api/types";
import { api } from "../api/client";
import { pin, select, setOperand } from "../state/actions";
import { cardNow, cardOf, cardsEdition, otherColumns, placeInText } from "../state/cards";
import { measureTitle, tokenOf, tokens } from "../state/columns";
import { cell, clip, count, num } from "../state/format";
import { currentSource, detail, layer, layers, mapPlot, nearest, offline, pinned, showTrails } from "../state/store";
import { commit } from "../state/history";
import { Context } from "./Context";
import { Neighbours } from "./Neighbours";
import { Sprite } from "./Sprite";
import { Button, Empty, Section } from "./ui";

/** Card of the pinned row: kept while the next one comes, so that nothing jumps. */
const card = signal<TokenCard | null>(null);
const cardError = signal<string | null>(null);

function useCard(row: number): void {
  const s = currentSource.value;
  const of = layer.value;
  const edition = cardsEdition.value;
  useEffect(() => {
    if (row < 0 || s === null) return void (card.value = null);
    let alive = true;
    cardOf(s, row, of).then(
      (c) => {
        if (!alive) return;
        card.value = c;
        cardError.value = null;
      },
      (e: Error) => alive && (cardError.value = e.message),
    );
    return () => void (alive = false);
  }, [row, s, of, edition]);
}

function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function TokenPanel() {
  const row = pinned.value;
  useCard(row);
  if (row < 0)
    return (
      <Empty title={tokens.value ? "No token pinned" : "No row pinned"}>
        <p>
          Point at the map to see {detail.value?.text ? "a token in its sentence" : "what a point is"}. Click to keep it here,
          with its nearest neighbours in the original space.
        </p>
      </Empty>
    );
  const c = card.value?.row === row ? card.value : cardNow(currentSource.value, row, layer.value);
  const name = tokenOf(row, c?.token);
  return (
    <>
      <div class="token-card" data-testid="token-card">
        <div class="token-line">
          <Sprite row={row} size={40} />
          <strong class="token">{name}</strong>
          {tokens.value && <span class="muted">row {count(row)}</span>}
          <span class="spring" />
          <Button
            icon="target"
            kind="quiet"
            testid="centre-token"
            title="Centre the map on this token"
            onClick={() => mapPlot.peek()?.camera.fit(Uint32Array.of(row))}
          />
          <Button icon="close" kind="quiet" testid="unpin" title="Let go (Esc)" onClick={() => pin(-1)} />
        </div>
        {cardError.value && <p class="problem">{cardError.value}</p>}
        {detail.value?.text && <div class="context-room"><Context of={c?.context} /></div>}
        <div class="row-of">
          {([0, 1, 2] as const).map((i) => (
            <Button
              key={i}
              testid={`use-${"abc"[i]}`}
              title={`Use as ${"ABC"[i]} in A − B + C`}
              onClick={() => setOperand(i, { row })}
            >
              {"ABC"[i]}
            </Button>
          ))}
          {layers.value.length > 1 && (
            <Button
              testid="trace"
              pressed={showTrails.value}
              title="Its way through the layers, as a line on the map"
              onClick={() => commit("trails", () => (showTrails.value = !showTrails.value))}
            >
              Trace
            </Button>
          )}
          {tokens.value && (
            <Button testid="select-same" onClick={() => selectSame(row)} title="Select every row with this token">
              All “{clip(name, 18)}”
            </Button>
          )}
        </div>
      </div>
      <Neighbours />
      <OtherLayers row={row} />
      <Section title={tokens.value ? "About this token" : "About this row"} testid="token-facts">
        <Facts>
          {(c ? placeInText(c) : []).map(([n, v]) => (
            <Fact key={n} name={n}>
              {count(v)}
            </Fact>
          ))}
          {c?.token_id !== null && c?.token_id !== undefined && <Fact name="token id">{count(c.token_id)}</Fact>}
          {(c ? otherColumns(c) : []).map(([n, v]) => (
            <Fact key={n} name={n}>
              {v === null || v === "" ? <span class="muted">missing</span> : typeof v === "number" ? cell(v) : v}
            </Fact>
          ))}
          {Object.entries(c?.measures ?? {}).map(([n, v]) => (
            <Fact key={n} name={measureTitle(n)}>
              {num(v, 4)}
            </Fact>
          ))}
        </Facts>
      </Section>
    </>
  );
}

/** Every row whose token is the same. */
function selectSame(row: number): void {
  const t = tokens.peek();
  if (!t) return;
  const code = t.codes[row];
  const rows: number[] = [];
  for (let i = 0; i < t.codes.length; i++) if (t.codes[i] === code) rows.push(i);
  select(Uint32Array.from(rows), "replace", "select token");
}

/* ---- the same row at other layers ------------------------------------------------------------- */

const others = signal<{ row: number; key: string; replies: Map<number, NeighborReply> } | null>(null);

/** First neighbours at each layer, asked for when the list is opened. */
async function askOthers(row: number): Promise<void> {
  const d = detail.peek();
  if (!d) return;
  const { metric, space } = nearest.peek();
  const key = JSON.stringify([d.id, metric, space]);
  if (others.peek()?.row === row && others.peek()?.key === key) return;
  others.value = { row, key, replies: new Map() };
  for (const l of d.layers) {
    const reply = await api.neighbors({ source: d.id, layer: l.layer, metric, space, k: 5, query: { row } }).catch(() => null);
    const now = others.peek();
    if (!reply || now?.row !== row || now.key !== key) return;
    others.value = { row, key, replies: new Map(now.replies).set(l.layer, reply) };
  }
}

function OtherLayers({ row }: { row: number }) {
  if (layers.value.length < 2 || offline.value) return null;
  const o = others.value?.row === row ? others.value : null;
  return (
    <Section
      title="Through the layers"
      aside={
        !o && (
          <Button testid="other-layers" kind="quiet" onClick={() => void askOthers(row)}>
            Show
          </Button>
        )
      }
    >
      {o && (
        <ol class="layer-neighbours" data-testid="layer-neighbours">
          {layers.value.map((l) => (
            <li key={l.layer} aria-current={l.layer === layer.value}>
              <span class="muted">{l.layer}</span>
              <span>
                {o.replies
                  .get(l.layer)
                  ?.rows.map((n) => tokenOf(n.row, n.token))
                  .join("  ·  ") ?? "…"}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
