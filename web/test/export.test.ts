import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { need, parseBlock } from "../src/api/block";
import { signal } from "@preact/signals";
import { type Api, ApiError, useApi } from "../src/api/client";
import type { SearchRequest } from "../src/api/types";
import { csv } from "../src/screens/export/csv";
import { carriedApi } from "../src/screens/export/carried-api";
import { contextOf, gather } from "../src/screens/export/carried";
import { fileName } from "../src/screens/export/download";
import { fromText, quantise, toText, unquantise, writeBlock } from "../src/screens/export/pack";
import { encodable, PdfPage, textWidth } from "../src/screens/export/pdf";
import { widening } from "../src/screens/export/picture";
import { hashOf, readSession, writeSession } from "../src/screens/export/session";
import { withData } from "../src/screens/export/single";
import { known } from "../src/state/layouts";
import { colourBy, currentSource, detail, layer, layoutId, paint, sets } from "../src/state/store";

test("CSV: what needs quotes has them, missing is empty, empty text is not", () => {
  const text = csv(
    ["a", "b,c"],
    [
      [1, 'say "no"'],
      [null, ""],
      ["x\ny", " z"],
      [NaN, false],
    ],
  );
  assert.equal(text, 'a,"b,c"\r\n1,"say ""no"""\r\n,""\r\n"x\ny"," z"\r\n,false\r\n');
});

test("file names keep letters of every script and nothing that a path means", () => {
  assert.equal(fileName("../été 東京: layer 3/", "csv"), "été-東京-layer-3.csv");
  assert.equal(fileName("///", "png"), "gonio.png");
});

test("a written block is read back: every type, odd lengths, any text", () => {
  const arrays = {
    a: { data: Float32Array.of(1.5, NaN, -0), shape: [3] },
    b: { data: Uint16Array.of(1, 2, 65535, 4, 5, 6), shape: [3, 2] },
    c: { data: Uint8Array.of(9), shape: [1] },
    d: { data: Float64Array.of(Math.PI), shape: [1] },
    e: { data: new Int32Array(0), shape: [0] },
  };
  for (let pad = 0; pad < 20; pad++) {
    const written = writeBlock({ title: '東京 " '.repeat(pad) }, arrays);
    const block = parseBlock(written.buffer);
    assert.equal(block.meta["title"], '東京 " '.repeat(pad));
    for (const [name, { data, shape }] of Object.entries(arrays)) assert.deepEqual(block.arrays[name], { data, shape });
  }
});

test("a block survives its way through the text of a page", async () => {
  const data = Uint16Array.from({ length: 50001 }, (_, i) => (i * 7919) % 65536);
  const text = await toText(writeBlock({ n: 1 }, { data: { data, shape: [50001] } }));
  assert.match(text, /^[A-Za-z0-9+/]+=*$/);
  assert.deepEqual(need(parseBlock(await fromText(`\n${text}\n`)), "data", Uint16Array), data);
});

test("quantised positions: one step for all axes, exact to half a step, NaN stays NaN", () => {
  const p = Float32Array.of(-3, 10, 5, 10.5, NaN, NaN, 1, 11);
  const q = quantise(p, 2);
  assert.deepEqual([q.low, q.size], [[-3, 10], 8]);
  unquantise(q.steps, q.low, q.size).forEach((v, i) =>
    Number.isNaN(p[i]) ? assert.ok(Number.isNaN(v)) : assert.ok(Math.abs(v - p[i]) <= 8 / 65534 / 2 + 1e-6),
  );
  const one = quantise(Float32Array.of(4, 4), 2);
  assert.deepEqual([...unquantise(one.steps, one.low, one.size)], [4, 4]);
});

/** Objects of a PDF by number, with their streams inflated; checks the table of places on the way. */
function readPdf(file: Uint8Array): Map<number, { dictionary: string; stream: Buffer | null }> {
  const text = Buffer.from(file).toString("latin1");
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)![1]);
  const table = /^xref\n0 (\d+)\n/.exec(text.slice(start))!;
  const count = Number(table[1]);
  const objects = new Map<number, { dictionary: string; stream: Buffer | null }>();
  for (let i = 1; i < count; i++) {
    const line = text.slice(start + table[0].length + 20 * i, start + table[0].length + 20 * (i + 1));
    assert.match(line, /^\d{10} 00000 n \n$/);
    const at = Number(line.slice(0, 10));
    assert.ok(text.startsWith(`${i} 0 obj\n`, at), `object ${i} is not at byte ${at}`);
    const body = text.slice(at, text.indexOf("endobj", at));
    const opens = body.indexOf("stream\n");
    if (opens < 0) objects.set(i, { dictionary: body, stream: null });
    else {
      const length = Number(/\/Length (\d+)/.exec(body)![1]);
      const bytes = Buffer.from(file.subarray(at + opens + 7, at + opens + 7 + length));
      assert.equal(text.slice(at + opens + 7 + length, at + opens + 17 + length), "\nendstream");
      objects.set(i, { dictionary: body.slice(0, opens), stream: inflateSync(bytes) });
    }
  }
  assert.match(text.slice(start), new RegExp(`/Size ${count} `));
  return objects;
}

test("a PDF has its objects where its table says, the picture's pixels and the text", async () => {
  const page = new PdfPage(300, 200, "Größe (1)");
  const picture = { width: 2, height: 1, rgb: Uint8Array.of(255, 0, 0, 0, 0, 255), alpha: Uint8Array.of(255, 128) };
  page.picture(picture, 10, 20, 100, 50);
  page.picture(picture, 0, 0, 1, 1);
  page.polygon(
    [
      [0, 0],
      [10, 10],
    ],
    { stroke: [0, 0.5, 1], width: 2, dash: [3, 2], opacity: 0.5 },
  );
  assert.equal(
    page.text("café – 23.1 %", 150, 100, 12, { fill: [0, 0, 0], anchor: "middle", halo: { color: [1, 1, 1], width: 3 } }),
    true,
  );
  assert.equal(page.text("東京", 0, 0, 12, { fill: [0, 0, 0] }), false);
  const file = await page.bytes();
  assert.ok(Buffer.from(file).toString("latin1").startsWith("%PDF-1.5\n"));
  const objects = [...readPdf(file).values()];
  const images = objects.filter((o) => o.dictionary.includes("/Subtype /Image"));
  assert.deepEqual(
    images.map((o) => [...o.stream!]),
    [[255, 128], [...picture.rgb]],
  );
  assert.ok(images[1].dictionary.includes("/Width 2 /Height 1") && images[1].dictionary.includes("/SMask"));
  const content = objects.find((o) => o.stream?.includes(" cm"))!.stream!.toString("latin1");
  assert.ok(content.startsWith("1 0 0 -1 0 200 cm"));
  assert.ok(content.includes("q 100 0 0 -50 10 70 cm /P0 Do Q"));
  assert.ok(content.includes(Buffer.from("café", "latin1").toString("hex")));
  assert.ok(!content.includes("NaN"));
  assert.ok(objects.some((o) => o.dictionary.includes("/MediaBox [0 0 300 200]")));
  assert.ok(objects.some((o) => o.dictionary.includes("<FEFF0047007200f600df00650020002800310029>")));
});

test("a picture of another shape shows at least what the screen shows", () => {
  const screen = { width: 720, height: 546 };
  assert.equal(widening(screen, { width: 1440, height: 1092 }), 1);
  for (const picture of [
    { width: 590, height: 546 },
    { width: 1000, height: 1000 },
    { width: 2000, height: 500 },
    { width: 300, height: 900 },
  ]) {
    const k = Math.min(picture.width / 720, picture.height / 546);
    for (const [x, y] of [
      [0, 0],
      [72, 56],
    ]) {
      // Pixels of the screen for a unit must not be more in the picture, whose shorter side spans the wider extent.
      const before = Math.min(720 - x, 546 - y);
      const after = Math.min(picture.width / k - x, picture.height / k - y) / widening(screen, picture);
      assert.ok(after <= before + 1e-9, `${JSON.stringify(picture)}: ${after} > ${before}`);
    }
  }
});

test("Helvetica's widths and what it cannot write", () => {
  assert.equal(textWidth("Hi", 1000), 722 + 222);
  assert.equal(textWidth("", 12), 0);
  assert.deepEqual(["abc", "naïve – €5", "東京", "a\tb", "Привет"].map(encodable), [true, true, false, false, false]);
});

const view = { v: 1, source: { path: "p", name: "n", hash: "h" }, layer: 3, layout: 17 } as never;

test("a session goes out and comes back without the server's layout number", () => {
  const text = writeSession(view, { 3: "ab" }, new Date(0));
  const back = readSession(text);
  assert.deepEqual(back, {
    gonio_session: 1,
    saved: "1970-01-01T00:00:00.000Z",
    view: { ...(view as object), layout: null },
    coordinates: { 3: "ab" },
  });
});

test("what is no session is refused with a reason", () => {
  for (const [text, reason] of [
    ["{", /not a session/],
    ["[]", /no field/],
    ["null", /no field/],
    ['{"gonio_session": 2}', /format 2/],
    ['{"gonio_session": 1, "view": {}}', /names no data/],
  ] as const)
    assert.throws(() => readSession(text), reason);
});

test("the hash of coordinates is that of their octets, wherever they lie", async () => {
  const whole = Float32Array.of(0, 1, 2);
  assert.equal(await hashOf(whole.subarray(1)), await hashOf(Float32Array.of(1, 2)));
  assert.equal(await hashOf(new Float32Array(0)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("data goes into a page once, as it is; another page is refused", () => {
  const html = '<title>gonio</title><body><div id="app"></div><script>"<body>"</script>';
  assert.equal(
    withData(html, "$&AB==", "a <b> $1"),
    '<title>a &lt;b&gt; $1</title><body>\n<script type="text/plain" id="gonio-data">$&AB==</script><div id="app"></div><script>"<body>"</script>',
  );
  assert.throws(() => withData("<p>no</p>", "", ""), /another form/);
});

/** A carried page of five rows and two layers, the last row not placed. */
function carried() {
  const p = [Float32Array.of(0, 0, 1, 1, 2, 0, 3, 5, NaN, NaN), Float32Array.of(5, 5, 1, 1, 2, 0, 3, 5, NaN, NaN)];
  const q = p.map((x) => quantise(x, 2));
  const names = ["bank", "Bank", "river"];
  const meta = {
    format: 1,
    view,
    layout: { epoch: 1, epochs: 1, loss: null },
    layers: q.map((x, i) => ({ layer: 4 * i, low: x.low, size: x.size })),
    source: { id: 3, rows: 5, token_column: "token", columns: [] },
    columns: [
      { name: "token", kind: "codes", names },
      { name: "position", kind: "number" },
      { name: "lid", kind: "number", layer: 4 },
    ],
    texts: ["the bank of the river"],
    labels: { 4: [{ x: 0, y: 0, text: "w", rows: 2, level: 0 }] },
    sets: [{ name: "first", rows: "0.2" }],
    paint: null,
    log: [],
    geometry: null,
  };
  const int = (...v: number[]) => ({ data: Int32Array.from(v), shape: [v.length] });
  const float = (...v: number[]) => ({ data: Float32Array.from(v), shape: [v.length] });
  return carriedApi(
    parseBlock(
      writeBlock(meta, {
        p0: { data: q[0].steps, shape: [5, 2] },
        p1: { data: q[1].steps, shape: [5, 2] },
        c0: int(0, 1, 2, 0, -1),
        c1: float(1, 4, NaN, 20, 3),
        c2: float(1, 2, 3, 4, 5),
        text: int(0, -1, 0, -1, -1),
        at: int(4, -1, 16, -1, -1),
        size: int(4, -1, 5, -1, -1),
        sequence: int(0, -1, 0, -1, -1),
        position: int(1, -1, 4, -1, -1),
      }).buffer,
    ),
  );
}

test("a carried page answers positions, columns and cards", async () => {
  const api = carried();
  const frames: number[] = [];
  await api.stream(1, (f) => frames.push(f.layer, Math.round(f.positions[0] * 1000)), new AbortController().signal);
  assert.deepEqual(frames, [0, 0, 4, 5000]);
  assert.ok(Number.isNaN((await api.positions(1, 4))[8]));
  await assert.rejects(api.positions(1, 2), /not saved/);
  const card = await api.card(3, 2, 0);
  assert.deepEqual(card.context, { before: "the bank of the ", token: "river", after: "" });
  assert.deepEqual([card.token, card.position, card.columns], ["river", 4, { token: "river", position: null }]);
  assert.equal((await api.card(3, 4, 0)).token, null);
  const lid = await api.column(3, "lid", { layer: 4 });
  assert.equal(lid.kind, "number");
  await assert.rejects(api.column(3, "lid", { layer: 0 }), /not saved/);
  assert.equal((await api.labels(3, 1, 4)).labels.length, 1);
  await assert.rejects(api.geometry(3, { center: false, remove: 0 }), /needs the vectors/);
});

async function hits(r: Partial<SearchRequest>): Promise<number[]> {
  const out: number[] = [];
  const request: SearchRequest = { source: 3, mode: "substring", text: "", column: null, case: false, within: null, ...r };
  await carried().search(request, (p) => out.push(...p.rows), new AbortController().signal);
  return out;
}

test("a carried page searches tokens and columns; missing cells never match", async () => {
  assert.deepEqual(await hits({ text: "ban" }), [0, 1, 3]);
  assert.deepEqual(await hits({ text: "ban", case: true }), [0, 3]);
  assert.deepEqual(await hits({ text: "iv" }), [2]);
  assert.deepEqual(await hits({ text: "ive", mode: "prefix" }), []);
  assert.deepEqual(await hits({ text: "^b.nk$", mode: "regex" }), [0, 1, 3]);
  assert.deepEqual(await hits({ text: "position>3", mode: "field" }), [1, 3]);
  assert.deepEqual(await hits({ text: "position>=3", mode: "field" }), [1, 3, 4]);
  assert.deepEqual(await hits({ text: "token=river", mode: "field" }), [2]);
  assert.deepEqual(await hits({ text: "token:BANK", mode: "field" }), [0, 1, 3]);
  assert.deepEqual(await hits({ text: "token=Bank", mode: "field" }), [1]);
  assert.deepEqual(await hits({ text: "token!=Bank", mode: "field" }), [0, 2, 3]);
  assert.deepEqual(await hits({ text: "bank", mode: "whole" }), [0, 1, 3]);
  assert.deepEqual(await hits({ text: "ban", mode: "whole" }), []);
  assert.deepEqual(await hits({ text: "of the", column: "text" }), [0, 2]);
  assert.deepEqual(await hits({ text: "ban", within: [1, 2] }), [1]);
  assert.deepEqual(await hits({ text: "ban", within: { set: "first" } }), [0, 1]);
  for (const bad of [
    { text: "(", mode: "regex" as const },
    { text: "position>x", mode: "field" as const },
    { text: "nothing", mode: "field" as const },
    { text: "gone:1", mode: "field" as const },
  ])
    await assert.rejects(hits(bad), ApiError);
});

test("sets of a carried page are combined and exported", async () => {
  const api = carried();
  await api.putSet(3, "odd", [1, 3]);
  await api.combineSets(3, "not", "first", "odd", "a");
  await api.combineSets(3, "and", "first", "odd", "b");
  await api.combineSets(3, "or", "first", "odd", "c");
  const sets = Object.fromEntries((await api.sets(3)).map((s) => [s.name, [...s.rows]]));
  assert.deepEqual(sets, { first: [0, 1], odd: [1, 3], a: [0], b: [1], c: [0, 1, 3] });
  assert.equal(
    await (await api.exportSelection(3, [2, 4], "csv")).text(),
    'row,context_before,context_token,context_after,token,position\r\n2,"the bank of the ",river,"",river,\r\n4,,,,,3\r\n',
  );
  const lines = (await (await api.exportSelection(3, [0], "jsonl")).text())
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l) as unknown);
  assert.deepEqual(lines, [
    { row: 0, context_before: "the ", context_token: "bank", context_after: " of the river", token: "bank", position: 1 },
  ]);
});

test("what is gathered from a server is what the saved page answers", async () => {
  const rows = 5;
  const names = ["bank", "river"];
  const source = {
    id: 3,
    name: "s",
    path: "p",
    hash: "h",
    rows,
    dims: 4,
    token_column: "token",
    text: true,
    columns: [
      { name: "token", type: "category" },
      { name: "x", type: "number" },
      { name: "long", type: "text" },
    ],
    layers: [0, 4].map((l) => ({ layer: l, depth: l / 4, name: "" })),
  };
  const positions = (l: number) => Float32Array.from({ length: 2 * rows }, (_, i) => (i < 8 ? i * (l + 1) : NaN));
  const cardOf = (row: number) => ({
    row,
    token: names[row % 2],
    position: row,
    sequence: 0,
    context: row === 4 ? null : { before: "a ".repeat(row), token: names[row % 2], after: " z" },
    columns: {},
  });
  const server = {
    source: async () => source,
    positions: async (_id: number, l: number) => positions(l),
    cards: async (_s: number, list: number[]) => list.map(cardOf),
    column: async (_s: number, name: string) =>
      name === "x"
        ? { kind: "number", name, values: Float32Array.of(1, 2, NaN, 4, 5) }
        : { kind: "codes", name, codes: Int32Array.of(0, 1, 0, 1, -1), names },
    labels: async (_s: number, _l: number, layer: number) => ({ labels: [{ x: layer, y: 0, text: "w", rows: 2, level: 0 }] }),
    neighborTable: async () => ({ k: 2, rows: Int32Array.of(1, 2, 0, 2, 3, 1, 2, 1, 0, -1) }),
    log: async () => [],
    layout: async () => state,
    sets: async () => [],
  };
  const state = {
    id: 9,
    source: 3,
    layer: "all",
    method: "pca",
    dim: 2,
    state: "done",
    epoch: 1,
    epochs: 1,
    rows,
    placed: 4,
    non_finite: 0,
    seconds: 1,
  };
  useApi(server as unknown as Api);
  detail.value = source as never;
  currentSource.value = 3;
  layer.value = 4;
  const request = {
    source: 3,
    layer: "all",
    method: "pca",
    dim: 2,
    seed: 1,
    rows: null,
    space: { center: false, remove: 0 },
    params: {},
    align: "joint",
  };
  known.value = new Map([
    [
      9,
      {
        id: 9,
        request: signal(request),
        state: signal(state),
        positions: new Map(),
        version: signal(0),
        epoch: signal(0),
        frames: 0,
        exact: new Set(),
        abort: new AbortController(),
      } as never,
    ],
  ]);
  layoutId.value = 9;
  sets.value = [{ name: "two", count: 2, rows: Uint32Array.of(1, 3) }];
  paint.value = { title: "lid", values: Float32Array.of(1, 2, 3, 4, NaN) };
  colourBy.value = { kind: "values" };
  const shares: number[] = [];
  const block = parseBlock(await fromText(await gather({ layers: "all", sentences: true, neighbours: true, progress: (s) => shares.push(s) })));
  assert.ok(shares.length > 2 && shares.every((s, i) => s > 0 && s <= 1 && (i === 0 || s >= shares[i - 1])));
  const saved = carriedApi(block);
  for (const l of [0, 4])
    (await saved.positions(9, l)).forEach((v, i) =>
      i < 8 ? assert.ok(Math.abs(v - positions(l)[i]) <= ((7 * (l + 1)) / 65534) * 0.51 + 1e-5) : assert.ok(Number.isNaN(v)),
    );
  for (let row = 0; row < rows; row++) {
    const [got, want] = [await saved.card(3, row, 4), cardOf(row)];
    assert.deepEqual(got.context, want.context);
    assert.equal(got.position, row);
  }
  assert.deepEqual(await saved.column(3, "x"), {
    kind: "number",
    name: "x",
    values: Float32Array.of(1, 2, NaN, 4, 5),
    title: undefined,
    unit: undefined,
    note: undefined,
  });
  assert.equal((await saved.column(3, "long")).kind, "codes");
  assert.deepEqual([...(await saved.sets(3))[0].rows], [1, 3]);
  assert.equal((await saved.labels(3, 9, 4)).labels[0].x, 4);
  assert.deepEqual([...need(block, "paint", Float32Array)].slice(0, 4), [1, 2, 3, 4]);
  assert.deepEqual((await saved.layout(9)).layers, [0, 4]);

  const near = { source: 3, layer: 4, metric: "cosine" as const, space: { center: false, remove: 0 }, k: 10 };
  const reply = await saved.neighbors({ ...near, query: { row: 2 } });
  assert.deepEqual(
    reply.rows.map((n) => [n.row, n.distance, n.token]),
    [3, 1].map((row) => [row, null, cardOf(row).token]),
  );
  assert.deepEqual((await saved.neighbors({ ...near, query: { row: 2 }, exclude: [3] })).rows.map((n) => n.row), [1]);
  assert.deepEqual((await saved.neighbors({ ...near, query: { row: 4 } })).rows.map((n) => n.row), [0]);
  await assert.rejects(saved.neighbors({ ...near, layer: 0, query: { row: 2 } }), /neighbours at layer 4/);
  await assert.rejects(saved.neighbors({ ...near, query: { vector: [1] } }), /needs the vectors/);

  const bare = carriedApi(
    parseBlock(await fromText(await gather({ layers: "shown", sentences: false, neighbours: false, progress: () => undefined }))),
  );
  assert.equal((await bare.card(3, 0, 4)).context, null);
  await assert.rejects(bare.positions(9, 0), /not saved/);
  await assert.rejects(bare.neighbors({ ...near, query: { row: 2 } }), /needs the vectors/);
  await assert.rejects(bare.column(3, "long"), /not saved/);
  layoutId.value = null;
  await assert.rejects(
    gather({ layers: "all", sentences: false, neighbours: false, progress: () => undefined }),
    /when the layout on the map is finished/,
  );
});

test("a context is cut out of its sentence", () => {
  assert.deepEqual(contextOf(["ab cd"], 0, 3, 2), { before: "ab ", token: "cd", after: "" });
  assert.equal(contextOf(["ab"], -1, -1, -1), null);
});
