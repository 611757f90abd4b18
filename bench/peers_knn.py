#!/usr/bin/env python3
"""gonio's exact neighbour search beside faiss IndexFlatL2 and scikit-learn's brute force, interleaved.

    python bench/peers_knn.py BUILD/bench/bench-knn [--n 20000] [--d 512] [--k 64] [--threads 2]
                              [--rounds 3] [--data gauss|clusters] [--peers faiss,sklearn]

Needs numpy, faiss-cpu, scikit-learn (measured with numpy 1.26, faiss 1.15, scikit-learn 1.9). Each
round runs ours, then each peer, in fresh processes on the same file. Peers get their own wheels' BLAS,
as many threads as we get, and the OPENBLAS_CORETYPE that is fastest for them in a short trial: the
OpenBLAS inside faiss's wheel takes a new processor for one of 2007 and loses a factor of three. Prints wall and
CPU seconds of each round (on a busy machine the CPU seconds say more; a peer that spins while it waits
spends more of them), then a JSON line with medians, ratios, and how many rows' sets of neighbours
differ from ours: the peers rank by float32 products, so a few differences are theirs.
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
import os, sys, time
import numpy as np
name, path, k, threads, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
x = np.load(path)
if name == "faiss":
    import faiss
    faiss.omp_set_num_threads(threads)
    t, c = time.perf_counter(), time.process_time()
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    _, found = index.search(x, k + 1)
else:
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits
    with threadpool_limits(threads):
        t, c = time.perf_counter(), time.process_time()
        model = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", n_jobs=threads).fit(x)
        _, found = model.kneighbors(x)
t, c = time.perf_counter() - t, time.process_time() - c
np.save(out, found.astype(np.int32))
print(t, c)
"""


CORE_TYPES = (None, "SkylakeX", "Zen", "Haswell")


def run_peer(name, path, k, threads, found, env, core):
    env = dict(env, **({"OPENBLAS_CORETYPE": core} if core else {}))
    out = subprocess.run([sys.executable, "-c", PEER, name, path, str(k), str(threads), found],
                         env=env, check=True, capture_output=True, text=True).stdout
    return [float(x) for x in out.split()]


def best_core(name, path, k, threads, found, env):
    """The fastest core type of those that this machine can run."""
    seconds = {}
    for core in CORE_TYPES:
        try:
            seconds[core] = min(run_peer(name, path, k, threads, found, env, core)[0] for _ in "12")
        except subprocess.CalledProcessError:  # kernels that the processor lacks
            continue
    return min(seconds, key=seconds.get)


def make(kind, n, d):
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, d), dtype=np.float32)
    if kind == "clusters":
        centre = 2 * rng.standard_normal((100, 16))
        z = centre[rng.integers(0, 100, n)] + rng.standard_normal((n, 16))
        x = (0.5 * x + z @ rng.standard_normal((16, d)) + 5 * rng.standard_normal(d))
    return np.ascontiguousarray(x, dtype=np.float32)


def main():
    import numpy as np

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("bench")
    for name, value in (("n", 20000), ("d", 512), ("k", 64), ("threads", 2), ("rounds", 3)):
        p.add_argument("--" + name, type=int, default=value)
    p.add_argument("--data", choices=("gauss", "clusters"), default="gauss")
    p.add_argument("--peers", default="faiss,sklearn")
    a = p.parse_args()
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        env[name] = str(a.threads)
    peers = [name for name in a.peers.split(",") if name]
    seconds = {name: [] for name in ["gonio"] + peers}
    cpu_seconds = {name: [] for name in seconds}
    differ = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npy")
        x = make(a.data, a.n, a.d)
        np.save(path, x)
        trial = os.path.join(folder, "trial.npy")
        np.save(trial, x[:8000])
        cores = {name: best_core(name, trial, min(a.k, 100), a.threads, trial + ".npy", env)
                 for name in peers}
        for _ in range(a.rounds):
            out = subprocess.run([a.bench, path, str(a.k), str(a.threads), "1", "auto",
                                  "euclidean", os.path.join(folder, "ours")], env=env, check=True,
                                 capture_output=True, text=True).stdout
            wall, cpu = re.search(r"wall ([\d.]+) cpu ([\d.]+)", out).groups()
            seconds["gonio"].append(float(wall))
            cpu_seconds["gonio"].append(float(cpu))
            for name in peers:
                found = os.path.join(folder, name + ".npy")
                wall, cpu = run_peer(name, path, a.k, a.threads, found, env, cores[name])
                seconds[name].append(wall)
                cpu_seconds[name].append(cpu)
            print("  ".join(f"{name} {seconds[name][-1]:.2f} (cpu {cpu_seconds[name][-1]:.2f})"
                            for name in seconds), flush=True)
        ours = np.load(os.path.join(folder, "ours.index.npy"))
        for name in peers:
            theirs = np.load(os.path.join(folder, name + ".npy"))
            differ[name] = sum(set(t[t != i][: a.k].tolist()) != set(o.tolist())
                               for i, (o, t) in enumerate(zip(ours, theirs)))
    median = {name: statistics.median(v) for name, v in seconds.items()}
    ratio = {name: round(median[name] / median["gonio"], 2) for name in peers}
    cpu = {name: statistics.median(v) for name, v in cpu_seconds.items()}
    cpu_ratio = {name: round(cpu[name] / cpu["gonio"], 2) for name in peers}
    print(json.dumps({"bench": "peers_knn", "data": a.data, "n": a.n, "d": a.d, "k": a.k,
                      "threads": a.threads, "rounds": a.rounds,
                      "openblas_core": {n: c or "automatic" for n, c in cores.items()},
                      "seconds": {n: round(v, 3) for n, v in median.items()},
                      "ratio": ratio, "cpu_seconds": {n: round(v, 3) for n, v in cpu.items()},
                      "cpu_ratio": cpu_ratio,
                      "rows_that_differ": differ}))


if __name__ == "__main__":
    main()
