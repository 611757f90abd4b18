import type { TokenCard } from "../api/types";

/** The sentence with its token marked; the rest is quieter. A token that stands for no letters marks nothing. */
export function Context({ of }: { of: TokenCard["context"] | string }) {
  if (!of) return null;
  if (typeof of === "string") return <p class="context">{of}</p>;
  return (
    <p class="context" data-testid="context">
      {of.before}
      {of.token && <mark>{of.token}</mark>}
      {of.after}
    </p>
  );
}

/** So many characters of the sentence stand before the token in a list. */
const before = 22;

/** The sentence in one line of a list, cut so that its token is in sight. */
export function Snippet({ of }: { of: TokenCard["context"] | string }) {
  if (!of) return null;
  if (typeof of === "string")
    return (
      <span class="snippet" title={of}>
        {of}
      </span>
    );
  const start = of.before.length > before ? "…" + of.before.slice(-before).replace(/^\S*\s+/, "") : of.before;
  return (
    <span class="snippet" title={of.before + of.token + of.after}>
      {start}
      {of.token && <mark>{of.token}</mark>}
      {of.after}
    </span>
  );
}
