/** Layouts that came with the data: those of TensorBoard's bookmarks. */
import type { BookmarkKind } from "../api/types";
import { showBookmark } from "../state/actions";
import { count, plural } from "../state/format";
import { bookmarks, bookmarksNote, detail, type Projection } from "../state/store";
import { Choose } from "./ui";

export function Bookmarks({ p }: { p: Projection }) {
  const chosen = p.bookmark;
  const b = bookmarks.value[chosen.place];
  const l = b?.layouts.find((x) => x.projection === chosen.projection);
  const rows = detail.value?.rows ?? 0;
  const choices = bookmarks.value.flatMap((x, place) =>
    x.layouts.map((y) => ({ value: `${place} ${y.projection}`, label: `TensorBoard: ${y.title} (${x.name})` })),
  );
  const note = bookmarksNote.value;
  const on = p.method === "bookmark";
  return (
    <>
      {choices.length > 0 && (
        <Choose
          label="Saved layouts"
          testid="bookmark"
          value={on ? `${chosen.place} ${chosen.projection}` : ""}
          choices={on ? choices : [{ value: "", label: `Saved layouts: ${count(choices.length)}` }, ...choices]}
          onChange={(v) => {
            const [place, projection] = v.split(" ");
            if (v) showBookmark(Number(place), projection as BookmarkKind);
          }}
        />
      )}
      {note && (
        <p class="subtitle" data-testid="bookmarks-note">
          {note}.
        </p>
      )}
      {on && b && l && (
        <p class="subtitle" data-testid="bookmark-about">
          {l.placed < rows ? `${count(l.placed)} of ${plural(rows, "row")} have a place. ` : ""}
          {b.filter ? `Saved with ${plural(b.filter.length, "isolated row")}.` : ""}
        </p>
      )}
    </>
  );
}
