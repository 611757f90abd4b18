/** The width of the element around a canvas, kept as the page changes. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** 0 until the canvas is in the page. */
export function useHostWidth(canvas: RefObject<HTMLCanvasElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const host = canvas.current!.parentElement!;
    const resize = new ResizeObserver(() => setWidth(host.clientWidth));
    resize.observe(host);
    setWidth(host.clientWidth);
    return () => resize.disconnect();
  }, []);
  return width;
}
