#!/usr/bin/env python3
"""gonio's t-SNE and UMAP beside openTSNE, scikit-learn's t-SNE and umap-learn, interleaved.

    python bench/peers_map.py BUILD/bench/bench-map [--n 20000] [--d 50] [--threads 2] [--rounds 3]
                              [--methods tsne,umap] [--sklearn] [--x FILE.npy]

Needs numpy, scikit-learn, openTSNE, umap-learn. Each round runs ours, then the peer, in fresh processes on
the same file, with the same number of neighbours and of steps; t-SNE from the same principal components.
Ours searches exact neighbours; the peers take what is fastest for them (approximate ones), and umap-learn
is compiled before its clock starts. The quality is measured here, the same way for all: t-SNE's
Kullback-Leibler divergence over all pairs with one P of exact neighbours; for both methods the share of 15
nearest neighbours kept and trustworthiness on 2,000 random rows. Prints wall and CPU seconds of each
round, then a JSON line with medians, ratios and qualities. On a busy machine the CPU seconds say more.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

PEER = r"""
import sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
method, path, init, out, k, steps, threads = sys.argv[1:5] + list(map(int, sys.argv[5:8]))
x = np.load(path)
if method == "tsne":
    import openTSNE
    start = openTSNE.initialization.rescale(np.load(init))
    t, c = time.perf_counter(), time.process_time()
    model = openTSNE.TSNE(perplexity=k, n_iter=steps, n_jobs=threads, initialization=start,
                          negative_gradient_method="fft", random_state=0)
    y = np.asarray(model.fit(x))
elif method == "sklearn":
    from sklearn.manifold import TSNE
    start = np.load(init)
    start = (1e-4 / start[:, 0].std() * start).astype(np.float32)
    t, c = time.perf_counter(), time.process_time()
    y = TSNE(perplexity=k, max_iter=250 + steps, init=start, learning_rate="auto", n_jobs=threads,
             random_state=0).fit_transform(x)
else:
    import umap
    umap.UMAP(n_epochs=5).fit_transform(x[:500])
    t, c = time.perf_counter(), time.process_time()
    y = umap.UMAP(n_neighbors=k, n_epochs=steps, n_jobs=threads).fit_transform(x)
t, c = time.perf_counter() - t, time.process_time() - c
np.save(out, np.asarray(y, dtype=np.float64))
print(t, c)
"""


def make(n, d):
    """Clusters on curved sheets of 6 dimensions, with noise."""
    rng = np.random.default_rng(1)
    z = 3 * rng.standard_normal((20, 6))[rng.integers(0, 20, n)] + rng.standard_normal((n, 6))
    bent = np.concatenate([z, np.sin(z)], axis=1)
    return (bent @ rng.standard_normal((12, d)) + 0.3 * rng.standard_normal((n, d))).astype(np.float32)


def lists(x, k):
    from sklearn.neighbors import NearestNeighbors

    distance, index = NearestNeighbors(n_neighbors=k + 1, algorithm="brute" if x.shape[1] > 15 else "auto",
                                       n_jobs=-1).fit(x).kneighbors(x)
    return distance[:, 1:], index[:, 1:]


def probabilities(distance, perplexity):
    """Rows of conditional probabilities of that perplexity, by bisection on the precision."""
    d2 = distance.astype(np.float64) ** 2
    d2 -= d2[:, :1]
    low, high = np.zeros(len(d2)), np.full(len(d2), np.inf)
    beta = 1 / np.maximum(d2.mean(1), 1e-300)
    for _ in range(100):
        w = np.exp(-beta[:, None] * d2)
        s = w.sum(1)
        h = np.log(s) + beta * (w * d2).sum(1) / s
        above = h > np.log(perplexity)
        low, high = np.where(above, beta, low), np.where(above, high, beta)
        beta = np.where(np.isinf(high), 2 * beta, (low + high) / 2)
    return w / s[:, None]


def divergence(y, index, p):
    """KL(P || Q) of the symmetric P; Z over all pairs."""
    import scipy.sparse as sparse

    n, k = index.shape
    m = sparse.csr_matrix((p.ravel(), index.ravel(), np.arange(0, n * k + 1, k)), (n, n))
    m = ((m + m.T) / (2 * n)).tocoo()

    def part(a):
        d2 = (y[a:a + 100, None, 0] - y[None, :, 0]) ** 2 + (y[a:a + 100, None, 1] - y[None, :, 1]) ** 2
        return (1 / (1 + d2)).sum()

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy works outside the interpreter's lock
        z = sum(pool.map(part, range(0, n, 100))) - n
    d2 = ((y[m.row] - y[m.col]) ** 2).sum(1)
    return float((m.data * (np.log(m.data) + np.log1p(d2) + np.log(z))).sum())


def kept_and_trust(x, y, index, k=15):
    _, on_map = lists(y, k)
    kept = float(np.mean([len(np.intersect1d(a[:k], b)) / k for a, b in zip(index, on_map)]))
    n, excess = len(x), []
    norms = (x.astype(np.float64) ** 2).sum(1)
    for i in np.random.default_rng(2).permutation(n)[:2000]:
        d2 = norms - 2 * (x @ x[i]).astype(np.float64)
        d2[i] = -np.inf
        rank = np.empty(n, dtype=np.int64)
        rank[np.argsort(d2, kind="stable")] = np.arange(n)
        excess.append(np.maximum(rank[on_map[i]] - k, 0).sum())
    return kept, 1 - 2 * float(np.mean(excess)) / (k * (2 * n - 3 * k - 1))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("bench")
    a.add_argument("--n", type=int, default=20000)
    a.add_argument("--d", type=int, default=50)
    a.add_argument("--x")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--methods", default="tsne,umap")
    a.add_argument("--sklearn", action="store_true", help="scikit-learn's t-SNE, too: minutes from 20,000 rows")
    a = a.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        x = np.load(a.x).astype(np.float32) if a.x else make(a.n, a.d)
        path, init = os.path.join(folder, "x.npy"), os.path.join(folder, "init.npy")
        np.save(path, x)
        centred = x.astype(np.float64) - x.mean(0, dtype=np.float64)
        np.save(init, centred @ np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1])
        distance, index = lists(x, 90)
        p = probabilities(distance, 30)
        env = {**os.environ, "OMP_NUM_THREADS": str(a.threads), "NUMBA_NUM_THREADS": str(a.threads)}
        for method in a.methods.split(","):
            k, steps = (30, 500) if method == "tsne" else (15, 500 if len(x) <= 10000 else 200)
            peers = {"umap-learn": "umap"} if method == "umap" else {"openTSNE": "tsne"}
            if method == "tsne" and a.sklearn:
                peers["scikit-learn"] = "sklearn"
            times = {name: [] for name in ("ours", *peers)}
            maps = {name: os.path.join(folder, f"{method}-{name}.npy") for name in times}
            for _ in range(a.rounds):
                out = subprocess.run([a.bench, method, path, init if method == "tsne" else "-", maps["ours"],
                                      str(k), str(steps), str(a.threads)], check=True, capture_output=True,
                                     text=True).stdout
                times["ours"].append([float(re.search(rf'"{key}": ([\d.]+)', out)[1]) for key in ("wall_s", "cpu_s")])
                for peer, what in peers.items():
                    out = subprocess.run([sys.executable, "-c", PEER, what, path, init, maps[peer], str(k), str(steps),
                                          str(a.threads)], check=True, capture_output=True, text=True, env=env).stdout
                    times[peer].append([float(v) for v in out.split()])
                for name, t in times.items():
                    print(f"{method} n={len(x)} d={x.shape[1]} {name}: {t[-1][0]:.2f} s wall, {t[-1][1]:.2f} s CPU", flush=True)
            quality = {}
            for name, at in maps.items():
                y = np.load(at)
                kept, trust = kept_and_trust(x, y, index)
                quality[name] = {"kept15": round(kept, 4), "trustworthiness": round(trust, 4)}
                if method == "tsne":
                    quality[name]["kl"] = round(divergence(y, index, p), 4)
            wall = {name: statistics.median(v[0] for v in t) for name, t in times.items()}
            cpu = {name: statistics.median(v[1] for v in t) for name, t in times.items()}
            print(json.dumps({"bench": f"map-{method}", "n": len(x), "d": x.shape[1], "threads": a.threads,
                              "rounds": a.rounds, "wall_s": {k: round(v, 2) for k, v in wall.items()},
                              "cpu_s": {k: round(v, 2) for k, v in cpu.items()},
                              "ratio_wall": {p: round(wall[p] / wall["ours"], 2) for p in peers},
                              "ratio_cpu": {p: round(cpu[p] / cpu["ours"], 2) for p in peers}, "quality": quality}),
                  flush=True)


if __name__ == "__main__":
    main()
