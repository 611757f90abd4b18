/** The server went away and came back: the page says so, asks again, and goes on where it was. */
import { effect, signal } from "@preact/signals";
import { api, watchChange, watchSilence } from "../api/client";
import { attempt, openSource, refreshSets } from "./actions";
import { forgetCards } from "./cards";
import { forgetColumns } from "./columns";
import { clearHistory } from "./history";
import { adopt, forgetLayouts } from "./layouts";
import { boot, currentSource, detail, fileChanged, folders, layoutId, offline, returns, say, screen, sources } from "./store";
import { applyView, captureView } from "./view";

/** True while the server does not answer. */
export const lost = signal(false);

const patience = 1500; // ms between two questions

/** Forgets what was computed of files that are not any more what they were, and opens the source as the server has it
 *  now: a server that was started again has the new data. */
export async function openAgain(): Promise<void> {
  await attempt(async () => {
    const was = sources.peek().find((s) => s.id === currentSource.peek());
    const there = screen.peek();
    const listing = await api.sources();
    folders.value = listing.folders;
    sources.value = listing.sources;
    forgetLayouts();
    forgetCards();
    forgetColumns();
    detail.value = null;
    currentSource.value = null;
    const now = listing.sources.find((s) => s.path === was?.path && s.name === was.name);
    if (now) openSource(now.id, there);
    clearHistory(); // its steps are of the data before
  });
}

/** Asks until there is an answer. */
async function comeBack(): Promise<void> {
  for (;;) {
    await new Promise((r) => setTimeout(r, patience));
    try {
      const listing = await api.sources();
      folders.value = listing.folders;
      sources.value = listing.sources;
      break;
    } catch {
      // not yet
    }
  }
  lost.value = false;
  const view = captureView();
  const id = layoutId.peek();
  // The same server, asleep for a while, still has the layout on the map.
  if (view && (id === null || !(await adopt(id, () => undefined)))) {
    forgetLayouts();
    forgetCards();
    clearHistory(); // its steps name layouts of the server that ended
    if (!(await applyView({ ...view, layout: null }, null))) return;
  }
  fileChanged.value = null;
  returns.value++;
  say("The server answers again.");
}

/** Called once: watches for requests that get no answer, and for sets that another tab has changed. */
export function watchServer(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !offline.peek()) void refreshSets().catch(() => undefined);
  });
  watchChange((sentence) => (fileChanged.value = sentence));
  effect(() => {
    void currentSource.value;
    fileChanged.value = null;
  });
  watchSilence(() => {
    if (lost.peek() || offline.peek() || boot.peek() !== "ready") return;
    lost.value = true;
    comeBack().catch((e: Error) => say(e.message, "error"));
  });
}
