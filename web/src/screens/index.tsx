/** The other screens. Each takes no props: it reads web/src/state. */
import "uplot/dist/uPlot.min.css";
import "../charts/charts.css";
import "./screens.css";

export { Geometry } from "./Geometry";
export { LayerBar } from "./LayerBar";
export { Compare } from "./Compare";
export { ExportPanel } from "./ExportPanel";
export { Help } from "./Help";
