#!/usr/bin/env python3
"""MLEM beside the published procedure written with scikit-learn.

    python bench/peers_mlem.py BUILD/bench TABLE.csv [--layer X.npy] [--d 768] [--units 2] [--rounds 3]

Needs numpy and scikit-learn (versions: bench/requirements.txt). TABLE.csv is a stimulus table, every
column but `sentence` a category (e.g. short_sentence.csv: 522 rows, 135,981 pairs). Without --layer the
states are seeded noise around the means of each feature's values.

The peer does all that the first pipeline does with one layer: distances of all pairs, scaled to [0, 1] and
squared; features as equal or different; two folds of pairs, in each an 80/20 split that chooses among nine
ridge penalties (weights not negative) and a refit on the whole fold; four scores on the other fold; there 50
permutations of each feature, kept for every pair, for importances, their standard errors and p-values. The
conditional kind predicts each feature from the others by random forests (10 trees, depth 2, 5 or 10 by
two-fold cross-validation, grown once more on all, twice as in the published code) and draws the residuals 50
times. Single units do the same once a unit: --units of them are timed, and their mean is multiplied.

Ours: `closed` all pairs at once, exactly, with squared distances unscaled and errors over sentences, beside
the peer told to leave distances unscaled; `v1` the first pipeline step by step. One thread each, CPU time,
because the machine may be shared; each ratio is the median of the rounds, run in turns. Differences of
importances are the peer's scatter over splits and permutations (tests/golden/make_encoding.py compares the two
on the same splits, to 1e-6).
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile
import time
import warnings

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, pairwise_distances, r2_score
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from threadpoolctl import threadpool_limits

ALPHAS = 10.0 ** np.arange(-4, 5)
DRAWS = 50


def pairs(codes):
    i, j = np.triu_indices(codes.shape[0], 1)
    return ((codes[i] != codes[j]) & (codes[i] >= 0) & (codes[j] >= 0)).astype(float)


def target(x, min_max):
    y = pairwise_distances(x)[np.triu_indices(len(x), 1)]
    return (((y - y.min()) / (y.max() - y.min())) if min_max else y) ** 2


def train(X, y):
    a, b = train_test_split(np.arange(len(y)), test_size=0.2, random_state=0)
    errors = [((Ridge(alpha, positive=True).fit(X[a], y[a]).predict(X[b]) - y[b]) ** 2).mean() for alpha in ALPHAS]
    return Ridge(ALPHAS[int(np.argmin(errors))], positive=True).fit(X, y)


def conditional_columns(X, k, rng):
    """Draws of column k given the others."""
    rest = np.delete(X, k, 1)
    search = GridSearchCV(RandomForestRegressor(10), {"max_depth": [2, 5, 10]}, cv=2).fit(rest, X[:, k])
    expected = search.best_estimator_.fit(rest, X[:, k]).predict(rest)
    residual = X[:, k] - expected
    for _ in range(DRAWS):
        yield expected + residual[rng.randint(len(residual), size=len(residual))]


def permuted_columns(X, k, rng):
    for _ in range(DRAWS):
        yield rng.permutation(X[:, k])


def published(X, y, rng, columns=permuted_columns):
    """Importance of each feature, its standard error; the four scores."""
    delta, importance, scores = [], np.zeros(X.shape[1]), []
    for fit, test in KFold(2, shuffle=True, random_state=0).split(X):
        model = train(X[fit], y[fit])
        X_test, y_test = X[test], y[test]
        predicted = model.predict(X_test)
        scores.append([mean_absolute_error(y_test, predicted), mean_squared_error(y_test, predicted),
                       r2_score(y_test, predicted), np.corrcoef(y_test, predicted)[0, 1]])
        before = (predicted - y_test) ** 2
        rises = np.empty((X.shape[1], len(test)))
        for k in range(X.shape[1]):
            drawn = np.empty((DRAWS, len(test)))
            changed = X_test.copy()
            for r, column in enumerate(columns(X_test, k, rng)):
                changed[:, k] = column
                drawn[r] = model.predict(changed)
            rises[k] = ((drawn - y_test) ** 2).mean(0) - before
        delta.append(rises)
    rises = np.concatenate(delta, 1)
    importance = rises.mean(1)
    return importance, np.sqrt(((rises - importance[:, None]) ** 2).mean(1) / (rises.shape[1] - 1)), np.mean(scores, 0)


def cpu(work):
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def read(path):
    with open(path, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = [c for c in rows[0] if c != "sentence"]
    codes = np.zeros((len(rows), len(names)), dtype=int)
    for k, name in enumerate(names):
        levels = {v: c for c, v in enumerate(sorted({r[name] for r in rows} - {""}))}
        codes[:, k] = [levels.get(r[name], -1) for r in rows]
    return names, codes


def states(o, codes):
    if o.layer:
        return np.load(o.layer).astype(np.float32)
    rng = np.random.RandomState(0)
    x = rng.randn(len(codes), o.d)
    for k in range(codes.shape[1]):
        x += rng.randn(codes[:, k].max() + 2, o.d)[codes[:, k]] * 0.5 / (k + 1)
    return x.astype(np.float32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("table")
    parser.add_argument("--layer")
    parser.add_argument("--d", type=int, default=768)
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    o = parser.parse_args()
    warnings.filterwarnings("ignore")
    names, codes = read(o.table)
    x = states(o, codes)
    X = pairs(codes)
    wide = x.astype(np.float64)
    rng = np.random.RandomState(0)
    peers = {
        "closed": lambda: published(X, target(wide, False), rng),
        "v1": lambda: published(X, target(wide, True), rng),
        "v1_conditional": lambda: published(X, target(wide, True), rng, conditional_columns),
        "v1_units": lambda: [published(X, target(wide[:, [u]], True), rng) for u in range(o.units)],
    }
    seconds = {way: ([], []) for way in peers}
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = os.path.join(folder, "x.npy")
        np.save(path, x)
        for _ in range(o.rounds):
            out = subprocess.run([os.path.join(o.build, "bench-mlem"), path, o.table, "1", "100"], check=True,
                                 capture_output=True, text=True).stdout.strip().split("\n")
            ours = {line["way"]: line for line in map(json.loads, out)}
            for way, work in peers.items():
                took, found = cpu(work)
                seconds[way][0].append(took * (x.shape[1] / o.units if way == "v1_units" else 1))
                seconds[way][1].append(ours[way]["cpu_s"])
                if way != "v1_units":
                    seconds[way] += (found[0],) if len(seconds[way]) == 2 else ()
    for way, (peer, mine, *found) in seconds.items():
        row = {"way": way, "rows": len(x), "pairs": len(X), "features": X.shape[1], "d": x.shape[1],
               "ours_cpu_ms": round(1000 * float(np.median(mine)), 2), "peer_cpu_s": round(float(np.median(peer)), 2),
               "ratio": round(float(np.median(np.array(peer) / np.array(mine))))}
        if found:
            mine = np.array([ours[way]["importance"][name] for name in names])
            row["largest_difference"] = round(float(np.abs(found[0] - mine).max() / mine.max()), 6)
        print(json.dumps(row))


if __name__ == "__main__":
    main()
