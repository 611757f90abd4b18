/** Colours of the two maps: how many neighbours a row keeps, or a column of the left side. A row of the right
 *  has the sign of its partner, and is grey where it has none. */
import { computed } from "@preact/signals";
import { categoryColouring, type Colouring, numberColouring } from "../state/colouring";
import { missing, pack } from "../state/palettes";
import { theme } from "../state/store";
import { type Compared, colourColumn, compared } from "./compare-state";

const nothingOff: ReadonlySet<number> = new Set();
/** Palettes have room for 256 colours: one is kept for rows without a partner. */
const mostCategories = 80;

/** Colours of the left map, and the legend of both; null: nothing is compared yet. */
export const leftColouring = computed<Colouring | null>(() => {
  const shown = compared.value;
  if (!shown) return null;
  const { overlap } = shown.overlap;
  const chosen = colourColumn.value;
  if (!chosen || chosen.source !== shown.of.a.source)
    return numberColouring("neighbours kept", overlap, theme.value, { range: [0, 1], marks: true });
  const { column } = chosen;
  return column.kind === "number"
    ? numberColouring(column.name, column.values, theme.value, { marks: true })
    : categoryColouring(column.name, column.codes, column.names, nothingOff, theme.value, mostCategories);
});

export const rightColouring = computed<Colouring | null>(() => {
  const left = leftColouring.value;
  return left && compared.value ? carried(left, compared.value, missing[theme.value]) : null;
});

/** The signs of the left map on the partners of its rows. */
export function carried(left: Colouring, shown: Pick<Compared, "back">, alone: string): Colouring {
  const none = left.palette.length / 3;
  const grey = none < 256 ? none : 255; // a scale's last entry is that of missing values already
  const from = (values: Uint8Array | null, otherwise: number): Uint8Array =>
    Uint8Array.from(shown.back, (row) => (row < 0 ? otherwise : (values?.[row] ?? 0)));
  return {
    ...left,
    index: from(left.index, grey),
    palette: none < 256 ? Uint8Array.from([...left.palette, ...pack([alone])]) : left.palette,
    shapes: left.shapes && from(left.shapes, 0),
  };
}
