#!/usr/bin/env python3
"""The program as a user meets it: help, wrong use, wrong input, pipes, Ctrl-C, equal results."""

import csv
import glob
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import GONIO, QUICK, SOURCE, files_under, gonio, main, need_corpus, need_model, read_npy, write_npy

COMMANDS = ("survey", "extract", "inspect", "knn", "id", "overlap", "imbalance", "density", "cluster", "lid",
            "mlem", "isotropy", "project", "view", "export")


def cloud(folder, name="X.npy", n=300, d=6, seed=1):
    r = random.Random(seed)
    rows = [[r.gauss(0, 1) for _ in range(d)] for _ in range(n)]
    path = os.path.join(folder, name)
    write_npy(path, rows)
    return path


def help_says_usage_and_example(folder):
    out, _ = gonio("--help")
    for command in COMMANDS:
        assert f"  {command} " in out, command
        text, err = gonio(command, "--help")
        assert f"Usage: gonio {command} " in text and "Example" in text and not err
    assert re.fullmatch(r"gonio \d+\.\d+\.\d+\n", gonio("--version")[0])


def man_pages_name_every_option(folder):
    for command in COMMANDS:
        with open(os.path.join(SOURCE, "docs", "man", f"gonio-{command}.1"), encoding="utf-8") as page:
            page = page.read().replace("\\-", "-").replace("\\", "")
        text, _ = gonio(command, "--help")
        options = set(re.findall(r"--[a-z][a-z-]+", text.split("Options:")[1]))
        missing = {o for o in options if not re.search(re.escape(o) + r"(?![a-z-])", page)}
        known = options | set(re.findall(r"--[a-z][a-z-]+", gonio("extract", "--help")[0]))
        unknown = set(re.findall(r"--[a-z][a-z-]+", page)) - known
        assert not missing and not unknown, (command, missing, unknown)


def wrong_use_is_status_64(folder):
    x = cloud(folder)
    for arguments in ([], ["frobnicate"], ["id"], ["id", x, "--frobnicate"], ["knn", x, "-k"],
                      ["knn", x, "-k", "many", "-o", "out"], ["knn", x], ["knn", x, x, "-o", "out"],
                      ["knn", x, "--metric", "taxicab", "-o", "out"], ["survey", "model"],
                      ["survey", "model", "text"], ["extract", "model", "text"], ["inspect"],
                      ["overlap"], ["overlap", x, x, x], ["imbalance"], ["density"],
                      ["overlap", x, "--figure", "x.png"], ["imbalance", x, "--labels", "x.txt"],
                      ["lid"], ["cluster"], ["cluster", x, "-k", "1"], ["cluster", x, "-k", "0"], ["cluster", x, "--k-min", "4", "--k-max", "3"],
                      ["lid", x, "-k", "5,"], ["lid", x, "-k", "9999"], ["lid", x, "--compat", "other"],
                      ["mlem", x], ["mlem", x, x, "--correction", "all"], ["mlem", x, x, "--pool", "max"],
                      ["id", x, "--seed", "-1"], ["id", x, "--json=yes"]):
        out, err = gonio(*arguments, cwd=folder, status=64)
        assert not out and err.startswith(("gonio", "Usage")) or not arguments, (arguments, out, err)
    assert files_under(folder) == ["X.npy"]


def bad_matrices_give_one_sentence(folder):
    def put(name, data):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)

    write_npy(os.path.join(folder, "nan.npy"), [[1.0, 2.0], [3.0, float("nan")], [4.0, 5.0], [1, 1]])
    write_npy(os.path.join(folder, "inf.npy"), [[1.0, 2.0], [3.0, 4.0], [float("inf"), 5.0], [1, 1]])
    write_npy(os.path.join(folder, "cube.npy"), [0.0] * 8, shape=(2, 2, 2))
    write_npy(os.path.join(folder, "one.npy"), [[1.0, 2.0]])
    with open(os.path.join(folder, "one.npy"), "rb") as whole:
        put("short.npy", whole.read()[:-3])
    put("empty.npy", b"")
    put("empty.csv", b"")
    put("ragged.csv", b"1,2\n3,4\n5\n")
    put("words.csv", b"1,2\n3,four\n5,6\n")
    put("noise.npy", bytes(range(256)))
    cases = {
        "absent.npy": ["No such file"], "nan.npy": ["row 1", "column 1"],
        "inf.npy": ["row 2", "column 0"], "cube.npy": [], "one.npy": ["1 row"], "short.npy": [],
        "empty.npy": [], "empty.csv": [], "ragged.csv": ["line 3"], "words.csv": ["line 2", "four"],
        "noise.npy": [], "X.unknown": [],
    }
    before = files_under(folder)
    for name, parts in cases.items():
        for command in (["id", name], ["knn", name, "-k", "1", "-o", "out"], ["id", name, "--json"],
                        ["density", name], ["imbalance", name, name]):
            out, err = gonio(*command, cwd=folder, status=1)
            assert not out, (name, out)
            assert err.startswith("gonio: error: ") and err.count("\n") == 1, (name, err)
            assert name in err, (name, err)
            for part in parts:
                assert part in err, (name, part, err)
    assert files_under(folder) == before


def json_is_one_document_of_tidy_rows(folder):
    out, err = gonio("id", cloud(folder), "--json", "--seed", "3")
    document = json.loads(out)
    assert not err and set(document) == {"gonio", "command", "conditions", "rows"}
    assert document["command"] == "id" and document["conditions"]["seed"] == 3
    for row in document["rows"]:
        assert {"set", "layer", "depth", "measure", "variant", "value", "se", "n"} <= set(row)
        assert row["set"] == "X.npy" and row["layer"] == 0
    twonn = {r["variant"]: r["value"] for r in document["rows"] if r["measure"] == "twonn"}
    assert set(twonn) == {"base_0.9", "base_0.98", "ml", "bayes"}
    assert all(4 < value < 7.5 for value in twonn.values()), twonn


def threads_and_instruction_sets_change_nothing(folder):
    x = cloud(folder, n=700, d=33)
    first = gonio("id", x, "--json", "--threads", 1)[0]
    assert gonio("id", x, "--json", "--threads", 2)[0] == first
    scalar = json.loads(gonio("id", x, "--json", "--cpu", "scalar")[0])
    assert scalar["rows"] == json.loads(first)["rows"] and scalar["conditions"]["cpu"] == "scalar"
    again = json.loads(gonio("id", x, "--json", env={"GONIO_CPU": "scalar"})[0])
    assert again["conditions"]["cpu"] == "scalar"
    assert "not-a-cpu" in gonio("id", x, env={"GONIO_CPU": "not-a-cpu"}, status=1)[1]


def neighbours_of_a_matrix_are_written(folder):
    x = cloud(folder, n=200, d=3)
    gonio("knn", x, "-k", 5, "-o", os.path.join(folder, "out"))
    assert files_under(folder) == ["X.npy", "out.distance.npy", "out.index.npy"]
    shape, index = read_npy(os.path.join(folder, "out.index.npy"))
    _, distance = read_npy(os.path.join(folder, "out.distance.npy"))
    _, flat = read_npy(x)
    assert shape == (200, 5)
    point = [flat[3 * i:3 * i + 3] for i in range(200)]
    for i in range(200):
        want = sorted((sum((a - b) ** 2 for a, b in zip(point[i], point[j])), j)
                      for j in range(200) if j != i)[:5]
        assert [j for _, j in want] == list(index[5 * i:5 * i + 5])
        for (squared, _), got in zip(want, distance[5 * i:5 * i + 5]):
            assert abs(got - squared ** 0.5) <= 1e-6 * squared ** 0.5


def every_matrix_format_is_read(folder):
    x = cloud(folder, n=60, d=4)
    want = json.loads(gonio("id", x, "--json")[0])["rows"]
    _, flat = read_npy(x)
    rows = [flat[4 * i:4 * i + 4] for i in range(60)]
    write_npy(os.path.join(folder, "X64.npy"), rows, kind="f8")
    for name, separator, head in (("X.csv", ",", ""), ("H.csv", ",", "a,b,c,d\n"), ("X.tsv", "\t", "")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(head + "".join(separator.join(map(repr, row)) + "\n" for row in rows))
    for name in ("X64.npy", "X.csv", "H.csv", "X.tsv"):
        got = json.loads(gonio("id", os.path.join(folder, name), "--json")[0])["rows"]
        assert [r["value"] for r in got] == [r["value"] for r in want], name


def clusters_and_local_dimensions_are_written(folder):
    n = 120
    x = cloud(folder, n=n, d=4)
    _, flat = read_npy(x)
    parts = [[v + 40 * (i % 3 == 0) for v in flat[4 * i:4 * i + 4]] for i in range(n)]
    write_npy(os.path.join(folder, "parts.npy"), parts)
    with open(os.path.join(folder, "third.txt"), "w", encoding="utf-8") as out:
        out.writelines("yes\n" if i % 3 == 0 else "no\n" for i in range(n))
    out, err = gonio("cluster", "parts.npy", "--labels", "third.txt", "-o", "clusters", "--figure", "c.svg",
                     cwd=folder)
    assert "parts.npy, layer 0: 2 clusters" in out and not err, (out, err)
    assert "third.txt = yes: 40 of its 40 rows (100 %)" in out, out
    shape, label = read_npy(os.path.join(folder, "clusters", "parts.npy.layer.00.npy"))
    assert shape == (n,) and list(label) == [int(i % 3 == 0) for i in range(n)]
    rows = rows_of("cluster", "parts.npy", "-k", "2", "--labels", "clusters/parts.npy.layer.00.npy", cwd=folder)
    assert {r["measure"] for r in rows} >= {"kmeans_clusters", "silhouette", "inertia", "kmeans_size"}
    rest = ["-k", "3", "--labels", "third.txt", "--plot", "composition", "--figure", "parts.svg"]
    every = rows_of("cluster", "parts.npy", *rest, cwd=folder)
    shares = {(r["cluster"], r["content"]): r["value"] for r in every if r["measure"] == "cluster_share"}
    assert len(shares) == 6 and all(abs(shares[k, "third.txt = no"] + shares[k, "third.txt = yes"] - 1) < 1e-12
                                    for k in range(3)), shares
    with open(os.path.join(folder, "parts.csv"), encoding="utf-8") as numbers:
        drawn = [line.split(",") for line in numbers.read().splitlines()[1:]]
    assert len(drawn) == 9 and {line[0] for line in drawn} == {'"third.txt = no"', '"third.txt = yes"', '""'}
    for series, group, share, *_ in drawn:
        want = shares[int(group[1]), series.strip('"')] if len(series) > 2 else 0
        assert abs(float(share) - want) < 1e-12 and " rows" in group, (series, group, share)
    assert "third.txt" in gonio("cluster", "parts.npy", *rest, "--by", "word", cwd=folder, status=1)[1]
    assert "--layers" in gonio("cluster", "parts.npy", "parts.npy", *rest, cwd=folder, status=1)[1]
    for name in ("parts.svg", "parts.csv"):
        os.remove(os.path.join(folder, name))
    write_npy(os.path.join(folder, "thirds.npy"),
              [[v + 40 * (i % 3) for v in flat[4 * i:4 * i + 4]] for i in range(n)])
    for bounds, note in ((["--k-max", "3"], "largest number that was tried"), (["--k-max", "5"], None),
                         (["--k-min", "3", "--k-max", "5"], "smallest number that was tried")):
        out = gonio("cluster", "thirds.npy", *bounds, cwd=folder)[0]
        assert "thirds.npy, layer 0: 3 clusters" in out, out
        assert (note in out) if note else "number that was tried" not in out, out
    os.remove(os.path.join(folder, "thirds.npy"))
    (explained,) = [r for r in rows if r["measure"] == "cluster_explained"]
    assert abs(explained["value"] - 1) < 1e-9 and explained["label"] == "parts.npy.layer.00.npy"
    rows = rows_of("lid", x, "-k", "5,9", "-o", "lid", "--figure", "l.svg", cwd=folder)
    (mean,) = [r["value"] for r in rows if r["measure"] == "lid" and r["variant"] == "unbiased" and r["k"] == 9]
    shape, value = read_npy(os.path.join(folder, "lid", "X.npy.layer.00.k9.npy"))
    assert shape == (n,) and abs(sum(value) / n - mean) < 1e-9
    assert files_under(folder) == ["X.npy", "c.csv", "c.svg", "clusters/parts.npy.layer.00.npy", "l.csv", "l.svg",
                                   "lid/X.npy.layer.00.k5.npy", "lid/X.npy.layer.00.k9.npy", "parts.npy",
                                   "third.txt"]


def rows_of(*arguments, cwd):
    return json.loads(gonio(*arguments, "--json", cwd=cwd)[0])["rows"]


def layers_are_compared_in_pairs(folder):
    n = 150
    x = cloud(folder, n=n, d=5)
    _, flat = read_npy(x)
    part = [flat[5 * i:5 * i + 2] for i in range(n)]
    write_npy(os.path.join(folder, "part.npy"), part)
    points = {"X.npy": [flat[5 * i:5 * i + 5] for i in range(n)], "part.npy": part}

    def order(name, i):
        p = points[name]
        return sorted((j for j in range(n) if j != i),
                      key=lambda j: (sum((a - b) ** 2 for a, b in zip(p[i], p[j])), j))

    orders = {name: [order(name, i) for i in range(n)] for name in points}
    (row,) = rows_of("overlap", "X.npy", "part.npy", "-k", "8", cwd=folder)
    want = sum(len(set(orders["X.npy"][i][:8]) & set(orders["part.npy"][i][:8])) for i in range(n))
    assert abs(row["value"] - want / (8 * n)) < 1e-12 and row["k"] == 8
    assert row["set"] == "X.npy" and row["other_set"] == "part.npy" and row["other_layer"] == 0
    assert abs(row["chance"] - 8 / (n - 1)) < 1e-12
    for k in (1, 4):
        rows = rows_of("imbalance", "X.npy", "part.npy", "-k", k, cwd=folder)
        assert {(r["set"], r["other_set"]) for r in rows} == {("X.npy", "part.npy"),
                                                              ("part.npy", "X.npy")}
        for r in rows:
            a, b = orders[r["set"]], orders[r["other_set"]]
            ranks = sum(b[i].index(j) + 1 for i in range(n) for j in a[i][:k])
            assert abs(r["value"] - 2 * ranks / (n * n * k)) < 1e-12, r
    same = rows_of("imbalance", "X.npy", "X.npy", cwd=folder)
    assert all(r["value"] == 2 / n for r in same) and len(same) == 2
    gonio("imbalance", "X.npy", "part.npy", "--figure", "pair.svg", cwd=folder)
    with open(os.path.join(folder, "pair.csv"), encoding="utf-8") as numbers:
        assert len(numbers.read().splitlines()) == 2
    with open(os.path.join(folder, "labels.txt"), "w", encoding="utf-8") as out:
        out.writelines("left\n" if p[0] < 0 else "right\n" for p in part)
    rows = rows_of("overlap", "part.npy", "--labels", "labels.txt", "-k", "5", cwd=folder)
    assert {r["variant"] for r in rows} == {"weighted", "plain"}
    label = [p[0] < 0 for p in part]
    same = sum(label[i] == label[j] for i in range(n) for j in orders["part.npy"][i][:5])
    (plain,) = (r["value"] for r in rows if r["variant"] == "plain")
    assert abs(plain - same / (5 * n)) < 1e-12
    _, err = gonio("overlap", "X.npy", cwd=folder, status=1)
    assert "X.npy has one layer" in err
    cloud(folder, "short.npy", n=149, d=5)
    _, err = gonio("imbalance", "X.npy", "short.npy", cwd=folder, status=1)
    assert "150 rows" in err and "149" in err


def density_finds_the_clusters(folder):
    r = random.Random(9)
    centres = [(0, 0), (9, 0), (0, 9)]
    rows = [[c + r.gauss(0, 1) for c in centres[i % 3]] for i in range(600)]
    rows[30] = rows[0]  # one row repeats
    write_npy(os.path.join(folder, "Y.npy"), rows)
    with open(os.path.join(folder, "labels.csv"), "w", encoding="utf-8") as out:
        out.write("group\n" + "".join(f"{'abc'[i % 3]}\n" for i in range(600)))
    arguments = ["density", "Y.npy", "-k", "60", "--labels", "labels.csv:group"]
    found = {(row["measure"], row["variant"] or ""): row for row in rows_of(*arguments, cwd=folder)}
    assert found["n_duplicates", ""]["value"] == 1
    assert found["n_clusters", ""]["value"] == 3 and found["n_clusters", ""]["n"] == 599
    assert found["adjusted_rand", ""]["value"] > 0.99
    assert 0 <= found["halo_share", ""]["value"] < 0.2
    for measure in ("twonn", "kstar_gride", "binomial"):
        (row,) = (v for (m, _), v in found.items() if m == measure)
        assert abs(row["value"] - 2) < 0.25, row  # edges of 200-point clouds bias it by 5 %
    assert 3 <= found["kstar", "min"]["value"] <= found["kstar", "max"]["value"] <= 59
    for variant in ("knn", "kstar", "pak"):
        assert found["log_density", variant]["sd"] > 0.3
    first = gonio(*arguments, "--json", "--threads", "1", cwd=folder)[0]
    assert first == gonio(*arguments, "--json", "--threads", "2", cwd=folder)[0]
    write_npy(os.path.join(folder, "few.npy"), rows[:5])
    few = {row["measure"]: row for row in rows_of("density", "few.npy", cwd=folder)}
    assert few["kstar"]["value"] is None and "5 distinct rows" in few["kstar"]["note"]


def mlem_finds_the_planted_features(folder):
    r = random.Random(4)
    rows, lines = [], [",sentence,kind,freq,other"]
    for i in range(120):
        kind, freq, other = i % 3, (i * 7) % 40, r.randrange(2)
        rows.append([2.0 * (kind == 0), 2.0 * (kind == 1), 0.05 * freq] + [r.gauss(0, 0.1) for _ in range(3)])
        blank = i % 20 == 19
        lines.append(f'{i},"a, b",{"xyz"[kind]},{freq},{"" if blank else other}')
    write_npy(os.path.join(folder, "Z.npy"), rows)
    with open(os.path.join(folder, "features.csv"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    document = json.loads(gonio("mlem", "Z.npy", "features.csv", "--json", "-o", "mlem", cwd=folder)[0])
    assert document["conditions"]["features"] == (
        "kind: categorical, 3 levels, 0 missing, distance categorical; "
        "freq: numeric, 40 levels, 0 missing, distance absdiff; "
        "other: categorical, 2 levels, 6 missing, distance categorical").replace(
            "other: categorical", "other: ordinal")
    found = {(row["measure"], row.get("feature")): row for row in document["rows"]}
    assert found["r2", None]["value"] > 0.7 and found["r2", None]["se"] < 0.05
    assert found["pfi", "kind"]["share"] > 0.5 > found["pfi", "freq"]["share"] > 0.05
    assert found["mlem_weight", "kind"]["p_corrected"] < 1e-6 < 0.01 < found["mlem_weight", "other"]["p_corrected"]
    assert found["cpi", "kind"]["value"] <= found["pfi", "kind"]["value"]
    for name in ("mlem.json", "mlem.csv"):
        assert os.path.exists(os.path.join(folder, "mlem", name))
    table = gonio("mlem", "Z.npy", "features.csv", cwd=folder)[0].split("\n")
    assert table[0].split() == ["layer", "depth", "R\u00b2", "r", "kind", "freq", "other"], table[0]
    for threads in ("1", "2"):
        again = json.loads(gonio("mlem", "Z.npy", "features.csv", "--json", "--threads", threads, cwd=folder)[0])
        assert again["rows"] == document["rows"]
    gonio("mlem", "Z.npy", "features.csv", "--figure", "importance.png", cwd=folder)
    with open(os.path.join(folder, "importance.csv"), encoding="utf-8") as numbers:
        assert "kind" in numbers.read() and os.path.getsize(os.path.join(folder, "importance.png"))
    squared = rows_of("mlem", "Z.npy", "features.csv", "--distance", "freq=squared", "--skip", "other", cwd=folder)
    assert {row.get("feature") for row in squared} == {None, "kind", "freq"}
    for arguments, words in ((["--distance", "frq=squared"], "no feature 'frq'; there are: kind, freq, other"),
                             (["--skip", "frq"], "no column 'frq' to skip; there are: sentence, kind, freq, other"),
                             (["--distance", "kind=squared"], "no numbers"), (["--ridge", "-1"], "-1")):
        err = gonio("mlem", "Z.npy", "features.csv", *arguments, cwd=folder, status=1)[1]
        assert words in err and err.count("\n") == 1, err
    with open(os.path.join(folder, "short.csv"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines[:-1]) + "\n")
    assert "120 rows and the feature table 119" in gonio("mlem", "Z.npy", "short.csv", cwd=folder, status=1)[1]
    with open(os.path.join(folder, "odd.csv"), "w", encoding="utf-8") as out:
        out.write("kind,twin,same,name\n" + "".join(f"{'xyz'[i % 3]},{'abc'[i % 3]},1,n{i}\n" for i in range(120)))
    said = gonio("mlem", "Z.npy", "odd.csv", cwd=folder)[0].split("\n")[-4:]
    assert said == ["kind, twin: depends on the other features.", "same: constant: no two rows differ in it.",
                    "name: constant: any two rows differ in it alike.", ""], said
    write_npy(os.path.join(folder, "three.npy"), rows[:3])
    with open(os.path.join(folder, "three.csv"), "w", encoding="utf-8") as out:
        out.write("kind,freq\nx,1\ny,2\nx,3\n")
    few = {row["measure"]: row.get("note") for row in rows_of("mlem", "three.npy", "three.csv", "--baselines", cwd=folder)}
    assert "too few rows" in few["encoding_r2"] and "too few rows" in few["decoding_auc"], few
    first = gonio("mlem", "Z.npy", "features.csv", "--compat", "mlem-v1", cwd=folder)[0].split("\n")
    assert first[0].split()[-1] == "feature" and [line.split()[-1] for line in first[5:8]] == ["kind", "freq", "other"]


def mlem_shows_what_stands_beside_it(folder):
    r = random.Random(5)
    rows, lines = [], ["kind,other"]
    for i in range(90):
        rows.append([2.0 * (i % 3 == k) + r.gauss(0, 0.3) for k in range(4)])
        lines.append(f"{'xyz'[i % 3]},{r.randrange(2)}")
    write_npy(os.path.join(folder, "B.npy"), rows)
    with open(os.path.join(folder, "beside.csv"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")

    def measured(*arguments):
        rows = rows_of("mlem", "B.npy", "beside.csv", *arguments, cwd=folder)
        return {(row["measure"], row.get("variant") or "", row.get("feature")): row for row in rows}

    found = measured("--baselines", "-o", "beside")
    assert abs(found["pairs_r2", "", None]["value"] - found["r2", "", None]["value"]) < 1e-5
    assert abs(found["pairs_weight", "", "kind"]["value"] - found["mlem_weight", "", "kind"]["value"]) < 1e-4
    assert found["rsa", "spearman", "kind"]["value"] > 0.5 > abs(found["rsa", "spearman", "other"]["value"])
    assert found["spearman_drop", "", "kind"]["value"] > 0.3
    for key in (("pairs_r2", "", None), ("spearman", "", None), ("rsa", "pearson", "kind"), ("rsa", "spearman", "other"),
                ("pairs_weight", "", "kind"), ("pairs_pfi", "", "kind"), ("spearman_drop", "", "kind")):
        assert 0 < found[key]["se"] < 0.5 * max(1, found[key]["value"]), found[key]
    ratio = found["pairs_weight", "", "kind"]["se"] / found["mlem_weight", "", "kind"]["se"]
    assert 0.3 < ratio < 3, ratio  # ten groups beside the formula
    bounded = measured("--metric", "euclidean", "--error-rows", 89)["spearman", "", None]
    assert bounded["se"] is None and "--error-rows 90" in bounded["note"], bounded
    one, two = (gonio("mlem", "B.npy", "beside.csv", "--metric", "cosine", "--csv", "--threads", t, cwd=folder)[0] for t in (1, 2))
    assert one == two and "spearman_drop" in one
    assert found["cka", "", "kind"]["value"] > 0.8 > 0.2 > found["cka", "", "other"]["value"]
    assert found["decoding_auc", "ridge", "kind"]["value"] > 0.99
    assert abs(found["decoding_auc", "ridge", "other"]["value"] - 0.5) < 0.25
    assert found["encoding_r2", "max", None]["value"] > 0.5
    assert 0 < found["noise_ceiling", "half", None]["value"] < found["noise_ceiling", "corrected", None]["value"] < 1
    assert abs(found["null_r2", "", None]["value"]) < 0.05
    for name in ("mlem.html", "figures/mlem_fit.svg", "figures/mlem_importance.png", "figures/mlem_rsa.csv",
                 "figures/mlem_feature_correlation.svg"):
        assert os.path.getsize(os.path.join(folder, "beside", name)) > 20, name
    units = measured("--units", "--top-units", "r2", "-o", "units")
    names = ["mlem_units.png", "mlem_top_units.svg", "mlem_mds.csv"]
    names += ["mlem_kinds.csv"] if units["unit_clusters", "", None]["value"] else []
    for name in names:
        assert os.path.getsize(os.path.join(folder, "units", "figures", name)) > 20, name
    with open(os.path.join(folder, "units", "figures", "mlem_mds.csv"), encoding="utf-8") as lines:
        signs = {row["series"].split(", ")[0] for row in csv.DictReader(lines)}
    assert signs == {"kind x", "kind y", "kind z"}, signs
    write_npy(os.path.join(folder, "tied.npy"), [[row[0]] * 3 + [r.gauss(0, 1)] for row in rows])
    tied = rows_of("mlem", "tied.npy", "beside.csv", "--top-units", "r2", cwd=folder)
    assert [row["k"] for row in tied if row["variant"] == "top_k"] == [3, 4], tied  # not 2 of 3 that are equal
    cosine = measured("--metric", "cosine", "--target", "distance")
    assert cosine["pairs_r2", "", None]["value"] != found["pairs_r2", "", None]["value"]
    first = measured("--compat", "mlem-v1", "--decode", "logistic", "--v1-units", "-o", "first")
    assert first["v1_r2", "", None]["value"] > 0.3
    assert first["v1_importance", "permutation", "kind"]["p"] < 1e-6
    assert first["decoding_auc", "logistic", "kind"]["value"] > 0.99
    assert sum(key[0] == "v1_unit_r2" for key in first) >= 1
    conditional = measured("--compat", "mlem-v1", "--conditional")
    store = ("--compat", "mlem-v1", "--work-dir", "work", "--v1-mds", "--decode", "logistic", "--top-units", "r2")
    files = rows_of("mlem", "B.npy", "beside.csv", *store, cwd=folder)
    assert all(row["measure"] == "v1_file" and row["value"] == 1 for row in files) and len(files) == 8
    assert all(os.path.getsize(os.path.join(folder, row["file"])) > 100 for row in files)
    units = next(row["file"] for row in files if row["variant"] == "units")
    with gzip.open(os.path.join(folder, units), "rt", encoding="utf-8") as lines:
        table = list(csv.DictReader(lines))
    assert len(table) == 8 and table[0]["Method"] == "Univariate" and table[0]["Feature"] == "kind"
    again = {row["variant"]: row["value"]
             for row in rows_of("mlem", "B.npy", "beside.csv", *store, "--skip-existing", 2, cwd=folder)}
    assert again == {"distance": 0, "mds": 0, "importance": 1, "units": 1, "top_k": 1, "decoding": 1}, again
    for wrong in (["--work-dir", "work"], [*store, "-o", "x"], ["--compat", "mlem-v1", "--v1-mds"]):
        gonio("mlem", "B.npy", "beside.csv", *wrong, cwd=folder, status=64)
    second = measured("--compat", "mlem-v2", "--search")
    assert 0 <= second["v2_pearson", "closed", None]["value"] - second["v2_pearson", "search", None]["value"] < 1e-2
    assert second["v2_weight", "closed", "kind"]["value"] > 0.99
    assert conditional["v1_importance", "conditional", "kind"]["value"] > 0
    assert "metric 'cosin'" in gonio("mlem", "B.npy", "beside.csv", "--metric", "cosin", cwd=folder, status=1)[1]


def an_edited_feature_extracts_nothing(folder):
    model = need_model()
    lines = ["sentence,number", "A dog sleeps.,sg", "Dogs sleep.,pl", '"The dog, old, sleeps.",sg', "Some dogs sleep.,pl"]
    layer = os.path.join(folder, "mlem", "reps", "layer.01.npy")

    def run(text):
        with open(os.path.join(folder, "stimuli.csv"), "w", encoding="utf-8") as out:
            out.write("\n".join(text) + "\n")
        out, _ = gonio("mlem", model, "stimuli.csv", "-o", "mlem", "--json", cwd=folder)
        with open(layer, "rb") as states:
            return json.loads(out)["rows"], states.read()[-4:], len(os.listdir(os.path.join(folder, "mlem", "cache")))

    rows, last, fits = run(lines)
    assert fits and run(lines) == (rows, last, fits)
    with open(layer, "r+b") as states:  # a mark that an extraction would not leave
        states.seek(-4, os.SEEK_END)
        states.write(b"\0\0\0\0")
    edited, kept, more = run(lines[:3] + [lines[3].replace(",sg", ",pl")] + lines[4:])
    assert kept == b"\0\0\0\0" != last and more > fits and edited != rows
    assert run(lines[:4] + ["All dogs sleep.,pl"])[1] != kept


def states_are_made_anew_only_at_zero(folder):
    """The first row of the published table of skip_existing: activations."""
    model = need_model()
    with open(os.path.join(folder, "stimuli.csv"), "w", encoding="utf-8") as out:
        out.write("sentence,number\n" + "".join(f"{s} sleep{'s' * (n == 'sg')}.,{n}\n" for s, n in (
            ("A dog", "sg"), ("Dogs", "pl"), ("The dog", "sg"), ("Some dogs", "pl"), ("One cat", "sg"))))
    kept = []
    for skip in (None, 2, 1.5, 1, 0.5, 0, -1):
        arguments = [] if skip is None else [f"--skip-existing={skip}"]
        gonio("mlem", model, "stimuli.csv", "--compat", "mlem-v1", "--work-dir", "work", *arguments, cwd=folder)
        (layer,) = glob.glob(os.path.join(folder, "work", "experiments", "stimuli", "*", "spe_tok", "recordings", "*",
                                          "reps", "layer.03.npy"))
        with open(layer, "r+b") as states:  # a mark that an extraction would not leave
            states.seek(-4, os.SEEK_END)
            kept.append(states.read() == b"\0\0\0\0")
            states.seek(-4, os.SEEK_END)
            states.write(b"\0\0\0\0")
    assert kept == [False, True, True, True, True, False, False], kept


def a_closed_pipe_is_no_error(folder):
    x = cloud(folder)
    done = subprocess.run(f"'{GONIO}' id '{x}' --csv | head -n 1", shell=True, capture_output=True,
                          text=True, executable="/bin/bash")
    assert done.stdout.startswith("set,layer,depth,measure") and not done.stderr, done


def figures_come_with_their_numbers(folder):
    x, y = cloud(folder), cloud(folder, "Y.npy", seed=2)
    for kind in ("png", "svg", "pdf"):
        gonio("id", x, y, "--figure", os.path.join(folder, f"curve.{kind}"))
        with open(os.path.join(folder, f"curve.{kind}"), "rb") as data:
            assert data.read(5) in (b"\x89PNG\r", b"<?xml", b"%PDF-")
    with open(os.path.join(folder, "curve.csv"), encoding="utf-8") as numbers:
        text = numbers.read()
    assert "X.npy" in text and "Y.npy" in text
    _, err = gonio("id", x, "--figure", os.path.join(folder, "curve.gif"), status=1)
    assert ".png" in err or "png" in err


def the_example_program_agrees(folder):
    x = cloud(folder)
    example = os.path.join(os.path.dirname(os.path.dirname(GONIO)), "examples", "dimension")
    done = subprocess.run([example, x], capture_output=True, text=True)
    rows = json.loads(gonio("id", x, "--json")[0])["rows"]
    want = next(r["value"] for r in rows if r["variant"] == "base_0.9")
    assert done.returncode == 0 and done.stdout.startswith(f"{want:.2f} +- "), (done, want)
    done = subprocess.run([example, "absent.npy"], capture_output=True, text=True)
    assert done.returncode == 1 and "absent.npy" in done.stderr, done


def interrupt(arguments, cwd, after):
    process = subprocess.Popen([GONIO, *arguments], cwd=cwd, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def ctrl_c_leaves_nothing(folder):
    n, d = 60000, 64
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({n}, {d}), }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    with open(os.path.join(folder, "big.npy"), "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        r = random.Random(5)
        # float64 in [1, 2): random mantissas under a fixed exponent
        for _ in range(n * d * 8 // 8000):
            block = bytearray(r.randbytes(8000))
            block[6::8] = bytes(b | 0xf0 for b in block[6::8])
            block[7::8] = b"\x3f" * 1000
            out.write(block)
    # the slow kernel on one thread: still searching after a second on any machine
    status, out, err = interrupt(["knn", "big.npy", "-k", "64", "-o", "out", "--cpu", "scalar",
                                  "--threads", "1"], folder, 1.0)
    assert status == 130, (status, out, err)
    assert err.count("\n") == 1 and "interrupted" in err, err
    assert files_under(folder) == ["big.npy"]


def an_interrupted_survey_goes_on_with_the_same_bytes(folder):
    model, corpus = need_model(), need_corpus()
    with open(corpus, encoding="utf-8") as lines:
        head = [next(lines) for _ in range(1501 if QUICK else 6001)]
    with open(os.path.join(folder, "text.tsv"), "w", encoding="utf-8") as out:
        out.writelines(head)
    arguments = ["extract", model, "text.tsv", "--pool", "target", "--batch-tokens", "2048"]
    gonio(*arguments, "-o", "whole", cwd=folder)
    status, _, err = interrupt(arguments + ["-o", "parts", "--threads", "1"], folder, 1.5)
    gonio(*arguments, "-o", "parts", cwd=folder)
    names = files_under(os.path.join(folder, "whole"))
    assert names == files_under(os.path.join(folder, "parts"))
    for name in names:
        with open(os.path.join(folder, "whole", name), "rb") as a, \
                open(os.path.join(folder, "parts", name), "rb") as b:
            assert a.read() == b.read(), name
    assert status in (0, 130), (status, err)


def a_survey_writes_all_it_promises(folder):
    model, corpus = need_model(), need_corpus()
    with open(corpus, encoding="utf-8") as lines:
        n = 200 if QUICK else 800
        head = [next(lines) for _ in range(n + 1)]
    with open(os.path.join(folder, "text.tsv"), "w", encoding="utf-8") as out:
        out.writelines(head)
    arguments = ["survey", model, "text.tsv", "--pool", "target", "-o", "out"]
    table, _ = gonio(*arguments, cwd=folder)
    rows = [line for line in table.splitlines() if re.match(r"\s*[0-6]\s", line)]
    assert len(rows) == 7 and table.endswith("Report: out/report.html\n"), table
    with open(os.path.join(folder, "out", "survey.json"), encoding="utf-8") as data:
        document = json.load(data)
    assert document["conditions"]["rows"] == n
    layers = {r["layer"] for r in document["rows"]}
    assert layers == set(range(7)), layers
    labels = {r["label"] for r in document["rows"] if r["measure"] == "label_overlap"}
    assert {"pos", "lexname", "sense"} <= labels, labels
    names = files_under(os.path.join(folder, "out"))
    for name in ("report.html", "survey.csv", "reps/gonio.json", "reps/layer.06.npy"):
        assert name in names, name
    for kind in (".png", ".svg", ".csv"):
        assert any(n.startswith("figures/intrinsic_dimension") and n.endswith(kind) for n in names)
    with open(os.path.join(folder, "out", "report.html"), encoding="utf-8") as page:
        page = page.read()
    assert not re.search(r"<script|\bsrc\s*=\s*[\"'](?!data:)|url\((?!#|data:)|@import", page)
    for address in re.findall(r"href\s*=\s*[\"'](?!#|data:|https://)([^\"']+)", page):
        assert address in names, address  # the figures beside the page
    again, _ = gonio(*arguments, "--json", cwd=folder)
    assert json.loads(again)["rows"] == document["rows"]
    sampled = json.loads(gonio(*arguments, "--json", "--max-rows", n // 2, cwd=folder)[0])
    assert sampled["conditions"]["rows_neighbors"] == n // 2


def bad_models_and_texts_give_one_sentence(folder):
    model = need_model()
    def put(name, data):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
    put("empty.txt", b"")
    put("blank.txt", b"\n \n")
    put("latin1.txt", "caf\u00e9\n".encode("latin-1"))
    put("nocolumn.csv", b"a,b\n1,2\n")
    put("good.txt", b"one line of text\n")
    os.mkdir(os.path.join(folder, "model"))
    put("model/config.json", b"{")
    put("model/vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    before = files_under(folder)
    for m, text, parts in ((model, "absent.txt", ["absent.txt", "No such file"]),
                           (model, "empty.txt", ["empty.txt"]), (model, "blank.txt", ["blank.txt"]),
                           (model, "latin1.txt", ["latin1.txt", "UTF-8"]),
                           (model, "nocolumn.csv", ["nocolumn.csv", "text"]),
                           ("nowhere", "good.txt", ["nowhere"]),
                           ("model", "good.txt", ["config.json"])):
        for command in ("extract", "survey"):
            out, err = gonio(command, m, text, "-o", "out", cwd=folder, status=1)
            assert not out and err.startswith("gonio: error: ") and err.count("\n") == 1, (text, err)
            for part in parts:
                assert part in err, (part, err)
            assert files_under(folder) == before, (command, text, files_under(folder))


if __name__ == "__main__":
    sys.exit(main([help_says_usage_and_example, clusters_and_local_dimensions_are_written, man_pages_name_every_option, wrong_use_is_status_64,
                   bad_matrices_give_one_sentence, json_is_one_document_of_tidy_rows,
                   threads_and_instruction_sets_change_nothing, neighbours_of_a_matrix_are_written,
                   every_matrix_format_is_read, layers_are_compared_in_pairs,
                   density_finds_the_clusters, mlem_finds_the_planted_features,
                   mlem_shows_what_stands_beside_it, states_are_made_anew_only_at_zero, a_closed_pipe_is_no_error, the_example_program_agrees,
                   figures_come_with_their_numbers, ctrl_c_leaves_nothing,
                   an_interrupted_survey_goes_on_with_the_same_bytes,
                   a_survey_writes_all_it_promises, bad_models_and_texts_give_one_sentence]))
