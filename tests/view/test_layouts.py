#!/usr/bin/env python3
"""Layouts over HTTP: what is placed and where, frames, pause, new parameters, stop, layers, downloads, refusals."""

import json
import math
import os
import random
import struct
import sys
import threading
import time

from server import Server, write_set
from tap import QUICK, main, write_npy

ENDED = ("done", "failed", "stopped")


def clusters(folder, n=600, d=10, name="X.npy", seed=3):
    r = random.Random(seed)
    centre = [[r.gauss(0, 4) for _ in range(d)] for _ in range(6)]
    rows = [[c + r.gauss(0, 1) for c in centre[i % 6]] for i in range(n)]
    write_npy(os.path.join(folder, name), rows)
    return [list(struct.unpack(f"<{d}f", struct.pack(f"<{d}f", *row))) for row in rows]


def start(s, **body):
    reply = s.post("/api/layouts", {"source": 0, **body}).json
    assert reply["state"] == "waiting"
    return reply["id"]


def wait(s, i, states=ENDED, timeout=120):
    until = time.time() + timeout
    while time.time() < until:
        state = s.get(f"/api/layouts/{i}").json
        if state["state"] in states:
            return state
        time.sleep(0.02)
    raise AssertionError(state)


def places(s, i, **query):
    b = s.get(f"/api/layouts/{i}/positions", **query).block
    n, dim = b.shape["positions"]
    flat = b.arrays["positions"]
    return [flat[j * dim:(j + 1) * dim] for j in range(n)], b.meta


def centred(rows):
    mean = [sum(c) / len(rows) for c in zip(*rows)]
    return [[v - m for v, m in zip(row, mean)] for row in rows]


def power(rows, k):
    """(variance shares, coordinates) of the k leading principal components, by power iteration: a reference."""
    x, d, shares, columns = centred(rows), len(rows[0]), [], []
    total = sum(v * v for row in x for v in row)
    cov = [[sum(row[a] * row[b] for row in x) for b in range(d)] for a in range(d)]
    for _ in range(k):
        u = [1 / (1 + a) for a in range(d)]
        for _ in range(3000):
            u = [sum(c * v for c, v in zip(line, u)) for line in cov]
            size = math.sqrt(sum(v * v for v in u))
            u = [v / size for v in u]
        size = sum(u[a] * cov[a][b] * u[b] for a in range(d) for b in range(d))
        shares.append(size / total)
        columns.append([sum(a * b for a, b in zip(row, u)) for row in x])
        cov = [[cov[a][b] - size * u[a] * u[b] for b in range(d)] for a in range(d)]
    return shares, columns


def components_are_right(folder):
    rows = clusters(folder, 300, 6)
    shares, columns = power(rows, 3)
    with Server(os.path.join(folder, "X.npy")) as s:
        i = start(s, method="pca", layer=0, dim=3, params={"components": [0, 2, 1]})
        state = wait(s, i)
        assert (state["state"], state["rows"], state["placed"], state["non_finite"]) == ("done", 300, 300, 0), state
        y, meta = places(s, i)
        for a, c in enumerate([0, 2, 1]):
            assert abs(state["explained"][a] - shares[c]) < 1e-6
            assert state["axes"][a] == f"PC{c + 1} {100 * shares[c]:.1f} %"
            mine = [p[a] for p in y]
            sign = 1 if sum(p * q for p, q in zip(mine, columns[c])) > 0 else -1
            assert max(abs(p - sign * q) for p, q in zip(mine, columns[c])) < 1e-3
        again = start(s, method="pca", layer=0, dim=3, params={"components": [0, 2, 1]})
        wait(s, again)
        assert places(s, again)[0] == y
        # a frame: one scale for all axes, good to half a step of it
        frames = list(s.stream(f"/api/layouts/{i}/stream"))
        assert len(frames) == 1 and frames[0].meta["last"] is True and frames[0].shape["positions"] == (300, 3)
        box, flat = frames[0].meta["box"], frames[0].arrays["positions"]
        sizes = {round(high - low, 9) for low, high in box}
        assert len(sizes) == 1
        step = sizes.pop() / 65535
        for a in range(3):
            assert all(abs(box[a][0] + flat[3 * r + a] * step - y[r][a]) <= 0.51 * step + 1e-6 for r in range(300))
        # in a space: the first component is gone, the second one leads
        j = start(s, method="pca", layer=0, space={"center": True, "remove": 1})
        state = wait(s, j)
        left = 1 - shares[0]
        assert abs(state["explained"][0] - shares[1] / left) < 1e-5 and abs(state["explained"][1] - shares[2] / left) < 1e-5
        assert s.get("/api/layouts").json[1]["id"] == again
        log = [line for line in s.get("/api/log").json if line["what"] == "layout"]
        assert len(log) == 3 and log[0]["parameters"]["method"] == "pca"


def some_rows(folder):
    rows = clusters(folder, 120, 5)
    with Server(os.path.join(folder, "X.npy")) as s:
        chosen = [7, 100, 3, 50, 51, 52, 90, 11]
        i = start(s, method="pca", layer=0, rows=chosen)
        state = wait(s, i)
        assert state["rows"] == state["placed"] == 8
        y, _ = places(s, i)
        assert len(y) == 120 and all(math.isnan(p[0]) == (r not in chosen) for r, p in enumerate(y))
        _, columns = power([rows[r] for r in chosen], 1)
        sign = 1 if columns[0][0] * y[7][0] > 0 else -1
        assert all(abs(y[r][0] - sign * c) < 1e-4 for r, c in zip(chosen, columns[0]))
        (frame,) = s.stream(f"/api/layouts/{i}/stream")
        assert frame.shape["positions"] == (8, 2)
        i = start(s, method="umap", layer=0, rows=list(range(0, 120, 2)), params={"steps": 20, "neighbors": 5})
        assert wait(s, i)["placed"] == 60
        csv = s.get("/api/export/coordinates", layout=i, format="csv").body.decode().splitlines()
        assert csv[0] == "row,x,y" and [int(line.split(",")[0]) for line in csv[1:]] == list(range(0, 120, 2))
        y, _ = places(s, i)
        assert all(abs(float(line.split(",")[1]) - y[int(line.split(",")[0])][0]) < 1e-6 for line in csv[1:])
        lines = s.get("/api/export/coordinates", layout=i, format="jsonl").body.decode().splitlines()
        assert json.loads(lines[3])["row"] == 6
        npy = s.get("/api/export/coordinates", layout=i, format="npy")
        assert npy.body[:6] == b"\x93NUMPY" and len(npy.body) == 128 + 120 * 2 * 4 and b"(120, 2)" in npy.body[:128]
        assert "X.npy-umap-layer0.npy" in npy.headers["Content-Disposition"].replace("_", ".")


def maps_run_and_are_steered(folder):
    n = 800 if QUICK else 6000
    clusters(folder, n, 10)
    with Server(os.path.join(folder, "X.npy")) as s:
        i = start(s, method="tsne", layer=0, seed=5, params={"steps": 100000, "perplexity": 20})
        frames, slow = [], []

        def watch():
            for b in s.stream(f"/api/layouts/{i}/stream"):
                frames.append((b.meta["epoch"], b.arrays["positions"], b.meta["last"]))
        viewer = threading.Thread(target=watch)
        viewer.start()

        def timed(method, path, body=None, status=200):
            begun = time.time()
            reply = s.ask(method, path, body)
            slow.append(time.time() - begun)
            assert reply.status == status, (path, reply.body)
            return reply.json

        while len(frames) < 10 or frames[-1][0] < 400:  # past the first phase, in which all gathers
            time.sleep(0.01)
        timed("POST", f"/api/layouts/{i}/pause", {})
        wait(s, i, ("paused",), 5)
        epoch = timed("GET", f"/api/layouts/{i}")["epoch"]
        seen = len(frames)
        time.sleep(0.5)
        assert timed("GET", f"/api/layouts/{i}")["epoch"] == epoch and len(frames) <= seen + 1
        before, _ = places(s, i)
        timed("PATCH", f"/api/layouts/{i}", {"params": {"perplexity": 40, "learning_rate": 50}})
        timed("POST", f"/api/layouts/{i}/resume", {})
        state = {"perplexity": 0, "epoch": 0}
        while state["perplexity"] != 40 or state["epoch"] < epoch + 5:
            time.sleep(0.02)
            state = timed("GET", f"/api/layouts/{i}")
        assert state["epoch"] >= epoch and state["params"]["perplexity"] == 40, state
        after, _ = places(s, i)  # went on from where it was
        size = max(abs(c) for p in before for c in p)
        moved = sum(math.dist(p, q) for p, q in zip(before, after)) / n
        assert 0 < moved < 0.5 * size, (moved, size)
        timed("PATCH", f"/api/layouts/{i}", {"params": {"steps": state["epoch"] + 50}})
        state = wait(s, i, timeout=300)
        viewer.join()
        assert state["state"] == "done" and state["epoch"] == state["epochs"] and state["loss"] > 0, state
        assert 0.05 < state["quality"]["kept"] < 1 and state["quality"]["kept_se"] > 0
        assert [last for _, _, last in frames] == [False] * (len(frames) - 1) + [True]
        assert len(frames) > 10 and len({p[:20] for _, p, _ in frames}) > 10
        assert [e for e, _, _ in frames] == sorted(e for e, _, _ in frames)
        print(f"# slowest answer while the map runs: {max(slow):.3f} s")  # 0.1 s on a quiet machine
        trust = s.get(f"/api/layouts/{i}/trust", k=15).block
        kept, lost, false = (trust.arrays[name] for name in ("kept", "lost", "false"))
        assert abs(sum(kept) / n - state["quality"]["kept"]) < 1e-4 and abs(trust.meta["kept"] - sum(kept) / n) < 1e-4
        assert all(0 <= a <= 1 - b + 1e-6 for a, b in zip(lost, kept)) and sum(false) > 0
        # an ended map goes on when a parameter changes, and stops when asked to
        at, _ = places(s, i)
        timed("PATCH", f"/api/layouts/{i}", {"params": {"perplexity": 10, "steps": 100000}})
        wait(s, i, ("running",), 10)
        state = {"gauge": None}
        while not state["gauge"]:  # neighbours kept so far, on some rows
            time.sleep(0.05)
            state = timed("GET", f"/api/layouts/{i}")
        assert state["state"] == "running" and state["quality"] is None and state["loss_se"] == 0, state
        assert state["gauge"] == state["by_layer"][0]["gauge"] and state["gauge"]["sampled"] == min(200, n)
        assert state["gauge"]["k"] == 15 and 0.05 < state["gauge"]["kept"] < 1 and state["gauge"]["kept_se"] > 0
        timed("POST", f"/api/layouts/{i}/stop", {})
        state = wait(s, i, timeout=10)
        assert state["state"] == "stopped" and state["gauge"] is None
        end, _ = places(s, i)  # a small map has grown a good deal by then
        size = max(abs(c) for p in at + end for c in p)
        assert sum(math.dist(p, q) for p, q in zip(at, end)) / n < size
        assert s.ask("POST", f"/api/layouts/{i}/pause", {}).status == 409
        timed("DELETE", f"/api/layouts/{i}")
        s.fails(404, "GET", f"/api/layouts/{i}")


def the_same_seed_gives_the_same_map(folder):
    clusters(folder, 300, 6)
    with Server(os.path.join(folder, "X.npy")) as s:
        for method in ("tsne", "umap"):
            made = []
            for seed in (4, 4, 5):
                i = start(s, method=method, layer=0, seed=seed, params={"steps": 60})
                assert wait(s, i)["state"] == "done"
                made.append(places(s, i)[0])
            assert made[0] == made[1]
            assert method == "tsne" or made[0] != made[2]  # t-SNE starts from components, no chance in it


def layers_on_one_another(folder):
    sentences = [(f"w{a} w{b} w{c}", "x") for a in range(6) for b in range(6) for c in range(3)]
    path, tokens = write_set(folder, layers=4, dims=6, sentences=sentences)
    n = len(tokens)
    with Server(path) as s:
        moved = {}
        for method, align in (("pca", "none"), ("pca", "joint"), ("pca", "procrustes"), ("umap", "procrustes"),
                              ("umap", "aligned"), ("tsne", "aligned")):
            i = start(s, method=method, layer="all", align=align, params={"steps": 50} if method != "pca" else {})
            frames = list(s.stream(f"/api/layouts/{i}/stream"))
            assert [b.meta["layer"] for b in frames] == [0, 1, 2, 3], [b.meta for b in frames]
            assert [b.meta["last"] for b in frames] == [False] * 3 + [True]
            state = wait(s, i)
            assert state["state"] == "done" and state["layer"] == "all" and state["layers"] == [0, 1, 2, 3], state
            assert state["epoch"] == state["epochs"]
            y = [places(s, i, layer=layer)[0] for layer in range(4)]
            about = state["by_layer"]
            for layer in range(1, 4):
                mean = sum(math.dist(p, q) for p, q in zip(y[layer], y[layer - 1])) / n
                said = about[layer]["moved_aligned" if align != "none" else "moved_raw"]
                assert abs(said["mean"] - mean) < 1e-4 * (1 + mean), (said, mean)
            moved[method, align] = sum(about[layer]["moved_aligned" if align != "none" else "moved_raw"]["relative"]
                                       for layer in range(1, 4))
            if align == "procrustes":
                assert all(about[k]["moved_aligned"]["mean"] <= about[k]["moved_raw"]["mean"] + 1e-6 for k in range(1, 4))
                assert method == "pca" or any(about[k]["moved_aligned"]["mean"] < 0.95 * about[k]["moved_raw"]["mean"] for k in range(1, 4))
        assert moved["pca", "procrustes"] <= moved["pca", "none"]
        assert moved["umap", "aligned"] < moved["umap", "procrustes"]


def crowded_places_get_words(folder):
    """Words in far places of a plane, each with a context of its own; a word that is everywhere is no label."""
    r, sentences, rows = random.Random(2), [], []
    places = {"bank": (0, 0), "river": (40, 0), "money": (0, 40), "tree": (40, 40)}
    for word, (x, y) in places.items():
        for _ in range(60):
            sentences.append((f"the {word} near {word}side", None if word == "tree" else "x"))
            for token in sentences[-1][0].split():
                rows.append((x + r.gauss(0, 1), y + r.gauss(0, 1)) if token == word or r.random() < 0.2 else (20 + r.gauss(0, 1), 20 + r.gauss(0, 1)))
    path, tokens = write_set(folder, layers=1, dims=2, sentences=sentences)
    write_npy(os.path.join(path, "layer.00.npy"), rows)
    write_npy(os.path.join(folder, "bare.npy"), rows)
    with Server(folder) as s:
        ids = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}
        i = s.post("/api/layouts", {"source": ids["reps"], "method": "raw", "layer": 0}).json["id"]
        wait(s, i)
        labels = s.get(f"/api/sources/{ids['reps']}/labels", layout=i, layer=0).json["labels"]
        levels = [label["level"] for label in labels]
        assert 5 <= levels.count(0) <= 6 and levels.count(0) <= levels.count(1), labels
        for level in (0, 1):
            for word, place in places.items():
                near = min((label for label in labels if label["level"] == level), key=lambda a: math.dist((a["x"], a["y"]), place))
                assert math.dist((near["x"], near["y"]), place) < 2 and near["rows"] >= 60, (word, near)
                found = near["text"].split(", ")
                assert found[0] == word and not {"the", "near"} & set(found), (word, near)
            middle = min((label for label in labels if label["level"] == level), key=lambda a: math.dist((a["x"], a["y"]), (20, 20)))
            assert not set(middle["text"].split(", ")) & set(places), middle
        bare = s.post("/api/layouts", {"source": ids["bare.npy"], "method": "raw", "layer": 0}).json["id"]
        wait(s, bare)
        s.fails(400, "GET", f"/api/sources/{ids['reps']}/labels?layout={bare}")
        s.fails(400, "GET", f"/api/sources/{ids['reps']}/labels")
        assert s.get(f"/api/sources/{ids['bare.npy']}/labels", layout=bare).json == {"labels": []}


def without_a_projection(folder):
    path, tokens = write_set(folder, layers=2, dims=5)
    write_npy(os.path.join(folder, "flat.npy"), [[1, 2], [3, 4], [5, 7]])
    with Server(folder) as s:
        ids = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}
        i = s.post("/api/layouts", {"source": ids["flat.npy"], "method": "raw", "layer": 0}).json["id"]
        wait(s, i)
        assert places(s, i)[0] == [(1, 2), (3, 4), (5, 7)]
        i = s.post("/api/layouts", {"source": ids["flat.npy"], "method": "raw", "layer": 0, "dim": 3}).json["id"]
        wait(s, i)
        assert places(s, i)[0] == [(1, 2, 0), (3, 4, 0), (5, 7, 0)]
        bank = [r for r, t in enumerate(tokens) if t == "bank"]
        river = [r for r, t in enumerate(tokens) if t == "river"]
        axes = [{"left": {"column": "token", "text": "bank", "regex": False}, "right": river, "label": "bank to river"},
                {"left": {"column": "token", "text": "^m", "regex": True}, "right": {"column": "topic", "text": "river"}}]
        body = {"source": ids["reps"], "method": "axes", "layer": 1, "params": {"axes": axes}}
        i = s.post("/api/layouts", body).json["id"]
        state = wait(s, i)
        assert state["state"] == "done" and state["axes"] == ["bank to river", "axis 2"], state
        y, _ = places(s, i)
        mean = {name: sum(y[r][0] for r in rows) / len(rows) for name, rows in (("bank", bank), ("river", river))}
        assert mean["river"] > mean["bank"]
        i = s.post("/api/layouts", {**body, "rows": [4, 2]}).json["id"]
        wait(s, i)
        assert all(math.dist(places(s, i)[0][r], y[r]) < 1e-5 for r in (4, 2))
        axes[0]["left"]["text"] = "absent"
        assert "'absent'" in s.fails(400, "POST", "/api/layouts", body)
        axes[0]["left"]["text"] = "("
        axes[0]["left"]["regex"] = True
        assert "axis 1, left" in s.fails(400, "POST", "/api/layouts", body)


def tiny_and_broken_sets(folder):
    r = random.Random(1)
    for n in (1, 2, 3, 4):
        write_npy(os.path.join(folder, f"n{n}.npy"), [[r.gauss(0, 1) for _ in range(5)] for _ in range(n)])
    rows = [[r.gauss(0, 1) for _ in range(5)] for _ in range(30)]
    rows[17][3] = math.nan
    write_npy(os.path.join(folder, "nan.npy"), rows)
    write_npy(os.path.join(folder, "same.npy"), [[1, 2, 3]] * 30)
    write_npy(os.path.join(folder, "one.npy"), [[r.gauss(0, 1)] for _ in range(9)])
    with Server(folder) as s:
        ids = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}

        def ask(name, **body):
            return {"source": ids[name], "layer": 0, **body}
        for n in (2, 3, 4):
            i = s.post("/api/layouts", ask(f"n{n}.npy", method="pca", dim=3)).json["id"]
            state = wait(s, i)
            assert state["state"] == "done" and state["placed"] == n, state
            y, _ = places(s, i)
            assert all(math.isfinite(c) for p in y for c in p)
            assert abs(sum(state["explained"]) - 1) < 1e-6
            assert ("principal component" in (state["note"] or "")) == (n < 4), state
        for method, title in (("tsne", "t-SNE"), ("umap", "UMAP")):
            for n in (2, 3):
                said = s.fails(400, "POST", "/api/layouts", ask(f"n{n}.npy", method=method))
                assert said == f"{title} needs at least 4 rows, here are {n}: PCA can show them", said
            i = s.post("/api/layouts", ask("n4.npy", method=method, params={"steps": 30})).json["id"]
            assert wait(s, i)["state"] == "done"
        said = s.fails(400, "POST", "/api/layouts", ask("n1.npy", method="pca"))
        assert said == "PCA needs at least 2 rows, here are 1", said
        assert "have 5" in s.fails(400, "POST", "/api/layouts", ask("n4.npy", method="raw"))
        i = s.post("/api/layouts", ask("one.npy", method="pca")).json["id"]
        state = wait(s, i)
        assert state["state"] == "done"
        assert state["note"] == "9 rows of 1 column have 1 principal component: other axes are 0", state
        for method in ("pca", "tsne", "umap"):
            i = s.post("/api/layouts", ask("nan.npy", method=method)).json["id"]
            state = wait(s, i)
            assert state["state"] == "failed" and "row 17, column 3" in state["error"], state
            (frame,) = s.stream(f"/api/layouts/{i}/stream")
            assert "row 17" in frame.meta["error"]
            assert s.ask("GET", f"/api/layouts/{i}/positions").status == 409
            i = s.post("/api/layouts", ask("nan.npy", method=method, rows=[16, 17, 18, 19, 20], space={"center": False})).json["id"]
            assert "row 17, column 3" in wait(s, i)["error"]
        i = s.post("/api/layouts", ask("same.npy", method="pca")).json["id"]
        assert "equal" in wait(s, i)["error"]
        for body, part in (({"method": "isomap"}, "method"), ({}, "method"), ({"method": "pca", "dim": 4}, "dim"),
                           ({"method": "tsne", "params": {"perplexity": 0.5}}, "perplexity"),
                           ({"method": "umap", "params": {"neighbors": "x"}}, "neighbors"),
                           ({"method": "pca", "params": {"components": [0, 7]}}, "components"),
                           ({"method": "pca", "align": "joint"}, "align"), ({"method": "pca", "layer": 3}, "layer"),
                           ({"method": "pca", "layer": "last"}, "layer"), ({"method": "pca", "rows": [0, 40]}, "row"),
                           ({"method": "tsne", "layer": "all", "align": "joint"}, "joint")):
            assert part in s.fails(400, "POST", "/api/layouts", ask("same.npy", **body)), body
        s.fails(400, "PATCH", f"/api/layouts/{i}", {"params": {"components": [-1, 0]}})
        s.fails(409, "PATCH", f"/api/layouts/{i}", {"params": {"components": [1, 0]}})
        s.fails(400, "GET", f"/api/layouts/{i}/positions?dtype=f2")
        s.fails(404, "GET", "/api/layouts/99/stream")


def few_rows(folder):
    """Two to five rows: every method works, or says in a sentence why it does not."""
    r = random.Random(4)
    for n in (2, 3, 4, 5):
        for d in (2, 6) if QUICK else (2, 3, 6):
            write_npy(os.path.join(folder, f"n{n}d{d}.npy"), [[r.gauss(0, 1) for _ in range(d)] for _ in range(n)])
    write_npy(os.path.join(folder, "twins.npy"), [[1, 2, 3, 4]] * 3 + [[2, 1, 3, 4]] * 2)
    with Server(folder) as s:
        ids = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}
        for name, source in ids.items():
            n = 5 if name == "twins.npy" else int(name[1])
            for dim in (2, 3):
                for method in ("raw", "pca", "tsne", "umap", "axes"):
                    axes = [{"left": [a % n], "right": [(a + 1) % n]} for a in range(dim)]
                    if name == "twins.npy":
                        axes = [{"left": [0], "right": [4]}] * dim
                    body = {"source": source, "layer": 0, "method": method, "dim": dim,
                            "params": {"axes": axes} if method == "axes" else {}}
                    reply = s.ask("POST", "/api/layouts", body)
                    if method in ("tsne", "umap") and n < 4:
                        assert reply.status == 400 and "at least 4 rows" in reply.error, (body, reply.body)
                    elif method == "raw" and name[2:] not in ("d2.npy", "d3.npy"):
                        assert reply.status == 400 and "2 or 3 dimensions" in reply.error, (body, reply.body)
                    else:
                        assert reply.status == 200, (body, reply.body)
                        begun = time.time()
                        state = wait(s, reply.json["id"])
                        assert state["state"] == "done" and state["placed"] == n, (name, state)
                        assert all(math.isfinite(c) for p in places(s, state["id"])[0] for c in p), (name, state)
                        assert time.time() - begun < 5, state["seconds"]  # 0.1 s on a quiet machine
                    if reply.status == 200:
                        s.ask("DELETE", f"/api/layouts/{reply.json['id']}")


def every_parameter_can_be_changed(folder):
    """PATCH of each parameter: it is taken up where the points are, and is seen in them."""
    clusters(folder, 150 if QUICK else 300, 6)
    path, _ = write_set(folder, layers=3, dims=6)
    with Server(folder) as s:
        ids = {x["name"]: x["id"] for x in s.get("/api/sources").json["sources"]}

        def made(method, params, source="X.npy", **more):
            body = {"source": ids[source], "layer": 0, "method": method, "params": params, **more}
            i = s.post("/api/layouts", body).json["id"]
            return i, wait(s, i)

        def patch(i, **params):
            reply = s.ask("PATCH", f"/api/layouts/{i}", {"params": params})
            assert reply.status == 200, reply.body
            state = wait(s, i)
            assert state["state"] == "done" and state["epoch"] == state["epochs"], state
            assert all(state["params"][name] == value for name, value in params.items()), state
            return state, places(s, i)[0]

        for method, changes in (("tsne", ({"perplexity": 9}, {"learning_rate": 7}, {"exaggeration": 30})),
                                ("umap", ({"neighbors": 2}, {"neighbors": 40}, {"min_dist": 0.9}))):
            for change in changes:
                i, state = made(method, {"steps": 60})
                assert state["epoch"] == state["epochs"] == 60
                plain = made(method, {"steps": 60})[0]
                assert places(s, i)[0] == places(s, plain)[0]
                state, y = patch(i, steps=120, **change)
                assert state["epoch"] == 120, state
                assert y != patch(plain, steps=120)[1], change  # as many steps without the change
                if "perplexity" in change:
                    assert state["perplexity"] == 9
            # as many steps as are asked for, no more; fewer than there are: none
            state, y = patch(i, steps=150)
            assert state["epoch"] == 150
            state, same = patch(i, steps=70)
            assert state["epoch"] == 150 and same == y and state["quality"], state
            # a change alone gets at least a third of the plan, to be seen
            state, y = patch(i, **({"perplexity": 20} if method == "tsne" else {"min_dist": 0.3}))
            assert state["epoch"] == 150 + 70 // 3 + 1 and y != same, state
            assert patch(i, steps=70)[0]["epoch"] == state["epoch"]  # nothing new
            assert "has no 'components', expected some of: " in s.fails(
                400, "PATCH", f"/api/layouts/{i}", {"params": {"components": [0, 1]}})
            assert s.get(f"/api/layouts/{i}").json["state"] == "done"
            s.fails(400, "PATCH", f"/api/layouts/{i}", {"params": {"step": 5}})
        # held near the layer before, as strongly as was asked for while it ran
        moved = {}
        for pull in (0, 1):
            i = s.post("/api/layouts", {"source": ids["reps"], "layer": "all", "method": "umap", "align": "aligned",
                                        "params": {"steps": 1000 if QUICK else 3000, "neighbors": 4}}).json["id"]
            s.post(f"/api/layouts/{i}/pause", {})
            patched = s.ask("PATCH", f"/api/layouts/{i}", {"params": {"pull": pull}})
            assert patched.status == 200 and patched.json["params"]["pull"] == pull, patched.body
            s.post(f"/api/layouts/{i}/resume", {})
            moved[pull] = sum(about["moved_aligned"]["relative"] for about in wait(s, i)["by_layer"][1:])
        assert moved[1] < 0.5 * moved[0], moved
        # other components of what is known already
        i, state = made("pca", {"components": [0, 1]})
        other, y = patch(i, components=[3, 0])
        assert other["axes"][0].startswith("PC4 ") and other["explained"][1] == state["explained"][0], other
        assert y == places(s, made("pca", {"components": [3, 0]})[0])[0]
        s.fails(409, "PATCH", f"/api/layouts/{made('pca', {}, 'reps', layer='all')[0]}", {"params": {"components": [1, 0]}})
        axes = [{"left": [0], "right": [1]}, {"left": [2], "right": [3]}]
        i, _ = made("axes", {"axes": axes})
        assert "start another" in s.fails(409, "PATCH", f"/api/layouts/{i}", {"params": {"axes": axes}})


def no_change_is_lost(folder):
    """Changes that come while a map ends, and wishes of many clients at once."""
    clusters(folder, 200, 6)
    r = random.Random(7)
    with Server(os.path.join(folder, "X.npy")) as s:
        for k in range(6 if QUICK else 40):
            i = start(s, method="tsne", layer=0, params={"steps": 20, "perplexity": 30})
            time.sleep(r.uniform(0, 0.03))
            reply = s.ask("PATCH", f"/api/layouts/{i}", {"params": {"perplexity": 5 + k % 20}})
            if reply.status == 409:  # it had no positions yet, or had failed
                continue
            assert reply.status == 200, reply.body
            state = wait(s, i)
            assert state["state"] == "done" and state["perplexity"] == 5 + k % 20, state
            s.ask("DELETE", f"/api/layouts/{i}")
        two = [start(s, method=method, layer=0, params={"steps": 100000}) for method in ("tsne", "umap")]
        for i in two:
            while not s.get(f"/api/layouts/{i}").json["epoch"]:
                time.sleep(0.01)
        failed = []

        def client(seed):
            mine = random.Random(seed)
            for _ in range(10 if QUICK else 25):
                i = mine.choice(two)
                verb = mine.choice(("pause", "resume", "resume", "stop", "patch"))
                if verb == "patch":
                    reply = s.ask("PATCH", f"/api/layouts/{i}", {"params": {"steps": mine.randrange(20000, 100000)}})
                else:
                    reply = s.ask("POST", f"/api/layouts/{i}/{verb}", {})
                if reply.status not in (200, 409):
                    failed.append((verb, reply.status, reply.body))
        clients = [threading.Thread(target=client, args=(k,)) for k in range(6)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        assert not failed, failed
        for i in two:  # whatever came of it, it does as it is told
            s.ask("PATCH", f"/api/layouts/{i}", {"params": {"steps": 100000 + i}})
            s.ask("POST", f"/api/layouts/{i}/resume", {})
            assert wait(s, i, ("running", "done"), 30)
            s.ask("POST", f"/api/layouts/{i}/stop", {})
            assert wait(s, i, ENDED, 10)
            y, _ = places(s, i)
            assert all(math.isfinite(c) for p in y for c in p)


def ending_and_deleting(folder):
    clusters(folder, 1500 if QUICK else 4000, 10)
    with Server(os.path.join(folder, "X.npy")) as s:
        many = [start(s, method="tsne", layer=0, seed=k, params={"steps": 100000}) for k in range(4)]
        wait(s, many[0], ("running",))
        states = [s.get(f"/api/layouts/{i}").json["state"] for i in many]
        assert states.count("waiting") >= 2, states
        stream = s.stream(f"/api/layouts/{many[0]}/stream")
        next(stream)
        assert s.ask("DELETE", f"/api/layouts/{many[0]}").status == 200
        for _ in stream:  # ends
            pass
        def at_work():
            return [i for i in many[1:] if s.get(f"/api/layouts/{i}").json["state"] == "running"]
        until = time.time() + 60
        while len(at_work()) < 2 and time.time() < until:
            time.sleep(0.02)
        two = at_work()
        assert len(two) == 2
        (third,) = set(many[1:]) - set(two)
        s.ask("POST", f"/api/layouts/{two[0]}/stop", {})
        wait(s, two[0], ("stopped",), 10)
        wait(s, third, ("running",))
        begun = time.time()
    assert time.time() - begun < 10  # with two at work, the server ends


def approximate_neighbours_say_so(folder):
    n = 1100 if QUICK else 1500
    clusters(folder, n, 8)
    with Server(os.path.join(folder, "X.npy")) as s:
        seen = {}
        for how, found in (("exact", "exact"), ("approximate", "approximate"), ("auto", "exact")):
            i = start(s, method="umap", layer=0, dim=2, seed=7, neighbors_search=how, params={"steps": 20})
            state = wait(s, i)
            assert (state["state"], state["neighbors_search"]) == ("done", found), state
            own = state["by_layer"][0]
            for about in (state, own):
                assert (about["recall"] is None) == (found == "exact")
            seen[how] = (places(s, i)[0], state)
        state = seen["approximate"][1]
        assert 0.9 < state["recall"] <= 1 and 0 <= state["recall_se"] < 0.05, state
        assert state["quality"]["kept_rows"] == 1000 and seen["exact"][1]["quality"]["kept_rows"] == n
        both = [seen[how][1]["quality"] for how in ("exact", "approximate")]
        assert abs(both[0]["kept"] - both[1]["kept"]) < 0.05, both
        assert seen["auto"][0] == seen["exact"][0]
        i = start(s, method="umap", layer=0, dim=2, seed=7, neighbors_search="approximate", params={"steps": 20},
                  rows=list(range(0, n, 2)))
        assert wait(s, i)["neighbors_search"] == "approximate"
        i = start(s, method="pca", layer=0, dim=2)
        assert wait(s, i)["neighbors_search"] is None
        body = {"source": 0, "method": "umap", "layer": 0, "neighbors_search": "fast"}
        assert "neighbors_search" in s.fails(400, "POST", "/api/layouts", body)


if __name__ == "__main__":
    sys.exit(main([approximate_neighbours_say_so, components_are_right, some_rows, maps_run_and_are_steered, the_same_seed_gives_the_same_map,
                   layers_on_one_another, crowded_places_get_words, without_a_projection, tiny_and_broken_sets, few_rows,
                   every_parameter_can_be_changed, no_change_is_lost, ending_and_deleting]))
