/** The selected rows, the named sets, and tags. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api/client";
import type { NamedSet, TokenCard } from "../api/types";
import { combineSets, deleteSet, isolate, pin, restoreAll, saveSet, select, tag } from "../state/actions";
import { cardsEdition } from "../state/cards";
import { tokenOf } from "../state/columns";
import { count, plural } from "../state/format";
import { commit } from "../state/history";
import { noRows } from "../state/rows";
import { categorical } from "../state/palettes";
import {
  colourBy,
  colouredSets,
  colouring,
  currentSource,
  detail,
  hover,
  hoverAt,
  isolated,
  mapPlot,
  offline,
  search,
  selection,
  sets,
  theme,
} from "../state/store";
import { Snippet } from "./Context";
import { Sign } from "./Legend";
import { asList, Button, Choose, Empty, Section, stop } from "./ui";

/** So many rows are listed with their sentences. */
const listed = 100;

export function SelectionPanel() {
  const rows = selection.value;
  return (
    <>
      {rows.length === 0 ? (
        <Empty title="Nothing selected">
          <p>Draw a lasso (l) or a rectangle (r), search (/), or Shift-click points. Shift adds, Alt removes.</p>
          {isolated.value && (
            <Button testid="restore-all-2" onClick={restoreAll}>
              Show all rows
            </Button>
          )}
        </Empty>
      ) : (
        <section class="section" data-testid="selection">
          <h2>
            <span data-testid="selection-count">{plural(rows.length, "row")} selected</span>
          </h2>
          <div class="row-of">
            <Button
              testid="isolate"
              title="Show only these rows; the next layout is of them alone"
              onClick={() => isolate(rows)}
            >
              Isolate
            </Button>
            <Button testid="fit-selection" onClick={() => mapPlot.peek()?.camera.fit(rows)}>
              Zoom to
            </Button>
            <Button testid="invert" onClick={invert}>
              Invert
            </Button>
            <Button testid="clear-selection" onClick={() => select(noRows, "replace", "clear selection")}>
              Clear
            </Button>
          </div>
          <Composition rows={rows} />
          {!offline.value && <SaveAsSet rows={rows} />}
          {!offline.value && <Tag rows={rows} />}
        </section>
      )}
      {!offline.value && <Sets />}
      {rows.length > 0 && <Rows rows={rows} />}
    </>
  );
}

function invert(): void {
  const n = detail.peek()?.rows ?? 0;
  const within = isolated.peek();
  const chosen = new Uint8Array(n);
  for (const r of selection.peek()) chosen[r] = 1;
  const out = (within ?? Uint32Array.from({ length: n }, (_, i) => i)).filter((r) => !chosen[r]);
  select(out, "replace", "invert selection");
}

/** How the selection divides among the categories on the map. */
function Composition({ rows }: { rows: Uint32Array }) {
  const { legend, index } = colouring.value;
  if (legend.kind !== "categories" || !index) return null;
  const counts = new Uint32Array(legend.entries.length);
  for (const r of rows) counts[index[r]]++;
  const top = Array.from(counts.keys())
    .filter((i) => counts[i])
    .sort((a, b) => counts[b] - counts[a])
    .slice(0, 6);
  return (
    <ul class="composition" data-testid="composition">
      {top.map((i) => (
        <li key={i}>
          <Sign shape={legend.entries[i].shape} colour={legend.entries[i].colour} />
          <span class="name" title={legend.entries[i].name}>
            {legend.entries[i].name}
          </span>
          <span class="bar" aria-hidden="true">
            <i style={{ width: `${(100 * counts[i]) / rows.length}%`, background: legend.entries[i].colour }} />
          </span>
          <span class="count">{((100 * counts[i]) / rows.length).toFixed(counts[i] === rows.length ? 0 : 1)} %</span>
        </li>
      ))}
    </ul>
  );
}

/* ---- named sets ------------------------------------------------------------------------------- */

const setName = signal("");

function SaveAsSet({ rows }: { rows: Uint32Array }) {
  const typed = setName.value;
  // What was searched for is the name unless another is typed.
  const name = typed.trim() || search.value.text.trim();
  const save = async (): Promise<void> => {
    if (name && (await saveSet(name, rows))) setName.value = "";
  };
  return (
    <form
      class="row-of"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <input
        type="text"
        class="grow"
        data-testid="set-name"
        placeholder={search.value.text || "name"}
        aria-label="Name of the set"
        value={typed}
        onInput={(e) => (setName.value = e.currentTarget.value)}
      />
      <button type="submit" class="button" data-testid="set-save" disabled={!name}>
        Save as set
      </button>
    </form>
  );
}

const combineForm = signal<{ op: "and" | "or" | "not"; a: string; b: string }>({ op: "and", a: "", b: "" });

function Sets() {
  const all = sets.value;
  if (!all.length) return null;
  const drawn = colouredSets.value;
  const colour = (name: string, on: boolean): void =>
    commit("colour sets", () => {
      colouredSets.value = on ? [...drawn, name] : drawn.filter((n) => n !== name);
      if (on) colourBy.value = { kind: "sets" };
      else if (drawn.length === 1 && colourBy.value.kind === "sets") colourBy.value = { kind: "none" };
    });
  return (
    <Section title="Named sets" testid="sets">
      <ul class="sets">
        {all.map((s) => (
          <li key={s.name}>
            <input
              type="checkbox"
              checked={drawn.includes(s.name)}
              aria-label={`Colour ${s.name}`}
              title="Colour on the map"
              data-testid={`set-colour-${s.name}`}
              style={{
                accentColor: drawn.includes(s.name) ? categorical[theme.value][drawn.indexOf(s.name) % categorical[theme.value].length] : undefined,
              }}
              onChange={(e) => colour(s.name, e.currentTarget.checked)}
            />
            <button
              type="button"
              class="set-name"
              data-testid={`set-${s.name}`}
              title="Select its rows (Shift adds, Alt removes)"
              onClick={(e) => selectSet(s, e)}
            >
              {s.name}
            </button>
            <span class="count">{count(s.count)}</span>
            <Button
              icon="trash"
              kind="quiet"
              testid={`set-delete-${s.name}`}
              title={`Delete ${s.name}`}
              onClick={() => void deleteSet(s.name)}
            />
          </li>
        ))}
      </ul>
      {all.length > 1 && <Combine all={all} />}
    </Section>
  );
}

function selectSet(s: NamedSet, e: MouseEvent): void {
  select(s.rows, e.shiftKey ? "add" : e.altKey ? "remove" : "replace", `select ${s.name}`);
}

function Combine({ all }: { all: NamedSet[] }) {
  const f = combineForm.value;
  const names = all.map((s) => ({ value: s.name, label: s.name }));
  const known = (n: string, i: number): string => (all.some((s) => s.name === n) ? n : all[Math.min(i, all.length - 1)].name);
  const [a, b] = [known(f.a, 0), known(f.b, 1)];
  const name = f.op === "not" ? `not ${a}` : `${a} ${f.op} ${b}`;
  return (
    <div class="row-of combine" data-testid="combine">
      {f.op !== "not" && (
        <Choose
          label="First set"
          testid="combine-a"
          value={a}
          choices={names}
          onChange={(v) => (combineForm.value = { ...f, a: v })}
        />
      )}
      <Choose
        label="How"
        testid="combine-op"
        value={f.op}
        choices={["and", "or", "not"].map((o) => ({ value: o, label: o }))}
        onChange={(v) => (combineForm.value = { ...f, op: v as typeof f.op })}
      />
      {f.op === "not" ? (
        <Choose
          label="Set"
          testid="combine-a"
          value={a}
          choices={names}
          onChange={(v) => (combineForm.value = { ...f, a: v })}
        />
      ) : (
        <Choose
          label="Second set"
          testid="combine-b"
          value={b}
          choices={names}
          onChange={(v) => (combineForm.value = { ...f, b: v })}
        />
      )}
      <Button testid="combine-run" title={`Make the set “${name}”`} onClick={() => void combineSets(f.op, a, b, name)}>
        Make
      </Button>
    </div>
  );
}

/* ---- tags ------------------------------------------------------------------------------------- */

const tagForm = signal({ column: "tag", value: "" });

function Tag({ rows }: { rows: Uint32Array }) {
  const f = tagForm.value;
  return (
    <form
      class="row-of"
      data-testid="tag"
      onSubmit={(e) => {
        e.preventDefault();
        if (f.column.trim()) void tag(f.column.trim(), rows, f.value === "" ? null : f.value);
      }}
    >
      <input
        type="text"
        class="third"
        value={f.column}
        aria-label="Column of the tag"
        data-testid="tag-column"
        onInput={(e) => (tagForm.value = { ...f, column: e.currentTarget.value })}
      />
      <span class="muted">=</span>
      <input
        type="text"
        class="grow"
        value={f.value}
        placeholder="value"
        aria-label="Value of the tag"
        data-testid="tag-value"
        onInput={(e) => (tagForm.value = { ...f, value: e.currentTarget.value })}
      />
      <button
        type="submit"
        class="button"
        data-testid="tag-save"
        disabled={!f.column.trim()}
        title="Write this value for every selected row; an empty value removes it"
      >
        Tag
      </button>
    </form>
  );
}

/* ---- list of rows ----------------------------------------------------------------------------- */

const cards = signal<{ rows: Uint32Array; list: TokenCard[] } | null>(null);

function Rows({ rows }: { rows: Uint32Array }) {
  const s = currentSource.value;
  const edition = cardsEdition.value;
  useEffect(() => {
    if (s === null || offline.peek()) return;
    let alive = true;
    const timer = setTimeout(() => {
      api.cards(s, Array.from(rows.subarray(0, listed))).then(
        (list) => {
          if (alive) cards.value = { rows, list };
        },
        () => undefined, // the tokens alone stay listed
      );
    }, 120);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [rows, s, edition]);
  const got = cards.value?.rows === rows ? new Map(cards.value.list.map((c) => [c.row, c])) : null;
  const first = Array.from(rows.subarray(0, listed));
  return (
    <Section title={rows.length > listed ? `First ${listed} of ${count(rows.length)}` : "Rows"}>
      <ol class="neighbours" data-testid="selected-rows" {...asList}>
        {first.map((r, i) => (
          <li key={r}>
            <button
              type="button"
              class="line"
              tabIndex={stop(i)}
              data-row={r}
              onClick={() => pin(r)}
              onPointerEnter={() => {
                hoverAt.value = null;
                hover.value = r;
              }}
              onPointerLeave={() => {
                hover.value = -1;
              }}
              onFocus={() => {
                hoverAt.value = null;
                hover.value = r;
              }}
            >
              <span class="token">{tokenOf(r, got?.get(r)?.token)}</span>
              <span class="spring" />
              <span class="distance">{count(r)}</span>
              <Snippet of={got?.get(r)?.context ?? null} />
            </button>
          </li>
        ))}
      </ol>
    </Section>
  );
}
