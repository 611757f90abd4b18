/** Start of the page: reads the address, asks for the listing. */
import { api } from "../api/client";
import { boot, folders, options, projection, say, sources, systemDark } from "./store";

function readOptions(): void {
  const q = new URLSearchParams(location.search);
  options.animate = q.get("anim") !== "0" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const renderer = q.get("renderer");
  if (renderer === "gl" || renderer === "splat") options.renderer = renderer;
  const seed = Number(q.get("seed") ?? "1");
  if (Number.isSafeInteger(seed) && seed >= 0) projection.value = { ...projection.value, seed };
}

export async function start(): Promise<void> {
  readOptions();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = dark.matches;
  dark.onchange = () => (systemDark.value = dark.matches);
  try {
    const listing = await api.sources();
    folders.value = listing.folders;
    sources.value = listing.sources;
    boot.value = "ready";
  } catch (e) {
    boot.value = "failed";
    say((e as Error).message, "error");
  }
}
