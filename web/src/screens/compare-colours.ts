/** Colours of the two maps: how many neighbours a row keeps, or a column of the left side. A row of the right
 *  has the sign of its partner, and is grey where it has none. */
import { computed } from "@preact/signals";
import type { Column } from "../api/types";
import { categoryColouring, type Colouring, numberColouring } from "../state/colouring";
import { missing, pack } from "../state/palettes";
import { type Theme, theme } from "../state/store";
import { type Compared, colourColumn, compared } from "./compare-state";

const nothingOff: ReadonlySet<number> = new Set();
/** Palettes have room for 256 colours: one is kept for rows without a partner. */
const mostCategories = 80;

/** Both maps on a ground of that theme: the left one with the legend of both. */
export function colouringsOn(on: Theme, shown: Compared): { a: Colouring; b: Colouring } {
  const chosen = colourColumn.value;
  const a = leftOn(on, shown, chosen?.source === shown.of.a.source ? chosen.column : null);
  return { a, b: carried(a, shown, missing[on]) };
}

function leftOn(on: Theme, shown: Compared, column: Column | null): Colouring {
  if (!column) return numberColouring("neighbours kept", shown.overlap.overlap, on, { range: [0, 1], marks: true });
  return column.kind === "number"
    ? numberColouring(column.name, column.values, on, { marks: true })
    : categoryColouring(column.name, column.codes, column.names, nothingOff, on, mostCategories);
}

/** As they are on the screen; null: nothing is compared yet. */
export const colourings = computed(() => compared.value && colouringsOn(theme.value, compared.value));

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
