/** Start of the page: reads the address, asks for the listing, shows the first source. */
import { api } from "../api/client";
import { openSource } from "./actions";
import { followHover } from "./cards";
import { exposeHandle } from "./handle";
import { clearHistory } from "./history";
import { onKey } from "./keys";
import { startReactions } from "./react";
import { watchServer } from "./server";
import { boot, folders, options, projection, say, sources, systemDark, themeChoice } from "./store";
import { followTyped } from "./typed";
import { applyView, decodeView, followAddress } from "./view";

function readOptions(): void {
  const q = new URLSearchParams(location.search);
  options.animate = q.get("anim") !== "0" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const renderer = q.get("renderer");
  if (renderer === "gl" || renderer === "splat") options.renderer = renderer;
  const seed = Number(q.get("seed") ?? "1");
  if (Number.isSafeInteger(seed) && seed >= 0) projection.value = { ...projection.value, seed };
  const chosen = q.get("theme");
  if (chosen === "light" || chosen === "dark") themeChoice.value = chosen;
}

/** Asks for the listing; also the Retry button of the page that the server did not answer. */
export async function connect(): Promise<void> {
  boot.value = "starting";
  try {
    const listing = await api.sources();
    folders.value = listing.folders;
    sources.value = listing.sources;
  } catch (e) {
    boot.value = "failed";
    say((e as Error).message, "error");
    return;
  }
  boot.value = "ready";
  const view = decodeView(location.hash);
  try {
    if (view && (await applyView(view, null))) {
      clearHistory();
      return;
    }
    if (!view && location.hash) say("This address holds no view that can be read.", "error");
  } catch (e) {
    say((e as Error).message, "error");
  }
  const usable = sources.value.filter((s) => s.supported);
  // Several sources: the listing is shown, and the first is already on its way to the map.
  if (usable.length) openSource(usable[0].id, usable.length > 1 ? "open" : "map");
  clearHistory();
}

export async function start(): Promise<void> {
  readOptions();
  exposeHandle();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = dark.matches;
  dark.onchange = () => (systemDark.value = dark.matches);
  addEventListener("keydown", onKey);
  startReactions();
  watchServer();
  followHover();
  followTyped();
  await connect();
  followAddress();
}
