#!/usr/bin/env python3
"""Maps of layers, and the text models that feed them, as a user meets them."""

import json
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
        assert abs(row["kept_neighbors"]["value"] - sum(kept) / 240) < 1e-4
        assert row["kept_neighbors"]["k"] == 15 and row["kept_neighbors"]["value"] > 3 * 15 / 239
        assert 0.8 < row["trustworthiness"]["value"] <= 1 and row["trustworthiness"]["se"] > 0
    gonio("project", "X.npy", "--method", "umap", "--steps", 20, "-m", "cosine", "--zoom", "half.txt=left",
          "-o", "half.npy", "--dims", 3, cwd=folder)
    shape, _ = read_npy(os.path.join(folder, "half.npy"))
    assert shape[1] == 3 and 0 < shape[0] < 240


def wrong_use_and_wrong_input(folder):
    cloud(folder)
    before = files_under(folder)
    for arguments in ([], ["X.npy", "X.npy"], ["X.npy", "--dims", "4"], ["X.npy", "--color", "half.txt"],
                      ["X.npy", "-o", "xy.txt"], ["X.npy", "--method", "isomap"],
                      ["X.npy", "--perplexity", "5"], ["X.npy", "--method", "tsne", "-k", "5"],
                      ["X.npy", "--method", "tsne", "--perplexity", "400"], ["X.npy", "-m", "cosine"],
                      ["X.npy", "--method", "umap", "-c", "3"], ["X.npy", "--figure", "x.png", "--color", "kept"],
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
    sys.exit(main([variances_and_coordinates_agree, halves_are_complementary, figures_come_with_their_points, maps_of_neighbours,
                   wrong_use_and_wrong_input, text_through_gpt2_and_roberta]))
