#!/usr/bin/env python3
"""Typed text through a model: what the model says about a sentence of the set are that sentence's rows."""

import os
import shutil
import sys
import time

from server import Server  # finds the other modules
from tap import SOURCE, gonio, main

LINES = ["the bank of the river", "she went to the bank for money", "money, money"]


def model(folder, name):
    """A tiny model of tests/golden beside a tokenizer that fits it."""
    path = os.path.join(folder, "model-" + name)
    if not os.path.exists(path):
        shutil.copytree(os.path.join(SOURCE, "tests", "golden", "models", name), path)
        if name == "bert-d64":
            words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##s", "!", ",", *sorted(set(" ".join(LINES).replace(",", "").split()))]
            with open(os.path.join(path, "vocab.txt"), "w", encoding="utf-8") as out:
                out.writelines(word + "\n" for word in words)
        else:
            for file in ("vocab.json", "merges.txt"):
                shutil.copy(os.path.join(SOURCE, "tests", "golden", "bpe", "gpt2", file), path)
    return path


def made(folder, name, *options):
    text = os.path.join(folder, "lines.txt")
    with open(text, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in LINES)
    path = os.path.join(folder, "reps")
    gonio("extract", model(folder, name), text, "-o", path, *options)
    return path


def finished(s, layout):
    """The state in which a layout ends."""
    for _ in range(1000):
        state = s.get(f"/api/layouts/{layout}").json["state"]
        if state not in ("waiting", "running"):
            return state
        time.sleep(0.02)
    raise AssertionError("the layout does not end")


def place_on_maps(s, rows):
    """The second line's points lie where its rows lie: in a map of components exactly, in others by their nearest row."""
    layout = s.post("/api/layouts", {"source": 0, "layer": 1, "method": "pca", "dim": 2, "seed": 1}).json["id"]
    assert finished(s, layout) == "done"
    want = s.get(f"/api/layouts/{layout}/positions", layer=1, dtype="f4").block.arrays["positions"]
    reply = s.post("/api/embed", {"source": 0, "text": LINES[1], "layer": 1, "k": 1, "layout": layout}).json
    assert reply["placed"] == "exact"
    scale = max(abs(x) for x in want)
    for point, row in zip(reply["layers"][0]["points"], rows):
        assert all(abs(a - b) < 1e-4 * scale for a, b in zip(point["position"], want[row * 2:row * 2 + 2]))
    if len(rows) > 3:  # fewer have no two components
        some = s.ask("POST", "/api/layouts", {"source": 0, "layer": 1, "method": "pca", "dim": 2, "seed": 1, "rows": rows}).json["id"]
        assert finished(s, some) == "done"
        reply = s.post("/api/embed", {"source": 0, "text": LINES[1], "layer": 1, "k": 1, "layout": some}).json
        assert reply["placed"] == "mean of the nearest rows"
        want = s.get(f"/api/layouts/{some}/positions", layer=1, dtype="f4").block.arrays["positions"]
        for point, row in zip(reply["layers"][0]["points"], rows):
            assert all(abs(a - b) < 1e-5 for a, b in zip(point["position"], want[row * 2:row * 2 + 2])), (point, row)
    assert s.ask("POST", "/api/embed", {"source": 0, "text": "x", "layout": 9999}).status == 404


def check(folder, name, options, points_of_second):
    """The points of the second line are its rows, at no distance, in every layer."""
    path = made(folder, name, *options)
    with Server(path, arguments=["--model", model(folder, name)]) as s:
        about = s.get("/api/sources/0").json
        rows = [i for i, x in enumerate(s.get("/api/sources/0/columns/sequence").block.arrays["values"]) if x == 1]
        reply = s.post("/api/embed", {"source": 0, "text": LINES[1], "metric": "euclidean", "k": 1}).json
        assert [x["layer"] for x in reply["layers"]] == [x["layer"] for x in about["layers"]]
        assert reply["points"] == len(rows) and reply["cut"] == 0
        if points_of_second is not None:
            assert len(rows) == points_of_second, rows
        for layer in reply["layers"][1:]:  # layer 0 repeats: equal rows are as near
            assert [p["nearest"][0]["row"] for p in layer["points"]] == rows, layer
            assert all(p["nearest"][0]["distance"] < 1e-5 for p in layer["points"])
        place_on_maps(s, rows)
        return s.post("/api/embed", {"source": 0, "text": "bank!", "layer": 1, "vectors": True}).json


def every_token(folder):
    reply = check(folder, "gpt2-text", ["--pool", "none"], None)
    assert len(reply["layers"]) == 1 and len(reply["layers"][0]["points"]) == len(reply["tokens"])
    assert [t["point"] for t in reply["tokens"]] == list(range(len(reply["tokens"])))
    assert all(len(p["vector"]) > 4 and len(p["nearest"]) == 5 for p in reply["layers"][0]["points"])
    assert "".join(t["token"] for t in reply["tokens"]) == "bank!"


def pooled_rows(folder):
    for i, (pool, points) in enumerate((("mean", 1), ("first", 1), ("last", 1), ("word", 7))):
        inner = os.path.join(folder, str(i))
        os.mkdir(inner)
        check(inner, "bert-d64", ["--pool", pool], points)


def what_is_refused(folder):
    path = made(folder, "gpt2-text")
    with Server(path) as s:
        assert "--model" in s.fails(409, "POST", "/api/embed", {"source": 0, "text": "bank"})
    with Server(path, arguments=["--model", model(folder, "bert-d64")]) as s:
        reply = s.ask("POST", "/api/embed", {"source": 0, "text": "bank"})
        if reply.status != 200:  # another width or fewer layers
            assert "wide" in reply.error or "layer" in reply.error, reply.error
        assert "'text'" in s.fails(400, "POST", "/api/embed", {"source": 0})
        assert "bytes" in s.fails(400, "POST", "/api/embed", {"source": 0, "text": "a" * 10001})


if __name__ == "__main__":
    sys.exit(main([every_token, pooled_rows, what_is_refused]))
