/** Token cards of any source for lists and maps of a comparison: fetched when in sight, kept while they are few. */
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { TokenCard } from "../api/types";

export const cards = new Map<string, TokenCard>();

export function useCard(source: number, row: number): TokenCard | null {
  const [card, setCard] = useState<TokenCard | null>(null);
  useEffect(() => {
    const key = `${source} ${row}`;
    setCard(cards.get(key) ?? null);
    if (cards.has(key)) return;
    let current = true;
    const timer = setTimeout(() => void fetchCards(source, [row]).then(() => current && setCard(cards.get(key) ?? null)), 30);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source, row]);
  return card?.row === row ? card : null;
}

export async function fetchCards(source: number, rows: number[]): Promise<void> {
  const missing = rows.filter((r) => !cards.has(`${source} ${r}`)).slice(0, 1000);
  if (missing.length === 0) return;
  try {
    for (const card of await api.cards(source, missing)) cards.set(`${source} ${card.row}`, card);
  } catch {
    // a list without tokens is still a list: its rows keep their numbers
  }
  while (cards.size > 20000) cards.delete(cards.keys().next().value!);
}
