/** Layouts that came with the data: those of TensorBoard's bookmarks. */
import type { BookmarkKind } from "../api/types";
import { showBookmark } from "../state/actions";
import { count, plural } from "../state/format";
import { bookmarks, detail, type Projection } from "../state/store";
import { Choose } from "./ui";

/** The layout that a bookmark showed, or its first; of the first bookmark that has one. */
export function showFirstBookmark(): void {
  const place = bookmarks.peek().findIndex((b) => b.layouts.length > 0);
  const b = bookmarks.peek()[place];
  if (b) showBookmark(place, b.shown ?? b.layouts[0].projection);
}

export function Bookmarks({ p }: { p: Projection }) {
  const chosen = p.bookmark;
  const b = bookmarks.value[chosen.place];
  const l = b?.layouts.find((x) => x.projection === chosen.projection);
  const rows = detail.value?.rows ?? 0;
  return (
    <>
      <Choose
        label="Layout"
        testid="bookmark"
        value={`${chosen.place} ${chosen.projection}`}
        choices={bookmarks.value.flatMap((x, place) =>
          x.layouts.map((y) => ({ value: `${place} ${y.projection}`, label: `TensorBoard: ${y.title} (${x.name})` })),
        )}
        onChange={(v) => {
          const [place, projection] = v.split(" ");
          showBookmark(Number(place), projection as BookmarkKind);
        }}
      />
      {b && l && (
        <p class="subtitle" data-testid="bookmark-about">
          {l.placed < rows ? `${count(l.placed)} of ${plural(rows, "row")} have a place. ` : ""}
          {b.filter ? `Saved with ${plural(b.filter.length, "isolated row")}.` : ""}
        </p>
      )}
    </>
  );
}
