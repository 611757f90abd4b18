/** Opens a session file: the view, then a look whether its coordinates came out again. */
import { api } from "../api/client";
import { layout, shownLayer } from "../state/layouts";
import { dialog, say } from "../state/store";
import { applyView } from "../state/view";
import { hashOf, readSession } from "./export/session";

/** Shows the session of a file; a sentence at the foot of the page where that cannot be. */
export async function openSession(file: File): Promise<void> {
  try {
    const session = readSession(await file.text());
    if (!(await applyView(session.view, "open a session"))) return;
    dialog.value = null;
    await compareCoordinates(session.coordinates);
  } catch (e) {
    say(`${file.name}: ${(e as Error).message}`, "error");
  }
}

/** Says so when a restored layout came out with other coordinates than the session's. */
async function compareCoordinates(expected: Record<string, string>): Promise<void> {
  const n = shownLayer.peek();
  const hash = n === null ? undefined : expected[n];
  const l = layout.peek();
  if (hash === undefined || !l) return;
  const begun = performance.now();
  while (!l.exact.has(n!) || l.state.peek()?.state !== "done") {
    if (
      layout.peek() !== l ||
      performance.now() - begun > 600000 ||
      ["failed", "stopped"].includes(l.state.peek()?.state ?? "")
    )
      return;
    await new Promise((r) => setTimeout(r, 200));
  }
  if ((await hashOf(await api.positions(l.id, n!))) !== hash)
    say(
      `Layer ${n} came out with other coordinates than in the session: another version of gonio or another kind of processor computed it.`,
      "error",
    );
}
