/** Controls that the whole page uses: one look, one way to reach them by keyboard, one set of names. */
import type { ComponentChildren } from "preact";

/** Line icons on a 16 x 16 grid. */
const icons = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H7",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H9",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2Z",
  help: "M5.8 6a2.2 2.2 0 1 1 3.3 2c-.7.4-1.1.8-1.1 1.6M8 12v.2M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z",
  export: "M8 10V2M5 4.8 8 2l3 2.8M2.5 9.5V14h11V9.5",
  hand: "M2.5 8h11M8 2.5v11M5.8 4.6 8 2.4l2.2 2.2M5.8 11.4 8 13.6l2.2-2.2M4.6 5.8 2.4 8l2.2 2.2M11.4 5.8 13.6 8l-2.2 2.2",
  lasso:
    "M8 2.5c3.4 0 6 1.8 6 4.2s-2.6 4.2-6 4.2-6-1.8-6-4.2S4.6 2.5 8 2.5ZM5 10.4c-1.2.4-1.6 1.4-1 2.2.6.7 1.7.5 1.7-.6 0-.7-.4-1.2-.7-1.6Z",
  rectangle: "M2.5 4h11v8.5h-11Z",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  camera: "M2 5h3l1.2-1.8h3.6L11 5h3v8H2ZM8 6.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4Z",
  play: "M5 3v10l8-5Z",
  pause: "M5.5 3v10M10.5 3v10",
  stop: "M4 4h8v8H4Z",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6l4 4 4-4",
  check: "M3 8.5 6.5 12 13 4.5",
  label: "M2.5 4.5V2.5h11v2M8 2.5v11M5.5 13.5h5",
  path: "M2.5 12.5 6 6l4 4 3.5-7",
  target: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM8 1v3M8 12v3M1 8h3M12 8h3",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 9h5.8l.6-9",
  plus: "M8 3v10M3 8h10",
  warn: "M8 2 1.5 13.5h13ZM8 6.5v3.5M8 11.8v.2",
} as const;
export type IconName = keyof typeof icons;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={icons[name]} />
    </svg>
  );
}

export function Button(p: {
  onClick: () => void;
  testid: string;
  children?: ComponentChildren;
  icon?: IconName;
  /** Name for those who do not see the icon; also the tool tip. */
  title?: string;
  kind?: "plain" | "primary" | "quiet";
  pressed?: boolean;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      class={`button kind-${p.kind ?? "plain"}${p.children ? "" : " square"}`}
      data-testid={p.testid}
      title={p.title}
      aria-label={p.title}
      aria-pressed={p.pressed}
      disabled={p.disabled}
      onClick={p.onClick}
    >
      {p.icon && <Icon name={p.icon} />}
      {p.children}
    </button>
  );
}

/** One of a few: a row of buttons, arrow keys move inside it. */
export function Segmented<V extends string | number>(p: {
  label: string;
  testid: string;
  options: readonly { value: V; label?: string; icon?: IconName; title?: string; disabled?: boolean }[];
  value: V;
  onChange: (v: V) => void;
}) {
  const move = (e: KeyboardEvent): void => {
    const by = e.key === "ArrowRight" || e.key === "ArrowDown" ? 1 : e.key === "ArrowLeft" || e.key === "ArrowUp" ? -1 : 0;
    if (!by) return;
    e.preventDefault();
    const free = p.options.filter((o) => !o.disabled);
    const at = free.findIndex((o) => o.value === p.value);
    const next = free[(at + by + free.length) % free.length];
    p.onChange(next.value);
    const group = e.currentTarget as HTMLElement;
    requestAnimationFrame(() => group.querySelector<HTMLElement>("[aria-checked=true]")?.focus());
  };
  return (
    <div class="segmented" role="radiogroup" aria-label={p.label} data-testid={p.testid} onKeyDown={move}>
      {p.options.map((o) => (
        <button
          key={o.value}
          type="button"
          role="radio"
          aria-checked={o.value === p.value}
          tabIndex={o.value === p.value ? 0 : -1}
          title={o.title}
          aria-label={o.label ? undefined : o.title}
          disabled={o.disabled}
          data-testid={`${p.testid}-${o.value}`}
          onClick={() => p.onChange(o.value)}
        >
          {o.icon && <Icon name={o.icon} />}
          {o.label}
        </button>
      ))}
    </div>
  );
}

export function Field(p: { label: string; children: ComponentChildren; value?: string; title?: string }) {
  return (
    <label class="field" title={p.title}>
      <span class="field-label">
        {p.label}
        {p.value !== undefined && <output>{p.value}</output>}
      </span>
      {p.children}
    </label>
  );
}

/** A slider with its value beside its name. `log`: equal steps are equal factors. */
export function Range(p: {
  label: string;
  testid: string;
  min: number;
  max: number;
  step?: number;
  value: number;
  onInput: (v: number) => void;
  show?: (v: number) => string;
  log?: boolean;
  title?: string;
}) {
  const to = p.log ? Math.log : (v: number) => v;
  const from = (x: number): number => {
    const v = p.log ? Math.exp(x) : x;
    const step = p.step ?? 1;
    return Math.min(p.max, Math.max(p.min, Number((Math.round(v / step) * step).toPrecision(12))));
  };
  return (
    <Field label={p.label} value={(p.show ?? String)(p.value)} title={p.title}>
      <input
        type="range"
        data-testid={p.testid}
        min={to(p.min)}
        max={to(p.max)}
        step={p.log ? "any" : (p.step ?? 1)}
        value={to(p.value)}
        aria-label={p.label}
        aria-valuetext={(p.show ?? String)(p.value)}
        onInput={(e) => p.onInput(from(Number(e.currentTarget.value)))}
      />
    </Field>
  );
}

export function NumberField(p: {
  label: string;
  testid: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  onChange: (v: number) => void;
  title?: string;
}) {
  return (
    <label class="field inline" title={p.title}>
      <span class="field-label">{p.label}</span>
      <input
        type="number"
        data-testid={p.testid}
        value={p.value}
        min={p.min}
        max={p.max}
        step={p.step ?? 1}
        onChange={(e) => {
          const v = e.currentTarget.valueAsNumber;
          if (Number.isFinite(v)) p.onChange(Math.min(p.max, Math.max(p.min, v)));
          e.currentTarget.value = String(Number.isFinite(v) ? Math.min(p.max, Math.max(p.min, v)) : p.value);
        }}
      />
    </label>
  );
}

export interface Choice {
  value: string;
  label: string;
  disabled?: boolean;
}

/** A list to choose from; groups become headings. */
export function Choose(p: {
  label: string;
  testid: string;
  value: string;
  choices: (Choice | { group: string; choices: Choice[] })[];
  onChange: (v: string) => void;
  /** The name stands before the list instead of being only its accessible name. */
  named?: boolean;
}) {
  const option = (c: Choice) => (
    <option key={c.value} value={c.value} disabled={c.disabled}>
      {c.label}
    </option>
  );
  const list = (
    <span class="select">
      <select data-testid={p.testid} aria-label={p.label} value={p.value} onChange={(e) => p.onChange(e.currentTarget.value)}>
        {p.choices.map((c) =>
          "group" in c
            ? c.choices.length > 0 && (
                <optgroup key={c.group} label={c.group}>
                  {c.choices.map(option)}
                </optgroup>
              )
            : option(c),
        )}
      </select>
      <Icon name="down" />
    </span>
  );
  if (!p.named) return list;
  return (
    <label class="field inline">
      <span class="field-label">{p.label}</span>
      {list}
    </label>
  );
}

export function Switch(p: {
  label: string;
  testid: string;
  on: boolean;
  onChange: (on: boolean) => void;
  title?: string;
  disabled?: boolean;
}) {
  return (
    <label class="switch" title={p.title}>
      <input
        type="checkbox"
        role="switch"
        data-testid={p.testid}
        checked={p.on}
        disabled={p.disabled}
        onChange={(e) => p.onChange(e.currentTarget.checked)}
      />
      <span>{p.label}</span>
    </label>
  );
}

/** A list of buttons that is one tab stop: arrows, Page Up/Down, Home and End move the focus. Its buttons take
 *  `tabIndex={stop(i)}`; the one that had the focus last is where Tab comes back to. */
export const asList = {
  onKeyDown(e: KeyboardEvent): void {
    const all = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[tabindex]")];
    const at = all.indexOf(e.target as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined || at < 0) return;
    e.preventDefault();
    e.stopPropagation();
    all[Math.min(all.length - 1, Math.max(0, to))].focus();
  },
  onFocusIn(e: FocusEvent): void {
    const now = e.target as HTMLElement;
    if (!now.hasAttribute("tabindex")) return;
    for (const other of (e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[tabindex="0"]')) other.tabIndex = -1;
    now.tabIndex = 0;
  },
};
export const stop = (i: number): number => (i === 0 ? 0 : -1);

export function Section(p: { title: string; aside?: ComponentChildren; children: ComponentChildren; testid?: string }) {
  return (
    <section class="section" data-testid={p.testid}>
      <h2>
        <span>{p.title}</span>
        {p.aside}
      </h2>
      {p.children}
    </section>
  );
}

/** What a place says while it has nothing to show. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="blank">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** A sentence about what went wrong, where it went wrong. */
export function Problem({ text, testid }: { text: string | null; testid: string }) {
  return text ? (
    <p class="problem" role="alert" data-testid={testid}>
      <Icon name="warn" />
      <span>{text}</span>
    </p>
  ) : null;
}
