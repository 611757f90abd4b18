/** A line of the export panel: what, a word on it, and the buttons. */
import type { ComponentChildren } from "preact";
import { detail } from "../state/store";
import { fileName } from "./export/download";

/** Name of the files: the source's. */
export const stem = (extension: string, part = ""): string => fileName(`${detail.peek()?.name ?? "gonio"}${part}`, extension);

export function Part({ title, hint, children }: { title: string; hint: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="export-part">
      <div>
        <h2>{title}</h2>
        <p class="hint">{hint}</p>
      </div>
      <div class="export-row">{children}</div>
    </section>
  );
}
