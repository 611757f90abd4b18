/** The frame: bar on top, panels left and right, the screen between them, the layer bar below. */
import { effect } from "@preact/signals";
import { dialog, layers, screen, theme } from "../state/store";
import { Compare, ExportPanel, Geometry, Help, LayerBar } from "../screens";

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

export function App() {
  return (
    <div class="frame" data-screen={screen.value}>
      <header class="bar" data-testid="bar" />
      {screen.value === "map" && (
        <main class="screen map" data-testid="screen-map">
          {layers.value.length > 1 && <LayerBar />}
        </main>
      )}
      {screen.value === "compare" && <Compare />}
      {screen.value === "geometry" && <Geometry />}
      {dialog.value === "export" && <ExportPanel />}
      {dialog.value === "help" && <Help />}
    </div>
  );
}
