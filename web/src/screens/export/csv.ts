/* CSV as RFC 4180 has it: CRLF between lines; a cell is quoted when it holds a comma, a quote, a line
 * break or a space at an end; quotes double. A missing cell is empty, an empty text is "". */

export type Cell = string | number | boolean | null | undefined;

export function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined || (typeof cell === "number" && Number.isNaN(cell))) return "";
  const text = String(cell);
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(header: string[], rows: Iterable<Cell[]>): string {
  const lines = [header.map(csvCell).join(",")];
  for (const row of rows) lines.push(row.map(csvCell).join(","));
  return lines.join("\r\n") + "\r\n";
}
