/* A long list of which only the rows in sight exist: a million results cost as much as twenty.
 *
 * One tab stop; the arrow keys, Page Up/Down, Home and End move the active row, Enter picks it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";

export interface VirtualListProps {
  count: number;
  rowHeight: number;
  /** What row i shows; called for the rows in sight only. */
  render: (i: number) => ComponentChildren;
  /** Called with the rows in sight, so that their content can be fetched. */
  onSight?: (first: number, last: number) => void;
  onPick?: (i: number) => void;
  onHover?: (i: number | null) => void;
  selected?: number | null;
  label: string;
  testid: string;
}

export function VirtualList(p: VirtualListProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  const [active, setActive] = useState(0);
  const spare = 6;
  const first = Math.max(0, Math.floor(top / p.rowHeight) - spare);
  const last = Math.min(p.count, Math.ceil((top + height) / p.rowHeight) + spare);

  useEffect(() => {
    const el = host.current!;
    const resize = new ResizeObserver(() => setHeight(el.clientHeight));
    resize.observe(el);
    setHeight(el.clientHeight);
    return () => resize.disconnect();
  }, []);
  useEffect(() => {
    if (height > 0) p.onSight?.(first, last);
  }, [first, last, height, p.count]);
  useEffect(() => setActive((a) => Math.min(a, Math.max(0, p.count - 1))), [p.count]);

  const show = (i: number): void => {
    const at = Math.min(p.count - 1, Math.max(0, i));
    const el = host.current!;
    setActive(at);
    if (at * p.rowHeight < el.scrollTop) el.scrollTop = at * p.rowHeight;
    else if ((at + 1) * p.rowHeight > el.scrollTop + el.clientHeight) el.scrollTop = (at + 1) * p.rowHeight - el.clientHeight;
  };
  const onKey = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height / p.rowHeight) - 1);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: p.count - 1,
    }[event.key];
    if (to !== undefined) show(to);
    else if (event.key === "Enter" && p.count > 0) p.onPick?.(active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rows: JSX.Element[] = [];
  for (let i = first; i < last; i++)
    rows.push(
      <div
        key={i}
        id={`${p.testid}-${i}`}
        class={`list-row${i === p.selected ? " selected" : ""}${i === active ? " active" : ""}`}
        style={{ top: `${i * p.rowHeight}px`, height: `${p.rowHeight}px` }}
        role="option"
        aria-selected={i === p.selected}
        aria-setsize={p.count}
        aria-posinset={i + 1}
        onClick={() => {
          setActive(i);
          p.onPick?.(i);
        }}
        onMouseEnter={() => p.onHover?.(i)}
      >
        {p.render(i)}
      </div>,
    );
  return (
    <div
      ref={host}
      class="list"
      data-testid={p.testid}
      role="listbox"
      aria-label={p.label}
      aria-activedescendant={p.count ? `${p.testid}-${active}` : undefined}
      tabIndex={0}
      onScroll={() => setTop(host.current!.scrollTop)}
      onKeyDown={onKey}
      onMouseLeave={() => p.onHover?.(null)}
    >
      <div class="list-space" style={{ height: `${p.count * p.rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}
