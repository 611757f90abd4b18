/** The button of a chart that saves it: as a figure for paper, or its numbers. */
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../app/ui";
import { attempt } from "../state/actions";
import { stem } from "./ExportPart";
import { download } from "./export/download";

const SAYS: Record<string, string> = {
  png: "PNG picture",
  svg: "SVG drawing",
  pdf: "PDF drawing",
  csv: "CSV of the numbers",
};

/** @param make the file in a format; @param name what the file's name says beside the source's. */
export function SaveMenu<F extends "png" | "svg" | "pdf" | "csv">(p: {
  testid: string;
  name: string;
  title: string;
  formats: readonly F[];
  make: (format: F) => Promise<Blob>;
}) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    menu.current!.open = false;
    menu.current!.querySelector("summary")!.focus();
  };
  useEffect(() => {
    const away = (e: PointerEvent): void => {
      if (menu.current?.open && !menu.current.contains(e.target as Node)) menu.current.open = false;
    };
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);
  return (
    <details
      class="save-menu"
      ref={menu}
      data-testid={p.testid}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !menu.current!.open) return;
        e.stopPropagation();
        close();
      }}
    >
      <summary class="button kind-quiet square" title={p.title} aria-label={p.title} data-testid={`${p.testid}-open`}>
        <Icon name="export" />
      </summary>
      <div>
        {p.formats.map((f) => (
          <button
            key={f}
            type="button"
            data-testid={`${p.testid}-${f}`}
            onClick={() => {
              close();
              void attempt(async () => download(stem(f, `-${p.name}`), await p.make(f)));
            }}
          >
            {SAYS[f]}
          </button>
        ))}
      </div>
    </details>
  );
}
