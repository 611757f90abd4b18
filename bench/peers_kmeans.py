#!/usr/bin/env python3
"""gonio's k-means over k = 2 ... 15 beside scikit-learn's KMeans and faiss's Kmeans, interleaved.

    python bench/peers_kmeans.py BUILD/bench/bench-kmeans [--n 100000] [--d 384] [--k-min 2] [--k-max 15]
                                 [--restarts 1] [--iterations 300] [--threads 2] [--rounds 3]
                                 [--data clusters|gauss] [--peers sklearn,faiss]

Needs numpy, scikit-learn, faiss-cpu, threadpoolctl. Each round runs ours, then each peer, in fresh processes
on the same file, with the same number of restarts, at most the same iterations, and where the peer knows
one the same tolerance (1e-4 of the mean variance; faiss has none and runs all its iterations, so it is
given --faiss-iterations, 100, which reach the same inertia; it trains on all rows, not on its default sample).
scikit-learn starts by the same greedy k-means++, faiss by random rows. Prints wall and CPU seconds of each
round and for each k the inertia over ours (below 1: the peer's is better), then a JSON line with medians,
ratios, and the mean inertia over ours. On a busy machine the CPU seconds say more.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

PEER = r"""
import sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
name, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
k_min, k_max, restarts, iterations, seed = map(int, sys.argv[4:9])
x = np.load(path)
inertia = []
if name == "faiss":
    import faiss
    faiss.omp_set_num_threads(threads)
    run = lambda k: faiss.Kmeans(x.shape[1], k, niter=iterations, nredo=restarts, seed=seed,
                                 max_points_per_centroid=len(x), min_points_per_centroid=1)
    t, c = time.perf_counter(), time.process_time()
    for k in range(k_min, k_max + 1):
        model = run(k)
        model.train(x)
        inertia.append(float(model.index.search(x, 1)[0].sum(dtype=np.float64)))
else:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits
    with threadpool_limits(threads):
        t, c = time.perf_counter(), time.process_time()
        for k in range(k_min, k_max + 1):
            model = KMeans(k, n_init=restarts, max_iter=iterations, tol=1e-4, random_state=seed).fit(x)
            inertia.append(float(model.inertia_))
t, c = time.perf_counter() - t, time.process_time() - c
print(t, c, *inertia)
"""


def make(kind, n, d):
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, d), dtype=np.float32)
    if kind == "clusters":
        centre = 2 * rng.standard_normal((100, 16))
        z = centre[rng.integers(0, 100, n)] + rng.standard_normal((n, 16))
        x = (0.5 * x + z @ rng.standard_normal((16, d)) + 5 * rng.standard_normal(d))
    return np.ascontiguousarray(x, dtype=np.float32)


def run_peer(name, a, path, seed, env):
    iterations = a.faiss_iterations if name == "faiss" else a.iterations
    out = subprocess.run([sys.executable, "-c", PEER, name, path, str(a.threads), str(a.k_min),
                          str(a.k_max), str(a.restarts), str(iterations), str(seed)], env=env,
                         check=True, capture_output=True, text=True).stdout
    numbers = [float(v) for v in out.split()]
    return numbers[0], numbers[1], numbers[2:]


def run_ours(a, path, env):
    out = subprocess.run([a.bench, path, str(a.threads), "1", "auto", str(a.k_min), str(a.k_max),
                          str(a.restarts), str(a.iterations)], env=env, check=True,
                         capture_output=True, text=True).stdout
    wall, cpu = re.search(r"wall ([\d.]+) cpu ([\d.]+)", out).groups()
    return float(wall), float(cpu), [float(v) for v in re.findall(r"inertia (\S+)", out)]


def main():
    import numpy as np

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("bench")
    for name, value in (("n", 100000), ("d", 384), ("k-min", 2), ("k-max", 15), ("restarts", 1),
                        ("iterations", 300), ("faiss-iterations", 100), ("threads", 2), ("rounds", 3)):
        p.add_argument("--" + name, type=int, default=value)
    p.add_argument("--data", choices=("gauss", "clusters"), default="clusters")
    p.add_argument("--peers", default="sklearn,faiss")
    a = p.parse_args()
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        env[name] = str(a.threads)
    peers = [name for name in a.peers.split(",") if name]
    wall = {name: [] for name in ["gonio"] + peers}
    cpu = {name: [] for name in wall}
    over = {name: [] for name in peers}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npy")
        np.save(path, make(a.data, a.n, a.d))
        for seed in range(a.rounds):
            w, c, ours = run_ours(a, path, env)
            wall["gonio"].append(w)
            cpu["gonio"].append(c)
            for name in peers:
                w, c, theirs = run_peer(name, a, path, seed, env)
                wall[name].append(w)
                cpu[name].append(c)
                over[name].append(statistics.mean(t / o for t, o in zip(theirs, ours)))
                print(f"inertia over ours, {name}: " + " ".join(f"{t / o:.4f}" for t, o in zip(theirs, ours)))
            print("  ".join(f"{name} {wall[name][-1]:.2f} (cpu {cpu[name][-1]:.2f})" for name in wall),
                  flush=True)
    median = {name: statistics.median(v) for name, v in wall.items()}
    median_cpu = {name: statistics.median(v) for name, v in cpu.items()}
    print(json.dumps({"bench": "peers_kmeans", "data": a.data, "n": a.n, "d": a.d,
                      "k": [a.k_min, a.k_max], "restarts": a.restarts, "threads": a.threads,
                      "rounds": a.rounds, "seconds": {n: round(v, 3) for n, v in median.items()},
                      "ratio": {n: round(median[n] / median["gonio"], 2) for n in peers},
                      "cpu_seconds": {n: round(v, 3) for n, v in median_cpu.items()},
                      "cpu_ratio": {n: round(median_cpu[n] / median_cpu["gonio"], 2) for n in peers},
                      "inertia_over_ours": {n: round(statistics.mean(v), 4) for n, v in over.items()}}))


if __name__ == "__main__":
    main()
