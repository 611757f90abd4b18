/* Words for tokens and rows: what no font shows, what is too long, what says nothing. */
import assert from "node:assert/strict";
import test from "node:test";
import type { SourceDetail } from "../src/api/types";
import { placeInText } from "../src/state/cards";
import { tokenOf } from "../src/state/columns";
import { cell, clip, visible } from "../src/state/format";
import { detail } from "../src/state/store";

test("white space and control characters of a token get signs; other tokens stay as they are", () => {
  assert.equal(visible(" "), "␣");
  assert.equal(visible("\n\t"), "↵⇥");
  assert.equal(visible("a\nb\u0000"), "a↵b␀");
  assert.equal(visible(""), "(empty)");
  for (const t of ["##ing", "Ġthe", "▁token", "日本語", "مرحبا", "👩‍👩‍👧‍👦", "a b"]) assert.equal(visible(t), t);
  assert.equal(tokenOf(2634), "row 2,634");
  assert.equal(tokenOf(3, " "), "␣");
});

test("a long label is cut between letters of any script", () => {
  assert.equal(clip("short", 5), "short");
  assert.equal(clip("longer", 5), "long…");
  assert.equal(clip("👩‍👩‍👧‍👦".repeat(4), 4), "👩‍👩‍👧‍👦".repeat(4), "a family is one letter");
  assert.equal(clip("हिन्दीहिन्दी", 3), `${Array.from(new Intl.Segmenter().segment("हिन्दीहिन्दी"), (s) => s.segment).slice(0, 2).join("")}…`);
});

test("whole numbers of a table stand as they are", () => {
  assert.deepEqual([1984, -3, 0.25, 1234567, 12.34567].map(cell), ["1984", "−3", "0.25", "1.235e6", "12.35"]);
});

test("sentence and position of a row; a table without text, where each row is its own sentence, has none", () => {
  const card = (row: number, sequence: number) => ({ row, token: "w", sequence, position: 4 });
  const words = [["position", 4], ["sentence", 7]];
  detail.value = { text: true } as SourceDetail;
  assert.deepEqual(placeInText(card(7, 7)), words);
  detail.value = { text: false } as SourceDetail;
  assert.deepEqual(placeInText(card(30, 7)), words);
  assert.deepEqual(placeInText(card(7, 7)), []);
  assert.deepEqual(placeInText({ row: 1, token: null }), []);
  detail.value = null;
});
