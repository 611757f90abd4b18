/** A dialog over the screen: the browser's own element, which keeps the focus inside. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { dialog } from "../state/store";
import { Button } from "../app/ui";

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
      onPointerDown={(e) => e.target === ref.current && close()}
    >
      <header>
        <h1 id={`${testid}-title`}>{title}</h1>
        <Button icon="close" kind="quiet" title="Close (Esc)" testid={`${testid}-close`} onClick={close} />
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
