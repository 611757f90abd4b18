/** What the colours mean: categories with counts, which switch on and off, or a scale with its ends. */
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { rowsOfEntry } from "../state/actions";
import type { LegendEntry, Legend as LegendData } from "../state/colouring";
import { count, num, plural } from "../state/format";
import { commit } from "../state/history";
import { missing, rgb } from "../state/palettes";
import { colouring, hiddenCodes, isolated, theme } from "../state/store";
import { SHAPES } from "../plot";
import { ticks } from "../plot/overlay";
import { asList, Button, Section, stop } from "./ui";

export function Legend() {
  const l = colouring.value.legend;
  if (l.kind === "plain") return null;
  return l.kind === "scale" ? <Scale l={l} /> : <Categories l={l} />;
}

/** Click: off and on. Alt or double click: only this one, again: all. Shift: select its rows. */
function toggle(e: LegendEntry, all: LegendEntry[], how: "toggle" | "only"): void {
  commit("legend", () => {
    const next = new Set(hiddenCodes.value);
    if (how === "toggle") for (const c of e.codes) next.has(c) ? next.delete(c) : next.add(c);
    else {
      const alone = all.every((x) => x === e || x.hidden);
      next.clear();
      if (!alone) for (const x of all) if (x !== e) x.codes.forEach((c) => next.add(c));
    }
    hiddenCodes.value = next;
  });
}

/** Rows of each line: of the isolated ones where some are. */
const lineCounts = computed<number[]>(() => {
  const { legend, index } = colouring.value;
  if (legend.kind !== "categories") return [];
  const sub = isolated.value;
  if (!sub || !index) return legend.entries.map((e) => e.count);
  const counts = new Array<number>(legend.entries.length).fill(0);
  for (const r of sub) counts[index[r]]++;
  return counts;
});

function Categories({ l }: { l: Extract<LegendData, { kind: "categories" }> }) {
  const any = l.entries.some((e) => e.hidden);
  return (
    <Section
      title={l.title}
      testid="legend"
      aside={
        any && (
          <Button kind="quiet" testid="legend-all" onClick={() => commit("legend", () => (hiddenCodes.value = new Set()))}>
            Show all
          </Button>
        )
      }
    >
      {l.note && <p class="subtitle">{l.note}</p>}
      <ul class="legend" {...asList}>
        {l.entries.map((e, i) => (
          <li key={e.codes[0]}>
            <button
              type="button"
              tabIndex={stop(i)}
              aria-pressed={!e.hidden}
              aria-label={`${e.name}, ${plural(e.count, "row")}`}
              data-testid={`legend-${e.name}`}
              title="Click: off or on. Alt-click: only this one. Shift-click: select its rows."
              onClick={(ev) => (ev.shiftKey ? rowsOfEntry(e) : toggle(e, l.entries, ev.altKey ? "only" : "toggle"))}
              onDblClick={() => toggle(e, l.entries, "only")}
            >
              <Sign shape={e.shape} colour={e.colour} />
              <span class="name">{e.name}</span>
              <span class="count">{count(lineCounts.value[i] ?? e.count)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const signs: Record<(typeof SHAPES)[number], string> = {
  disc: "M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z",
  square: "M2 2h8v8H2Z",
  triangle: "M6 1.2 11 10.2H1Z",
  diamond: "M6 .8 11.2 6 6 11.2.8 6Z",
  cross: "M2.2 1 6 4.8 9.8 1 11 2.2 7.2 6 11 9.8 9.8 11 6 7.2 2.2 11 1 9.8 4.8 6 1 2.2Z",
  plus: "M4.8 1h2.4v3.8H11v2.4H7.2V11H4.8V7.2H1V4.8h3.8Z",
  "triangle down": "M6 10.8 1 1.8h10Z",
  ring: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 2.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6Z",
};

export function Sign({ shape, colour }: { shape: number; colour: string }) {
  return (
    <svg class="sign" viewBox="0 0 12 12" aria-hidden="true">
      <path d={signs[SHAPES[shape % SHAPES.length]]} fill={colour} />
    </svg>
  );
}

function Scale({ l }: { l: Extract<LegendData, { kind: "scale" }> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const c = canvas.current!;
    c.width = l.colours.length;
    c.height = 1;
    const g = c.getContext("2d")!;
    const image = g.createImageData(l.colours.length, 1);
    l.colours.forEach((hex, i) => image.data.set([...rgb(hex), 255], 4 * i));
    g.putImageData(image, 0, 0);
  }, [l.colours]);
  return (
    <Section title={l.title} testid="legend" aside={l.unit && <span class="muted">{l.unit}</span>}>
      <canvas ref={canvas} class="scale" role="img" aria-label={`Colour scale from ${num(l.min)} to ${num(l.max)}`} />
      <Ticks min={l.min} max={l.max} />
      {l.below > 0 && (
        <p class="subtitle">
          {plural(l.below, "value")} below {num(l.min)}, in the first colour.
        </p>
      )}
      {l.above > 0 && (
        <p class="subtitle">
          {plural(l.above, "value")} above {num(l.max)}, in the last colour.
        </p>
      )}
      {l.missing > 0 && (
        <p class="legend-missing">
          <Sign shape={0} colour={missing[theme.value]} />
          <span class="name">no value</span>
          <span class="count">{count(l.missing)}</span>
        </p>
      )}
      {l.note && <p class="subtitle">{l.note}</p>}
    </Section>
  );
}

/** So many letters of numbers stand under a scale without touching. */
const scaleLetters = 32;

/** Round numbers of a scale; fewer when they are long; of a scale without extent the one it has. */
function ticksOf(min: number, max: number): { value: number; text: string }[] {
  if (!(max > min)) return [{ value: min, text: num(min) }];
  const by = (parts: number): { value: number; text: string }[] => {
    const { values, text } = ticks(min, max, (max - min) / parts);
    return values.map((value) => ({ value, text: text(value) }));
  };
  const many = by(5);
  return many.map((t) => t.text).join("  ").length <= scaleLetters ? many : by(2);
}

function Ticks({ min, max }: { min: number; max: number }) {
  const share = (v: number): number => (max > min ? (v - min) / (max - min) : 0);
  return (
    <div class="scale-ticks" data-testid="scale-ends">
      {ticksOf(min, max).map(({ value, text }) => (
        // A number at an end is shifted inwards, so that it stays on the panel.
        <span key={value} style={{ left: `${100 * share(value)}%` }}>
          <i />
          <b style={{ transform: `translateX(${share(value) < 0.1 ? 0 : share(value) > 0.9 ? -100 : -50}%)` }}>{text}</b>
        </span>
      ))}
    </div>
  );
}
