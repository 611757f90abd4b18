import assert from "node:assert/strict";
import test from "node:test";
import { keptLine, stressLine } from "../src/state/gauges";

const quality = { k: 15, kept: 0.4567, kept_se: 0.0213, sampled: 200 };

test("neighbours kept so far, and kept: one line from the first second to the end", () => {
  const waiting = keptLine({ method: "tsne", quality: null, gauge: null }, false);
  assert.deepEqual([waiting?.value, waiting?.share, waiting?.final], ["–", null, false]);
  const now = keptLine({ method: "umap", quality: null, gauge: quality }, false)!;
  assert.equal(now.name, "kept so far, k = 15");
  assert.equal(now.value, "45.7 ± 2 %");
  assert.match(now.title, /measured on 200 rows/);
  assert.deepEqual([now.share, now.final], [0.4567, false]);
  const done = keptLine({ method: "umap", quality: { ...quality, kept_se: null }, gauge: quality }, true)!;
  assert.deepEqual([done.name, done.value, done.final], ["neighbours kept, k = 15", "45.7 %", true]);
  assert.equal(keptLine({ method: "tsne", quality: null, gauge: quality }, true), null, "no gauge of a run that ended");
  assert.equal(keptLine({ method: "pca", quality: null }, false), null, "a basis is there at once");
});

test("stress says what it is of, and its error where it was sampled", () => {
  const tsne = stressLine({ method: "tsne", loss: 1.23456, loss_se: null }, false)!;
  assert.equal(tsne.value, "1.235");
  assert.match(tsne.title, /Kullback-Leibler divergence.*nats/);
  const umap = stressLine({ method: "umap", loss: 2.5, loss_se: 0.043 }, true)!;
  assert.equal(umap.value, "2.5 ± 0.04");
  assert.match(umap.title, /ross-entropy.*nats a row/);
  assert.equal(stressLine({ method: "umap", loss: null }, false)?.value, "–", "its place is there before it");
  assert.equal(stressLine({ method: "umap", loss: null }, true), null);
  assert.equal(stressLine({ method: "pca", loss: null }, false), null);
});
