/** A dialog over the screen: the browser's own element, which keeps the focus inside and knows Escape. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { dialog } from "../state/store";

export function Dialog({ title, testid, children }: { title: string; testid: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current!.showModal();
    return () => before?.focus?.();
  }, []);
  const close = (): void => void (dialog.value = null);
  return (
    <dialog
      ref={ref}
      class="dialog"
      data-testid={testid}
      aria-labelledby={`${testid}-title`}
      onCancel={close}
      onClose={close}
      onClick={(e) => e.target === ref.current && close()}
    >
      <header>
        <h1 id={`${testid}-title`}>{title}</h1>
        <button class="icon" data-testid={`${testid}-close`} aria-label="Close" title="Close (Esc)" onClick={close}>
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="M2 2l10 10M12 2L2 12" stroke="currentColor" stroke-width="1.6" /></svg>
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
