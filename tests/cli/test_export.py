#!/usr/bin/env python3
"""Sets as TensorBoard folders: what is in the files, and that nothing is lost on the way."""

import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "view"))
from server import write_set
from tap import gonio, main, read_npy, write_npy


def lines(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as f:
        text = f.read()
    assert text.endswith("\n")
    return [line.split("\t") for line in text[:-1].split("\n")]


def rows_of(reps, layer):
    flat = list(read_npy(os.path.join(reps, f"layer.{layer:02}.npy"))[-1])
    return [flat[i:i + 8] for i in range(0, len(flat), 8)]


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def entries(folder):
    with open(os.path.join(folder, "projector_config.pbtxt"), encoding="utf-8") as f:
        text = f.read()
    return [dict(re.findall(r'(tensor_name|tensor_path|metadata_path|bookmarks_path): "([^"]*)"', e),
                 shape=list(map(int, re.findall(r"tensor_shape: (\d+)", e)))) for e in text.split("embeddings {")[1:]]


def every_layer_is_a_tensor(folder):
    reps, tokens = write_set(folder)
    out = os.path.join(folder, "out")
    said, err = gonio("export", "tensorboard", reps, "-o", out)
    assert "3 tensors" in said and not err
    listed = entries(out)
    assert [e["tensor_name"] for e in listed] == ["reps layer 0", "reps layer 1", "reps layer 2"]
    assert all(e["shape"] == [len(tokens), 8] and e["metadata_path"] == "metadata.tsv" for e in listed)
    for layer, e in enumerate(listed):
        values = [[float32(x) for x in row] for row in lines(out, e["tensor_path"])]
        assert values == rows_of(reps, layer)
    header, *cells = lines(out, "metadata.tsv")
    assert header == ["token", "topic", "position", "sequence"]
    assert [c[0] for c in cells] == tokens and all(len(c) == 4 for c in cells)


def a_stack_is_one_tensor_with_paths(folder):
    reps, tokens = write_set(folder)
    out = os.path.join(folder, "out")
    gonio("export", "tensorboard", reps, "-o", out, "--stack", "--layers", "0,2")
    (e,) = entries(out)
    n = len(tokens)
    assert e["shape"] == [2 * n, 8] and len(lines(out, e["tensor_path"])) == 2 * n
    header, *cells = lines(out, "metadata.tsv")
    assert header[-2:] == ["layer", "__seq_next__"]
    assert [c[-2] for c in cells] == ["0"] * n + ["2"] * n
    assert [c[-1] for c in cells] == [str(n + i) for i in range(n)] + [""] * n


def raw_values_are_never_taken_for_text(folder):
    values = [[1.5, -2.0], [3.0, 0.1]]
    write_npy(os.path.join(folder, "x.npy"), values)
    gonio("export", "tensorboard", os.path.join(folder, "x.npy"), "-o", os.path.join(folder, "a"), "--binary")
    (e,) = entries(os.path.join(folder, "a"))
    assert e["tensor_path"] == "layer.00.bytes" and e["shape"] == [2, 2] and "metadata_path" not in e
    with open(os.path.join(folder, "a", "layer.00.bytes"), "rb") as f:
        assert f.read() == struct.pack("<4f", 1.5, -2.0, 3.0, struct.unpack("f", struct.pack("f", 0.1))[0])
    # 12.078432 is the bytes "ABAA", and "é" may lie across two numbers
    trap = struct.unpack("<4f", b"ABAAab\xc3\xa9 \xe2\x82\xacabcd")
    write_npy(os.path.join(folder, "t.npy"), [trap[:2], trap[2:]])
    _, err = gonio("export", "tensorboard", os.path.join(folder, "t.npy"), "-o", os.path.join(folder, "b"), "--binary")
    assert "1 of 1 tensors were written as text" in err
    (e,) = entries(os.path.join(folder, "b"))
    assert e["tensor_path"] == "layer.00.tsv"
    assert [[float32(x) for x in row] for row in lines(os.path.join(folder, "b"), "layer.00.tsv")] \
        == [list(trap[:2]), list(trap[2:])]


def odd_tokens_shift_nothing(folder):
    reps, tokens = write_set(folder)
    path = os.path.join(reps, "vocab.txt")
    with open(path, encoding="utf-8") as f:
        vocab = f.read().split("\n")[:-1]
    swap = {vocab[0]: "a\tb", vocab[1]: "", vocab[2]: "  ", vocab[3]: "x\ry"}
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.writelines(swap.get(v, v) + "\n" for v in vocab)
    out = os.path.join(folder, "out")
    gonio("export", "tensorboard", reps, "-o", out, "--layers", "0")
    shown = {vocab[0]: "a\u2409b", vocab[1]: "#1", vocab[2]: "\u2420\u2420", vocab[3]: "x\u240dy"}
    header, *cells = lines(out, "metadata.tsv")
    assert [c[0] for c in cells] == [shown.get(t, t) for t in tokens], [c[0] for c in cells]


def samples_keep_rows_and_labels_together(folder):
    reps, tokens = write_set(folder)
    x = rows_of(reps, 1)
    out = os.path.join(folder, "out")
    doc = json.loads(gonio("export", "tensorboard", reps, "-o", out, "--layers", "1", "--max-rows", "7", "--seed", "5",
                           "--json")[0])
    assert {r["measure"]: r["value"] for r in doc["rows"]}["rows"] == 7
    values = [[float32(v) for v in row] for row in lines(out, "layer.01.tsv")]
    header, *cells = lines(out, "metadata.tsv")
    at = [x.index(v) for v in values]
    assert at == sorted(set(at)) and len(at) == 7 and [tokens[i] for i in at] == [c[0] for c in cells]


def more_rows_than_tensorboard_shows_are_announced(folder):
    write_npy(os.path.join(folder, "x.npy"), [0.5] * 100001, "f4", (100001, 1))
    _, err = gonio("export", "tensorboard", os.path.join(folder, "x.npy"), "-o", os.path.join(folder, "o"))
    assert "the first 100000 of 100001 rows" in err and "--max-rows" in err
    _, err = gonio("export", "tensorboard", os.path.join(folder, "x.npy"), "-o", os.path.join(folder, "o"), "--max-rows",
                   "100000")
    assert not err


# What TensorBoard reads of a state (class State in its vz_projector/data.ts; loadState, restoreUIFromBookmark): numbers
# that it calls toString() on, arrays that it indexes or measures, names of its own choices.
STATE = {"label": str, "isSelected": bool, "selectedProjection": str, "dataSetDimensions": list, "tSNEIteration": int,
         "tSNEPerplexity": (int, float), "tSNELearningRate": (int, float), "tSNEis3d": bool, "umapIs3d": bool,
         "umapNeighbors": int, "pcaComponentDimensions": list, "projections": list, "filteredPoints": type(None),
         "selectedPoints": list, "cameraDef": type(None), "selectedColorOptionName": str,
         "forceCategoricalColoring": bool, "selectedLabelOption": str}


def states(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        found = json.load(f)
    for state in found:
        assert set(state) == set(STATE) and all(isinstance(state[k], t) for k, t in STATE.items()), state
        n, _ = state["dataSetDimensions"]
        assert len(state["projections"]) == n and state["selectedPoints"] == []
        assert state["selectedColorOptionName"] == "No color map" and len(state["pcaComponentDimensions"]) in (2, 3)
        assert state["selectedProjection"] != "tsne" or state["tSNEIteration"] > 0  # else nothing is drawn
    return found


def maps_become_bookmarks(folder):
    reps, tokens = write_set(folder)
    out, n = os.path.join(folder, "out"), len(tokens)
    doc = json.loads(gonio("export", "tensorboard", reps, "-o", out, "--layers", "1,2", "--project", "pca,tsne,umap",
                           "--seed", "3", "--threads", "1", "--json")[0])
    assert {r["measure"] for r in doc["rows"]} >= {"rows", "tensors", "trustworthiness"}, doc["rows"]
    assert [e["bookmarks_path"] for e in entries(out)] == ["layer.01.bookmarks.json", "layer.02.bookmarks.json"]
    pca, tsne, umap = states(out, "layer.02.bookmarks.json")
    assert [s["selectedProjection"] for s in (pca, tsne, umap)] == ["pca", "tsne", "umap"]
    assert pca["label"] == "gonio PCA, seed 3" and pca["dataSetDimensions"] == [n, 8]
    assert pca["selectedLabelOption"] == "token" and not tsne["tSNEis3d"] and not umap["umapIs3d"]
    assert set(tsne["projections"][0]) == {"tsne-0", "tsne-1"} and set(pca["projections"][0]) >= {"pca-0", "pca-1"}
    for method, state in (("pca", pca), ("tsne", tsne), ("umap", umap)):  # the maps that `gonio project` makes
        path = os.path.join(folder, method + ".npy")
        gonio("project", reps, "--layer", "2", "--method", method, "--seed", "3", "--threads", "1", "-o", path)
        shape, flat = read_npy(path)[-2:]
        k = len(flat) // n
        for i, point in enumerate(state["projections"]):
            assert [float32(point[f"{method}-{a}"]) for a in range(2)] == [float32(v) for v in flat[i * k:i * k + 2]]


def samples_and_stacks_keep_their_places(folder):
    reps, tokens = write_set(folder)
    n, whole, some, stack = len(tokens), *(os.path.join(folder, x) for x in ("whole", "some", "stack"))
    gonio("export", "tensorboard", reps, "-o", whole, "--layers", "1", "--project", "pca", "--dims", "3")
    gonio("export", "tensorboard", reps, "-o", some, "--layers", "1", "--project", "pca", "--dims", "3", "--max-rows", "5")
    (all_rows,), (five,) = states(whole, "layer.01.bookmarks.json"), states(some, "layer.01.bookmarks.json")
    x = rows_of(reps, 1)
    at = [x.index([float32(v) for v in row]) for row in lines(some, "layer.01.tsv")]
    assert five["dataSetDimensions"] == [5, 8] and five["pcaComponentDimensions"] == [0, 1, 2]
    assert five["projections"] == [all_rows["projections"][i] for i in at]
    gonio("export", "tensorboard", reps, "-o", stack, "--stack", "--project", "pca,umap", "--threads", "1")
    (e,) = entries(stack)
    assert e["bookmarks_path"] == "layers.bookmarks.json" and e["shape"] == [3 * n, 8]
    joint, umap = states(stack, "layers.bookmarks.json")
    assert joint["dataSetDimensions"] == [3 * n, 8] == umap["dataSetDimensions"]
    assert len({json.dumps(p) for p in joint["projections"]}) > 2 * n


def wrong_calls_say_why(folder):
    reps, _ = write_set(folder)
    for wrong in ("mds", "pca,pca", "", "tsne,"):
        _, err = gonio("export", "tensorboard", reps, "-o", "x", "--project", wrong, status=64)
        assert "--project" in err and "expected pca, tsne or umap" in err, err
    gonio("export", "tensorboard", reps, "-o", "x", "--project", "pca", "--dims", "4", status=64)
    for arguments in (["export"], ["export", "hologram", reps, "-o", "x"], ["export", "tensorboard", reps],
                      ["export", "tensorboard", "-o", "x"]):
        gonio(*arguments, status=64)
    _, err = gonio("export", "tensorboard", os.path.join(folder, "none.npy"), "-o", os.path.join(folder, "x"), status=1)
    assert "none.npy" in err and not os.path.exists(os.path.join(folder, "x"))
    with open(os.path.join(folder, "file"), "w", encoding="utf-8") as f:
        f.write("here")
    _, err = gonio("export", "tensorboard", reps, "-o", os.path.join(folder, "file"), status=1)
    assert "file" in err


if __name__ == "__main__":
    sys.exit(main([every_layer_is_a_tensor, a_stack_is_one_tensor_with_paths, raw_values_are_never_taken_for_text,
                   odd_tokens_shift_nothing, samples_keep_rows_and_labels_together,
                   more_rows_than_tensorboard_shows_are_announced, maps_become_bookmarks,
                   samples_and_stacks_keep_their_places, wrong_calls_say_why]))
