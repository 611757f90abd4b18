/** What the server is doing, for how long, how far it is; and a way to stop it. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../app/ui";
import { left } from "../app/Waiting";

export function Progress(p: {
  what: string;
  /** Done so far; null: the server does not say. */
  share: number | null;
  /** performance.now() at the start. */
  since: number;
  /** Seconds that are still to come, if they are known. */
  left: number | null;
  testid: string;
  onStop: () => void;
}) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const passed = Math.max(0, Math.round((now - p.since) / 1000));
  const known = p.share !== null && p.share > 0;
  return (
    <div class="job" data-testid={p.testid}>
      <span aria-live="polite">{p.what}</span>
      <span class="muted">
        {known && `${Math.round(100 * p.share!)} % · `}
        {passed} s{p.left !== null && `, ${left(p.left)}`}
      </span>
      <Button kind="quiet" icon="stop" testid={`${p.testid}-stop`} title="Stop" onClick={p.onStop} />
      <div
        class={`meter${known ? "" : " indeterminate"}`}
        role="progressbar"
        aria-label={p.what}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(known && { "aria-valuenow": Math.round(100 * p.share!) })}
      >
        {known && <i style={{ width: `${100 * p.share!}%` }} />}
      </div>
    </div>
  );
}
