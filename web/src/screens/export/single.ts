/** The page as one file: its own HTML as the server sends it, with the data before the script. */
import { gather, type CarryOptions } from "./carried";

/** Puts the data into a page, before everything that the page shows: the first <body> of the text is
 *  the real one, whatever strings the script holds. @throws a sentence when the page is not one of ours. */
export function withData(html: string, data: string, title: string): string {
  const body = "<body>";
  const at = html.indexOf(body);
  if (at < 0 || !html.includes('id="app"', at))
    throw new Error("The page has another form than expected: it cannot be saved as one file.");
  const escaped = title.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);
  const head = html.slice(0, at + body.length).replace(/<title>[^<]*<\/title>/, () => `<title>${escaped}</title>`);
  return `${head}\n<script type="text/plain" id="gonio-data">${data}</script>${html.slice(at + body.length)}`;
}

export async function singlePage(title: string, o: CarryOptions): Promise<string> {
  const [reply, data] = await Promise.all([fetch(location.pathname), gather(o)]);
  if (!reply.ok) throw new Error(`The server did not send the page again (status ${reply.status}).`);
  return withData(await reply.text(), data, title);
}
