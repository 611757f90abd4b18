import assert from "node:assert/strict";
import test from "node:test";
import { saysChanged } from "../src/api/client";
import { dismiss, fileChanged, messages, say } from "../src/state/store";

test("a file that was changed is told once, as the source's state, and no message repeats it", () => {
  const sentence = "a.npy was changed by another program while it was open (8 bytes, it had 9): start gonio view again";
  assert.ok(saysChanged(sentence));
  assert.ok(!saysChanged("the marks could not be written"));
  fileChanged.value = sentence;
  say(sentence, "error");
  assert.equal(messages.value.length, 0);
  say("something else", "error");
  assert.equal(messages.value.length, 1);
  for (const m of messages.value) dismiss(m.id);
  fileChanged.value = null;
});
