/** The picture of a row, where the data have pictures: a cell of the sprite image. */
import { cellOf } from "../plot/pictures";
import { sprite } from "../state/store";

/** @param size of the longer side, CSS px. */
export function Sprite({ row, size }: { row: number; size: number }) {
  const s = sprite.value;
  const cell = s && cellOf(s, row);
  if (!s || !cell) return null;
  const k = size / Math.max(s.width, s.height);
  return (
    <i
      class="sprite"
      data-testid="sprite"
      role="img"
      aria-label={`Picture of row ${row}`}
      style={{
        width: `${k * s.width}px`,
        height: `${k * s.height}px`,
        backgroundImage: `url(${s.url})`,
        backgroundSize: `${k * s.image.naturalWidth}px ${k * s.image.naturalHeight}px`,
        backgroundPosition: `${-k * cell[0]}px ${-k * cell[1]}px`,
      }}
    />
  );
}
