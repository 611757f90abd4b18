#!/usr/bin/env python3
"""gonio's exact neighbour search beside faiss IndexFlatL2, scikit-learn's brute force and DADApy.

    python bench/peers_knn.py BUILD/bench [--n 20000 50000 90000] [--d 512] [--k 64] [--threads 2]
                              [--rounds 3] [--data gauss|clusters] [--peers faiss,sklearn,dadapy]
                              [--once 30] [--limit 300] [--check 200]

Needs numpy, faiss-cpu, scikit-learn and dadapy (versions: bench/requirements.txt). Each round measures
the machine's arithmetic peak, then ours, then each peer, in fresh processes on the same float32 file.
Peers get their own wheels' BLAS, as many threads as we get, and the OPENBLAS_CORETYPE that is fastest
for them in a short trial: the OpenBLAS inside faiss's wheel takes a new processor for one of 2007 and
loses a factor of three.

Bounds: a peer that took longer than --once seconds runs in the first round only; one that would take
longer than --limit seconds, by its time at the size before times (n / n before)^2, is left out of that
size and named. In the first round ours are compared with a float64 double loop on --check rows spread
over the set; the exit status is 1 if a row differs.

Prints wall and CPU seconds of each round (on a busy machine the CPU seconds say more; a peer that
spins while it waits spends more of them), then a JSON line: medians, ratios, what share of the
arithmetic ceiling the search reaches (as if all n^2 pairs were computed, 2 n^2 d operations, and by
what symmetry leaves of them, n^2 d), the peak of its memory with the data, and how many rows' sets of
neighbours differ from ours: the peers rank by rounded products, so a few differences are theirs.
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
elif name == "sklearn":
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits
    with threadpool_limits(threads):
        t, c = time.perf_counter(), time.process_time()
        model = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", n_jobs=threads).fit(x)
        _, found = model.kneighbors(x)
else:
    from dadapy import Data
    t, c = time.perf_counter(), time.process_time()
    data = Data(x, maxk=k, n_jobs=threads)
    data.compute_distances()
    found = data.dist_indices
t, c = time.perf_counter() - t, time.process_time() - c
np.save(out, found.astype(np.int32))
print(t, c)
"""

CORE_TYPES = (None, "SkylakeX", "Zen", "Haswell")


def run_peer(name, path, k, threads, found, env, core):
    env = dict(env, **({"OPENBLAS_CORETYPE": core} if core else {}))
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", PEER, name, path, str(k),
                          str(threads), found], env=env, check=True, capture_output=True,
                         text=True).stdout
    return [float(x) for x in out.splitlines()[-1].split()]


def best_core(name, path, k, threads, found, env):
    """The fastest core type of those that this machine can run."""
    seconds = {}
    for core in CORE_TYPES:
        try:
            seconds[core] = min(run_peer(name, path, k, threads, found, env, core)[0] for _ in "12")
        except subprocess.CalledProcessError:  # kernels that the processor lacks
            continue
    return min(seconds, key=seconds.get)


def run_ours(bench, path, k, threads, check, out, env):
    done = subprocess.run([os.path.join(bench, "bench-knn"), path, str(k), str(threads), "1", "auto",
                           "euclidean", out, str(check)], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}ours is wrong or failed")
    wall, cpu = re.search(r"wall ([\d.]+) cpu ([\d.]+)", done.stdout).groups()
    return float(wall), float(cpu), json.loads(done.stdout.splitlines()[-1])


def run_peak(bench, threads):
    out = subprocess.run([os.path.join(bench, "bench-peak"), str(threads)], check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)


def make(kind, n, d):
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, d), dtype=np.float32)
    if kind == "clusters":
        centre = 2 * rng.standard_normal((100, 16))
        z = centre[rng.integers(0, 100, n)] + rng.standard_normal((n, 16))
        x = (0.5 * x + z @ rng.standard_normal((16, d)) + 5 * rng.standard_normal(d))
    return np.ascontiguousarray(x, dtype=np.float32)


def rows_that_differ(ours, theirs, k):
    return sum(set(t[t != i][:k].tolist()) != set(o.tolist())
               for i, (o, t) in enumerate(zip(ours, theirs)))


class Size:
    """All rounds at one n."""

    def __init__(self, a, n, folder, env):
        import numpy as np

        self.a, self.n, self.folder, self.env = a, n, folder, env
        self.path = os.path.join(folder, "x.npy")
        np.save(self.path, make(a.data, n, a.d))
        self.wall, self.cpu, self.peaks, self.differ = {"gonio": []}, {"gonio": []}, [], {}
        self.left_out = []

    def run(self, cores, expected):
        import numpy as np

        a, names = self.a, list(cores)
        for name in names:
            if expected.get(name, 0) > a.limit:
                self.left_out.append(f"{name} (about {expected[name]:.0f} s)")
                continue
            self.wall[name], self.cpu[name] = [], []
        ours = os.path.join(self.folder, "ours")
        for turn in range(a.rounds):
            line = []
            self.peaks.append(run_peak(a.bench, a.threads))
            for name in self.wall:
                if name == "gonio":
                    wall, cpu, info = run_ours(a.bench, self.path, a.k, a.threads,
                                               a.check if turn == 0 else 0, ours, self.env)
                    self.info = info if turn == 0 else self.info
                elif turn and self.wall[name][0] > a.once:
                    continue
                else:
                    found = os.path.join(self.folder, name + ".npy")
                    wall, cpu = run_peer(name, self.path, a.k, a.threads, found, self.env,
                                         cores[name])
                    if turn == 0:
                        self.differ[name] = rows_that_differ(np.load(ours + ".index.npy"),
                                                             np.load(found), a.k)
                self.wall[name].append(wall)
                self.cpu[name].append(cpu)
                line.append(f"{name} {wall:.2f} (cpu {cpu:.2f})")
            peak = self.peaks[-1]["fma_gflops"]
            print(f"n {self.n}: peak {peak:.0f} GFLOP/s  " + "  ".join(line), flush=True)
        for note in self.left_out:
            print(f"n {self.n}: left out: {note}", flush=True)

    def row(self):
        median = {name: statistics.median(v) for name, v in self.wall.items()}
        cpu = {name: statistics.median(v) for name, v in self.cpu.items()}
        kind = "amx" if self.peaks[0]["amx_gflops"] else "fma"
        peak = statistics.median(p[kind + "_gflops"] for p in self.peaks)
        every = 2.0 * self.n ** 2 * self.a.d / median["gonio"] / 1e9 / peak if peak else 0
        row = {"n": self.n}
        row.update({f"{name} s": round(v, 3) for name, v in median.items()})
        row.update({f"ratio {name}": round(v / median["gonio"], 2)
                    for name, v in median.items() if name != "gonio"})
        row.update({f"cpu ratio {name}": round(v / cpu["gonio"], 2)
                    for name, v in cpu.items() if name != "gonio"})
        row.update({f"differ {name}": v for name, v in self.differ.items()})
        row.update({f"{kind} peak GFLOP/s": round(peak), "of it, all pairs": round(every, 3),
                    "of it, each pair once": round(every / 2, 3),
                    "memory MB": self.info["memory_mb"],
                    "rows checked": self.info["rows_checked"],
                    "24 layers min": round(24 * median["gonio"] / 60, 2)})
        return row


def main():
    import numpy as np

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("bench", help="folder of bench-knn and bench-peak")
    p.add_argument("--n", type=int, nargs="+", default=[20000, 50000, 90000])
    for name, value in (("d", 512), ("k", 64), ("threads", 2), ("rounds", 3), ("check", 200)):
        p.add_argument("--" + name, type=int, default=value)
    p.add_argument("--once", type=float, default=30)
    p.add_argument("--limit", type=float, default=300)
    p.add_argument("--data", choices=("gauss", "clusters"), default="gauss")
    p.add_argument("--peers", default="faiss,sklearn,dadapy")
    a = p.parse_args()
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        env[name] = str(a.threads)
    rows, expected = [], {}
    with tempfile.TemporaryDirectory() as folder:
        trial = os.path.join(folder, "trial.npy")
        np.save(trial, make(a.data, min(8000, min(a.n)), a.d))
        cores = {name: best_core(name, trial, min(a.k, 100), a.threads, trial + ".npy", env)
                 for name in a.peers.split(",") if name}
        for n in sorted(a.n):
            size = Size(a, n, folder, env)
            size.run(cores, {name: s * (n / before) ** 2 for name, (s, before) in expected.items()})
            expected.update({name: (v[0], n) for name, v in size.wall.items()})
            rows.append(size.row())
    print(json.dumps({"bench": "peers_knn", "data": a.data, "d": a.d, "k": a.k,
                      "threads": a.threads, "rounds": a.rounds,
                      "openblas_core": {n: c or "automatic" for n, c in cores.items()},
                      "rows": rows}))


if __name__ == "__main__":
    main()
