/** What saves a chart of curves, a matrix or a histogram. */
import type { Figure } from "../charts/figure";
import { chartFile, type ChartFormat } from "./export/chart";
import { SaveMenu } from "./SaveMenu";

const FORMATS: readonly ChartFormat[] = ["png", "svg", "pdf", "csv"];

/** @param figure is called when a format was chosen. */
export function SaveChart({ name, testid, figure }: { name: string; testid: string; figure: () => Figure }) {
  return (
    <SaveMenu
      testid={testid}
      name={name}
      title="Save this chart"
      formats={FORMATS}
      make={(f) => chartFile(figure(), f)}
    />
  );
}
