/** Start of a page that was saved as one file: its own data instead of a server. */
import { need } from "../../api/block";
import { useApi } from "../../api/client";
import { commit } from "../../state/history";
import { colourBy, offline, paint, savedNearest, say } from "../../state/store";
import { measureLayers } from "../geometry-state";
import { encodeView } from "../../state/view";
import type { Carried } from "./carried";
import { carriedApi, carriedBlock } from "./carried-api";

/** Makes the carried data the page's server and its view the address; does nothing in other pages.
 *  @return what is left to do once the page has started: the painted colours and the curves. */
export async function openCarried(): Promise<() => void> {
  const nothing = (): void => undefined;
  try {
    const block = await carriedBlock();
    if (!block) return nothing;
    const carried = block.meta as unknown as Carried;
    useApi(carriedApi(block));
    offline.value = true;
    savedNearest.value = carried.nearest ?? null;
    if (!location.hash) location.hash = encodeView(carried.view);
    const { paint: painted, geometry } = carried;
    return () => {
      if (geometry) void measureLayers(carried.source.id, { center: false, remove: 0 });
      if (painted)
        commit("colours of the saved page", () => {
          paint.value = { ...painted, values: need(block, "paint", Float32Array) };
          colourBy.value = { kind: "values" };
        });
    };
  } catch (e) {
    say(`This page's data cannot be read: ${(e as Error).message}`, "error");
    return nothing;
  }
}
