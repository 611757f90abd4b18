// Check 9 of the viewer: a lasso in 3D takes what lies inside it, seen or hidden.
import { join } from "node:path";
import { ask, assert, byId, click, drag, drawn, equal, mapStands, normal, run, until, writeNpy } from "./harness.mjs";

/** Where a row is in the picture, by this test's own arithmetic: rotate about the target, divide by the depth. */
function place(p, { target, extent, rotation: [x, y, z, w], perspective }, width, height) {
  const v = p.map((c, i) => c - target[i]);
  // v' = v + 2 w (u x v) + 2 u x (u x v), u the vector part of the unit quaternion.
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const u = [x, y, z], c1 = cross(u, v), c2 = cross(u, c1);
  const r = v.map((a, i) => a + 2 * w * c1[i] + 2 * c2[i]);
  const scale = Math.min(width, height) / extent, eye = perspective > 0 ? extent / perspective : Infinity;
  const f = eye === Infinity ? scale : (scale * eye) / (eye - r[2]);
  return [width / 2 + f * r[0], height / 2 - f * r[1]];
}

function inside([x, y], polygon) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function fromEdge([x, y], polygon) {
  let least = Infinity;
  polygon.forEach(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length], l = (bx - ax) ** 2 + (by - ay) ** 2;
    const s = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / l));
    least = Math.min(least, Math.hypot(x - ax - s * (bx - ax), y - ay - s * (by - ay)));
  });
  return least;
}

run([
  ["a lasso in 3D takes the same rows as an independent projection", async (t) => {
    // The second half hides behind the first: the same places again.
    const half = 260, r = normal(31), x = new Float32Array(6 * half);
    for (let i = 0; i < 3 * half; i++) x[i] = x[i + 3 * half] = r() * [3, 2, 1][i % 3];
    writeNpy(join(t.folder, "solid.npy"), x, [2 * half, 3]);
    const page = await t.open(t.folder);
    await mapStands(page, "g.layout.dim === 3");
    equal(await ask(page, "g.layout.method"), "raw");
    const box = await (await page.$(byId("plot"))).boundingBox(), centre = [box.x + box.width / 2, box.y + box.height / 2];
    // Turned by hand first, so that the camera is no special one.
    await drag(page, [centre, [centre[0] + 60, centre[1] - 35], [centre[0] + 140, centre[1] - 50]]);
    await mapStands(page);
    const { at } = await drawn(page), camera = await ask(page, "g.camera");
    assert(Math.abs(camera.rotation[1]) > 0.01 && camera.perspective > 0, camera);
    const seen = at.map((p) => place(p, camera, box.width, box.height)), theirs = await ask(page, "Array.from({ length: g.data.n }, (_, i) => g.project(i))");
    seen.forEach((p, i) => assert(Math.hypot(p[0] - theirs[i][0], p[1] - theirs[i][1]) < 0.05, "row", i, "is drawn at", theirs[i], "expected", p));

    /** A seven-sided polygon near (x, y) that no row touches: rounding decides nothing. */
    const polygonAt = (cx, cy, radius) => {
      for (let turn = 0; turn < 4000; turn++) {
        const [ox, oy] = [cx + 30 * r(), cy + 30 * r()], bend = r.uniform();
        const p = Array.from({ length: 7 }, (_, i) => [ox + radius * (i % 2 ? 1 : 0.7) * Math.cos((i + bend) * 0.9), oy + radius * Math.sin((i + bend) * 0.9)]);
        if (seen.every((s) => fromEdge(s, p) > 1.6)) return p;
      }
      throw new Error("no polygon found");
    };
    const draw = async (polygon, keys = []) => {
      const path = [...polygon, polygon[0]].flatMap((p, i, all) => {
        const q = all[i + 1] ?? p;
        return Array.from({ length: 5 }, (_, s) => [box.x + p[0] + ((q[0] - p[0]) * s) / 5, box.y + p[1] + ((q[1] - p[1]) * s) / 5]);
      });
      await drag(page, path, keys);
    };
    const ids = (polygon) => seen.flatMap((p, i) => (inside(p, polygon) ? [i] : []));
    const selected = async (want, what) => {
      await until(page, `g.selection.length === ${want.length}`);
      equal(await ask(page, "g.selection"), want, what);
    };

    await page.keyboard.press("l");
    const one = polygonAt(box.width / 2 - 40, box.height / 2, 110), first = ids(one);
    assert(first.length > 30 && first.filter((i) => i >= half).length === first.length / 2, "rows in the lasso:", first.length);
    await draw(one);
    await selected(first, "lasso:");
    const two = polygonAt(box.width / 2 + 60, box.height / 2 + 20, 90), union = [...new Set([...first, ...ids(two)])].sort((a, b) => a - b);
    assert(union.length > first.length);
    await draw(two, ["Shift"]);
    await selected(union, "Shift adds:");
    const three = polygonAt(box.width / 2 + 20, box.height / 2, 60), gone = new Set(ids(three)), rest = union.filter((i) => !gone.has(i));
    assert(rest.length < union.length);
    await draw(three, ["Alt"]);
    await selected(rest, "Alt removes:");
    for (const [keys, want] of [["z", union], ["z", first], ["y", union], ["y", rest]]) {
      await page.keyboard.down("Control");
      await page.keyboard.press(keys);
      await page.keyboard.up("Control");
      await selected(want, `Ctrl ${keys}:`);
    }

    // A rectangle likewise.
    await page.keyboard.press("r");
    const [ax, ay, bx, by] = [box.width / 2 - 81.5, box.height / 2 - 70.5, box.width / 2 + 90.5, box.height / 2 + 66.5];
    const edge = [[ax, ay], [bx, ay], [bx, by], [ax, by]], near = seen.flatMap((p, i) => (fromEdge(p, edge) < 1.6 ? [i] : []));
    await drag(page, [[box.x + ax, box.y + ay], [box.x + ax + 20, box.y + by - 30], [box.x + bx, box.y + by]]);
    await until(page, `g.selection.length !== ${rest.length}`);
    const boxed = new Set(await ask(page, "g.selection"));
    seen.forEach((p, i) => assert(near.includes(i) || boxed.has(i) === inside(p, edge), "row", i, "at", p));

    // Isolate and come back.
    await click(page, "inspector-tab-selection");
    await click(page, "isolate");
    await until(page, `g.counts.within === ${boxed.size}`);
    await click(page, "restore-all");
    await until(page, `g.counts.within === ${2 * half}`);
  }],
]);
