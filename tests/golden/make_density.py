#!/usr/bin/env python3
"""Makes tests/golden/density/clusters.json: five overlapping Gaussian clouds in the plane, with the
k*, log densities and clusters that DADApy's python version finds, with and without halo.

Requirements: dadapy==0.3.4 numpy==1.26.4 scipy==1.17.1 scikit-learn==1.9.1 (python 3.11)
Usage: python make_density.py OUT.json
"""

import json
import sys

import dadapy
import numpy as np

K, DIM, Z = 40, 2.0, 1.65


def main():
    rng = np.random.RandomState(7)
    centres = np.array([[0, 0], [4, 0], [2, 3.5], [8, 3], [6.5, 5]])
    spread = np.array([0.7, 0.9, 0.8, 0.6, 1.0])
    size = np.array([150, 120, 90, 140, 100])
    label = np.repeat(np.arange(5), size)
    x = centres[label] + spread[label, None] * rng.randn(size.sum(), 2)
    x = x.astype(np.float32)
    data = dadapy.Data(x.astype(np.float64), maxk=K, verbose=False, n_jobs=1)
    data.compute_distances(maxk=K)
    data.set_id(DIM)
    data.compute_kstar()
    data.compute_density_kstarNN()
    out = {
        "made_with": {"dadapy": "0.3.4", "numpy": np.__version__, "seed": 7},
        "n": len(x), "k": K, "dim": DIM, "z": Z,
        "points": [float(v) for v in x.ravel()],
        "truth": label.tolist(),
        "kstar": data.kstar.tolist(),
        "log_density": data.log_den.tolist(),
        "se": data.log_den_err.tolist(),
    }
    for name, halo in (("label", False), ("label_halo", True)):
        found = data.compute_clustering_ADP_pure_python(Z=Z, halo=halo)
        out[name] = [int(v) for v in found]
        out["peaks"] = [int(v) for v in data.cluster_centers]
    data.compute_density_PAk()
    out["pak_log_density"] = data.log_den.tolist()
    out["pak_se"] = data.log_den_err.tolist()
    found = data.compute_clustering_ADP_pure_python(Z=Z, halo=True)
    out["pak_label_halo"] = [int(v) for v in found]
    from sklearn.metrics import adjusted_rand_score
    out["adjusted_rand"] = float(adjusted_rand_score(label, out["label"]))
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(out, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
