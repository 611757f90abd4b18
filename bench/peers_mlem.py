#!/usr/bin/env python3
"""MLEM in closed form beside the published procedure written with scikit-learn.

    python bench/peers_mlem.py BUILD/bench TABLE.csv [--layer X.npy] [--d 768] [--permutations 50]

Needs numpy and scikit-learn (versions: bench/requirements.txt). TABLE.csv is a stimulus table, every
column but `sentence` a category (e.g. short_sentence.csv: 522 rows, 135,981 pairs). Without --layer the
states are seeded noise around the means of each feature's values.

The peer does what the first pipeline does on one layer, with squared distances unscaled: all pair
distances, features as equal or different, two folds of pairs; in each an 80/20 split chooses among nine
ridge penalties, non-negative ridge on the whole fold, importances from permutations on the other fold.
Ours does all pairs at once, exactly, and adds errors over sentences. One thread each.

Prints CPU seconds (CPU time, because the machine may be shared), their ratio, and by how much the
importances differ: the peer's scatter over its permutations and folds.
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile
import time

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, train_test_split
from threadpoolctl import threadpool_limits

ALPHAS = 10.0 ** np.arange(-4, 5)


def pairs(codes):
    i, j = np.triu_indices(codes.shape[0], 1)
    return ((codes[i] != codes[j]) & (codes[i] >= 0) & (codes[j] >= 0)).astype(float)


def published(x, codes, permutations, rng):
    """Importance of each feature, as the first pipeline finds it."""
    i, j = np.triu_indices(len(x), 1)
    square = (x * x).sum(1)
    y = np.maximum(square[:, None] + square[None] - 2 * x @ x.T, 0)[i, j]
    X = pairs(codes)
    importance = np.zeros(X.shape[1])
    for train, test in KFold(2, shuffle=True, random_state=0).split(X):
        a, b = train_test_split(train, test_size=0.2, random_state=0)
        errors = [((Ridge(alpha, positive=True).fit(X[a], y[a]).predict(X[b]) - y[b]) ** 2).mean() for alpha in ALPHAS]
        model = Ridge(ALPHAS[int(np.argmin(errors))], positive=True).fit(X[train], y[train])
        X_test, y_test = X[test], y[test]
        before = ((model.predict(X_test) - y_test) ** 2).mean()
        for k in range(X.shape[1]):
            column = X_test[:, k].copy()
            for _ in range(permutations):
                X_test[:, k] = rng.permutation(column)
                importance[k] += (((model.predict(X_test) - y_test) ** 2).mean() - before) / permutations / 2
            X_test[:, k] = column
    return importance


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("table")
    parser.add_argument("--layer")
    parser.add_argument("--d", type=int, default=768)
    parser.add_argument("--permutations", type=int, default=50)
    o = parser.parse_args()
    with open(o.table, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = [c for c in rows[0] if c != "sentence"]
    codes = np.zeros((len(rows), len(names)), dtype=int)
    for k, name in enumerate(names):
        levels = {v: c for c, v in enumerate(sorted({r[name] for r in rows} - {""}))}
        codes[:, k] = [levels.get(r[name], -1) for r in rows]
    rng = np.random.RandomState(0)
    if o.layer:
        x = np.load(o.layer).astype(np.float32)
    else:
        x = rng.randn(len(rows), o.d)
        for k in range(len(names)):
            x += rng.randn(codes[:, k].max() + 2, o.d)[codes[:, k]] * 0.5 / (k + 1)
        x = x.astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npy")
        np.save(path, x)
        out = subprocess.run([os.path.join(o.build, "bench-mlem"), path, o.table, "1", "200"], check=True,
                             capture_output=True, text=True).stdout.strip().split("\n")
    ours = json.loads(out[-1])
    exact = np.array([float(line.split()[1]) for line in out[:-1]])
    error = np.array([float(line.split()[2]) for line in out[:-1]])
    with threadpool_limits(1):
        start = time.process_time()
        found = published(x.astype(np.float64), codes, o.permutations, rng)
        peer = time.process_time() - start
    ours_cpu = ours["cpu_s_layer"]
    for name, a, b, e in zip(names, exact, found, error):
        print(f"{name:16} {a:12.6g} ours, exact   {b:12.6g} published procedure   ({e:.2g} se over sentences)")
    print(json.dumps({"rows": len(rows), "features": len(names), "d": x.shape[1], "peer_cpu_s": round(peer, 3),
                      "ours_cpu_s": ours_cpu, "ratio": round(peer / ours_cpu),
                      "largest_difference": float(np.abs(found - exact).max() / exact.max())}))


if __name__ == "__main__":
    main()
