/** What the server is still computing of the rows: how far it is, how long it will take, and a way to stop it. */
import { measureTitle, waiting, type Waiting as Wait } from "../state/columns";
import { Button, Section } from "./ui";

export function Waiting() {
  const all = [...waiting.value];
  return all.length ? (
    <>
      {all.map(([key, w]) => (
        <One key={key} w={w} />
      ))}
    </>
  ) : null;
}

function One({ w: { name, layer, how, stop } }: { w: Wait }) {
  return (
    <Section
      title={measureTitle(name)}
      testid="waiting"
      aside={
        <Button kind="quiet" testid="waiting-stop" title="Stop computing" onClick={stop}>
          Stop
        </Button>
      }
    >
      <div class="gauge-line" aria-live="polite">
        <span>{layer === null ? "computing" : `computing, layer ${layer}`}</span>
        <span data-testid="waiting-left">{left(how.estimate_s)}</span>
      </div>
      <div class="meter" role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(100 * how.progress)}>
        <i style={{ width: `${100 * how.progress}%` }} />
      </div>
    </Section>
  );
}

/** "about 3 minutes left". */
export function left(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  return `about ${Math.round(seconds / 60)} minutes left`;
}
