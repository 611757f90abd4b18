/** Typed text: it goes through the model that the server was given, and its tokens are looked up among the
 *  rows of the layer in view. */
import { effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { EmbedPoint, EmbedReply } from "../api/types";
import { finished, shownLayer } from "./layouts";
import { currentSource, layer, layoutId, nearest, offline, typedText } from "./store";

export const typed = signal<{ reply: EmbedReply | null; busy: boolean; error: string | null }>({
  reply: null,
  busy: false,
  error: null,
});

/** Tokens of the placed text with the rows that are nearest at the layer asked for. */
export function typedPoints(reply: EmbedReply): ({ token: string } & EmbedPoint)[] {
  const points = reply.layers[0]?.points ?? [];
  return reply.tokens.flatMap((t) => {
    const p = t.point === null || t.point === undefined ? undefined : points[t.point];
    return p && p.nearest.length ? [{ token: t.token, ...p }] : [];
  });
}

/** Asks again when the text, the layer or the space of the neighbours changes. */
export function followTyped(): void {
  let asked = 0;
  effect(() => {
    const text = typedText.value;
    const source = currentSource.value;
    const of = layer.value;
    const { metric, space } = nearest.value;
    const layout = finished.value && shownLayer.value === of ? layoutId.value : null;
    const mine = ++asked;
    if (!text || source === null || offline.value) {
      typed.value = { reply: null, busy: false, error: null };
      return;
    }
    typed.value = { ...typed.peek(), busy: true };
    const question = { source, text, layer: of, metric, space, k: 5 };
    const answer = layout === null ? api.embed(question) : api.embed({ ...question, layout }).catch(() => api.embed(question));
    answer.then(
      (reply) => {
        if (mine === asked) typed.value = { reply, busy: false, error: null };
      },
      (e: Error) => {
        if (mine === asked) typed.value = { ...typed.peek(), busy: false, error: e.message };
      },
    );
  });
}
