/** The page as one file: its own HTML as the server sends it, with the data before the script. */
import { gather, type CarryOptions } from "./carried";

const PLACE = '<div id="app"></div>';

/** Puts the data into a page. @throws a sentence when the page is not one of ours. */
export function withData(html: string, data: string, title: string): string {
  if (html.split(PLACE).length !== 2) throw new Error("The page has another form than expected: it cannot be saved as one file.");
  const escaped = title.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);
  return html
    .replace(/<title>[^<]*<\/title>/, () => `<title>${escaped}</title>`)
    .replace(PLACE, () => `${PLACE}\n<script type="text/plain" id="gonio-data">${data}</script>`);
}

export async function singlePage(title: string, o: CarryOptions): Promise<string> {
  const [reply, data] = await Promise.all([fetch(location.pathname), gather(o)]);
  if (!reply.ok) throw new Error(`The server did not send the page again (status ${reply.status}).`);
  return withData(await reply.text(), data, title);
}
