#!/usr/bin/env python3
"""Maps of layers, and the text models that feed them, as a user meets them."""

import json
import math
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import SOURCE, files_under, gonio, main, read_npy, write_npy


def cloud(folder, n=240, d=5):
    r = random.Random(4)
    rows = [[r.gauss(3, 1 + j) for j in range(d)] for _ in range(n)]
    write_npy(os.path.join(folder, "X.npy"), rows)
    with open(os.path.join(folder, "half.txt"), "w", encoding="utf-8") as out:
        out.writelines("left\n" if row[4] < 3 else "right\n" for row in rows)
    return rows


def values(document, measure, variant=""):
    return [r["value"] for r in document["rows"] if (r["measure"], r["variant"] or "") == (measure, variant)]


def variances_and_coordinates_agree(folder):
    rows = cloud(folder)
    document = json.loads(gonio("project", "X.npy", "--json", "-o", "xy.npy", "-c", 5, cwd=folder)[0])
    assert document["conditions"]["method"] == "pca"
    assert [r["component"] for r in document["rows"]][::3] == [1, 2, 3, 4, 5]
    variance, share = values(document, "pca_variance"), values(document, "pca_share")
    assert sorted(variance, reverse=True) == variance
    assert abs(values(document, "pca_share", "cumulative")[-1] - 1) < 1e-12
    means = [sum(c) / len(rows) for c in zip(*rows)]
    total = sum((v - m) ** 2 for row in rows for v, m in zip(row, means)) / (len(rows) - 1)
    assert abs(sum(variance) - total) < 1e-5 * total and abs(share[0] - variance[0] / sum(variance)) < 1e-12
    shape, xy = read_npy(os.path.join(folder, "xy.npy"))
    assert shape == (240, 5)
    for c in range(5):
        column = xy[c::5]
        assert abs(sum(column)) < 1e-9 * 240
        assert abs(sum(v * v for v in column) / 239 - variance[c]) < 1e-9 * variance[c]
    first = gonio("project", "X.npy", "--json", "--threads", 1, cwd=folder)[0]
    assert gonio("project", "X.npy", "--json", "--threads", 2, cwd=folder)[0] == first


def halves_are_complementary(folder):
    cloud(folder)
    with open(os.path.join(folder, "half.txt"), encoding="utf-8") as labels:
        left = [i for i, line in enumerate(labels) if line == "left\n"]
    counts = []
    for sign in ("=", "!="):
        out, _ = gonio("project", "X.npy", "--zoom", f"half.txt{sign}left", "--json", "-c", 2,
                       "-o", "half.csv", cwd=folder)
        document = json.loads(out)
        counts.append(document["rows"][0]["n"])
        assert document["rows"][0]["rows"] == f"half.txt{sign}left"
        with open(os.path.join(folder, "half.csv"), encoding="utf-8") as lines:
            lines = lines.read().split()
        assert lines[0] == "row,pc1,pc2" and len(lines) == counts[-1] + 1
        rows = [int(line.split(",")[0]) for line in lines[1:]]
        assert (rows == left) == (sign == "=") and set(rows).isdisjoint(left) == (sign == "!=")
    assert sum(counts) == 240 and counts[0] == len(left)


def zoomed(folder, where):
    gonio("project", "X.npy", "--zoom", where, "-c", 1, "-o", "part.csv", cwd=folder)
    with open(os.path.join(folder, "part.csv"), encoding="utf-8") as lines:
        return [int(line.split(",")[0]) for line in lines.read().split()[1:]]


def clusters_are_complementary_whatever_the_sign(folder):
    """One row in 16 lies far away along the first axis, on either side of the others."""
    for sign in (1, -1):
        r = random.Random(6)
        rows = [[r.gauss(0, 3) for _ in range(6)] for _ in range(320)]
        for row in rows[::16]:
            row[0] += sign * 300
        write_npy(os.path.join(folder, "X.npy"), rows)
        gonio("cluster", "X.npy", "-k", 2, "-o", "found", cwd=folder)
        parts = [zoomed(folder, f"found/X.npy.layer.00.npy{where}") for where in ("=0", "=1", "!=0", "!=1")]
        assert parts[1] == list(range(0, 320, 16)) and sorted(parts[0] + parts[1]) == list(range(320))
        assert parts[2] == parts[1] and parts[3] == parts[0]


def position_0_can_be_left_out(folder):
    stack(folder)
    write_npy(os.path.join(folder, "reps", "rows", "position.npy"), [i % 10 for i in range(150)], "i4", (150,))
    for where, n in (("position=0", 15), ("position!=0", 135)):
        row = json.loads(gonio("project", "reps", "--zoom", where, "-c", 1, "--json", cwd=folder)[0])["rows"][0]
        assert row["n"] == n and row["rows"] == where
    for where, part in (("position=x", "position=0"), ("position=10", "there is none")):
        assert part in gonio("project", "reps", "--zoom", where, cwd=folder, status=1)[1]


def figures_come_with_their_points(folder):
    cloud(folder)
    for kind, magic, more in (("png", b"\x89PNG\r", []), ("svg", b"<?xml", ["--dims", 3]),
                              ("pdf", b"%PDF-", ["--highlight", "left", "--title", "Mine"])):
        gonio("project", "X.npy", "--figure", f"map.{kind}", "--color", "half.txt", "-c", 1, *more, cwd=folder)
        with open(os.path.join(folder, f"map.{kind}"), "rb") as data:
            assert data.read(5) == magic
        with open(os.path.join(folder, "map.csv"), encoding="utf-8") as numbers:
            lines = numbers.read().splitlines()
        assert lines[0] == "group,x,y,z,value" and len(lines) == 241
        groups = {line.split(",")[0] for line in lines[1:]}
        assert groups == ({'"left"', '""'} if kind == "pdf" else {'"left"', '"right"'})
        assert all((line.split(",")[3] != "") == (kind == "svg") for line in lines[1:])


def maps_of_neighbours(folder):
    cloud(folder)
    first = {}
    for method in ("tsne", "umap"):
        arguments = ["project", "X.npy", "--method", method, "--steps", 60, "--json", "-o", "map.csv",
                     "--figure", "figure.svg", "--color", "kept"]
        for threads in (1, 2):
            document = json.loads(gonio(*arguments, "--threads", threads, cwd=folder)[0])
            with open(os.path.join(folder, "map.csv"), encoding="utf-8") as lines:
                lines = lines.read().split()
            assert first.setdefault(method, lines) == lines
        assert lines[0] == "row,d1,d2,kept" and len(lines) == 241
        kept = [float(line.split(",")[3]) for line in lines[1:]]
        row = {r["measure"]: r for r in document["rows"]}
        assert ("kl_divergence" in row) == (method == "tsne")
        assert ("cross_entropy" in row) == (method == "umap")
        loss = row["kl_divergence" if method == "tsne" else "cross_entropy"]
        assert loss["value"] > 0 and (loss.get("se") is not None) == (method == "umap"), loss
        assert abs(row["kept_neighbors"]["value"] - sum(kept) / 240) < 1e-4
        assert row["kept_neighbors"]["k"] == 15 and row["kept_neighbors"]["value"] > 3 * 15 / 239
        assert 0.8 < row["trustworthiness"]["value"] <= 1 and row["trustworthiness"]["se"] > 0
    gonio("project", "X.npy", "--method", "umap", "--steps", 20, "-m", "cosine", "--zoom", "half.txt=left",
          "-o", "half.npy", "--dims", 3, cwd=folder)
    shape, _ = read_npy(os.path.join(folder, "half.npy"))
    assert shape[1] == 3 and 0 < shape[0] < 240


def stack(folder, n=150, d=4):
    """A set of four layers: each is the one before, turned by 0.9 in its first two dimensions."""
    r = random.Random(5)
    rows = [[r.gauss(0, 3), r.gauss(0, 2), r.gauss(0, 1), r.gauss(0, 0.5)] for _ in range(n)]
    os.makedirs(os.path.join(folder, "reps", "rows"))
    c, s = math.cos(0.9), math.sin(0.9)
    for layer in range(4):
        write_npy(os.path.join(folder, "reps", f"layer.{layer:02d}.npy"), rows)
        rows = [[c * x - s * y, s * x + c * y, *rest] for x, y, *rest in rows]
    for name in ("token_id", "sequence", "position"):
        write_npy(os.path.join(folder, "reps", "rows", name + ".npy"), list(range(n)), "i4", (n,))
    with open(os.path.join(folder, "reps", "gonio.json"), "w", encoding="utf-8") as out:
        json.dump({"gonio": "0.1.0", "format": 1, "state": "complete", "rows_written": n, "sequences_done": n,
                   "rows": n, "dims": d, "sequences": n, "dtype": "float32", "labels": [],
                   "layers": [{"index": i, "depth": i / 3, "file": f"layer.{i:02d}.npy"} for i in range(4)]}, out)


def a_map_says_how_its_neighbours_were_found(folder):
    cloud(folder, n=800)
    for how, found in (("exact", "exact"), ("approximate", "approximate"), ("auto", "exact")):
        out, _ = gonio("project", "X.npy", "--method", "umap", "--steps", 5, "--search", how, "--json",
                       cwd=folder)
        rows = {r["measure"]: r for r in json.loads(out)["rows"]}
        assert all(r["search"] == found for r in rows.values()), rows
        assert ("recall" in rows) == (found == "approximate")
        if found == "approximate":
            assert rows["recall"]["value"] > 0.9 and rows["recall"]["n"] == 800
            assert rows["kept_neighbors"]["n"] == 800
    _, err = gonio("project", "X.npy", "--search", "exact", cwd=folder, status=64)
    assert "--search belongs to --method tsne or umap" in err, err


def layers_on_one_another(folder):
    stack(folder)
    moved = {}
    for method, align, more in (("pca", "none", ["--layers", "all"]), ("pca", "procrustes", ["-c", 3]), ("pca", "joint", []),
                                ("mds", "procrustes", ["--steps", 20]), ("umap", "aligned", ["--steps", 60, "--pull", 0.1]),
                                ("tsne", "aligned", ["--steps", 60, "--layers", "0,1,3", "--perplexity", 10])):
        arguments = ["project", "reps", "--method", method, "--align", align, *more, "--json", "-o", "out.csv",
                     "--figure", "sheet.svg"]
        out, _ = gonio(*arguments, "--threads", 1, cwd=folder)
        with open(os.path.join(folder, "out.csv"), encoding="utf-8") as lines:
            first = lines.read()
        assert gonio(*arguments, "--threads", 2, cwd=folder)[0] == out
        with open(os.path.join(folder, "out.csv"), encoding="utf-8") as lines:
            assert lines.read() == first
        layers = [0, 1, 3] if "0,1,3" in more else [0, 1, 2, 3]
        lines = [line.split(",") for line in first.split()]
        assert lines[0][:2] == ["layer", "row"] and ("kept" in lines[0]) == (method != "pca")
        assert [int(line[0]) for line in lines[1:]] == [i for i in layers for _ in range(150)]
        document = json.loads(out)
        assert document["conditions"]["align"] == align
        rows = [r for r in document["rows"] if r["measure"] == "displacement"]
        assert [(r["layer"], r["other_layer"]) for r in rows if r["variant"] == rows[0]["variant"]] == list(zip(layers[1:], layers))
        variants = {r["variant"] for r in rows}
        assert variants == {"none": {"raw"}, "aligned": {"aligned"}}.get(align, {"raw", "aligned"})
        # the displacement that is printed is that of the coordinates that are written
        places = {(int(line[0]), int(line[1])): [float(v) for v in line[2:4 + ("-c" in more)]] for line in lines[1:]}
        for row in rows:
            if row["variant"] == rows[-1]["variant"]:
                distance = [math.dist(places[row["layer"], i], places[row["other_layer"], i]) for i in range(150)]
                assert abs(row["value"] - sum(distance) / 150) < 1e-9 * (1 + row["value"])
        moved[method, align] = {v: max(r["value"] for r in rows if r["variant"] == v) for v in variants}
        with open(os.path.join(folder, "sheet.csv"), encoding="utf-8") as numbers:
            assert numbers.readline() == "panel,group,x,y,z,value\n"
            assert [line.split(",")[0] for line in numbers] == [f'"layer {i}"' for i in layers for _ in range(150)]
    # A turned layer has the same components, up to the place of the axes: nothing is left to move.
    assert moved["pca", "procrustes"]["aligned"] < 1e-4 < moved["pca", "joint"]["aligned"]
    assert moved["mds", "procrustes"]["aligned"] < moved["mds", "procrustes"]["raw"] + 1e-9
    gonio("project", "reps", "--align", "joint", "--equal-layers", "-c", 3, "-o", "all.npy", cwd=folder)
    assert read_npy(os.path.join(folder, "all.npy"))[0] == (4, 150, 3)


def wrong_use_and_wrong_input(folder):
    cloud(folder)
    before = files_under(folder)
    for arguments in ([], ["X.npy", "X.npy"], ["X.npy", "--dims", "4"], ["X.npy", "--color", "half.txt"],
                      ["X.npy", "-o", "xy.txt"], ["X.npy", "--method", "isomap"],
                      ["X.npy", "--perplexity", "5"], ["X.npy", "--method", "tsne", "-k", "5"],
                      ["X.npy", "--method", "tsne", "--perplexity", "400"], ["X.npy", "-m", "cosine"],
                      ["X.npy", "--method", "umap", "-c", "3"], ["X.npy", "--figure", "x.png", "--color", "kept"],
                      ["X.npy", "--method", "umap", "--align", "joint"], ["X.npy", "--align", "aligned"],
                      ["X.npy", "--pull", "0.1"], ["X.npy", "--equal-layers"], ["X.npy", "--layer", "1", "--layers", "all"],
                      ["X.npy", "--align", "procrustes", "-c", "17"],
                      ["X.npy", "--method", "tsne", "--align", "aligned", "--pull", "2"],
                      ["X.npy", "--figure", "x.png", "-o", "x.csv"]):
        out, err = gonio("project", *arguments, cwd=folder, status=64)
        assert not out and err
    figure = ["--figure", "x.png"]
    for arguments, part in ((["--zoom", "half.txt"], "half.txt"),
                            (["--zoom", "half.txt=up"], "half.txt=up"), (["-c", "6"], "6 components"),
                            (["--layer", "3"], "3"), ([*figure, "--color", "frequency"], "no tokens"),
                            ([*figure, "--color", "half.txt", "--highlight", "up"], "'up'"),
                            (["--figure", "x.gif"], "gif"),
                            (["--method", "tsne", "--zoom", "0:3"], "at least 4"),
                            (["--align", "joint"], "at least 2 layers"),
                            (["--method", "umap", "--min-dist", "3"], "min_dist 3"), (["--zoom", "absent.txt=1"], "absent.txt")):
        out, err = gonio("project", "X.npy", *arguments, cwd=folder, status=1)
        assert not out and err.startswith("gonio: error: ") and err.count("\n") == 1, err
        assert part in err, (part, err)
    assert files_under(folder) == before, files_under(folder)


def text_through_gpt2_and_roberta(folder):
    golden = os.path.join(SOURCE, "tests", "golden")
    text = os.path.join(golden, "models", "text.txt")
    for family in ("gpt2", "roberta"):
        model = os.path.join(folder, family)
        shutil.copytree(os.path.join(golden, "models", family + "-text"), model)
        shutil.copytree(os.path.join(golden, "bpe", family), model, dirs_exist_ok=True)
        out, _ = gonio("extract", model, text, "-o", family + "-reps", "--window", "stream:8", "--json", cwd=folder)
        count = {r["measure"]: r["value"] for r in json.loads(out)["rows"]}
        assert count["rows"] == 8 * count["windows"] == 8 * count["sequences"] > 0
        document = json.loads(gonio("project", family + "-reps", "--color", "frequency", "--figure",
                                    "map.svg", "--json", cwd=folder)[0])
        assert document["conditions"]["window_length"] == 8
        assert document["conditions"]["tokenizer"] == "byte_bpe"
        token = "\u0120the"
        gonio("project", family + "-reps", "--highlight", token, "--figure", "map.svg", cwd=folder)
        out, _ = gonio("project", family + "-reps", "--zoom", f"type!={token}", "-c", 1, "--json", cwd=folder)
        assert json.loads(out)["rows"][0]["n"] < count["rows"]
    for option in (["--window", "stream"], ["--window", "stream:0"], ["--window", "stream:9x"],
                   ["--window", "stream:100"], ["--streams", "2"], ["--keep", "0.5"]):
        out, err = gonio("extract", "gpt2", text, "-o", "no", *option, cwd=folder, status=1)
        assert not out and err.count("\n") == 1, err


if __name__ == "__main__":
    sys.exit(main([variances_and_coordinates_agree, halves_are_complementary,
                   clusters_are_complementary_whatever_the_sign, position_0_can_be_left_out, figures_come_with_their_points, maps_of_neighbours, layers_on_one_another, a_map_says_how_its_neighbours_were_found,
                   wrong_use_and_wrong_input, text_through_gpt2_and_roberta]))
