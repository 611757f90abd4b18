#!/usr/bin/env python3
"""The geometry table, numbers of each row, and comparisons of layers, against double loops."""

import array
import json
import math
import os
import random
import socket
import statistics
import sys
import time

from server import Server, write_set  # finds the other modules
from naive import close, covariance, dot, eigen, in_space, lists, mean_of, nearest, read_rows
from tap import gonio, main, write_npy


def table(s, source=0, **query):
    """Asks until the table is done."""
    for _ in range(600):
        reply = s.get(f"/api/sources/{source}/geometry", **query).json
        assert 0 <= reply["progress"] <= 1
        if reply["state"] in ("done", "failed", "stopped"):
            return reply
        assert reply["state"] in ("waiting", "running"), reply["state"]
        time.sleep(0.05)
    raise AssertionError(f"not done: {reply}")


def value(rows, layer, measure, variant=None):
    found = [r for r in rows if (r["layer"], r["measure"], r["variant"]) == (layer, measure, variant)]
    assert len(found) == 1, (layer, measure, variant, len(found))
    return found[0]


def mean_cosine(rows, types):
    """Over types of the mean unit vectors' products: docs/measures.md, inter_cosine."""
    unit = [[x / math.sqrt(dot(r, r)) for x in r] for r in rows]
    means = [mean_of([u for u, t in zip(unit, types) if t == name]) for name in sorted(set(types))]
    total = [sum(c) for c in zip(*means)]
    v = len(means)
    return (dot(total, total) - sum(dot(m, m) for m in means)) / (v * (v - 1))


def skewness(counts):
    mean = statistics.fmean(counts)
    second = statistics.fmean([(c - mean) ** 2 for c in counts])
    return statistics.fmean([(c - mean) ** 3 for c in counts]) / second ** 1.5


def the_table_holds_what_the_formulas_give(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        for center, remove in ((0, 0), (1, 0), (0, 2)):
            reply = table(s, center=center, remove=remove)
            assert reply["state"] == "done" and reply["progress"] == 1 and reply["error"] is None
            assert reply["space"] == {"center": bool(center or remove), "remove": remove}
            before = None
            for layer in range(3):
                rows = in_space(read_rows(path, layer), center, remove)
                n, t = len(rows), reply["rows"]
                values = eigen(covariance(rows))[0]
                values = [max(x, 0) for x in values]
                shares = [x / sum(values) for x in values]
                assert all(close(a, b, 1e-6) for a, b in zip(reply["spectra"][str(layer)], shares))
                pr = sum(values) ** 2 / sum(x * x for x in values)
                assert close(value(t, layer, "participation_ratio")["value"], pr, 1e-5)
                assert close(value(t, layer, "isoscore")["value"], (pr - 1) / (len(values) - 1), 1e-5)
                root = [math.sqrt(x) for x in values]
                p = [x / sum(root) for x in root]
                rank = math.exp(-sum(x * math.log(x) for x in p if x > 1e-9))
                assert close(value(t, layer, "effective_rank")["value"], rank, 1e-3)
                norms = [math.sqrt(dot(r, r)) for r in rows]
                assert close(value(t, layer, "norm", "mean")["value"], statistics.fmean(norms), 1e-5)
                assert close(value(t, layer, "inter_cosine", "raw")["value"], mean_cosine(rows, tokens), 1e-5)
                assert close(value(t, layer, "inter_cosine", "centred")["value"],
                             mean_cosine(in_space(rows, True), tokens), 1e-5)
                k = 15
                near = lists(rows, "euclidean", k)
                counts = [sum(i in row for row in near) for i in range(n)]
                hub = value(t, layer, "hubness", "skewness")
                assert close(hub["value"], skewness(counts), 1e-6) and hub["k"] == k
                if layer:
                    shared = statistics.fmean(len(set(a) & set(b)) / k for a, b in zip(before, near))
                    overlap = value(t, layer, "data_overlap")
                    assert close(overlap["value"], shared, 1e-6) and overlap["other_layer"] == layer - 1
                before = near
                mus = sorted(math.log(b / a) for a, b in ([d for d, _ in nearest(rows, r, "euclidean", 2, [i])]
                                                          for i, r in enumerate(rows)))
                ml = (n - 1) / sum(mus)
                assert close(value(t, layer, "twonn", "ml")["value"], ml, 1e-4), (value(t, layer, "twonn", "ml"), ml)
                assert any(r["measure"] == "gride" and r["n1"] == 2 and r["variant"] is None for r in t)
                assert len(reply["dominant"][str(layer)]) == 8
            assert [x["what"] for x in s.get("/api/log").json if x["what"] == "geometry"]
        # the same numbers as the command's
        out, _ = gonio("id", path, "--json", "-k", "64")
        for row in json.loads(out)["rows"]:
            if row["measure"] == "twonn":
                mine = value(table(s)["rows"], row["layer"], "twonn", row["variant"])
                assert mine["value"] == row["value"] and mine["se"] == row["se"]


def shares_of_dominant_coordinates(folder):
    rows = [[10 + (i * 7 % 5) / 10, ((i * 3) % 7) / 10 - 0.3, ((i * 5) % 11) / 10 - 0.5] for i in range(30)]
    write_npy(os.path.join(folder, "a.npy"), rows)
    with Server(folder) as s:
        top = table(s)["dominant"]["0"]
        assert top[0]["dim"] == 0 and top[0]["share"] > 0.95 and close(sum(x["share"] for x in top), 1, 1e-4)


def odd_tables(folder):
    write_npy(os.path.join(folder, "a_one.npy"), [[1, 2]])
    write_npy(os.path.join(folder, "b_two.npy"), [[1, 2], [3, 1]])
    write_npy(os.path.join(folder, "c_same.npy"), [[1, 2]] * 20)
    write_npy(os.path.join(folder, "d_nan.npy"), [[1, 2], [3, float("inf")], [0, 1]])
    with Server(folder) as s:
        for source in range(3):
            reply = table(s, source)
            assert reply["state"] == "done", reply
            for r in reply["rows"]:
                assert r["value"] is not None or r["note"], r
        reply = table(s, 3)
        assert reply["state"] == "failed" and "d_nan.npy, layer 0: row 1, column 1 is inf" in reply["error"], reply
        assert "no source" in s.fails(404, "GET", "/api/sources/9/geometry")
        assert "remove" in s.fails(400, "GET", "/api/sources/0/geometry?remove=99")
        assert "no geometry table" in s.fails(404, "DELETE", "/api/sources/0/geometry?center=1")
        assert s.ask("DELETE", "/api/sources/0/geometry").json["state"] == "done"


def a_table_can_be_stopped_and_the_server_ended_meanwhile(folder):
    n, d = 6000, 64
    write_npy(os.path.join(folder, "a.npy"), [math.sin(i * 1.7) * (i % 13) for i in range(2 * n * d)], "f4", (2, n, d))
    with Server(folder) as s:
        assert s.get("/api/sources/0/geometry").json["state"] in ("waiting", "running")
        s.ask("DELETE", "/api/sources/0/geometry")
        for _ in range(200):
            state = s.get("/api/log") and s.ask("DELETE", "/api/sources/0/geometry").json["state"]
            if state in ("stopped", "done"):
                break
            time.sleep(0.05)
        assert state in ("stopped", "done"), state
        s.get("/api/sources/0/geometry")  # starts again; the server ends while it runs
        began = time.monotonic()
        s.get("/api/sources")
        assert time.monotonic() - began < 5


def column(s, name, source=0, **query):
    block = s.get(f"/api/sources/{source}/columns/{name}", **query).block
    assert block.meta["name"] == name and block.meta["type"] == "number"
    return list(block.arrays["values"]), block.meta


def numbers_of_each_row(folder):
    path, _ = write_set(folder)
    with Server(path) as s:
        for layer in range(3):
            raw = read_rows(path, layer)
            mean = mean_of(raw)
            got, meta = column(s, "norm", layer=layer)
            assert all(close(a, math.sqrt(dot(r, r))) for a, r in zip(got, raw)) and meta["k"] is None
            got, _ = column(s, "norm", layer=layer, remove=1)
            assert all(close(a, math.sqrt(dot(r, r)), 1e-5) for a, r in zip(got, in_space(raw, True, 1)))
            got, _ = column(s, "cosine_to_mean", layer=layer)
            assert all(close(a, dot(r, mean) / math.sqrt(dot(r, r) * dot(mean, mean)), 1e-5) for a, r in zip(got, raw))
            for metric, center, k in (("euclidean", 0, 15), ("cosine", 0, 7), ("cosine", 1, 7)):
                rows = in_space(raw, center)
                near = lists(rows, metric, k)
                got, meta = column(s, "hubness", layer=layer, metric=metric, center=center, k=k)
                assert got == [sum(i in r for r in near) for i in range(len(rows))] and meta["k"] == k
                got, _ = column(s, "lid", layer=layer, metric=metric, center=center, k=k)
                for i, r in enumerate(rows):
                    dist = [x for x, _ in nearest(rows, r, metric, k, [i])]
                    half = 0.5 if metric == "cosine" else 1  # 1 - cos is half a squared chord
                    want = (k - 2) / (half * sum(math.log(dist[-1] / x) for x in dist))
                    assert close(got[i], want, 1e-3), (metric, i, got[i], want)
                if layer:
                    old = lists(in_space(read_rows(path, layer - 1), center), metric, k)
                    got, _ = column(s, "overlap_previous", layer=layer, metric=metric, center=center, k=k)
                    assert all(close(g, len(set(a) & set(b)) / k) for g, a, b in zip(got, near, old))
        for query in ("hubness", "lid", "overlap_previous"):
            column(s, query, layer=1)
        card = s.get("/api/sources/0/rows/3", layer=1).json["measures"]
        assert set(card) == {"norm", "cosine_to_mean", "hubness", "lid", "overlap_previous"}, card
        assert close(card["lid"], column(s, "lid", layer=1)[0][3])
        assert "first" in s.fails(400, "GET", "/api/sources/0/columns/overlap_previous?layer=0")
        assert "cosine" in s.fails(400, "GET", "/api/sources/0/columns/lid?metric=x")
        assert "k" in s.fails(400, "GET", "/api/sources/0/columns/lid?k=2")
        assert s.ask("GET", "/api/sources/0/columns/nothing").status == 404


def naive_overlap(a, b, k, metric="euclidean"):
    near = [lists(x, metric, k) for x in (a, b)]
    return [len(set(x) & set(y)) / k for x, y in zip(*near)]


def naive_cka(a, b):
    a, b = in_space(a, True), in_space(b, True)

    def squares(x, y):
        return sum(math.fsum(p[i] * q[j] for p, q in zip(x, y)) ** 2 for i in range(len(x[0])) for j in range(len(y[0])))
    return squares(a, b) / math.sqrt(squares(a, a) * squares(b, b))


def overlap(s, a, b, **more):
    reply = s.post("/api/overlap", {"a": {"source": a[0], "layer": a[1]}, "b": {"source": b[0], "layer": b[1]}, **more})
    block = reply.block
    return list(block.arrays["overlap"]), list(block.arrays["match"]), block.meta


def compared(s, method="GET", **query):
    """Asks until the comparison is done; what is said on the way only grows."""
    body = {k: v for k, v in query.items()} if method == "POST" else None
    path = "/api/compare" + ("" if body else "?" + "&".join(f"{k}={v}" for k, v in query.items()))
    layers, progress = [], 0
    for _ in range(1200):
        r = s.ask(method, path, body)
        assert r.status == 200, r.body
        reply = r.json
        now = reply["layers"][:len(layers)]
        assert reply["progress"] >= progress and [x["overlap"] for x in now] == [x["overlap"] for x in layers]
        assert all(a["cka"] in (None, b["cka"]) for a, b in zip(layers, now))  # which comes after the overlap
        layers, progress = reply["layers"], reply["progress"]
        if reply["state"] != "running":
            return reply
        assert reply["progress"] < 1 and reply["seconds"] >= 0
        time.sleep(0.05)
    raise AssertionError(f"not done: {reply}")


def layers_beside_each_other(folder):
    path, tokens = write_set(folder, name="a")
    write_set(folder, name="b", seed=2, dims=6, layers=2)
    write_npy(os.path.join(folder, "c.npy"), [[math.sin(i * j + 1) for j in range(3)] for i in range(len(tokens))])
    with Server(folder) as s:
        rows = {name: read_rows(os.path.join(folder, name), 1) for name in "ab"}
        for metric, k in (("euclidean", 15), ("cosine", 4)):
            got, match, meta = overlap(s, (0, 1), (1, 1), k=k, metric=metric)
            want = naive_overlap(rows["a"], rows["b"], k, metric)
            assert all(close(x, y) for x, y in zip(got, want)) and match == list(range(len(tokens)))
            assert close(meta["mean"], statistics.fmean(want)) and meta["k"] == k and meta["matched"] == len(tokens)
            assert close(meta["se"], statistics.stdev(want) / math.sqrt(len(want)))
            assert close(meta["cka"], naive_cka(rows["a"], rows["b"]), 1e-6)
        got, _, meta = overlap(s, (0, 2), (0, 2), k=5)
        assert set(got) == {1.0} and close(meta["cka"], 1, 1e-12)
        reply = compared(s, a=0, b=1, k=15)
        assert reply["state"] == "done" and reply["sampled"] is None and reply["error"] is None and reply["k"] == 15
        assert [x["layer"] for x in reply["layers"]] == [0, 1] and reply["match"] == "row"
        assert close(reply["layers"][1]["overlap"], statistics.fmean(naive_overlap(rows["a"], rows["b"], 15)))
        assert close(reply["layers"][1]["cka"], naive_cka(rows["a"], rows["b"]), 1e-6)
        assert close(reply["layers"][0]["chance"], 15 / (len(tokens) - 1))
        assert "no tokens" in s.fails(400, "POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 2}, "match": "token"})
        assert "'b'" in s.fails(404, "POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 7}})
        assert "'match'" in s.fails(400, "POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 1}, "match": "x"})
        assert "?b=" in s.fails(400, "GET", "/api/compare?a=0")
        assert "metric" in s.fails(400, "GET", "/api/compare?a=0&b=1&metric=x")
        assert "no source" in s.fails(404, "POST", "/api/compare", {"a": 0, "b": 9})
        assert "not being compared" in s.fails(404, "DELETE", "/api/compare?a=0&b=1&k=7")
        assert s.ask("DELETE", "/api/compare?a=0&b=1&k=15").json["state"] == "done"
        assert s.ask("DELETE", "/api/overlap", {"a": {"source": 0}, "b": {"source": 1}, "k": 3}).status == 404


def every_layer_beside_every_layer(folder):
    path, tokens = write_set(folder, name="a")
    write_set(folder, name="b", seed=2, dims=6, layers=2)
    with Server(folder) as s:
        a, b = ([read_rows(os.path.join(folder, name), i) for i in range(n)] for name, n in (("a", 3), ("b", 2)))
        for metric in ("euclidean", "cosine"):
            reply = compared(s, method="POST", a=0, b=1, k=5, metric=metric, pairs=True)
            m = reply["matrix"]
            assert m["layers_a"] == [0, 1, 2] and m["layers_b"] == [0, 1] and reply["metric"] == metric
            for i in range(3):
                for j in range(2):
                    want = naive_overlap(a[i], b[j], 5, metric)
                    assert close(m["overlap"][i][j], statistics.fmean(want)), (metric, i, j)
                    assert close(m["overlap_se"][i][j], statistics.stdev(want) / math.sqrt(len(want)))
                    assert close(m["cka"][i][j], naive_cka(a[i], b[j]), 1e-6)
            assert [(x["layer"], x["overlap"], x["cka"]) for x in reply["layers"]] == [
                (i, m["overlap"][i][i], m["cka"][i][i]) for i in range(2)]
        assert compared(s, a=0, b=1, k=5, pairs=1)["matrix"]["overlap"] != m["overlap"]  # Euclidean again
        m = compared(s, a=0, b=0, k=5, pairs=1)["matrix"]  # the layers of one model
        for name in ("overlap", "cka"):
            assert all(close(m[name][i][i], 1, 1e-12) for i in range(3))
            assert all(m[name][i][j] == m[name][j][i] for i in range(3) for j in range(3))
        assert close(m["overlap"][0][2], statistics.fmean(naive_overlap(a[0], a[2], 5)))
        assert close(m["cka"][0][2], naive_cka(a[0], a[2]), 1e-6)
        # as many neighbours as are asked for, but not more than half of the others
        most = (len(tokens) - 1) // 2
        reply = compared(s, a=0, b=1, k=100)
        assert reply["k"] == most and close(reply["layers"][0]["chance"], most / (len(tokens) - 1))
        assert overlap(s, (0, 1), (1, 1), k=100)[2]["k"] == most
        assert close(reply["layers"][1]["overlap"], statistics.fmean(naive_overlap(a[1], b[1], most)))
        assert column(s, "overlap_previous", layer=1, k=100)[1]["k"] == most


def few_rows(folder):
    for n in (2, 3, 4):
        write_npy(os.path.join(folder, f"{n}.npy"), [[math.sin(7 * i + j) for j in range(3)] for i in range(n)])
    with Server(folder) as s:
        assert "2 rows in common" in compared(s, a=0, b=0)["error"]
        assert "2 rows in common" in s.fails(400, "POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 0}})
        for source in (1, 2):
            reply = compared(s, a=source, b=source)
            assert reply["k"] == 1 and reply["layers"][0]["overlap"] == 1, reply
        assert "can only be matched by token" in compared(s, a=1, b=2, match="row")["error"]


def many_rows_take_a_sample(folder):
    """Rows of the sample look among all: each has the overlap that it has when all rows ask."""
    n, d = 24000, 4
    r = random.Random(5)
    x = [[r.gauss(0, 1) for _ in range(d)] for _ in range(n)]
    y = [[v + r.gauss(0, 0.02) for v in row] for row in x]
    for name, rows in (("a", x), ("b", y)):
        write_npy(os.path.join(folder, name + ".npy"), [v for row in rows for v in row], "f4", (n, d))
    with Server(folder) as s:
        reply = compared(s, a=0, b=1)
        m = reply["sampled"]
        assert reply["state"] == "done" and m == 2000 and reply["matched"] == n, reply
        some = s.post("/api/overlap", {"a": {"source": 0}, "b": {"source": 1}, "sample": True}).block
        rows = [i for i, v in enumerate(some.arrays["overlap"]) if not math.isnan(v)]
        assert some.meta["sampled"] == len(rows) == m and some.arrays["match"] == tuple(range(n))
        whole = s.ask("POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 1}})
        while whole.status == 202:
            assert whole.json["state"] == "running" and 0 <= whole.json["progress"] < 1
            whole = s.ask("POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 1}})
        whole = whole.block
        assert whole.meta["sampled"] is None and not any(map(math.isnan, whole.arrays["overlap"]))
        got = [whole.arrays["overlap"][i] for i in rows]
        assert got == [some.arrays["overlap"][i] for i in rows]
        one = reply["layers"][0]
        assert close(one["overlap"], statistics.fmean(got)) and close(one["overlap"], some.meta["mean"])
        assert close(one["se"], statistics.stdev(got) / math.sqrt(m)) and one["se"] > 0
        assert abs(one["overlap"] - whole.meta["mean"]) < 4 * one["se"], (one, whole.meta)
        assert one["cka"] == whole.meta["cka"]  # of all rows in any case
        for i in rows[:3]:
            near = [{j for _, j in nearest(side, side[i], "euclidean", 15, [i])} for side in (as_float(x), as_float(y))]
            assert close(whole.arrays["overlap"][i], len(near[0] & near[1]) / 15)


def write_slow(folder, n=30000, d=64):
    """Two layers whose neighbours take the scalar kernels many seconds, however fast the machine."""
    noise = array.array("f", (b - 128 for b in random.Random(3).randbytes(2 * n * d)))
    write_npy(os.path.join(folder, "slow.npy"), noise, "f4", (2, n, d))


SLOW = ("--cpu", "scalar", "--threads", "1")


def what_takes_long_says_how_far_it_is_and_can_be_stopped(folder):
    write_slow(folder)
    lid = "/api/sources/0/columns/lid"
    both = {"a": {"source": 0, "layer": 0}, "b": {"source": 0, "layer": 1}}
    with Server(folder, arguments=SLOW) as s:
        for method, path, body in (("GET", lid, None), ("POST", "/api/overlap", both)):
            before = 0
            for _ in range(2):
                began = time.monotonic()
                reply = s.ask(method, path, body)
                assert reply.status == 202 and time.monotonic() - began < 30, reply.status
                state = reply.json
                assert state["state"] == "running" and before <= state["progress"] < 1 and state["error"] is None
                assert state["estimate_s"] > 0, state
                before = state["progress"]
                began = time.monotonic()
                s.get("/api/sources")  # nothing else waits
                assert time.monotonic() - began < 5
            for _ in range(400):
                state = s.ask("DELETE", path, body).json["state"]
                if state == "stopped":
                    break
                time.sleep(0.02)
            assert state == "stopped", state
        assert s.get("/api/compare", a=0, b=0, pairs=1).json["state"] == "running"
        reply = s.ask("DELETE", "/api/compare?a=0&b=0&pairs=1").json
        assert reply["state"] in ("running", "stopped") and reply["layers"] == []
        # a client that leaves while it waits
        for method, path in (("GET", lid),):
            c = socket.create_connection(("127.0.0.1", s.port))
            c.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{s.port}\r\n\r\n".encode())
            time.sleep(0.3)
            c.close()
        log = len(s.get("/api/log").json)
        time.sleep(4)
        assert s.ask("DELETE", lid).json["state"] == "stopped"
        assert len(s.get("/api/log").json) == log
        s.get("/api/compare", a=0, b=0)  # the server ends while this runs


def lists_that_a_set_keeps_are_used(folder):
    """With wrong lists in the set's folder: nothing is searched then, and no sample is taken."""
    n, d, k = 20500, 3, 15
    path = os.path.join(folder, "reps")
    write_set(folder, layers=2, dims=d, sentences=[(" ".join(f"w{i % 5000}" for i in range(n)), None)], name="reps")
    os.makedirs(os.path.join(path, "knn"))
    for layer in range(2):
        index = array.array("i", ((i + 1 + layer + j) % n for i in range(n) for j in range(k)))
        distance = array.array("f", [1 + j for j in range(k)]) * n
        for name, values, dtype in (("index", index, "i4"), ("distance", distance, "f4")):
            write_npy(os.path.join(path, "knn", f"layer.{layer:02}.euclidean.k{k}.{name}.npy"), values, dtype, (n, k))
    with Server(path) as s:
        reply = compared(s, a=0, b=0)
        assert reply["sampled"] is None and reply["matched"] == n and reply["layers"][0]["overlap"] == 1
        assert set(column(s, "hubness", layer=0)[0]) == {float(k)}
        assert all(close(x, (k - 1) / k) for x in column(s, "overlap_previous", layer=1)[0])
        assert compared(s, a=0, b=0, metric="cosine")["sampled"] == 2000


def as_float(rows):
    return [list(array.array("f", row)) for row in rows]


def rows_matched_by_token(folder):
    """b has other sentences: its tokens are matched, the j-th of a word with the j-th."""
    from server import SENTENCES
    path, tokens = write_set(folder, name="a")
    others = [("a green bank near the river", "river"), ("the bank and the money", "finance"), ("rates of the bank", None)]
    path_b, tokens_b = write_set(folder, name="b", sentences=others, seed=3)
    pairs, used = [], set()
    for i, token in enumerate(tokens):
        j = next((j for j, t in enumerate(tokens_b) if t == token and j not in used), None)
        if j is not None:
            used.add(j)
            pairs.append((i, j))
    assert 5 < len(pairs) < len(tokens_b) and len(SENTENCES) > 3
    with Server(folder) as s:
        a, b = read_rows(path, 1), read_rows(path_b, 1)
        a, b = [a[i] for i, _ in pairs], [b[j] for _, j in pairs]
        got, match, meta = overlap(s, (0, 1), (1, 1), k=3, match="token")
        want = naive_overlap(a, b, 3)
        assert match == [dict(pairs).get(i, -1) for i in range(len(tokens))]
        assert [math.isnan(x) for x in got] == [m < 0 for m in match]
        assert all(close(got[i], w) for (i, _), w in zip(pairs, want))
        assert meta["matched"] == len(pairs) and close(meta["cka"], naive_cka(a, b), 1e-6)
        reply = compared(s, a=0, b=1, k=3)
        assert reply["match"] == "token" and reply["layers"][1]["matched"] == reply["matched"] == len(pairs)
        assert close(reply["layers"][1]["overlap"], statistics.fmean(want))
        sentence = s.fails(400, "POST", "/api/overlap", {"a": {"source": 0}, "b": {"source": 1}, "match": "row"})
        assert "matched by token" in sentence, sentence


if __name__ == "__main__":
    sys.exit(main([the_table_holds_what_the_formulas_give, shares_of_dominant_coordinates, odd_tables,
                   a_table_can_be_stopped_and_the_server_ended_meanwhile, numbers_of_each_row,
                   layers_beside_each_other, rows_matched_by_token, every_layer_beside_every_layer, few_rows,
                   many_rows_take_a_sample, what_takes_long_says_how_far_it_is_and_can_be_stopped,
                   lists_that_a_set_keeps_are_used]))
