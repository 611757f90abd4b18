/** What was found, before anything is computed: shape, type, size, two lines of preview. */
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { SourceEntry } from "../api/types";
import { openSource, upload } from "../state/actions";
import { bytes, count, plural } from "../state/format";
import { connect } from "../state/start";
import { boot, currentSource, folders, sources } from "../state/store";
import { asList, Button, Empty, stop } from "./ui";

const kinds: Record<SourceEntry["kind"], string> = {
  set: "hidden states",
  npy: "npy",
  npz: "npz",
  safetensors: "safetensors",
  tsv: "TSV",
  glove: "GloVe text",
  tensorboard: "TensorBoard",
  bytes: "raw float32",
};

const filter = signal("");

export function OpenScreen() {
  const chooser = useRef<HTMLInputElement>(null);
  const all = sources.value;
  const wanted = filter.value.toLowerCase();
  const shown = wanted ? all.filter((s) => `${s.path} ${s.name}`.toLowerCase().includes(wanted)) : all;
  return (
    <main class="open" data-testid="screen-open">
      <div class="open-sheet">
        <header>
          <div>
            <h1>{all.length ? plural(all.length, "source") : "Sources"}</h1>
            <p class="muted">{folders.value.join(", ")}</p>
            {all.length > 0 && <p class="subtitle">Choose one to see its map. Files dropped on the page join the list.</p>}
          </div>
          <span class="spring" />
          {all.length > 8 && (
            <input
              type="search"
              class="filter"
              placeholder="Filter"
              aria-label="Filter sources"
              value={filter.value}
              onInput={(e) => (filter.value = e.currentTarget.value)}
            />
          )}
          <Button testid="add" onClick={() => chooser.current?.click()}>
            Add a file
          </Button>
          <input
            ref={chooser}
            type="file"
            hidden
            multiple
            data-testid="add-file"
            accept=".npy,.npz,.safetensors,.tsv,.txt"
            onChange={(e) => void upload(e.currentTarget.files ?? [])}
          />
        </header>
        {boot.value === "starting" && (
          <Empty title="Looking through the folder">
            <div class="meter indeterminate" />
          </Empty>
        )}
        {boot.value === "failed" && (
          <Empty title="The server does not answer">
            <p>
              Start it again with <code>gonio view FOLDER</code>, then retry.
            </p>
            <Button testid="retry" kind="primary" onClick={() => void connect()}>
              Retry
            </Button>
          </Empty>
        )}
        {boot.value === "ready" && all.length === 0 && (
          <Empty title="Nothing to show in this folder">
            <p>
              Drop a .npy, .npz, .safetensors or .tsv file here, or start <code>gonio view</code> on a folder that{" "}
              <code>gonio extract</code> has written.
            </p>
          </Empty>
        )}
        <ul class="sources" {...asList}>
          {shown.map((s, i) => (
            <Source key={s.id} s={s} tabIndex={stop(i)} />
          ))}
        </ul>
        {wanted && shown.length === 0 && <p class="muted">No source has “{filter.value}” in its name.</p>}
      </div>
    </main>
  );
}

function Source({ s, tabIndex }: { s: SourceEntry; tabIndex: number }) {
  const facts = s.supported
    ? [
        `${count(s.rows)} × ${count(s.dims)}`,
        s.layers.length > 1 ? `${s.layers.length} layers` : null,
        s.dtype,
        bytes(s.bytes),
      ].filter(Boolean)
    : [];
  return (
    <li>
      <button
        type="button"
        class={currentSource.value === s.id ? "source current" : "source"}
        tabIndex={tabIndex}
        aria-label={[s.name, kinds[s.kind] ?? s.kind, ...facts].join(", ")}
        disabled={!s.supported}
        data-testid={`source-${s.id}`}
        onClick={() => openSource(s.id)}
      >
        <span class="source-head">
          <strong>{s.name}</strong>
          <span class="kind">{kinds[s.kind] ?? s.kind}</span>
          <span class="spring" />
          {facts.map((f) => (
            <span key={f} class="fact">
              {f}
            </span>
          ))}
        </span>
        {s.path !== s.name && <span class="path">{s.path}</span>}
        {s.preview.length > 0 && (
          <span class="preview">
            {s.preview.slice(0, 2).map((p, i) => (
              <span key={i}>{p}</span>
            ))}
          </span>
        )}
        {s.note && <span class={s.supported ? "note" : "note bad"}>{s.note}</span>}
      </button>
    </li>
  );
}
