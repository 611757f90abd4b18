import { api } from "../../api/client";

/** Downloads from an address of the server. @throws the server's sentence when there is nothing. */
export async function downloadFrom(address: string, otherwise: string): Promise<void> {
  const { blob, name } = await api.download(address);
  download(name ?? otherwise, blob);
}

/** Hands a file that the page has made to the browser's downloads. */
export function download(
  name: string,
  content: Blob | Uint8Array<ArrayBuffer> | string,
  type = "application/octet-stream",
): void {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  /* The browser reads the address after this turn; a minute is plenty for any file. */
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** A file name from a title: letters and digits of any script, everything else a dash. */
export function fileName(title: string, extension: string): string {
  const stem = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._]+/gu, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return `${stem.slice(0, 80) || "gonio"}.${extension}`;
}
