#!/usr/bin/env python3
"""Reference values for the logistic decoder, from scikit-learn.

    python -m venv v && v/bin/pip install numpy==1.26.4 scikit-learn==1.9.1
    v/bin/python tests/golden/encoding/make_decoding.py

Writes decoding.npz: rows x, two label columns, outer folds, and for each what a pipeline of
one-against-the-rest logistic regressions (balanced weights, 3 inner folds in row order, 10
penalties, newton-cholesky with a tight tolerance) chooses and scores; and two fits of fixed penalty.
"""
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier

CS = np.logspace(-4, 4, 10)


def model(c):
    return LogisticRegression(C=c, class_weight="balanced", solver="newton-cholesky", tol=1e-8,
                              max_iter=1000)


def scores(c, x, y, test):
    if len(set(y)) == 2:
        return model(c).fit(x, y).decision_function(test)
    return OneVsRestClassifier(model(c)).fit(x, y).predict_proba(test)


def area(y, s):
    if s.ndim == 1:
        return roc_auc_score(y, s)
    return roc_auc_score(y, s, multi_class="ovr", average="weighted")


def main():
    rng = np.random.default_rng(3)
    n, d = 150, 20
    three = rng.choice(3, size=n, p=[0.5, 0.3, 0.2]).astype(np.int32)
    two = rng.choice(2, size=n, p=[0.7, 0.3]).astype(np.int32)
    three[:3], two[:2] = (0, 1, 2), (0, 1)  # classes in order of appearance, as ours
    x = rng.normal(size=(n, d)) * np.geomspace(3, 0.1, d)
    x[:, 2] += 2.5 * (three == 1) - 2 * (three == 2)
    x[:, 5] += 1.5 * two
    x = x.astype(np.float32).astype(float)  # float32 rows would get float32 fits
    out = {"x": x.astype(np.float32), "three": three, "two": two}
    for name, y in (("three", three), ("two", two)):
        fold = np.empty(n, np.int32)
        split = StratifiedKFold(3, shuffle=True, random_state=0).split(x, y)
        auc, chosen = [], []
        for f, (train, test) in enumerate(split):
            fold[test] = f
            inner = list(StratifiedKFold(3).split(x[train], y[train]))
            mean = [np.mean([area(y[train][b], scores(c, x[train][a], y[train][a], x[train][b]))
                             for a, b in inner]) for c in CS]
            chosen.append(CS[int(np.argmax(mean))])
            auc.append(area(y[test], scores(chosen[-1], x[train], y[train], x[test])))
        out[f"fold_{name}"], out[f"auc_{name}"] = fold, np.array([auc])
        out[f"c_{name}"] = np.array([chosen])
    for i, c in enumerate((0.01, 100.0)):
        m = model(c).fit(x, two)
        out[f"w_{i}"] = np.append(m.coef_[0], m.intercept_)[None]
    np.savez(pathlib.Path(__file__).with_name("decoding.npz"), **out)
    print("scikit-learn", sklearn.__version__, {k: v for k, v in out.items() if v.size < 10})


if __name__ == "__main__":
    main()
