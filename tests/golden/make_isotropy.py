#!/usr/bin/env python3
"""Makes tests/golden/isotropy/cloud.json: a small seeded matrix and its isotropy, computed from the
definitions by other means than ours: all pairs of rows, singular values instead of a covariance,
IsoScore through its published steps, sums of exponentials without logarithms.

Requirements: numpy==1.26.4 scipy==1.17.1 scikit-learn==1.9.1 (python 3.11)
Usage: python make_isotropy.py OUT.json
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import pdist
from scipy.stats import entropy, skew
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

N, D, TYPES, LENGTH, NEIGHBOURS, ZETA = 240, 12, 30, 8, 7, 0.3


def by_type(x, types):
    """Means of cosines over pairs of types, and over pairs inside each type."""
    cosine = cosine_similarity(x)
    rows = [np.flatnonzero(types == t) for t in np.unique(types)]
    inter = [cosine[np.ix_(a, b)].mean() for i, a in enumerate(rows) for b in rows[:i]]
    intra = [cosine[np.ix_(a, a)][~np.eye(len(a), dtype=bool)].mean() for a in rows if len(a) > 1]
    return float(np.mean(inter)), float(np.mean(intra))


def isoscore(variance):
    """Rudman et al. 2022, steps 3 to 8, from the variances along principal axes."""
    d = len(variance)
    normed = np.sqrt(d) * variance / np.linalg.norm(variance)
    defect = np.linalg.norm(normed - np.ones(d)) / np.sqrt(2 * (d - np.sqrt(d)))
    used = (d - defect**2 * (d - np.sqrt(d)))**2 / d**2
    return float((d * used - 1) / (d - 1))


def shares(x, sequence):
    """The mean cosine over pairs from different sequences, and each coordinate's share of it."""
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    apart = sequence[:, None] != sequence[None, :]
    part = np.array([np.outer(u[:, j], u[:, j])[apart].mean() for j in range(x.shape[1])])
    return float(part.sum()), (part / part.sum()).tolist()


def partition(x):
    """Mu & Viswanath 2018: extremes of Z(c) over plus and minus the right singular vectors."""
    sigma, axes = np.linalg.svd(x)[1:]
    z = [np.exp(x @ c).sum() for axis in axes for c in (axis, -axis)]
    n, first = len(x), np.linalg.norm(x.sum(axis=0))
    return {"exact": min(z) / max(z), "first": (n - first) / (n + first),
            "second": (n - first + sigma.min()**2 / 2) / (n + first + sigma.max()**2 / 2)}


def main():
    rng = np.random.RandomState(11)
    types = np.minimum(rng.randint(TYPES, size=N), rng.randint(TYPES, size=N))
    sequence = np.arange(N) // LENGTH
    centre = rng.randn(TYPES, D)
    x = 0.3 * rng.randn(D) + 0.5 * centre[types] + 0.4 * rng.randn(N, D) / np.sqrt(1 + np.arange(D))
    x[:, 4] += 1.5
    x = np.round(64 * x) / 64  # exact in float32
    mean = x.mean(axis=0)
    variance = PCA().fit(x).explained_variance_ * (N - 1) / N
    sigma = np.linalg.svd(x - mean, compute_uv=False)
    raw = np.linalg.svd(x, compute_uv=False)
    first, second = np.cov(x[: N // 2], rowvar=False, bias=True), np.cov(x, rowvar=False, bias=True)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    near = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(x).kneighbors(return_distance=False)
    inter, intra = by_type(x, types)
    inter_centred, intra_centred = by_type(x - mean, types)
    baseline, share = shares(x, sequence)
    baseline_zscore, share_zscore = shares(StandardScaler().fit_transform(x), sequence)
    sentence = [cosine_similarity(x[sequence == s], x[sequence == s].mean(axis=0, keepdims=True)).mean()
                for s in np.unique(sequence)]
    out = {
        "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__,
                      "seed": 11},
        "n": N, "d": D, "k": NEIGHBOURS, "zeta": ZETA,
        "rows": x.ravel().tolist(), "type": types.tolist(), "sequence": sequence.tolist(),
        "inter": inter, "intra": intra, "inter_centred": inter_centred, "intra_centred": intra_centred,
        "baseline": baseline, "share": share, "baseline_zscore": baseline_zscore, "share_zscore": share_zscore,
        "sentence": float(np.mean(sentence)),
        "isoscore": isoscore(variance),
        "isoscore_star": isoscore(np.linalg.eigvalsh((1 - ZETA) * first + ZETA * second)),
        "participation_ratio": float(1 / ((variance / variance.sum())**2).sum()),
        "effective_rank": float(np.exp(entropy(sigma / sigma.sum()))),
        "rankme": float(np.exp(entropy(raw / raw.sum()))),
        "top1_share": float(PCA().fit(x).explained_variance_ratio_[0]),
        "dims_80": int(PCA(n_components=0.8, svd_solver="full").fit(x).n_components_),
        "partition": partition(x),
        "uniformity": float(np.log(np.exp(-2 * pdist(u)**2).mean())),
        "hubness_skewness": float(skew(np.bincount(near.ravel(), minlength=N))),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(out, f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
