/** The frame: bar on top, panels left and right, the screen between them; dialogs and messages above. */
import { effect, signal } from "@preact/signals";
import { upload } from "../state/actions";
import { boot, currentSource, dialog, dismiss, messages, offline, screen, theme } from "../state/store";
import { Compare, ExportPanel, Geometry, Help } from "../screens";
import { Inspector } from "./Inspector";
import { LeftPanel } from "./LeftPanel";
import { MapScreen } from "./MapScreen";
import { OpenScreen } from "./OpenScreen";
import { TopBar } from "./TopBar";
import { Icon } from "./ui";

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

const dropping = signal(false);

export function App() {
  const opened = currentSource.value !== null;
  const now = opened ? screen.value : "open";
  return (
    <div
      class="frame"
      data-screen={now}
      onDragOver={(e) => {
        if (offline.peek() || !e.dataTransfer?.types.includes("Files")) return;
        e.preventDefault();
        dropping.value = true;
      }}
      onDragLeave={(e) => e.relatedTarget === null && (dropping.value = false)}
      onDrop={(e) => {
        e.preventDefault();
        dropping.value = false;
        if (e.dataTransfer) void upload(e.dataTransfer.files);
      }}
    >
      <TopBar />
      {now === "open" && <OpenScreen />}
      {opened && (
        <div class="columns" hidden={now !== "map"}>
          <LeftPanel />
          <MapScreen />
          <Inspector />
        </div>
      )}
      {now === "compare" && <Compare />}
      {now === "geometry" && <Geometry />}
      {dialog.value === "export" && <ExportPanel />}
      {dialog.value === "help" && <Help />}
      {dropping.value && <div class="drop">Drop .npy, .npz, .safetensors, .tsv or metadata.tsv</div>}
      <Messages />
      <span class="unseen" role="status">
        {boot.value === "ready" ? "ready" : ""}
      </span>
    </div>
  );
}

function Messages() {
  return (
    <div class="messages" aria-live="polite">
      {messages.value.map((m) => (
        <div key={m.id} class={`message ${m.kind}`} data-testid={`message-${m.kind}`}>
          {m.kind === "error" && <Icon name="warn" />}
          <span>{m.text}</span>
          <button type="button" aria-label="Close" onClick={() => dismiss(m.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
