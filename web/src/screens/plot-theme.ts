import type { PlotTheme } from "../plot";
import { theme } from "../state/store";

/** The plot's colours from the page's. */
export function plotTheme(at: Element): PlotTheme {
  const style = getComputedStyle(at);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    dark: theme.peek() === "dark", background: read("--plot"), ink: read("--ink"), muted: read("--faint"),
    grid: read("--line"), accent: read("--accent"), point: read("--accent"), font: style.fontFamily,
  };
}
