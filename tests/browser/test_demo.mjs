// The demo scenario of the viewer: the tables of a model and one word in fourteen sentences, once as a
// TensorBoard folder and once as gonio's own files. A planted stand-in of the same shapes and labels,
// in which each finding holds by construction.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, assert, byId, click, drawn, equal, holds, mapStands, normal, openSource, project, run, slide, text, until, writeNpy, writeSet } from "./harness.mjs";

const d = 768, groups = {
  country: ["india", "china", "japan", "france", "spain", "peru", "kenya", "norway", "brazil", "egypt", "italy", "greece"],
  social: ["facebook", "twitter", "myspace", "instagram", "youtube", "linkedin", "reddit", "tumblr", "flickr", "snapchat", "pinterest"],
};

/** Rows around a few directions: near(i) names the direction of row i. */
function table(n, near, noise, seed) {
  const r = normal(seed), centre = new Map(), x = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const name = near(i);
    if (name && !centre.has(name)) centre.set(name, Float32Array.from({ length: d }, r));
    const c = name ? centre.get(name) : null;
    for (let j = 0; j < d; j++) x[i * d + j] = noise * r() + (c ? c[j] : 0.8 * r());
  }
  return x;
}

const vocabulary = Array.from({ length: 30522 }, (_, i) => {
  if (i < 999) return `[unused${i}]`;
  if (i < 2000) return String(i - 900);
  const g = [...groups.country, ...groups.social];
  return i < 2000 + 50 * g.length && i % 50 === 0 ? g[(i - 2000) / 50] : `word${i}`;
});
const groupOf = (w) => (/^\[unused/.test(w) ? "unused" : /^\d+$/.test(w) ? "number" : Object.keys(groups).find((g) => groups[g].includes(w)));

const finance = ["the bank lent him money", "she works at a bank downtown", "my bank charges too much", "that bank failed last year", "the bank raised its rates", "our bank closed at noon", "no bank would lend them", "the central bank acted today"];
const river = ["they fished from the bank", "the bank of the river flooded", "a muddy bank slowed us", "otters live along the bank", "we reached the far bank", "grass covers the bank here"];
const banks = [...finance, ...river].map((s, i) => ({ sentence: s, sense: i < 8 ? "finance" : "river" }));

function plant(folder) {
  const words = table(30522, (i) => groupOf(vocabulary[i]), 0.4, 1);
  const positions = table(512, (i) => (i < 128 ? "short" : "long"), 0.15, 2);
  // Along the way from one row to the next, too, as position embeddings are.
  for (let i = 0; i < 512; i++) for (let j = 0; j < 8; j++) positions[i * d + j] += Math.sin((i * (j + 1)) / 160);
  const types = table(2, () => null, 0.4, 3);
  const contexts = table(14, (i) => banks[i].sense, 0.5, 4);
  const senses = `label\tsentence\tsense\n${banks.map((b, i) => `bank_${i + 1}\t${b.sentence}\t${b.sense}`).join("\n")}\n`;
  const tables = [
    { name: "word_embedding", x: words, n: 30522, metadata: `${vocabulary.join("\n")}\n` },
    { name: "position_embedding", x: positions, n: 512, metadata: `${Array.from({ length: 512 }, (_, i) => i).join("\n")}\n` },
    { name: "token_type_embedding", x: types, n: 2, metadata: "0\n1\n" },
    { name: "contextual_embedding", x: contexts, n: 14, metadata: senses },
  ];
  const board = join(folder, "board"), own = join(folder, "own");
  mkdirSync(board);
  mkdirSync(own);
  let config = "";
  for (const { name, x, n, metadata } of tables) {
    writeFileSync(join(board, `${name}.bytes`), Buffer.from(x.buffer));
    writeFileSync(join(board, `${name}.metadata.tsv`), metadata);
    config += `embeddings { tensor_name: "${name}" tensor_shape: ${n} tensor_shape: ${d} tensor_path: "${name}.bytes" metadata_path: "${name}.metadata.tsv" }\n`;
    writeNpy(join(own, `${name}.npy`), x, [n, d]);
    writeFileSync(join(own, `${name}.metadata.tsv`), metadata);
  }
  writeFileSync(join(board, "projector_config.pbtxt"), config);
  return { board, own, contexts };
}

const near = async (server, source, row) => (await server.json("/api/neighbors", {
  method: "POST", body: { source, layer: 0, metric: "cosine", space: { center: false, remove: 0 }, k: 10, query: { row } },
})).rows;

run([
  ["the demo's findings hold, with equal results from both kinds of folder", async (t) => {
    const { board, own } = plant(t.folder), results = [];
    for (const folder of [board, own]) {
      const server = await t.serve(folder), page = await t.page(server.url);
      const { sources } = await server.json("/api/sources"), found = {};
      const id = (name) => sources.find((s) => s.name.startsWith(name)).id;
      equal(sources.map((s) => s.rows).sort((a, b) => a - b), [2, 14, 512, 30522]);
      assert(sources.every((s) => s.supported && s.dims === d));
      // 1 to 4: each word's neighbours are of its group.
      for (const word of ["india", "facebook", "[unused7]", "512"]) {
        const rows = await near(server, id("word"), vocabulary.indexOf(word));
        found[word] = rows.map((r) => r.row);
        equal(rows.map((r) => groupOf(vocabulary[r.row])), Array(10).fill(groupOf(word)), `neighbours of ${word}:`);
        equal(rows[0].token, vocabulary[rows[0].row]);
      }
      for (let i = 0; i < 14; i++) {
        const rows = await near(server, id("contextual"), i), same = banks[i].sense === "finance" ? 7 : 5;
        equal(rows.slice(0, same).map((r) => banks[r.row].sense), Array(same).fill(banks[i].sense), `neighbours of bank ${i + 1}:`);
      }
      // On the screen: every row of the vocabulary in the map, the list readable.
      await openSource(page, "word_embedding");
      equal(await text(page, "status-rows"), "30,522 of 30,522 rows placed");
      found.explained = (await ask(page, "g.layout.explained")).map((e) => e.toFixed(6));
      await page.focus(byId("search"));
      await page.select(byId("search-mode"), "regex");
      await page.type(byId("search"), "^india$");
      await until(page, `JSON.stringify(g.selection) === '[${vocabulary.indexOf("india")}]'`);
      await page.keyboard.press("Enter");
      await (await page.waitForSelector(`${byId("selected-rows")} button`)).click();
      await page.waitForSelector(`${byId("neighbour-list")} [data-row]`);
      const listed = await page.$$eval(`${byId("neighbour-list")} .token`, (all) => all.map((e) => e.textContent));
      assert(listed.length === 10 && listed.every((w) => groups.country.includes(w)), listed);
      // 5: UMAP parts the positions; their number is a continuous colour.
      await click(page, "screen-open");
      await openSource(page, "position_embedding");
      const column = (await server.json(`/api/sources/${id("position")}`)).columns.find((c) => c.type === "number").name;
      await page.select(byId("colour-by"), `column:${column}`);
      await page.waitForSelector(byId("scale-ends"));
      await project(page, "umap", { steps: 100 });
      const { at } = await drawn(page), agree = at.map((p, i) => {
        const order = at.map((q, j) => [j === i ? Infinity : Math.hypot(p[0] - q[0], p[1] - q[1]), j]).sort((a, b) => a[0] - b[0]);
        return order.slice(0, 10).filter(([, j]) => j < 128 === i < 128).length / 10;
      });
      found.agreement = agree.reduce((s, v) => s + v, 0) / 512;
      assert(found.agreement > 0.97, "positions 0-127 and 128-511 are mixed:", found.agreement);
      results.push(found);
    }
    console.log(`# agreement of neighbours among positions: ${results[0].agreement.toFixed(4)}`);
    equal(results[0], results[1], "the two folders:");
  }],

  ["two rows, four rows: a map or a sentence", async (t) => {
    for (const [n, name] of [[1, "one"], [2, "two"], [3, "three"], [4, "four"]]) {
      writeNpy(join(t.folder, `${name}.npy`), Float32Array.from({ length: n * 6 }, normal(n)), [n, 6]);
    }
    const server = await t.serve(t.folder), page = await t.page(server.url);
    page.mayComplain = true; // refusals are noted by the browser's console
    for (const [n, name] of [[2, "two"], [3, "three"], [4, "four"]]) {
      await click(page, "screen-open");
      await openSource(page, name);
      equal(await text(page, "status-rows"), `${n} of ${n} rows placed`);
      equal(await ask(page, "g.data.positions.every(Number.isFinite)"), true);
      if (n === 2) {
        equal((await ask(page, "g.layout.explained"))[0].toFixed(6), "1.000000");
        await page.mouse.click(...(await ask(page, "g.project(0)").then(async ([x, y]) => {
          const box = await (await page.$(byId("plot"))).boundingBox();
          return [box.x + x, box.y + y];
        })));
        await page.waitForSelector(byId("neighbour-1"));
        equal((await page.$$(`${byId("neighbour-list")} [data-row]`)).length, 1, "neighbours of one of two rows:");
      }
      for (const method of ["tsne", "umap"]) {
        await click(page, `method-${method}`);
        await slide(page, "steps", 50);
        const before = await ask(page, "g.layout.id");
        await click(page, "run");
        await holds(page, (was) => document.querySelector('[data-testid="run-error"]') || (window.__gonio.layout?.state === "done" && window.__gonio.layout.id !== was), before);
        const refused = await page.$(byId("run-error"));
        if (refused) {
          const said = await text(page, "run-error");
          assert(said.length > 30 && /\d/.test(said), `${method} of ${n} rows says only:`, said);
          console.log(`# ${method} of ${n} rows: ${said}`);
        } else equal(await ask(page, "g.data.positions.every(Number.isFinite)"), true);
        if (n === 2) assert(refused, `${method} of two rows was not refused`);
      }
      await click(page, "method-pca");
      await click(page, "run");
      await mapStands(page, "g.layout.method === 'pca'");
    }
  }],

  ["one word in fourteen sentences, layer by layer", async (t) => {
    const r = normal(40), texts = banks.map((b) => [b.sentence, b.sense]), word = new Map();
    const rows = writeSet(join(t.folder, "reps"), texts, 13, 48, (l, _row, { token, label }) => {
      if (!word.has(token)) word.set(token, Array.from({ length: 48 }, () => 3 * r()));
      // The sense grows through the layers.
      return word.get(token).map((v, j) => v + r() + (token === "bank" && j < 4 ? l * (label === "river" ? 1 : -1) : 0));
    });
    const page = await t.open(t.folder), all = rows.flatMap((x, i) => (x.token === "bank" ? [i] : []));
    await mapStands(page, "g.layout.layers.length === 13");
    const senses = async (layer) => {
      let same = 0;
      for (const row of all) {
        const doc = await page.server.json("/api/neighbors", { method: "POST", body: { source: 0, layer, metric: "cosine", space: { center: true, remove: 0 }, k: 5, query: { row } } });
        same += doc.rows.filter((x) => rows[x.row].token === "bank" && rows[x.row].label === rows[row].label).length;
      }
      return same / (5 * all.length);
    };
    const first = await senses(0), last = await senses(12);
    console.log(`# neighbours of the same sense: ${first.toFixed(2)} at layer 0, ${last.toFixed(2)} at layer 12`);
    assert(last > 0.95 && last > first + 0.2, first, last);
    // The list of the page says the same at the last layer.
    await page.focus(byId("search"));
    await page.type(byId("search"), "bank");
    await until(page, `g.selection.length === 14`);
    await page.keyboard.press("Enter");
    await (await page.waitForSelector(`${byId("selected-rows")} button`)).click();
    await until(page, `g.pinned === ${all[0]}`);
    await page.waitForSelector(`${byId("neighbour-list")} [data-row]`); // what stands below the list has its place
    await click(page, "other-layers");
    await holds(page, `document.querySelectorAll('[data-testid="layer-neighbours"] li').length === 13 && !document.querySelector('[data-testid="layer-neighbours"]').textContent.includes("…")`);
  }],
]);
