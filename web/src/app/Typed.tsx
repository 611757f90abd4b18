/** A sentence typed by the user: its tokens with their nearest rows, and where they lie on the map. */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { pin, placeText } from "../state/actions";
import type { EmbedPoint } from "../api/types";
import type { Plot } from "../plot";
import { placeLabels } from "../plot/labels";
import { drawn } from "../state/handle";
import { tokenOf } from "../state/columns";
import { visible } from "../state/format";
import { layer, layers, mapPlot, typedText } from "../state/store";
import { typed, typedPoints } from "../state/typed";
import { Button, Problem } from "./ui";

const draft = signal("");
// The field follows undo, redo and restored views.
effect(() => {
  draft.value = typedText.value;
});

export function TypedPanel() {
  const { reply, busy, error } = typed.value;
  const place = (): void => placeText(draft.value.trim());
  return (
    <section class="section" data-testid="typed" aria-busy={busy}>
      <h2>
        <span>Typed text</span>
        {typedText.value && (
          <Button kind="quiet" testid="typed-clear" onClick={() => placeText("")}>
            Clear
          </Button>
        )}
      </h2>
      <form
        class="row-of"
        onSubmit={(e) => {
          e.preventDefault();
          place();
        }}
      >
        <input
          type="text"
          class="grow"
          data-testid="typed-text"
          value={draft.value}
          placeholder="a sentence"
          aria-label="Text to place on the map"
          onInput={(e) => (draft.value = e.currentTarget.value)}
        />
        <button type="submit" class="button" data-testid="typed-place" disabled={!draft.value.trim() || busy}>
          Place
        </button>
      </form>
      <Problem text={error} testid="typed-error" />
      {busy && <div class="meter indeterminate" />}
      {reply && (
        <>
          <p class="subtitle">
            Through {reply.model}
            {layers.value.length > 1 && `, layer ${layer.value}`}.{" "}
            {reply.placed === "exact"
              ? "Places on the map are exact."
              : "On the map each token lies at the mean of its nearest rows."}
            {reply.cut > 0 && ` ${reply.cut} tokens were more than the model takes.`}
          </p>
          <ol class="typed" data-testid="typed-tokens">
            {typedPoints(reply).map((t, i) => (
              <li key={i}>
                <strong class="token">{visible(t.token)}</strong>
                <span>
                  {t.nearest.map((n) => (
                    <button
                      key={n.row}
                      type="button"
                      class="set-name"
                      title={`Row ${n.row}: pin it`}
                      onClick={() => pin(n.row)}
                    >
                      {tokenOf(n.row, n.token)}
                    </button>
                  ))}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

/** Pixel of a point: its own place on a flat map that is at rest, seen from a row's; else the mean of the pixels of its
 *  nearest rows. */
function placeOf(plot: Plot, p: EmbedPoint): [number, number] {
  const [row] = p.nearest;
  if (p.position?.length === 2 && drawn.dim === 2 && !drawn.b) {
    const [x, y] = plot.project(row.row);
    const [sx, sy] = plot.scalePerUnit();
    return [x + (p.position[0] - drawn.a[2 * row.row]) * sx, y - (p.position[1] - drawn.a[2 * row.row + 1]) * sy];
  }
  const at = p.nearest.map((n) => plot.project(n.row));
  const mean = (k: 0 | 1): number => at.reduce((s, xy) => s + xy[k], 0) / at.length;
  return [mean(0), mean(1)];
}

/** The tokens over the plot: they follow the camera picture by picture. A name without a free place is left out. */
export function TypedMarks() {
  const host = useRef<HTMLDivElement>(null);
  const { reply } = typed.value;
  const points = reply ? typedPoints(reply) : [];
  useEffect(() => {
    if (!points.length) return;
    const marks = [...host.current!.children] as HTMLElement[];
    const names = marks.map((m) => m.firstElementChild as HTMLElement);
    const sizes = names.map((n) => ({ width: n.offsetWidth, height: n.offsetHeight }));
    let request = 0;
    let before = "";
    const place = (): void => {
      request = requestAnimationFrame(place);
      const plot = mapPlot.peek();
      if (!plot) return;
      const at = points.map((p) => placeOf(plot, p).map(Math.round));
      const { clientWidth: width, clientHeight: height } = host.current!;
      const now = `${at.join()} ${width} ${height}`;
      if (now === before) return;
      before = now;
      const anchors = at.map(([x, y], i) => ({ x, y, r: 5, strong: false, ...sizes[i] }));
      const free = new Map(placeLabels(anchors, { x0: 0, y0: 0, x1: width, y1: height }).map((p) => [p.index, p]));
      at.forEach(([x, y], i) => {
        const name = free.get(i);
        marks[i].style.transform = `translate(${x}px, ${y}px)`;
        names[i].style.visibility = name ? "visible" : "hidden";
        if (name) names[i].style.transform = `translate(${name.x - x}px, calc(${name.y - y}px - 50%))`;
      });
    };
    place();
    return () => cancelAnimationFrame(request);
  }, [reply]);
  return (
    <div class="typed-marks" ref={host} aria-hidden="true">
      {points.map((p, i) => (
        <span key={i}>
          <b>{visible(p.token)}</b>
        </span>
      ))}
    </div>
  );
}
