/** Axes from words: each goes from the rows of one match to the rows of another. */
import { setProjection } from "../state/actions";
import { labelColumn } from "../state/columns";
import { follow } from "../state/history";
import { type AxisForm, type AxisSide, detail, projection, type Projection, sets } from "../state/store";
import { Choose } from "./ui";

export function AxesForm({ p }: { p: Projection }) {
  const columns = (detail.value?.columns ?? []).filter((c) => c.type !== "number");
  const column = p.axisColumn ?? labelColumn();
  if (p.axisColumn === null && column) queueMicrotask(() =>
      follow("projection.method", () => (projection.value = { ...projection.value, axisColumn: column })),
    );
  const set = (i: number, patch: Partial<AxisForm>): void => {
    const axes = [...p.axes] as Projection["axes"];
    axes[i] = { ...axes[i], ...patch };
    setProjection({ axes }, `axis ${i}`);
  };
  return (
    <div class="axes" data-testid="axes">
      {columns.length > 1 && (
        <Choose
          label="Match in"
          testid="axis-column"
          named
          value={column ?? ""}
          choices={columns.map((c) => ({ value: c.name, label: c.name }))}
          onChange={(v) => setProjection({ axisColumn: v }, "axis column")}
        />
      )}
      {(["x", "y", "z"] as const).slice(0, p.dim).map((name, i) => (
        <fieldset key={name}>
          <legend>{name}</legend>
          <Side name={`${name}-left`} from="from" side={p.axes[i].left} onChange={(left) => set(i, { left })} />
          <Side name={`${name}-right`} from="to" side={p.axes[i].right} onChange={(right) => set(i, { right })} />
        </fieldset>
      ))}
    </div>
  );
}

function Side({ name, from, side, onChange }: { name: string; from: string; side: AxisSide; onChange: (s: AxisSide) => void }) {
  return (
    <div class="axis-side">
      <span class="muted">{from}</span>
      {side.set !== null ? (
        <button type="button" class="chip" title="Type a match instead" onClick={() => onChange({ ...side, set: null })}>
          set {side.set} ×
        </button>
      ) : (
        <input
          type="text"
          data-testid={`axis-${name}`}
          value={side.text}
          placeholder="word"
          spellcheck={false}
          aria-label={`Axis ${name.replace("-", ", ")}`}
          onInput={(e) => onChange({ ...side, text: e.currentTarget.value })}
        />
      )}
      <button
        type="button"
        class="mini"
        aria-pressed={side.regex}
        title="Regular expression"
        data-testid={`axis-${name}-regex`}
        onClick={() => onChange({ ...side, regex: !side.regex })}
      >
        .*
      </button>
      {sets.value.length > 0 && (
        <select
          class="mini"
          aria-label="Use a named set"
          value=""
          onChange={(e) => onChange({ ...side, set: e.currentTarget.value || null })}
        >
          <option value="">set</option>
          {sets.value.map((s) => (
            <option key={s.name} value={s.name}>
              {s.name} ({s.count})
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
