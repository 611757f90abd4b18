#!/usr/bin/env python3
"""Vectors as text and TensorBoard's folders as sources, with the metadata that lies beside them."""

import json
import math
import os
import shutil
import struct
import sys
import zlib

from server import Server, write_set
from tap import gonio, main, read_npy, write_npy


def put(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(text if isinstance(text, bytes) else text.encode())
    return path


def names(s, source, column):
    b = s.get(f"/api/sources/{source}/columns/{column}").block
    return [b.meta["names"][c] if c >= 0 else None for c in b.arrays["codes"]]


def text_is_a_table(folder):
    put(folder, "words.tsv", "the\t1\t2\t3\ncat\t4\t5\t6\n\tnan\t0\t1\n")
    put(folder, "glove.6B.3d.txt", "the 1 2 3\nat a@b 4 5 6\n")
    put(folder, "w2v.vec", "2 3\nking 1 2 3\nqueen 4 5 6\n")
    put(folder, "bad.tsv", "1\t2\n3\tx\n")
    put(folder, "empty.tsv", "\n")
    put(folder, "excel.tsv", b"\xef\xbb\xbfthe\t1\t2\t3\t\r\n" + "\u00e9".encode() * 40 + b"\t4\t5\t6\r\n")
    with Server(folder) as s:
        found = {x["name"]: x for x in s.get("/api/sources").json["sources"]}
        assert list(found) == ["bad.tsv", "empty.tsv", "excel.tsv", "glove.6B.3d.txt", "w2v.vec", "words.tsv"], list(found)
        for name, kind in (("words.tsv", "tsv"), ("glove.6B.3d.txt", "glove"), ("w2v.vec", "glove")):
            assert found[name]["kind"] == kind and found[name]["dims"] == 3, found[name]
        assert found["words.tsv"]["rows"] == 3 and found["w2v.vec"]["rows"] == 2
        assert found["words.tsv"]["preview"] == ["the 1 2 3", "cat 4 5 6"]
        assert found["excel.tsv"]["preview"] == ["the 1 2 3", 30 * "\u00e9" + " ..."]
        assert names(s, found["words.tsv"]["id"], "label") == ["the", "cat", None]
        assert names(s, found["glove.6B.3d.txt"]["id"], "label") == ["the", "at a@b"]
        assert s.get(f"/api/sources/{found['w2v.vec']['id']}").json["token_column"] == "label"
        assert not found["empty.tsv"]["supported"] and "holds no vectors" in found["empty.tsv"]["note"]
        # a bad number is found when the numbers are read
        assert "line 2: 'x' is not a number" in s.fails(400, "GET", f"/api/sources/{found['bad.tsv']['id']}")


def a_projector_folder_opens_unchanged(folder):
    values = [[0.5, -1.25, 3.0], [1e-3, 2.5, 1.5e10]]
    raw = b"".join(struct.pack("<3f", *row) for row in values)
    put(folder, "00000/my words/tensors.tsv", "".join("\t".join(map(repr, row)) + "\n" for row in values))
    put(folder, "00000/my words/metadata.tsv", "the\ncat\n")
    put(folder, "raw.bytes", raw)
    put(folder, "two.tsv", "word\tcount\t__seq_next__\nthe\t10\t1\ncat\t\t\n")
    write_npy(os.path.join(folder, "table.npy"), values)
    put(folder, "three.tsv", "word\na\nb\n")
    put(folder, "short.bytes", raw[:-4])
    put(folder, "projector_config.pbtxt", """
        embeddings { tensor_name: "my words:00000" tensor_path: "00000/my words/tensors.tsv"
                     metadata_path: "00000/my words/metadata.tsv" }
        embeddings { tensor_name: "raw" tensor_shape: 2 tensor_shape: 3 tensor_path: "raw.bytes"
                     metadata_path: "two.tsv" }
        embeddings { tensor_name: "npy" tensor_path: "table.npy" metadata_path: "three.tsv" }
        embeddings { tensor_name: "checkpoint only" tensor_shape: [2, 3] }
        embeddings { tensor_name: "outside" tensor_path: "/etc/passwd" }
        embeddings { tensor_name: "wrong shape" tensor_shape: [9, 3] tensor_path: "00000/my words/tensors.tsv" }
        embeddings { tensor_name: "no shape" tensor_path: "raw.bytes" }
        embeddings { tensor_name: "short" tensor_shape: [2, 3] tensor_path: "short.bytes" }
    """)
    with Server(folder) as s:
        listed = s.get("/api/sources").json["sources"]
        assert [x["name"] for x in listed] == ["my words:00000", "raw", "npy", "checkpoint only", "outside",
                                               "wrong shape", "no shape", "short"]
        assert all(x["kind"] == "tensorboard" for x in listed)
        assert [x["supported"] for x in listed] == [True, True, True] + 5 * [False]
        assert all((x["rows"], x["dims"]) == (2, 3) for x in listed[:3])
        assert "checkpoint" in listed[3]["note"] and "leads out of the folder" in listed[4]["note"]
        assert "tensor_shape says 9 x 3" in listed[5]["note"]
        assert "raw.bytes: 24 bytes that are no text: raw float32 values need a tensor_shape" in listed[6]["note"]
        assert "20 bytes that are no text; raw float32 values of tensor_shape 2 x 3 would be 24" in listed[7]["note"]
        assert "cannot be shown" in s.fails(400, "GET", "/api/sources/4")
        # the same numbers whatever the file: the content hashes agree
        details = [s.get(f"/api/sources/{i}").json for i in range(3)]
        assert len({d["hash"] for d in details}) == 1
        assert names(s, 0, "label") == ["the", "cat"] and details[0]["warning"] is None
        assert names(s, 1, "word") == ["the", "cat"] and details[1]["path_column"] == "__seq_next__"
        count = s.get("/api/sources/1/columns/count").block.arrays["values"]
        assert count[0] == 10 and count[1] != count[1]
        assert "describes 3 rows, the vectors are 2: a single column has no header" in details[2]["warning"]
        assert [c["name"] for c in details[2]["columns"]] == ["__index__"]


def an_empty_configuration_says_so(folder):
    put(folder, "projector_config.pbtxt", "# nothing yet")
    with Server(folder) as s:
        (only,) = s.get("/api/sources").json["sources"]
        assert not only["supported"] and only["note"].endswith("projector_config.pbtxt: lists no embeddings"), only


def a_run_folder_holds_it_in_plugins(folder):
    place = "plugins/org_tensorflow_tensorboard_projector/"
    put(folder, place + "t.tsv", "1\t2\n3\t4\n")
    put(folder, place + "projector_config.pbtxt", 'embeddings { tensor_name: "t" tensor_path: "t.tsv" }')
    with Server(folder) as s:
        (t,) = s.get("/api/sources").json["sources"]
        assert t["supported"] and t["rows"] == 2 and s.get("/api/sources/0").json["warning"] is None


def metadata_lies_beside_a_file(folder):
    write_npy(os.path.join(folder, "table.npy"), [[1.0, 2.0], [3.0, 4.0]])
    put(folder, "table.metadata.tsv", "word\tsense\nbank\triver\nbank\tfinance\n")
    put(folder, "sub/tensors.tsv", "1\t2\n3\t4\n")
    put(folder, "sub/metadata.tsv", "x\ny\n")
    put(folder, "word2vec/vectors.tsv", "1\t2\n3\t4\n")
    put(folder, "word2vec/metadata.tsv", "king\nqueen\n")
    for name in ("one.tsv", "two.tsv", "metadata.tsv"):  # nobody knows of which it is
        put(folder, f"several/{name}", "1\t2\n3\t4\n")
    with Server(folder) as s:
        found = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}
        assert set(found) == {"table.npy", "tensors.tsv", "vectors.tsv", "one.tsv", "two.tsv"}, found
        assert names(s, found["vectors.tsv"], "label") == ["king", "queen"]
        assert s.get(f"/api/sources/{found['one.tsv']}").json["token_column"] is None
        assert names(s, found["table.npy"], "sense") == ["river", "finance"]
        assert names(s, found["tensors.tsv"], "label") == ["x", "y"]


def metadata_that_say_too_much_are_read(folder):
    put(folder, "t.tsv", "1\t2\n3\t4\n5\t6\n")
    put(folder, "t.metadata.tsv", "word\tsense\tword\nold\tx\tbank\tmore\nold\ty\triver\nold\tz\tmoney\tmore\tmore\n")
    with Server(folder) as s:
        detail = s.get("/api/sources/0").json
        assert names(s, 0, "word") == ["bank", "river", "money"] and names(s, 0, "sense") == ["x", "y", "z"]
        assert [c["name"] for c in detail["columns"]] == ["sense", "word", "__index__"], detail["columns"]
        for part in ("t.metadata.tsv: line 1: several columns are called 'word': the last is shown",
                     "2 lines have more than the 3 cells of the first line, line 2 first"):
            assert part in detail["warning"], detail["warning"]


def what_is_exported_comes_back(folder):
    reps, tokens = write_set(folder)
    for out, more in (("text", ()), ("raw", ("--binary",))):
        gonio("export", "tensorboard", reps, "-o", os.path.join(folder, out), "--layers", "2", *more)
    shutil.copy(os.path.join(reps, "layer.02.npy"), folder)
    with Server(folder) as s:
        found = {(x["kind"], x["path"]): x["id"] for x in s.get("/api/sources").json["sources"]}
        ids = [found["npy", "layer.02.npy"], found["tensorboard", "text"], found["tensorboard", "raw"]]
        assert len({s.get(f"/api/sources/{i}").json["hash"] for i in ids}) == 1
        assert names(s, ids[1], "token") == tokens
        assert names(s, ids[1], "topic") == names(s, found["set", "reps"], "topic")


def exported_maps_come_back(folder):
    reps, tokens = write_set(folder)
    out, n = os.path.join(folder, "out"), len(tokens)
    gonio("export", "tensorboard", reps, "-o", out, "--layers", "1", "--project", "umap,pca", "--dims", "3", "--seed", "9",
          "--threads", "1")
    with Server(out) as s:
        found = s.get("/api/sources/0/bookmarks").json["bookmarks"]
        assert [(b["name"], b["shown"], b["label"]) for b in found] == [
            ("gonio UMAP, seed 9", "umap", "token"), ("gonio PCA, seed 9", "pca", "token")], found
        for i, method in enumerate(("umap", "pca")):
            path = os.path.join(folder, "x.npy")
            gonio("project", reps, "--layer", "1", "--method", method, "--dims", "3", "--seed", "9", "--threads", "1",
                  "-o", path)
            flat = read_npy(path)[-1]
            k = len(flat) // n
            state, at, _ = settled(s, {"source": 0, "method": "bookmark", "params": {"bookmark": i}})
            assert state["dim"] == 3 and state["placed"] == n
            want = [struct.unpack("3f", struct.pack("3f", *flat[r * k:r * k + 3])) for r in range(n)]
            assert at == want, (at[0], want[0])


def png(width, height):
    """A PNG of one byte a pixel."""
    rows = b"".join(b"\0" + bytes((x * 7 + y * 13) % 256 for x in range(width)) for y in range(height))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def rows_have_pictures(folder):
    put(folder, "t.tsv", "1\t2\n3\t4\n5\t6\n")
    image = png(20, 24)
    put(folder, "s.png", image)
    put(folder, "html.png", "<!doctype html><script>alert(1)</script>")
    put(folder, "wide.png", png(8193, 1))
    entry = 'embeddings { tensor_name: "%s" tensor_path: "t.tsv" sprite { image_path: "%s" single_image_dim: %d ' \
            'single_image_dim: %d } }\n'
    put(folder, "projector_config.pbtxt", "".join(entry % e for e in (
        ("good", "s.png", 10, 8), ("page", "html.png", 1, 1), ("wide", "wide.png", 1, 1), ("big", "s.png", 21, 8),
        ("out", "/etc/hostname", 1, 1), ("none", "gone.png", 1, 1))))
    with Server(folder) as s:
        detail = [s.get(f"/api/sources/{i}").json for i in range(6)]
        assert detail[0]["sprite"] == {"width": 10, "height": 8, "columns": 2, "count": 6}, detail[0]
        assert all(d["sprite"] is None for d in detail[1:])
        assert "neither a PNG nor a JPEG" in detail[1]["warning"] and "8193 x 1 pixels" in detail[2]["warning"]
        assert "no room for pictures of 21 x 8" in detail[3]["warning"], detail[3]
        assert "leads out of the folder" in detail[4]["note"] and "does not exist" in detail[5]["note"]
        reply = s.get("/api/sources/0/sprite")
        assert reply.body == image and reply.headers["Content-Type"] == "image/png"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        for i in range(1, 6):
            assert "no pictures" in s.fails(404, "GET", f"/api/sources/{i}/sprite")
        put(folder, "s.png", "<!doctype html>")  # changed since: it is looked at again
        assert "neither a PNG nor a JPEG" in s.fails(400, "GET", "/api/sources/0/sprite")


def exported_pictures_come_back(folder):
    write_npy(os.path.join(folder, "x.npy"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
    put(folder, "three.png", png(12, 8))
    out = os.path.join(folder, "out")
    call = ["export", "tensorboard", os.path.join(folder, "x.npy"), "-o", out, "--sprite", os.path.join(folder, "three.png")]
    gonio(*call, "--cell", "6x4")
    with Server(out) as s:
        assert s.get("/api/sources/0").json["sprite"] == {"width": 6, "height": 4, "columns": 2, "count": 4}
        assert s.get("/api/sources/0/sprite").body == png(12, 8)
    for more, status, part in ((["--cell", "6x8"], 1, "room for 2 pictures of 6 x 8, expected one for each of 3 rows"),
                               (["--cell", "6x4", "--max-rows", "2"], 1, "cannot go with a sample"),
                               (["--cell", "6"], 64, "such as 28x28"), (["--cell", "6x4y"], 64, "such as 28x28"),
                               ([], 64, "belong together")):
        _, err = gonio(*call[:4], os.path.join(folder, "other"), *call[5:], *more, status=status)
        assert part in err, err
    put(folder, "three.png", "no picture")
    assert "neither a PNG nor a JPEG" in gonio(*call, "--cell", "6x4", status=1)[1]


def next_rows_have_an_old_name(folder):
    put(folder, "t.tsv", "1\t2\n3\t4\n5\t6\n")
    put(folder, "t.metadata.tsv", "word\t__next__\na\t1\nb\t2\nc\t0\n")  # a circle: the page walks it once
    with Server(folder) as s:
        assert s.get("/api/sources/0").json["path_column"] == "__next__"
        assert list(s.get("/api/sources/0/columns/__next__").block.arrays["values"]) == [1, 2, 0]


def bookmark(points, dims, **state):
    """A state as TensorBoard's getCurrentState() fills it."""
    return {"label": "State 0", "isSelected": True, "tSNEIteration": 0, "tSNEPerplexity": 0, "tSNELearningRate": 0,
            "tSNEis3d": True, "umapIs3d": True, "umapNeighbors": 15, "pcaComponentDimensions": [0, 1, 2],
            "projections": points, "selectedPoints": [], "dataSetDimensions": [len(points), dims],
            "selectedProjection": "pca", "filteredPoints": None,
            "cameraDef": {"orthographic": False, "target": [0, 0, 0], "position": [1, 1, 1], "zoom": 1}, **state}


def settled(s, body):
    """A layout that has ended: its state and its exact positions, row by row."""
    made = s.post("/api/layouts", body).json["id"]
    frames = list(s.stream(f"/api/layouts/{made}/stream"))
    state = s.get(f"/api/layouts/{made}").json
    assert state["state"] == "done", state
    b = s.get(f"/api/layouts/{made}/positions").block
    rows, dim = b.shape["positions"]
    return state, [b.arrays["positions"][i * dim:i * dim + dim] for i in range(rows)], frames


def bookmarks_are_layouts(folder):
    tsne = [(1.5, -2.25), (0.1, 3.0), (7.0, 8.0)]
    points = [{"pca-0": i, "pca-1": 2 * i, "pca-2": -i, "pca-3": 0.1, "tsne-0": x, "tsne-1": y}
              for i, (x, y) in enumerate(tsne)]
    del points[2]["tsne-0"]
    filtered = bookmark([{"linear-x": 4, "linear-y": 5}], 2, label="one word", filteredPoints=[1], selectedPoints=[0],
                        selectedProjection="custom", selectedColorOptionName="count", selectedLabelOption="word")
    states = [bookmark(points, 2, label="maps", selectedProjection="tsne", tSNEis3d=False, tSNEIteration=500,
                       tSNEPerplexity=5, pcaComponentDimensions=[3, 0]), bookmark(points[:2], 2, label="small"), filtered]
    put(folder, "t.tsv", "1\t2\n3\t4\n5\t6\n")
    put(folder, "m.tsv", "word\tcount\na\t1\nb\t2\nc\t3\n")
    put(folder, "b.json", json.dumps(states))
    put(folder, "bad.json", json.dumps([bookmark(points + points, 2, dataSetDimensions=[3, 2])]))
    put(folder, "projector_config.pbtxt", '''
        embeddings { tensor_name: "t" tensor_path: "t.tsv" metadata_path: "m.tsv" bookmarks_path: "b.json" }
        embeddings { tensor_name: "bad" tensor_path: "t.tsv" bookmarks_path: "bad.json" }
        embeddings { tensor_name: "none" tensor_path: "t.tsv" }
        embeddings { tensor_name: "out" tensor_path: "t.tsv" bookmarks_path: "../b.json" }''')
    with Server(folder) as s:
        assert [s.get(f"/api/sources/{i}").json["bookmarks"] for i in range(4)] == [True, True, False, False]
        found = s.get("/api/sources/0/bookmarks").json
        assert "'small' is a bookmark of 2 x 2 vectors" in found["note"], found
        maps, word = found["bookmarks"]
        assert maps["name"] == "maps" and maps["shown"] == "tsne" and maps["iteration"] == 500, maps
        assert [(x["projection"], x["title"], x["dim"], x["placed"], x["components"]) for x in maps["layouts"]] == [
            ("pca", "PCA", 2, 3, [3, 0]), ("tsne", "t-SNE", 2, 2, None)]
        assert (word["filter"], word["selection"], word["color"], word["label"]) == ([1], [1], "count", "word"), word
        ask = {"source": 0, "method": "bookmark", "params": {"bookmark": 0, "projection": "tsne"}}
        state, at, frames = settled(s, ask)
        assert (state["dim"], state["rows"], state["placed"]) == (2, 2, 2) and "'maps'" in state["note"], state
        assert at[:2] == [tuple(struct.unpack("2f", struct.pack("2f", *p))) for p in tsne[:2]]
        assert all(map(math.isnan, at[2])) and frames[-1].meta["last"] is True
        state, at, _ = settled(s, {**ask, "rows": [2, 0], "params": {"bookmark": 0, "projection": "pca"}})
        assert state["axes"] == ["PC4", "PC1"] and state["rows"] == 2, state
        assert at[2][1] == 2 and abs(at[0][0] - 0.1) < 1e-7 and math.isnan(at[1][0])
        state, at, _ = settled(s, {"source": 0, "method": "bookmark", "params": {"bookmark": 1}})
        assert state["axes"] == ["custom x", "custom y"] and at[1] == (4, 5) and math.isnan(at[0][0])
        for message, params in (("expected a whole number from 0 to 1", {"bookmark": 2}),
                                ("the bookmark 'maps' has no places of UMAP", {"projection": "umap"}),
                                ("'projection'", {"projection": "mds"})):
            said = s.fails(400, "POST", "/api/layouts", {**ask, "params": params})
            assert message in said, said
        assert "no bookmarks" in s.fails(400, "POST", "/api/layouts", {**ask, "source": 2})
        assert "'projections' has more than 3 points, expected 3" in s.fails(400, "GET", "/api/sources/1/bookmarks")
        assert s.get("/api/sources/2/bookmarks").json == {"bookmarks": [], "note": None}
        assert "leads out of the folder" in s.get("/api/sources").json["sources"][3]["note"]


if __name__ == "__main__":
    sys.exit(main([text_is_a_table, a_projector_folder_opens_unchanged, an_empty_configuration_says_so,
                   a_run_folder_holds_it_in_plugins, metadata_lies_beside_a_file, metadata_that_say_too_much_are_read,
                   what_is_exported_comes_back,
                   bookmarks_are_layouts, exported_maps_come_back, rows_have_pictures, exported_pictures_come_back, next_rows_have_an_old_name]))
