/** The frame: bar on top, panels left and right, the screen between them; dialogs and messages above. */
import { effect, signal } from "@preact/signals";
import { upload } from "../state/actions";
import { lost, openAgain } from "../state/server";
import { boot, currentSource, dialog, dismiss, fileChanged, messages, offline, screen, theme } from "../state/store";
import { Compare, ExportPanel, Geometry, Help } from "../screens";
import { openSession } from "../screens/open-session";
import { Inspector } from "./Inspector";
import { LeftPanel } from "./LeftPanel";
import { MapScreen } from "./MapScreen";
import { OpenScreen } from "./OpenScreen";
import { TopBar } from "./TopBar";
import { Button, Icon } from "./ui";

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

const dropping = signal(false);

/** Sessions are opened, everything else is data. */
function dropped(files: File[]): void {
  const session = (f: File): boolean => /\.json$/i.test(f.name);
  for (const f of files.filter(session)) void openSession(f);
  void upload(files.filter((f) => !session(f)));
}

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
        if (e.dataTransfer) dropped([...e.dataTransfer.files]);
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
      {lost.value && (
        <p class="lost" role="alert" data-testid="server-lost">
          The server does not answer. Start it again with <code>gonio view --port {location.port}</code> and the same folder: this
          page goes on by itself.
        </p>
      )}
      {fileChanged.value && !lost.value && (
        <p class="lost" role="alert" data-testid="source-changed">
          {fileChanged.value}.{" "}
          <Button testid="open-again" onClick={() => void openAgain()}>
            Open again
          </Button>
        </p>
      )}
      {dropping.value && <div class="drop">Drop .npy, .npz, .safetensors, .tsv, metadata.tsv or a session</div>}
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
