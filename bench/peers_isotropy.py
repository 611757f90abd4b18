#!/usr/bin/env python3
"""gonio's isotropy of one layer on disk beside the same closed forms in NumPy.

    python bench/peers_isotropy.py BUILD/bench/bench-isotropy [--n 240000] [--d 768] [--threads 2]
                                   [--rounds 3] [--folder DIR] [--cold]

Needs numpy (measured with numpy 1.26). The data is made once in DIR (default: a temporary folder, which
is removed): 4 N D bytes. Each round runs ours and NumPy in fresh processes, one after the other. NumPy
streams blocks of rows through the same formulas: the mean; sums of unit vectors of each type (rows of a
block sorted by type, np.add.reduceat), raw and centred; the covariance as float32 block products summed
in float64; its eigenvalues. It computes no error bars, so it is compared with ours without them
("values"). Prints wall and CPU seconds and a JSON line with medians, ratios and the values' differences.
On a busy machine only the CPU seconds mean something.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

PEER = r"""
import json, sys, time
import numpy as np
folder, rows = sys.argv[1], 8192
x = np.load(folder + "/X.npy", mmap_mode="r")
t, c = time.perf_counter(), time.process_time()
types = np.unique(np.load(folder + "/type.npy"), return_inverse=True)[1]
n, d = x.shape
V = int(types.max()) + 1
count = np.bincount(types, minlength=V)
blocks = range(0, n, rows)
mean = sum(x[i:i + rows].sum(axis=0, dtype=np.float64) for i in blocks) / n

def cosines(origin):
    S = np.zeros((V, d))
    for i in blocks:
        y = x[i:i + rows].astype(np.float64) - origin
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        of = types[i:i + rows]
        order = np.argsort(of, kind="stable")
        present, start = np.unique(of[order], return_index=True)
        S[present] += np.add.reduceat(y[order], start)
    square = np.einsum("ij,ij->i", S, S)
    a = S / count[:, None]
    A = a.sum(axis=0)
    inter = (A @ A - (square / count**2).sum()) / (V * (V - 1))
    many = count > 1
    intra = ((square[many] - count[many]) / (count[many] * (count[many] - 1.0))).mean()
    return inter, intra

inter, intra = cosines(0.0)
inter_centred, intra_centred = cosines(mean)
C = np.zeros((d, d))
for i in blocks:
    y = (x[i:i + rows] - mean).astype(np.float32)
    C += y.T @ y
l = np.linalg.eigvalsh(C / n)
pr = l.sum() ** 2 / (l**2).sum()
print(json.dumps({"wall": time.perf_counter() - t, "cpu": time.process_time() - c, "inter": inter,
                  "intra": intra, "inter_centred": inter_centred, "isoscore": (pr - 1) / (d - 1)}))
"""


def last_json(out):
    return json.loads([line for line in out.splitlines() if line.startswith("{")][-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--n", type=int, default=240000)
    parser.add_argument("--d", type=int, default=768)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder")
    parser.add_argument("--cold", action="store_true")
    args = parser.parse_args()
    folder = args.folder or tempfile.mkdtemp(prefix="gonio-isotropy-")
    env = dict(os.environ, OMP_NUM_THREADS=str(args.threads), OPENBLAS_NUM_THREADS=str(args.threads))
    env.pop("OPENBLAS_CORETYPE", None)
    try:
        if not os.path.exists(os.path.join(folder, "X.npy")):
            subprocess.run([args.bench, "make", str(args.n), str(args.d), folder], check=True)
        ours, numpy = [], []
        for _ in range(args.rounds):
            command = [args.bench, folder, str(args.threads), "1"] + (["cold"] if args.cold else [])
            ours.append(last_json(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            numpy.append(last_json(subprocess.run([sys.executable, "-c", PEER, folder], check=True, env=env,
                                                  capture_output=True, text=True).stdout))
            print(f"ours: read {ours[-1]['read']:.3f}, values {ours[-1]['values']:.3f} "
                  f"(cpu {ours[-1]['values_cpu']:.3f}), with bars {ours[-1]['with_bars']:.3f}   "
                  f"numpy: {numpy[-1]['wall']:.3f} (cpu {numpy[-1]['cpu']:.3f})", flush=True)
    finally:
        if not args.folder:
            shutil.rmtree(folder)

    def median(rows, key):
        return statistics.median(row[key] for row in rows)

    values, cpu = median(ours, "values"), median(ours, "values_cpu")
    print(json.dumps({
        "bench": "isotropy", "n": ours[0]["n"], "d": ours[0]["d"], "threads": args.threads,
        "cold": args.cold, "read": median(ours, "read"), "values": values, "values_cpu": cpu,
        "with_bars": median(ours, "with_bars"), "numpy": median(numpy, "wall"),
        "numpy_cpu": median(numpy, "cpu"), "numpy_to_ours": median(numpy, "wall") / values,
        "numpy_to_ours_cpu": median(numpy, "cpu") / cpu, "values_to_read": values / median(ours, "read"),
        "largest_difference": max(abs(ours[0][k] - numpy[0][k])
                                  for k in ("inter", "intra", "inter_centred", "isoscore")),
    }))


if __name__ == "__main__":
    main()
