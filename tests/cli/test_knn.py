#!/usr/bin/env python3
"""gonio knn: who asks, among whom, who may not answer. Against a double loop in Python."""

import json
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import files_under, gonio, main, read_npy, write_npy
from test_geometry import gauss, write_set


def put(folder, name, n, d, seed):
    """Writes a matrix; returns its rows as float32 holds them."""
    path = os.path.join(folder, name)
    write_npy(path, gauss(n, d, d, seed))
    flat = read_npy(path)[1]
    return [flat[d * i:d * i + d] for i in range(n)]


def expect(folder, prefix, asking, base, k, excluded):
    """The files against the double loop. `asking`: rows as (number, values)."""
    shape, index = read_npy(os.path.join(folder, prefix + ".index.npy"))
    _, distance = read_npy(os.path.join(folder, prefix + ".distance.npy"))
    assert shape == (len(asking), k), shape
    for place, (i, x) in enumerate(asking):
        found = sorted((sum((a - b) ** 2 for a, b in zip(x, y)), j)
                       for j, y in enumerate(base) if not excluded(i, j))[:k]
        want = [j for _, j in found] + [-1] * (k - len(found))
        got = list(index[k * place:k * place + k])
        assert got == want, (prefix, place, got, want)
        for p, r in enumerate(distance[k * place:k * place + k]):
            if p >= len(found):
                assert math.isnan(r)
            else:
                assert abs(r - math.sqrt(found[p][0])) <= 1e-6 * math.sqrt(found[p][0])


def another_matrix_answers(folder):
    x, y = put(folder, "X.npy", 80, 4, 1), put(folder, "Y.npy", 150, 4, 2)
    out, _ = gonio("knn", "X.npy", "--against", "Y.npy", "-k", 6, "-o", "out", "--json", cwd=folder)
    expect(folder, "out", list(enumerate(x)), y, 6, lambda i, j: False)
    doc = json.loads(out)
    assert doc["conditions"]["against"] == "Y.npy"
    assert [r["k"] for r in doc["rows"]] == [1, 2, 4]
    assert all(r["other_set"] == "Y.npy" and r["n"] == 80 for r in doc["rows"])
    # more rows ask than answer, and all who answer are neighbours
    gonio("knn", "Y.npy", "--against", "X.npy", "-k", 80, "-o", "all", cwd=folder)
    expect(folder, "all", list(enumerate(y)), x, 80, lambda i, j: False)
    # the same file: each row finds itself first
    gonio("knn", "X.npy", "--against", "X.npy", "-k", 2, "-o", "same", cwd=folder)
    expect(folder, "same", list(enumerate(x)), x, 2, lambda i, j: False)
    assert list(read_npy(os.path.join(folder, "same.index.npy"))[1])[::2] == list(range(80))


def some_rows_ask(folder):
    x = put(folder, "X.npy", 60, 3, 3)
    write_npy(os.path.join(folder, "which.npy"), [9, 3, 9, 0], kind="i4", shape=(4,))
    with open(os.path.join(folder, "kind.txt"), "w", encoding="utf-8") as out:
        out.writelines(f"{'odd' if i % 2 else 'even'}\n" for i in range(60))
    for rows, want in (("0:10", range(10)), ("50:", range(50, 60)), ("::7", range(0, 60, 7)),
                       ("5:60:20", [5, 25, 45]), ("-3:", [57, 58, 59]), ("4,2,-1,2", [4, 2, 59, 2]),
                       ("7,50:53", [7, 50, 51, 52]), ("which.npy", [9, 3, 9, 0]),
                       ("kind.txt=odd", range(1, 60, 2)), (":", range(60))):
        gonio("knn", "X.npy", "--rows", rows, "-k", 5, "-o", "out", cwd=folder)
        assert list(read_npy(os.path.join(folder, "out.rows.npy"))[1]) == list(want), rows
        expect(folder, "out", [(i, x[i]) for i in want], x, 5, lambda i, j: i == j)


def a_group_does_not_answer(folder):
    x = put(folder, "X.npy", 40, 3, 4)
    group = ["abc"[i % 3] if i % 5 else "" for i in range(40)]
    with open(os.path.join(folder, "group.txt"), "w", encoding="utf-8") as out:
        out.writelines(g + "\n" for g in group)

    def excluded(i, j):
        return i == j or (group[i] != "" and group[i] == group[j])

    gonio("knn", "X.npy", "--exclude-group", "group.txt", "-k", 9, "-o", "out", cwd=folder)
    expect(folder, "out", list(enumerate(x)), x, 9, excluded)
    # more than there are: the rest is -1 and NaN, and the mean says how many rows it is over
    out, _ = gonio("knn", "X.npy", "--exclude-group", "group.txt", "-k", 39, "-o", "out", "--json",
                   cwd=folder)
    expect(folder, "out", list(enumerate(x)), x, 39, excluded)
    rows = json.loads(out)["rows"]
    assert [r["n"] for r in rows] == [40, 40, 40, 40, 40, 8], rows
    with open(os.path.join(folder, "group.txt"), "w", encoding="utf-8") as one:
        one.write("a\n" * 40)
    out, _ = gonio("knn", "X.npy", "--exclude-group", "group.txt", "-k", 1, "-o", "out", "--json",
                   cwd=folder)
    assert json.loads(out)["rows"][0]["value"] is None and "group" in json.loads(out)["rows"][0]["note"]


def layers_are_matched_by_number(folder):
    r = random.Random(5)
    a = {1: gauss(30, 4, 4, 6), 3: gauss(30, 4, 4, 7)}
    b = {0: gauss(50, 4, 4, 8), 1: gauss(50, 4, 4, 9), 3: gauss(50, 4, 4, 10)}
    words = [r.choice("abcd") for _ in range(30)], [r.choice("dcbe") for _ in range(50)]
    write_set(folder, "a", a, 3, {"word": words[0]})
    write_set(folder, "b", b, 3, {"word": words[1]})
    y = put(folder, "Y.npy", 70, 4, 11)

    def rounded(rows):
        path = os.path.join(folder, "rounded.npy")
        write_npy(path, rows)
        flat = read_npy(path)[1]
        return [flat[i:i + 4] for i in range(0, len(flat), 4)]

    gonio("knn", "a", "--against", "b", "--exclude-group", "word", "-k", 5, "-o", "out", cwd=folder)
    for layer in (1, 3):
        expect(folder, f"out.layer.{layer:02}", list(enumerate(rounded(a[layer]))), rounded(b[layer]),
               5, lambda i, j: words[0][i] == words[1][j])
    gonio("knn", "a", "--against", "Y.npy", "--layers", "-1", "-k", 5, "-o", "one", cwd=folder)
    expect(folder, "one", list(enumerate(rounded(a[3]))), y, 5, lambda i, j: False)
    gonio("knn", "a", "-k", 5, "-o", "self", cwd=folder)
    expect(folder, "self.layer.01", list(enumerate(rounded(a[1]))), rounded(a[1]), 5,
           lambda i, j: i == j)
    assert not [name for name in files_under(folder) if "partial" in name or "tmp" in name]
    _, err = gonio("knn", "b", "--against", "a", "-o", "x", cwd=folder, status=1)
    assert "a: no layer 0 to look for the neighbours of b in" in err, err


def wrong_questions_are_refused(folder):
    put(folder, "X.npy", 20, 3, 12)
    put(folder, "wide.npy", 20, 4, 13)
    with open(os.path.join(folder, "short.txt"), "w", encoding="utf-8") as out:
        out.write("a\nb\n")
    write_npy(os.path.join(folder, "far.npy"), [1, 20], kind="i4", shape=(2,))
    before = files_under(folder)
    for arguments, part in ((["--against", "wide.npy"], "queries have 3 columns"),
                            (["--against", "none.npy"], "none.npy: cannot open"),
                            (["--rows", "0:21"], '"0:21": 0:21 is outside of the 20 rows'),
                            (["--rows", "20"], "outside of the 20 rows"),
                            (["--rows", "5:5"], "there is none"),
                            (["--rows", "1,,2"], "expected numbers or slices"),
                            (["--rows", "::0"], "expected numbers or slices"),
                            (["--rows", "1-3"], "expected numbers or slices"),
                            (["--rows", "far.npy"], "far.npy: entry 1 is 20"),
                            (["--rows", "short.txt=a"], "short.txt: 2 labels for 20 rows"),
                            (["--exclude-group", "short.txt"], "short.txt"),
                            (["-k", "20"], "k = 20 neighbours of 20 rows")):
        out, err = gonio("knn", "X.npy", "-k", 3, *arguments, "-o", "out", cwd=folder, status=1)
        assert not out and err.count("\n") == 1 and part in err, (arguments, err)
    _, err = gonio("knn", "X.npy", "-o", "nowhere/out", cwd=folder, status=1)
    assert "nowhere/out" in err, err
    for arguments in (["--rows", "1"], ["--against", "X.npy"], ["--exclude-group", "short.txt"]):
        _, err = gonio("knn", "X.npy", *arguments, cwd=folder, status=64)
        assert "-o PREFIX" in err, err
    assert files_under(folder) == before


def approximate_lists_say_what_they_are(folder):
    x = put(folder, "X.npy", 900, 6, 21)
    out, _ = gonio("knn", "X.npy", "-k", 6, "--approximate", "-o", "near", "--json", cwd=folder)
    names = sorted(name for name in files_under(folder) if "near" in name)
    assert [os.path.basename(n) for n in names] == [
        "near.approximate.distance.npy", "near.approximate.index.npy", "near.approximate.json"], names
    rows = json.loads(out)["rows"]
    assert all(r["search"] == "approximate" for r in rows)
    recall = {r["k"]: r for r in rows if r["measure"] == "recall"}
    assert sorted(recall) == [1, 2, 4, 6] and all(r["n"] == 900 for r in recall.values())
    with open(os.path.join(folder, "near.approximate.json"), encoding="utf-8") as f:
        about = json.load(f)
    assert about["approximate"] is True and about["rows"] == 900 and about["k"] == 6
    assert len(about["recall"]) == 6 and about["recall"][5] == recall[6]["value"]
    # the number is what a count over all rows gives
    _, index = read_npy(os.path.join(folder, "near.approximate.index.npy"))
    found = 0
    for i, row in enumerate(x):
        near = sorted((sum((a - b) ** 2 for a, b in zip(row, y)), j)
                      for j, y in enumerate(x) if j != i)[:6]
        found += len({j for _, j in near} & set(index[6 * i:6 * i + 6]))
    assert abs(found / 5400 - recall[6]["value"]) < 1e-9, (found / 5400, recall[6])
    assert recall[6]["value"] > 0.9
    same = [gonio("knn", "X.npy", "-k", 6, "--approximate", "-o", f"on{t}", "--threads", t, cwd=folder)
            for t in (1, 3)]
    for part in ("index", "distance"):
        files = [open(os.path.join(folder, f"on{t}.approximate.{part}.npy"), "rb").read() for t in (1, 3)]
        assert files[0] == files[1] and same
    out, _ = gonio("knn", "X.npy", "-k", 6, "--approximate", "-o", "t", cwd=folder)
    assert "recall" in out
    for arguments in (["--rows", "1"], ["--against", "X.npy"], ["--exclude-group", "X.npy"]):
        _, err = gonio("knn", "X.npy", "--approximate", "-o", "no", *arguments, cwd=folder, status=64)
        assert "--approximate is of all rows" in err, err


def no_measure_takes_approximate_lists(folder):
    r = random.Random(8)
    layers = {0: gauss(700, 5, 5, 31)}
    write_set(folder, "reps", layers, 5, {"word": [r.choice("abc") for _ in range(700)]})
    alone, _ = gonio("id", "reps", "--json", cwd=folder)
    overlap, _ = gonio("overlap", "reps", "--labels", "word", "-k", 5, "--json", cwd=folder)
    for name in files_under(folder):
        if "knn" in name:
            os.remove(os.path.join(folder, name))
    gonio("knn", "reps", "-k", 1, "--approximate", cwd=folder)
    gonio("knn", "reps", "-k", 600, "--approximate", cwd=folder)
    kept = [n for n in files_under(folder) if "knn" in n]
    assert kept and all(".approximate." in n for n in kept), kept
    # lists of other values under those names change no measure
    for n in kept:
        if n.endswith("distance.npy"):
            path = os.path.join(folder, n)
            shape, values = read_npy(path)
            write_npy(path, [2 * v for v in values], shape=shape)
    again, _ = gonio("id", "reps", "--json", cwd=folder)
    assert json.loads(again)["rows"] == json.loads(alone)["rows"]
    again, _ = gonio("overlap", "reps", "--labels", "word", "-k", 5, "--json", cwd=folder)
    assert json.loads(again)["rows"] == json.loads(overlap)["rows"]
    # and exact lists, which are there now, are the answer to --approximate
    out, _ = gonio("knn", "reps", "-k", 5, "--approximate", "--json", cwd=folder)
    rows = json.loads(out)["rows"]
    assert rows and all(r["search"] == "exact" and r["measure"] != "recall" for r in rows)


if __name__ == "__main__":
    sys.exit(main([another_matrix_answers, some_rows_ask, a_group_does_not_answer,
                   layers_are_matched_by_number, wrong_questions_are_refused,
                   approximate_lists_say_what_they_are, no_measure_takes_approximate_lists]))
