"""Neighbours that gonio found against float64, on sampled rows.

    check_rows.py X.npy PREFIX [SAMPLED [SEED]]        default 200 rows

For each sampled row i: float64 distances |x_i - x_j| to all rows, from differences, in blocks; then the k
nearest by (distance, row). An entry is wrong when its row differs, unless the two float64 distances
differ by less than 1e-12 of themselves, which is the order of their rounding; or when the stored float32
distance is off by more than 1e-7 relative. Prints one line, and ends with 1 when anything is wrong.
Needs numpy; reads X.npy as a map, so it runs in little memory.
"""
import sys

import numpy as np

BLOCK = 20000


def distances(x, row):
    out = np.empty(len(x))
    for begin in range(0, len(x), BLOCK):
        difference = x[begin:begin + BLOCK].astype(np.float64) - row
        out[begin:begin + BLOCK] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return out


def main(path, prefix, sampled=200, seed=1):
    x = np.load(path, mmap_mode="r")
    index, distance = np.load(prefix + ".index.npy"), np.load(prefix + ".distance.npy")
    n, k = index.shape
    assert n == len(x) and distance.shape == (n, k), (x.shape, index.shape, distance.shape)
    rows = np.random.default_rng(seed).choice(n, min(sampled, n), replace=False)
    wrong, near_ties, largest = 0, 0, 0.0
    for i in rows:
        exact = distances(x, x[i].astype(np.float64))
        exact[i] = np.inf
        first = np.argpartition(exact, k)[:k + 1]  # k + 1: a tie may lie at the edge
        first = first[np.lexsort((first, exact[first]))][:k]
        for got, want, told in zip(index[i], first, distance[i]):
            off = abs(exact[got] - exact[want])
            tied = off <= 1e-12 * exact[want]
            near_ties += got != want and tied
            error = abs(float(told) - exact[got]) / max(exact[got], 1e-300)
            largest = max(largest, error)
            wrong += not tied or error > 1e-7
    print(f"{len(rows)} rows of {n} x {x.shape[1]}, k {k}: {wrong} of {len(rows) * k} entries wrong, "
          f"{near_ties} near ties in another order, distances off by at most {largest:.1e} (float32 keeps 6e-8)")
    return wrong > 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(int(main(sys.argv[1], sys.argv[2], *(int(a) for a in sys.argv[3:5]))))
