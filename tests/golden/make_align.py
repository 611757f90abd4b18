#!/usr/bin/env python3
"""Makes tests/golden/align: turns of maps by SciPy, joint principal components by scikit-learn.

    python -m venv v && v/bin/pip install numpy==1.26.4 scipy==1.17.1 scikit-learn==1.9.1
    v/bin/python tests/golden/make_align.py

Other recent versions give the same numbers to about 1e-12. Seeds are fixed.
"""
import pathlib

import numpy as np
import scipy.linalg
import scipy.spatial
import sklearn.decomposition

OUT = pathlib.Path(__file__).parent / "align"


def main():
    rng = np.random.default_rng(7)
    OUT.mkdir(exist_ok=True)

    def save(name, value):
        np.save(OUT / f"{name}.npy", np.atleast_2d(np.asarray(value, dtype=np.float64)))

    # Two maps: one is the other, mirrored, turned, moved and blurred.
    x = rng.standard_normal((40, 3)) * [3, 2, 0.5] + [5, -1, 2]
    q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    q[:, 0] *= -np.sign(np.linalg.det(q))
    target = 1.7 * x @ q + 0.3 * rng.standard_normal((40, 3)) - 4
    rotation, singular = scipy.linalg.orthogonal_procrustes(x - x.mean(0), target - target.mean(0))
    save("x", x)
    save("target", target)
    save("rotation", rotation)
    save("scale", singular / ((x - x.mean(0)) ** 2).sum())
    save("disparity", scipy.spatial.procrustes(target, x)[2])

    # Three layers of 60 rows: vectors grow, means differ.
    mixed = rng.standard_normal((6, 6))
    layers = [(1 + 2 * i) * rng.standard_normal((60, 6)) @ (mixed + i * rng.standard_normal((6, 6))) + 4 * i
              for i in range(3)]
    layers = [v.astype(np.float32).astype(np.float64) for v in layers]
    save("layers", np.concatenate(layers))

    def fit(parts, name):
        pca = sklearn.decomposition.PCA(n_components=3, svd_solver="full").fit(np.concatenate(parts))
        save(f"{name}_directions", pca.components_)
        save(f"{name}_shares", pca.explained_variance_ratio_)

    fit([v - v.mean(0) for v in layers], "own")
    fit(layers, "common")
    spread = [np.sqrt(((v - v.mean(0)) ** 2).sum(1).mean()) for v in layers]
    fit([(v - v.mean(0)) / s for v, s in zip(layers, spread)], "equal")
    fit([v / s for v, s in zip(layers, spread)], "both")


if __name__ == "__main__":
    main()
