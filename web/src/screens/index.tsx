/** The other screens, filled by their own files. Each takes no props: it reads web/src/state. */
export function LayerBar() {
  return null;
}
export function Compare() {
  return null;
}
export function Geometry() {
  return null;
}
export function ExportPanel() {
  return null;
}
export function Help() {
  return null;
}
