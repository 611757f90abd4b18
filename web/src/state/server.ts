/** The server went away and came back: the page says so, asks again, and goes on where it was. */
import { signal } from "@preact/signals";
import { api, watchSilence } from "../api/client";
import { refreshSets } from "./actions";
import { forgetCards } from "./cards";
import { clearHistory } from "./history";
import { adopt, forgetLayouts } from "./layouts";
import { boot, folders, layoutId, offline, returns, say, sources } from "./store";
import { applyView, captureView } from "./view";

/** True while the server does not answer. */
export const lost = signal(false);

const patience = 1500; // ms between two questions

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
  returns.value++;
  say("The server answers again.");
}

/** Called once: watches for requests that get no answer, and for sets that another tab has changed. */
export function watchServer(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !offline.peek()) void refreshSets().catch(() => undefined);
  });
  watchSilence(() => {
    if (lost.peek() || offline.peek() || boot.peek() !== "ready") return;
    lost.value = true;
    comeBack().catch((e: Error) => say(e.message, "error"));
  });
}
