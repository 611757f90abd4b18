/** Export: everything that can leave the page. The server writes what it has (coordinates, neighbours,
 *  tables); the page makes what only it knows (pictures, the one-file page, sessions). */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { api } from "../api/client";
import type { Metric } from "../api/types";
import { plotTheme } from "../app/map";
import { Button, Choose, NumberField, Switch } from "../app/ui";
import { attempt } from "../state/actions";
import { bytes, count } from "../state/format";
import { layout, layoutLayers, shownLayer } from "../state/layouts";
import { LIGHT } from "../plot";
import { colouring, currentSource, detail, layer, mapPlot, nearest, offline, say, screen, selection, theme } from "../state/store";
import { compared } from "./compare-state";
import { Dialog } from "./Dialog";
import { download, downloadFrom } from "./export/download";
import { pairFile, rowsTable } from "./export/pair";
import { picture, type PictureFormat } from "./export/picture";
import { MOST_NEAREST } from "./export/carried";
import { singlePage } from "./export/single";
import { Part, stem } from "./ExportPart";
import { spaceName } from "../app/Neighbours";
import { Log, SessionPart } from "./ExportSession";

export function ExportPanel() {
  const done = layout.value?.state.value?.state === "done";
  return (
    <Dialog title="Export" testid="export-dialog">
      <div class="export">
        <Comparison />
        <Picture />
        <Coordinates done={done} />
        <Rows />
        <Neighbours />
        <Page done={done} />
        <SessionPart />
        <Log />
      </div>
    </Dialog>
  );
}

/** Downloads what the server makes; while it does, the button says so. */
function Download({
  from,
  name,
  testid,
  children,
}: {
  from: string | null;
  name: string;
  testid: string;
  children: ComponentChildren;
}) {
  const busy = useSignal(false);
  const fetchIt = async (): Promise<void> => {
    busy.value = true;
    await attempt(() => downloadFrom(from!, name));
    busy.value = false;
  };
  return (
    <Button testid={testid} disabled={from === null || busy.value} onClick={() => void fetchIt()}>
      {busy.value ? "…" : children}
    </Button>
  );
}

/** What the compare screen under the dialog shows. */
function Comparison() {
  const shown = compared.value;
  if (screen.value !== "compare" || !shown) return null;
  return (
    <Part title="Comparison" hint="Both maps with their colours; CSV: the overlap of every row. Charts have buttons of their own.">
      <span class="spring" />
      {(["png", "svg", "pdf", "csv"] as const).map((f) => (
        <Button
          key={f}
          testid={`export-compare-${f}`}
          onClick={() =>
            void attempt(async () => download(stem(f, "-compared"), await (f === "csv" ? rowsTable(shown) : pairFile(f))))
          }
        >
          {f.toUpperCase()}
        </Button>
      ))}
    </Part>
  );
}

function Picture() {
  const plot = mapPlot.value;
  const host = document.querySelector<HTMLElement>("[data-testid=plot]");
  const width = useSignal(host?.clientWidth || 1280);
  const height = useSignal(host?.clientHeight || 800);
  const busy = useSignal<PictureFormat | null>(null);
  const withLegend = useSignal(true);
  const onWhite = useSignal(false);
  const scaleBy = (k: number): void => {
    width.value = Math.round((host?.clientWidth || 1280) * k);
    height.value = Math.round((host?.clientHeight || 800) * k);
  };
  const save = async (format: PictureFormat): Promise<void> => {
    busy.value = format;
    try {
      const name = stem(
        format,
        shownLayer.peek() === null || layoutLayers.peek().length < 2 ? "" : `-layer-${shownLayer.peek()}`,
      );
      const order = {
        format,
        width: width.peek(),
        height: height.peek(),
        title: detail.peek()?.name ?? "gonio",
        legend: withLegend.peek() ? colouring.peek().legend : null,
        theme: onWhite.peek() ? { ...LIGHT, font: plotTheme().font } : plotTheme(),
        screenTheme: plotTheme(),
        screen: { width: host?.clientWidth || 1280, height: host?.clientHeight || 800 },
      };
      download(name, await picture(plot!, order));
    } catch (e) {
      say((e as Error).message, "error");
    } finally {
      busy.value = null;
    }
  };
  const size = (label: string, testid: string, of: typeof width) => (
    <NumberField
      label={label}
      testid={testid}
      min={16}
      max={16384}
      value={of.value}
      onChange={(v) => (of.value = Math.round(v))}
    />
  );
  return (
    <Part
      title="Picture of the map"
      hint={plot ? "SVG and PDF: points as an image, axes and labels as vectors." : "Open the map first."}
    >
      {[1, 2, 4].map((k) => (
        <Button
          key={k}
          kind="quiet"
          testid={`export-scale-${k}`}
          title={`${k} times the size on the screen`}
          onClick={() => scaleBy(k)}
        >
          {k}×
        </Button>
      ))}
      {size("px", "export-width", width)}
      {size("×", "export-height", height)}
      <Switch label="Legend" testid="export-legend" on={withLegend.value} onChange={(on) => (withLegend.value = on)} />
      {theme.value === "dark" && (
        <Switch
          label="White"
          title="On white, as paper needs it"
          testid="export-white"
          on={onWhite.value}
          onChange={(on) => (onWhite.value = on)}
        />
      )}
      <span class="spring" />
      {(["png", "svg", "pdf"] as const).map((f) => (
        <Button key={f} testid={`export-${f}`} disabled={!plot || busy.value !== null} onClick={() => void save(f)}>
          {busy.value === f ? "…" : f.toUpperCase()}
        </Button>
      ))}
    </Part>
  );
}

function Coordinates({ done }: { done: boolean }) {
  const l = layout.value;
  const rows = l?.state.value?.placed ?? 0;
  const usable = done && l !== null && !offline.value;
  return (
    <Part
      title="Coordinates"
      hint={l ? `${count(rows)} rows of the layout on the map${done ? "" : "; still running"}` : "No layout yet."}
    >
      <span class="spring" />
      {(["npy", "csv", "jsonl"] as const).map((f) => (
        <Download
          key={f}
          testid={`export-coordinates-${f}`}
          name={stem(f)}
          from={usable ? api.exportUrl.coordinates(l.id, f) : null}
        >
          {f === "npy" ? "npy" : f.toUpperCase()}
        </Download>
      ))}
    </Part>
  );
}

function Rows() {
  const rows = selection.value;
  const source = currentSource.value;
  const save = async (format: "csv" | "jsonl"): Promise<void> => {
    await attempt(async () =>
      download(stem(format, "-selection"), await api.exportSelection(source!, Array.from(rows), format)),
    );
  };
  return (
    <Part
      title="Selection"
      hint={rows.length ? `${count(rows.length)} rows with their sentences and columns` : "Nothing is selected."}
    >
      <span class="spring" />
      {(["csv", "jsonl"] as const).map((f) => (
        <Button
          key={f}
          testid={`export-selection-${f}`}
          disabled={!rows.length || source === null}
          onClick={() => void save(f)}
        >
          {f.toUpperCase()}
        </Button>
      ))}
    </Part>
  );
}

const METRICS = [
  { value: "cosine", label: "cosine" },
  { value: "euclidean", label: "Euclidean" },
];

function Neighbours() {
  const k = useSignal(nearest.peek().k);
  const metric = useSignal<Metric>(nearest.peek().metric);
  const source = currentSource.value;
  const usable = source !== null && !offline.value;
  return (
    <Part title="Neighbours and geometry" hint={`Of layer ${layer.value}, in the original space. Large sets take minutes.`}>
      <NumberField label="k" testid="export-k" min={1} max={1000} value={k.value} onChange={(v) => (k.value = Math.round(v))} />
      <Choose
        label="Metric"
        testid="export-metric"
        value={metric.value}
        choices={METRICS}
        onChange={(v) => (metric.value = v as Metric)}
      />
      <Download
        testid="export-neighbors"
        name={stem("csv", "-neighbours")}
        from={usable ? api.exportUrl.neighbors(source, layer.value, k.value, metric.value) : null}
      >
        Neighbours
      </Download>
      <span class="spring" />
      <Download
        testid="export-geometry-csv"
        name={stem("csv", "-geometry")}
        from={usable ? api.exportUrl.geometry(source, "csv") : null}
      >
        Geometry CSV
      </Download>
      <Download
        testid="export-geometry-json"
        name={stem("json", "-geometry")}
        from={usable ? api.exportUrl.geometry(source, "json") : null}
      >
        JSON
      </Download>
    </Part>
  );
}

/** So many rows' neighbours are found in seconds. */
const QUICK_NEAREST = 30000;

function Page({ done }: { done: boolean }) {
  const several = layoutLayers.value.length > 1;
  const sentences = useSignal((detail.peek()?.text ?? false) && (detail.peek()?.rows ?? 0) <= 200000);
  const rows = detail.value?.rows ?? 0;
  const near = useSignal(rows <= QUICK_NEAREST);
  const all = useSignal(true);
  const progress = useSignal<number | null>(null);
  if (offline.value) return null;
  const save = async (): Promise<void> => {
    progress.value = 0;
    try {
      const html = await singlePage(`${detail.peek()!.name} – gonio`, {
        layers: several && all.peek() ? "all" : "shown",
        sentences: sentences.peek(),
        neighbours: near.peek(),
        progress: (s) => (progress.value = s),
      });
      download(stem("html"), html, "text/html");
      say(`The page has ${bytes(html.length)}.`);
    } catch (e) {
      say((e as Error).message, "error");
    } finally {
      progress.value = null;
    }
  };
  return (
    <Part
      title="Page in one file"
      hint={`Opens in any browser without gonio: map, layers, hover, search. It holds positions and texts${near.value ? `, and each row's 10 nearest neighbours (${nearest.value.metric === "cosine" ? "cosine" : "Euclidean"}, layer ${layer.value}, ${spaceName(nearest.value.space)})` : ""}; no vectors.`}
    >
      {several && <Switch label="All layers" testid="export-html-layers" on={all.value} onChange={(on) => (all.value = on)} />}
      {detail.value?.text && (
        <Switch
          label="Sentences"
          testid="export-html-sentences"
          on={sentences.value}
          onChange={(on) => (sentences.value = on)}
        />
      )}
      <Switch
        label="Neighbours"
        testid="export-html-neighbours"
        title={`Up to ${count(MOST_NEAREST)} rows; they are looked for now, which takes minutes for many`}
        disabled={rows > MOST_NEAREST}
        on={near.value}
        onChange={(on) => (near.value = on)}
      />
      <span class="spring" />
      <Button testid="export-html" disabled={!done || progress.value !== null} onClick={() => void save()}>
        {progress.value === null ? "HTML" : `${Math.round(progress.value * 100)} %`}
      </Button>
    </Part>
  );
}
