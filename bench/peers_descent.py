#!/usr/bin/env python3
"""gonio's approximate neighbour search beside its exact one and pynndescent.

    python bench/peers_descent.py BUILD/bench X.npy[:ROWS] ... [--k 15] [--threads 2] [--rounds 3] [--sample 1000]

Needs numpy and pynndescent 0.6 or later (comes with umap-learn; versions: bench/requirements.txt). Without files: clusters on
16 latent dimensions, 30,522 x 768. Each round runs ours and pynndescent (its defaults, the row itself asked for on
top) in fresh processes on the same float32 file; pynndescent compiles itself before it is timed, on other rows. Recall
of both is counted on the same sampled rows against a float64 search: rows of a list not farther than the exact k-th.

Prints wall and CPU seconds of each round (on a busy machine the CPU seconds say more), then a JSON line of medians.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

PEER = r"""
import sys, time
import numpy as np
from pynndescent import NNDescent
path, k, threads, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
x = np.load(path)
NNDescent(np.random.default_rng(0).standard_normal((3000, x.shape[1]), dtype=np.float32), n_neighbors=k + 1, n_jobs=threads)
t, c = time.perf_counter(), time.process_time()
found, _ = NNDescent(x, n_neighbors=k + 1, n_jobs=threads, random_state=1).neighbor_graph
print(time.perf_counter() - t, time.process_time() - c)
np.save(out, found)
"""


def clusters(n, d):
    rng = np.random.default_rng(1)
    centre = 2 * rng.standard_normal((100, 16))
    z = centre[rng.integers(0, 100, n)] + rng.standard_normal((n, 16))
    x = 0.5 * rng.standard_normal((n, d)) + z @ rng.standard_normal((16, d)) + 5 * rng.standard_normal(d)
    return x.astype(np.float32)


def recalls(x, lists, k, m):
    """Of each list of neighbours (n, >= k), the itself left out: mean and error over m sampled rows."""
    rows = np.random.default_rng(2).choice(len(x), min(m, len(x)), replace=False)
    shares = [[] for _ in lists]
    wide = x.astype(np.float64) if x.size < 5e7 else None
    for i in rows:
        u = (x - x[i]) if wide is None else (wide - wide[i])
        d2 = np.einsum("ij,ij->i", u, u, dtype=np.float64)
        d2[i] = np.inf
        limit = np.partition(d2, k - 1)[k - 1] * (1 + 1e-6)
        for share, near in zip(shares, lists):
            own = near[i]
            share.append(np.mean(d2[own[own != i][:k]] <= limit))
    return [(float(np.mean(s)), float(np.std(s) / np.sqrt(len(s)))) for s in shares]


def run(command, pattern=None):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if pattern:
        return [float(v) for v in re.search(pattern, out).groups()]
    return [float(v) for v in out.split()[-2:]]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("bench", help="folder of bench-descent")
    p.add_argument("files", nargs="*")
    for name, value in (("k", 15), ("threads", 2), ("rounds", 3), ("sample", 1000)):
        p.add_argument("--" + name, type=int, default=value)
    a = p.parse_args()
    rows = []
    for spec in a.files or [""]:
        with tempfile.TemporaryDirectory() as folder:
            path, _, n = spec.partition(":")
            x = clusters(30522, 768) if not spec else np.load(path, mmap_mode="r")[:int(n) if n else None]
            data, ours, theirs = (os.path.join(folder, name) for name in ("x.npy", "ours", "theirs.npy"))
            np.save(data, np.ascontiguousarray(x, dtype=np.float32))
            times = {"gonio": [], "exact": [], "pynndescent": []}
            for _ in range(a.rounds):
                command = [os.path.join(a.bench, "bench-descent"), data, str(a.k), "--threads", str(a.threads)]
                times["gonio"].append(run(command + ["--out", ours], r"search ([\d.]+) s \(cpu ([\d.]+)\)"))
                if len(x) <= 50000 or not times["exact"]:
                    times["exact"].append(run(command + ["--exact"], r"exact ([\d.]+) s \(cpu ([\d.]+)\)"))
                times["pynndescent"].append(run([sys.executable, "-W", "ignore", "-c", PEER, data, str(a.k),
                                                 str(a.threads), theirs]))
                print(f"{x.shape}: " + "  ".join(f"{name} {t[-1][0]:.2f} s (cpu {t[-1][1]:.2f})"
                                                for name, t in times.items()), flush=True)
            found = recalls(np.load(data), [np.load(ours + ".approximate.index.npy"), np.load(theirs)], a.k, a.sample)
            row = {"n": len(x), "d": x.shape[1]}
            for name, t in times.items():
                row[name + " s"] = round(statistics.median(v[0] for v in t), 2)
                row[name + " cpu s"] = round(statistics.median(v[1] for v in t), 2)
            for name, (value, error) in zip(("gonio", "pynndescent"), found):
                row["recall " + name], row["error " + name] = round(value, 4), round(error, 4)
            rows.append(row)
    print(json.dumps({"bench": "peers_descent", "k": a.k, "threads": a.threads, "rounds": a.rounds, "rows": rows}))


if __name__ == "__main__":
    main()
