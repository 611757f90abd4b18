"""Rows for a long neighbour search: clusters on a curved manifold, with noise.

    make_rows.py X.npy [ROWS [DIMS]]        default 1,000,000 x 384, float32, 1.5 GB

Sizes of clusters follow a power law, as those of words do: a row belongs to one of 2,000 clusters on
12 latent dimensions, goes through one hidden tanh layer, is shifted by a common offset with three
massive dimensions, and gets isotropic noise. The same file for the same sizes (numpy 2.x; the last
bits of the matrix products may differ between BLAS libraries).
"""
import sys

import numpy as np

LATENT, HIDDEN, CLUSTERS, CHUNK = 12, 64, 2000, 10000


def main(path, rows=1_000_000, dims=384):
    rng = np.random.default_rng(20)
    share = 1 / np.arange(1, CLUSTERS + 1) ** 0.8
    share /= share.sum()
    centre = 2 * rng.standard_normal((CLUSTERS, LATENT))
    spread = rng.uniform(0.1, 0.6, CLUSTERS)
    inner = rng.standard_normal((LATENT, HIDDEN)) / np.sqrt(LATENT)
    outer = rng.standard_normal((HIDDEN, dims)) / np.sqrt(HIDDEN)
    offset = 0.5 * rng.standard_normal(dims)
    offset[rng.choice(dims, 3, replace=False)] *= 40
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dims))
    for begin in range(0, rows, CHUNK):
        n = min(CHUNK, rows - begin)
        cluster = rng.choice(CLUSTERS, n, p=share)
        z = centre[cluster] + spread[cluster, None] * rng.standard_normal((n, LATENT))
        x = np.tanh(z @ inner) @ outer + offset + 0.05 * rng.standard_normal((n, dims))
        out[begin:begin + n] = x
    out.flush()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], *(int(a) for a in sys.argv[2:4]))
