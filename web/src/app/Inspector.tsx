/** Right of the map: the pinned token, the selection with the sets, and queries: A - B + C, typed text. */
import { commit } from "../state/history";
import { type InspectorTab, inspectorTab, offline, selection } from "../state/store";
import { count } from "../state/format";
import { Arithmetic } from "./Arithmetic";
import { SelectionPanel } from "./Selection";
import { TokenPanel } from "./Token";
import { Segmented } from "./ui";

export function Inspector() {
  const tab = offline.value && inspectorTab.value === "arithmetic" ? "token" : inspectorTab.value;
  const n = selection.value.length;
  const tabs: { value: InspectorTab; label: string }[] = [
    { value: "token", label: "Token" },
    { value: "selection", label: n ? `Selection ${count(n)}` : "Selection" },
  ];
  if (!offline.value) tabs.push({ value: "arithmetic", label: "Query" });
  return (
    <aside class="panel right" aria-label="Inspector" data-testid="inspector">
      <Segmented
        label="Inspector"
        testid="inspector-tab"
        value={tab}
        options={tabs}
        onChange={(t) => commit("inspector", () => (inspectorTab.value = t))}
      />
      {tab === "token" && <TokenPanel />}
      {tab === "selection" && <SelectionPanel />}
      {tab === "arithmetic" && <Arithmetic />}
    </aside>
  );
}
