/** Sessions in the export panel: saved, opened, or as an address; and the log of computations. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { LogEntry } from "../api/types";
import { Button, Problem, Section } from "../app/ui";
import { num } from "../state/format";
import { layout, layoutLayers } from "../state/layouts";
import { say } from "../state/store";
import { captureView, encodeView } from "../state/view";
import { download } from "./export/download";
import { hashOf, writeSession } from "./export/session";
import { Part, stem } from "./ExportPart";
import { openSession } from "./open-session";

export function SessionPart() {
  const file = useRef<HTMLInputElement>(null);
  const save = async (): Promise<void> => {
    const view = captureView();
    if (!view) return;
    const l = layout.peek();
    const coordinates: Record<string, string> = {};
    if (l?.state.peek()?.state === "done")
      for (const n of layoutLayers.peek()) if (l.exact.has(n)) coordinates[n] = await hashOf(l.positions.get(n)!);
    download(stem("gonio.json"), writeSession(view, coordinates, new Date()), "application/json");
  };
  const copy = async (): Promise<void> => {
    const view = captureView();
    if (!view) return;
    try {
      await navigator.clipboard.writeText(location.href.split("#")[0] + encodeView(view));
      say("The address of this view is in the clipboard.");
    } catch {
      say("The browser does not let the page write to the clipboard; the address bar has the same address.", "error");
    }
  };
  return (
    <Part title="Session" hint="The view as JSON or as an address: hashes of the data, never the coordinates.">
      <Button testid="export-session" onClick={() => void save()}>
        Save
      </Button>
      <Button testid="export-session-open" onClick={() => file.current!.click()}>
        Open …
      </Button>
      <input
        ref={file}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="Session file"
        data-testid="export-session-file"
        onChange={(e) => {
          const chosen = e.currentTarget.files?.[0];
          if (chosen) void openSession(chosen);
        }}
      />
      <span class="spring" />
      <Button testid="export-link" onClick={() => void copy()}>
        Copy address
      </Button>
    </Part>
  );
}

export function Log() {
  const entries = useSignal<LogEntry[] | null>(null);
  const error = useSignal<string | null>(null);
  useEffect(() => {
    api.log().then(
      (list) => (entries.value = list),
      (e: Error) => (error.value = e.message),
    );
  }, []);
  const list = entries.value;
  return (
    <Section
      title="Computations"
      aside={
        <Button
          kind="quiet"
          testid="export-log"
          disabled={!list?.length}
          onClick={() => download(stem("json", "-log"), JSON.stringify(list, null, 1) + "\n", "application/json")}
        >
          JSON
        </Button>
      }
    >
      <Problem text={error.value} testid="export-log-error" />
      {list && list.length === 0 && <p class="hint">Nothing has been computed yet.</p>}
      {list && list.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="Computations with their parameters">
          <table data-testid="log-table">
            <thead>
              <tr>
                <th scope="col">when</th>
                <th scope="col" class="words">
                  what
                </th>
                <th scope="col" class="words">
                  parameters
                </th>
                <th scope="col">seconds</th>
              </tr>
            </thead>
            <tbody>
              {[...list].reverse().map((e, i) => (
                <tr key={i}>
                  <td>{time(e.when)}</td>
                  <td class="words">{e.what}</td>
                  <td class="words parameters" title={words(e.parameters)}>
                    {words(e.parameters)}
                  </td>
                  <td>{num(e.seconds, 3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function time(when: string): string {
  const date = new Date(when);
  return Number.isNaN(date.getTime()) ? when : date.toLocaleTimeString();
}

function words(parameters: Record<string, unknown>): string {
  return Object.entries(parameters ?? {})
    .map(([k, v]) => `${k} ${typeof v === "number" ? num(v, 4) : typeof v === "object" ? JSON.stringify(v) : String(v)}`)
    .join(", ");
}
