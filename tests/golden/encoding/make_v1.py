#!/usr/bin/env python3
"""The first MLEM pipeline in scikit-learn: what gonio's compatibility mode must reproduce.

    python -m venv v && v/bin/pip install numpy==1.26.4 scikit-learn==1.9.1
    v/bin/python tests/golden/encoding/make_v1.py

Writes v1.npz: rows a, codes, the group of each pair (half, and whether it lies in the fifth that
chooses the penalty), and, for Euclidean and cosine distances, scores, penalties, importances by many
drawn permutations and their standard errors; for the Euclidean ones also conditional importances,
averaged over forests, with the deviation between forests.
"""
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances, r2_score
from sklearn.model_selection import KFold, train_test_split

DRAWS, FORESTS = 4000, 60  # the published code: 50 draws, one unseeded forest


def deltas(rng, y, base, w, change, draws):
    """Mean and, for 50 draws, per-pair values of the squared error's rise."""
    e2 = (y - base) ** 2
    total, first = np.zeros_like(y), None
    for d in range(draws):
        total += (y - base - w * change(rng)) ** 2 - e2
        if d == 49:
            first = total / 50
    return total / draws, first


def conditional_rest(rng, x, k):
    others, target = np.delete(x, k, 1), x[:, k]
    half = KFold(2)
    best = max((2, 5, 10), key=lambda depth: np.mean([
        r2_score(target[b], RandomForestRegressor(10, max_depth=depth, random_state=int(
            rng.integers(1 << 31))).fit(others[a], target[a]).predict(others[b]))
        for a, b in half.split(x)]))
    forest = RandomForestRegressor(10, max_depth=best, random_state=int(rng.integers(1 << 31)))
    return target - forest.fit(others, target).predict(others)


def run(rng, x, y, group, draws, conditional=False):
    n, f = x.shape
    scores, alphas, weights, rises, firsts = [], [], [], np.zeros((f, n)), np.zeros((f, n))
    for half in (0, 1):
        test, train = group % 2 == half, group % 2 != half
        fit, pick = train & (group < 2), train & (group >= 2)
        grid = 10.0 ** np.arange(-4, 5)
        model = lambda a: Ridge(alpha=a, positive=True, tol=1e-12, max_iter=100000)
        error = [np.mean((y[pick] - model(a).fit(x[fit], y[fit]).predict(x[pick])) ** 2)
                 for a in grid]
        alphas.append(grid[int(np.argmin(error))])
        best = model(alphas[-1]).fit(x[train], y[train])
        weights.append(best.coef_)
        base, true, xt = best.predict(x[test]), y[test], x[test]
        scores.append([np.mean(abs(true - base)), np.mean((true - base) ** 2),
                       r2_score(true, base), np.corrcoef(true, base)[0, 1]])
        for k in range(f):
            if conditional:
                rest = conditional_rest(rng, xt, k)
                change = lambda r: r.choice(rest, size=len(rest)) - rest
            else:
                change = lambda r: r.permutation(xt[:, k]) - xt[:, k]
            rises[k, test], firsts[k, test] = deltas(rng, true, base, best.coef_[k], change, draws)
    mean = rises.mean(1)
    std = np.sqrt(((firsts - firsts.mean(1, keepdims=True)) ** 2).mean(1) / (n - 1))
    spread = rises.std(1) / np.sqrt(n)  # generous bound on what finite draws leave in the mean
    return np.mean(scores, 0), alphas, np.mean(weights, 0), mean, std, spread


def main():
    rng = np.random.default_rng(11)
    n, d = 70, 12
    code = np.stack([rng.integers(0, 2, n), rng.integers(0, 3, n), rng.integers(0, 2, n),
                     rng.integers(0, 4, n)], 1).astype(np.int32)
    code[:, 2] = np.where(rng.random(n) < 0.8, code[:, 0], code[:, 2])  # correlated
    code[rng.random((n, 4)) < 0.06] = -1
    a = rng.normal(size=(n, d))
    a[:, :3] += 1.5 * code[:, :1]
    a[:, 3] += 1.2 * code[:, 1]
    a[:, 4:6] += 0.8 * code[:, 2:3]
    i, j = np.triu_indices(n, 1)
    x = ((code[i] != code[j]) & (code[i] >= 0) & (code[j] >= 0)).astype(float)
    group = np.zeros(len(i), np.int32)
    for half, (_, test) in enumerate(KFold(2, shuffle=True, random_state=1).split(x)):
        group[test] = half
        group[train_test_split(test, test_size=0.2, random_state=2)[1]] += 2
    out = {"a": a, "code": code, "group": group}
    for metric in ("euclidean", "cosine"):
        dist = pairwise_distances(a, metric=metric)[i, j]
        y = ((dist - dist.min()) / (dist.max() - dist.min())) ** 2
        score, alphas, weight, mean, std, _ = run(rng, x, y, group, DRAWS)
        out |= {f"{metric}_score": score[None], f"{metric}_alpha": np.array([alphas]),
                f"{metric}_weight": weight[None], f"{metric}_fi": mean[None],
                f"{metric}_std": std[None]}
        if metric == "euclidean":
            many = np.array([run(rng, x, y, group, 50, True)[3:5] for _ in range(FORESTS)])
            out |= {"cond_fi": many[:, 0].mean(0)[None], "cond_sd": many[:, 0].std(0, ddof=1)[None],
                    "cond_std": many[:, 1].mean(0)[None]}
    np.savez_compressed(pathlib.Path(__file__).with_name("v1.npz"), **out)
    print("scikit-learn", sklearn.__version__, {k: v for k, v in out.items() if v.size < 10})


if __name__ == "__main__":
    main()
