/** Reader of the server's binary container ("block") and of streams of them (docs/api.md).
 *
 *  A block is `u32 header_bytes | header JSON | arrays`; a stream prefixes each block by its size
 *  as u32. Everything is little-endian, which every browser's typed arrays are, too. */

export type BlockArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

export interface Block {
  /** The header without `arrays` and `bytes`. */
  meta: Record<string, unknown>;
  arrays: Record<string, { data: BlockArray; shape: number[] }>;
}

interface ArrayHeader {
  dtype: string;
  shape: number[];
  offset: number;
}

const viewers: Record<string, { bytes: number; view: (b: ArrayBuffer, at: number, n: number) => BlockArray }> = {
  f4: { bytes: 4, view: (b, at, n) => new Float32Array(b, at, n) },
  f8: { bytes: 8, view: (b, at, n) => new Float64Array(b, at, n) },
  i4: { bytes: 4, view: (b, at, n) => new Int32Array(b, at, n) },
  u4: { bytes: 4, view: (b, at, n) => new Uint32Array(b, at, n) },
  u2: { bytes: 2, view: (b, at, n) => new Uint16Array(b, at, n) },
  u1: { bytes: 1, view: (b, at, n) => new Uint8Array(b, at, n) },
};

/** Parses one block. The arrays are views into `buffer`: nothing is copied. */
export function parseBlock(buffer: ArrayBuffer): Block {
  if (buffer.byteLength < 8) throw new Error(`block: ${buffer.byteLength} bytes, at least 8 expected`);
  const headerBytes = new DataView(buffer).getUint32(0, true);
  if (4 + headerBytes > buffer.byteLength)
    throw new Error(`block: header of ${headerBytes} bytes in a block of ${buffer.byteLength}`);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerBytes)));
  const { arrays: described, bytes, ...meta } = header as { arrays?: Record<string, ArrayHeader>; bytes?: number };
  if (bytes !== undefined && bytes !== buffer.byteLength)
    throw new Error(`block: ${buffer.byteLength} bytes came, the header says ${bytes}`);
  const arrays: Block["arrays"] = {};
  for (const [name, a] of Object.entries(described ?? {})) {
    const v = viewers[a.dtype];
    if (!v) throw new Error(`block: array '${name}' has the unknown type '${a.dtype}'`);
    const n = a.shape.reduce((p, s) => p * s, 1);
    if (a.offset % v.bytes !== 0 || a.offset + n * v.bytes > buffer.byteLength)
      throw new Error(`block: array '${name}' ends at byte ${a.offset + n * v.bytes} of ${buffer.byteLength}`);
    arrays[name] = { data: v.view(buffer, a.offset, n), shape: a.shape };
  }
  return { meta, arrays };
}

/** The named array, which must have the given type. */
export function need<T extends BlockArray>(b: Block, name: string, type: new (n: number) => T): T {
  const a = b.arrays[name];
  if (!a) throw new Error(`block: array '${name}' is missing`);
  if (!(a.data instanceof type)) throw new Error(`block: array '${name}' has another type than expected`);
  return a.data;
}

/** Cuts a byte stream into blocks: give it chunks of any size, it yields each block when it is whole.
 *  A block gets its own buffer, so that its arrays are aligned. */
export class BlockSplitter {
  private size = new Uint8Array(4);
  private have = 0; // bytes of the size read
  private block: Uint8Array<ArrayBuffer> | null = null;
  private filled = 0;

  *push(chunk: Uint8Array): Generator<Block> {
    let at = 0;
    while (at < chunk.length) {
      if (!this.block) {
        const n = Math.min(4 - this.have, chunk.length - at);
        this.size.set(chunk.subarray(at, at + n), this.have);
        this.have += n;
        at += n;
        if (this.have < 4) return;
        this.block = new Uint8Array(new DataView(this.size.buffer).getUint32(0, true));
        this.filled = 0;
      }
      const n = Math.min(this.block.length - this.filled, chunk.length - at);
      this.block.set(chunk.subarray(at, at + n), this.filled);
      this.filled += n;
      at += n;
      if (this.filled === this.block.length) {
        const whole = this.block.buffer;
        this.block = null;
        this.have = 0;
        yield parseBlock(whole);
      }
    }
  }

  /** True between two blocks: a stream that ends elsewhere was cut. */
  get complete(): boolean {
    return this.have === 0 && this.block === null;
  }
}

/** Reads a response to its end, block by block. */
export async function* readBlocks(response: Response): AsyncGenerator<Block> {
  const splitter = new BlockSplitter();
  const reader = response.body!.getReader();
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      ended = done;
      if (done) break;
      yield* splitter.push(value);
    }
  } finally {
    if (!ended) reader.cancel().catch(() => undefined);
  }
  if (!splitter.complete) throw new Error("the server ended a stream in the middle of a block");
}

/** Positions as the stream sends them (uint16 inside a box, one scale for all axes) in data units. */
export function dequantise(q: Uint16Array, dim: number, box: number[][]): Float32Array {
  const out = new Float32Array(q.length);
  const lo = box.map((b) => b[0]);
  const step = box.map((b) => (b[1] - b[0]) / 65535);
  for (let i = 0; i < q.length; i += dim) for (let d = 0; d < dim; d++) out[i + d] = lo[d] + q[i + d] * step[d];
  return out;
}
