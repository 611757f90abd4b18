import assert from "node:assert/strict";
import test from "node:test";
import { PACE, playOn } from "../src/screens/strip";

test("playing: frames as they come, a hidden tab's pause counts as one frame, the last layer is the end", () => {
  let place = 2;
  for (let i = 0; i < 9; i++) place = playOn(place, PACE / 9, 11);
  assert.ok(Math.abs(place - 3) < 1e-12, `a layer takes its time: ${place}`);
  assert.ok(playOn(2, 600000, 11) < 2.2, "ten minutes away");
  assert.equal(playOn(10.99, 100, 11), 11);
});
