import assert from "node:assert/strict";
import test from "node:test";
import { BlockSplitter, dequantise, need, parseBlock } from "../src/api/block";

/** A block as docs/api.md describes it, written the plain way. */
function makeBlock(meta: object, arrays: Record<string, { dtype: string; shape: number[]; bytes: Uint8Array }>): Uint8Array {
  const place = (headerBytes: number) => {
    let at = 4 + headerBytes;
    const described: Record<string, object> = {};
    for (const [name, a] of Object.entries(arrays)) {
      described[name] = { dtype: a.dtype, shape: a.shape, offset: at };
      at += Math.ceil(a.bytes.length / 8) * 8;
    }
    return { json: JSON.stringify({ ...meta, arrays: described, bytes: at }), total: at };
  };
  let headerBytes = 4;
  while (new TextEncoder().encode(place(headerBytes).json).length > headerBytes) headerBytes += 8;
  const { json, total } = place(headerBytes);
  const out = new Uint8Array(total).fill(32, 0, 4 + headerBytes);
  new DataView(out.buffer).setUint32(0, headerBytes, true);
  out.set(new TextEncoder().encode(json), 4);
  let at = 4 + headerBytes;
  for (const a of Object.values(arrays)) {
    out.set(a.bytes, at);
    at += Math.ceil(a.bytes.length / 8) * 8;
  }
  return out;
}
const bytes = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const sample = () =>
  makeBlock(
    { names: ["Bär", "熊"], epoch: 7 },
    {
      values: { dtype: "f4", shape: [3], bytes: bytes(Float32Array.of(1.5, NaN, -2)) },
      codes: { dtype: "i4", shape: [2], bytes: bytes(Int32Array.of(-1, 1)) },
      q: { dtype: "u2", shape: [2, 2], bytes: bytes(Uint16Array.of(0, 65535, 1, 2)) },
    },
  );

test("a block's arrays and header", () => {
  const b = parseBlock(sample().buffer as ArrayBuffer);
  assert.deepEqual(b.meta, { names: ["Bär", "熊"], epoch: 7 });
  assert.deepEqual([...need(b, "values", Float32Array)], [1.5, NaN, -2]);
  assert.deepEqual([...need(b, "codes", Int32Array)], [-1, 1]);
  assert.deepEqual(b.arrays["q"].shape, [2, 2]);
});

test("a block that was cut, mislabelled or lacks an array is refused", () => {
  const whole = sample();
  assert.throws(() => parseBlock(whole.slice(0, whole.length - 8).buffer as ArrayBuffer), /bytes came, the header says/);
  assert.throws(() => parseBlock(new Uint8Array(4).buffer), /at least 8 expected/);
  assert.throws(() => parseBlock(Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0).buffer), /header of 255 bytes/);
  const b = parseBlock(whole.buffer as ArrayBuffer);
  assert.throws(() => need(b, "rows", Uint32Array), /'rows' is missing/);
  assert.throws(() => need(b, "codes", Float32Array), /another type/);
  const strange = makeBlock({}, { x: { dtype: "f2", shape: [1], bytes: new Uint8Array(2) } });
  assert.throws(() => parseBlock(strange.buffer as ArrayBuffer), /unknown type 'f2'/);
});

test("a stream cut anywhere gives the same blocks", () => {
  const one = sample();
  const two = makeBlock({ last: true }, { rows: { dtype: "u4", shape: [1], bytes: bytes(Uint32Array.of(42)) } });
  const stream = new Uint8Array(8 + one.length + two.length);
  new DataView(stream.buffer).setUint32(0, one.length, true);
  stream.set(one, 4);
  new DataView(stream.buffer).setUint32(4 + one.length, two.length, true);
  stream.set(two, 8 + one.length);
  for (const step of [1, 2, 3, 5, 8, 13, 64, 10000]) {
    const s = new BlockSplitter();
    const got = [];
    for (let at = 0; at < stream.length; at += step) got.push(...s.push(stream.subarray(at, at + step)));
    assert.equal(got.length, 2, `step ${step}`);
    assert.deepEqual([...need(got[1], "rows", Uint32Array)], [42]);
    assert.equal(got[0].meta["epoch"], 7);
    assert.ok(s.complete);
  }
  const s = new BlockSplitter();
  assert.equal([...s.push(stream.subarray(0, stream.length - 1))].length, 1);
  assert.ok(!s.complete);
});

test("positions come back into their box with one scale", () => {
  const p = dequantise(Uint16Array.of(0, 65535, 65535, 0, 13107, 52428), 2, [
    [-1, 1],
    [10, 12],
  ]);
  assert.deepEqual(
    [...p].map((v) => Math.round(v * 1e4) / 1e4),
    [-1, 12, 1, 10, -0.6, 11.6],
  );
});
