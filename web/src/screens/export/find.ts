/** Search in a page without a server: over the dictionary of a column, then over its codes. Patterns are
 *  those of JavaScript, where the server's are those of PCRE2. */
import { ApiError } from "../../api/client";
import type { Column, SearchRequest } from "../../api/types";

/** @param fallback column that is searched when none is named: the tokens.
 *  @return a function from a request to ascending rows; it throws an ApiError with the sentence for
 *          an expression that cannot be read. Rows without a value never match. */
export function searcher(rows: number, table: Column[], fallback: Column | null, setNamed: (name: string) => Uint32Array) {
  return (request: SearchRequest): Uint32Array => {
    const within =
      request.within === null ? null : new Set(Array.isArray(request.within) ? request.within : setNamed(request.within.set));
    const test =
      request.mode === "field" ? field(request, table) : onColumn(named(table, request.column) ?? fallback, textTest(request));
    const hits: number[] = [];
    for (let row = 0; row < rows; row++) if ((!within || within.has(row)) && test(row)) hits.push(row);
    return Uint32Array.from(hits);
  };
}

type RowTest = (row: number) => boolean;

function named(table: Column[], name: string | null): Column | null {
  if (name === null) return null;
  const found = table.find((c) => c.name === name);
  if (!found) throw new ApiError(404, `There is no column '${name}'.`);
  return found;
}

const folded = (s: string): string => s.normalize("NFC").toLowerCase();

function textTest({ mode, text, case: exact }: SearchRequest): (value: string) => boolean {
  if (mode === "regex") {
    let pattern: RegExp;
    try {
      pattern = new RegExp(text, exact ? "u" : "iu");
    } catch (e) {
      throw new ApiError(400, (e as Error).message);
    }
    return (value) => pattern.test(value);
  }
  const fold = exact ? (s: string): string => s.normalize("NFC") : folded;
  const wanted = fold(text);
  if (mode === "whole") return (value) => fold(value) === wanted;
  return mode === "prefix" ? (value) => fold(value).startsWith(wanted) : (value) => fold(value).includes(wanted);
}

function onColumn(column: Column | null, test: (value: string) => boolean): RowTest {
  if (!column) return () => false;
  if (column.kind === "number") return (row) => !Number.isNaN(column.values[row]) && test(String(column.values[row]));
  const matching = column.names.map(test);
  return (row) => column.codes[row] >= 0 && matching[column.codes[row]];
}

/** `column:value` (equal but for case), `column=value` (exactly), `column!=value`, `column>number`, `>=`, `<`, `<=`. */
function field(request: SearchRequest, table: Column[]): RowTest {
  const parts = /^\s*([^:=<>!]+?)\s*(>=|<=|!=|[:=<>])\s*(.*?)\s*$/.exec(request.text);
  if (!parts) throw new ApiError(400, `'${request.text}' is not of the form column:value, column=value or column>number.`);
  const [, name, sign, value] = parts;
  const column = named(table, name)!;
  const limit = Number(value);
  if (sign === ":") return onColumn(column, (v) => folded(v) === folded(value));
  if (sign === "=") return onColumn(column, (v) => v === value);
  if (sign === "!=") return onColumn(column, (v) => v !== value);
  if (value === "" || Number.isNaN(limit)) throw new ApiError(400, `'${value}' is not a number.`);
  const compare: Record<string, (v: number) => boolean> = {
    ">": (v) => v > limit,
    "<": (v) => v < limit,
    ">=": (v) => v >= limit,
    "<=": (v) => v <= limit,
  };
  const number = (row: number): number => {
    if (column.kind === "number") return column.values[row];
    const text = column.codes[row] < 0 ? "" : column.names[column.codes[row]];
    return text.trim() === "" ? NaN : Number(text);
  };
  return (row) => compare[sign](number(row));
}
