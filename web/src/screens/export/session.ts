/** Session files: the view as JSON, with hashes of the data and of the coordinates, never the
 *  coordinates themselves. Layouts are seeded: opening a session computes them again, and the hash
 *  tells whether they came out the same. */
import type { View } from "../../state/view";

export interface Session {
  gonio_session: 1;
  saved: string;
  view: View;
  /** SHA-256 of the positions by layer, float32 little-endian; only of layers that were on screen. */
  coordinates: Record<string, string>;
}

export function writeSession(view: View, coordinates: Record<string, string>, now: Date): string {
  const session: Session = { gonio_session: 1, saved: now.toISOString(), view: { ...view, layout: null }, coordinates };
  return JSON.stringify(session, null, 1) + "\n";
}

/** @throws a sentence when the text is no session. Fields of the view are checked where they are applied. */
export function readSession(text: string): Session {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw new Error(`This is not a session: ${(e as Error).message}`);
  }
  const s = value as Partial<Session> | null;
  if (typeof s !== "object" || s === null || !("gonio_session" in s))
    throw new Error("This is not a session: it has no field 'gonio_session'.");
  if (s.gonio_session !== 1)
    throw new Error(`This session has the format ${String(s.gonio_session)}; this page reads format 1.`);
  const view = s.view;
  if (typeof view !== "object" || view === null || typeof view.source?.hash !== "string")
    throw new Error("This session names no data: 'view.source.hash' is missing.");
  const coordinates = Object.fromEntries(Object.entries(s.coordinates ?? {}).filter(([, hash]) => typeof hash === "string"));
  return { gonio_session: 1, saved: typeof s.saved === "string" ? s.saved : "", view, coordinates };
}

export async function hashOf(positions: Float32Array): Promise<string> {
  const octets = new Uint8Array(positions.buffer as ArrayBuffer, positions.byteOffset, positions.byteLength);
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", octets)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  );
}
