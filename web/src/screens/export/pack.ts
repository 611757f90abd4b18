/** Writer of the binary container that api/block.ts reads, and its form inside an HTML page:
 *  compressed, then in base 64. */
import type { BlockArray } from "../../api/block";

const TYPES: [new (n: number) => BlockArray, string][] = [
  [Float32Array, "f4"],
  [Float64Array, "f8"],
  [Int32Array, "i4"],
  [Uint32Array, "u4"],
  [Uint16Array, "u2"],
  [Uint8Array, "u1"],
];
const eight = (n: number): number => Math.ceil(n / 8) * 8;

/** @param arrays data and shape by name. The header is padded with spaces, arrays with zeros. */
export function writeBlock(
  meta: Record<string, unknown>,
  arrays: Record<string, { data: BlockArray; shape: number[] }>,
): Uint8Array<ArrayBuffer> {
  const described = (start: number): { text: Uint8Array; total: number } => {
    let at = start;
    const list: Record<string, object> = {};
    for (const [name, { data, shape }] of Object.entries(arrays)) {
      const type = TYPES.find(([t]) => data instanceof t);
      if (!type) throw new Error(`block: array '${name}' is of no type that blocks have`);
      list[name] = { dtype: type[1], shape, offset: at };
      at += eight(data.byteLength);
    }
    return { text: new TextEncoder().encode(JSON.stringify({ ...meta, arrays: list, bytes: at })), total: at };
  };
  /* Offsets are written inside the header whose length they depend on: grow it until it fits. */
  let start = eight(4 + described(0).text.length);
  while (4 + described(start).text.length > start) start += 8;
  const { text, total } = described(start);
  const out = new Uint8Array(total);
  new DataView(out.buffer).setUint32(0, start - 4, true);
  out.fill(32, 4, start).set(text, 4);
  let at = start;
  for (const { data } of Object.values(arrays)) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += eight(data.byteLength);
  }
  return out;
}

async function through(
  data: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer());
}

export async function toText(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const packed = await through(data, new CompressionStream("gzip"));
  const parts: string[] = [];
  /* A multiple of three octets at a time: the pieces' base 64 can be joined. */
  for (let at = 0; at < packed.length; at += 0x6000) parts.push(btoa(String.fromCharCode(...packed.subarray(at, at + 0x6000))));
  return parts.join("");
}

export async function fromText(text: string): Promise<ArrayBuffer> {
  const raw = atob(text.trim());
  const packed = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) packed[i] = raw.charCodeAt(i);
  return (await through(packed, new DecompressionStream("gzip"))).buffer;
}

/** Steps of a quantised position; the step after the last means "not placed". */
const STEPS = 65534;

/** Positions as 16-bit steps inside their box, one step size for all axes. */
export function quantise(positions: Float32Array, dim: number): { steps: Uint16Array; low: number[]; size: number } {
  const low = Array<number>(dim).fill(Infinity);
  const high = Array<number>(dim).fill(-Infinity);
  positions.forEach((v, i) => {
    if (!Number.isFinite(v)) return;
    low[i % dim] = Math.min(low[i % dim], v);
    high[i % dim] = Math.max(high[i % dim], v);
  });
  const size = Math.max(1e-30, ...low.map((l, d) => (high[d] >= l ? high[d] - l : 0)));
  const steps = Uint16Array.from(positions, (v, i) =>
    Number.isFinite(v) ? Math.round(((v - low[i % dim]) / size) * STEPS) : STEPS + 1,
  );
  return { steps, low: low.map((l) => (Number.isFinite(l) ? l : 0)), size };
}

export function unquantise(steps: Uint16Array, low: number[], size: number): Float32Array {
  return Float32Array.from(steps, (q, i) => (q > STEPS ? NaN : low[i % low.length] + (q / STEPS) * size));
}
