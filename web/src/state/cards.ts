/** Token cards that were fetched, and the card of the row under the pointer. */
import { effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { TokenCard } from "../api/types";
import { currentSource, detail, hover, layer, options } from "./store";

const keep = 4000;
const cache = new Map<string, TokenCard>();
const key = (s: number, row: number, of: number): string => `${s} ${of} ${row}`;

function put(k: string, c: TokenCard): void {
  cache.set(k, c);
  if (cache.size > keep) cache.delete(cache.keys().next().value!);
}

/** The card of a row at a layer, from memory if it was there before. */
export async function cardOf(source: number, row: number, of: number): Promise<TokenCard> {
  const k = key(source, row, of);
  const old = cache.get(k);
  if (old) return old;
  const c = await api.card(source, row, of);
  put(k, c);
  return c;
}

/** The card if it was there before. */
export function cardNow(source: number | null, row: number, of: number): TokenCard | null {
  return (source !== null && cache.get(key(source, row, of))) || null;
}

/** Where a row stands in its text. In a table each row is a sentence of its own, which says nothing. */
export function placeInText(c: TokenCard): [string, number][] {
  if (!detail.value?.text && c.sequence === c.row) return [];
  const known = [["position", c.position], ["sentence", c.sequence]] as const;
  return known.flatMap(([name, v]) => (v === null || v === undefined ? [] : [[name, v] as [string, number]]));
}

/** A card's columns without those that the card shows by themselves. */
export function otherColumns(c: TokenCard): [string, string | number | null][] {
  const shown = ["token", "token_id", "position", "sequence"];
  const own = (n: string): boolean => n === "__index__" || (shown.includes(n) && c[n as keyof TokenCard] !== undefined);
  return Object.entries(c.columns ?? {}).filter(([n]) => !own(n));
}

/** Counts how often the cards were forgotten: a card on screen is then asked for again. */
export const cardsEdition = signal(0);

/** Forgets all cards after a column was changed. */
export function forgetCards(): void {
  cache.clear();
  cardsEdition.value++;
}

/** The card shown beside the pointer; its row runs ahead of `hover` never, behind it shortly. */
export const hoverCard = signal<TokenCard | null>(null);

/** Follows the pointer: a card is asked for when it has rested a moment on a row. */
export function followHover(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const row = hover.value;
    const s = currentSource.value;
    const of = layer.value;
    clearTimeout(timer);
    if (row < 0 || s === null) {
      hoverCard.value = null;
      return;
    }
    const old = cache.get(key(s, row, of));
    if (old) {
      hoverCard.value = old;
      return;
    }
    hoverCard.value = null;
    timer = setTimeout(
      () => {
        cardOf(s, row, of).then(
          (c) => {
            if (hover.peek() === row) hoverCard.value = c;
          },
          () => undefined, // the token alone stays; the next question will say what is wrong
        );
      },
      options.animate ? 50 : 0,
    );
  });
}
