"""What the viewer's answers are compared with: double loops in Python, standard library only."""

import math
import os

from tap import read_npy


def read_rows(path, layer=None):
    """The rows of an .npy file, or of a layer of a representation set, as lists of floats."""
    if layer is not None:
        path = os.path.join(path, f"layer.{layer:02}.npy")
    shape, flat = read_npy(path)
    return [list(flat[i * shape[1]:(i + 1) * shape[1]]) for i in range(shape[0])]


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def mean_of(rows):
    return [math.fsum(column) / len(rows) for column in zip(*rows)]


def covariance(rows):
    mean, n = mean_of(rows), len(rows)
    centred = [[x - m for x, m in zip(row, mean)] for row in rows]
    d = len(mean)
    return [[math.fsum(r[i] * r[j] for r in centred) / n for j in range(d)] for i in range(d)]


def eigen(matrix):
    """(values, vectors) of a symmetric matrix, descending: Jacobi's rotations."""
    n = len(matrix)
    a = [row[:] for row in matrix]
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(60):
        if sum(a[i][j] ** 2 for i in range(n) for j in range(i)) < 1e-30:
            break
        for p in range(n):
            for q in range(p + 1, n):
                if abs(a[p][q]) < 1e-300:
                    continue
                theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                t = math.copysign(1, theta) / (abs(theta) + math.hypot(theta, 1))
                c = 1 / math.hypot(t, 1)
                s = t * c
                for k in range(n):
                    a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
                for k in range(n):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
                for k in range(n):
                    v[k][p], v[k][q] = c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]
    order = sorted(range(n), key=lambda i: -a[i][i])
    return [a[i][i] for i in order], [[v[k][i] for k in range(n)] for i in order]


def in_space(rows, center=False, remove=0):
    """The rows minus their mean, minus their components along the first `remove` principal axes."""
    if not center and not remove:
        return [row[:] for row in rows]
    mean = mean_of(rows)
    out = [[x - m for x, m in zip(row, mean)] for row in rows]
    if remove:
        for u in eigen(covariance(rows))[1][:remove]:
            for row in out:
                along = dot(row, u)
                row[:] = [x - along * y for x, y in zip(row, u)]
    return out


def distance(a, b, metric):
    if metric == "cosine":
        return 1 - dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))
    return math.dist(a, b)


def nearest(rows, point, metric, k, exclude=()):
    """[(distance, row)], ascending."""
    out = sorted((distance(point, row, metric), i) for i, row in enumerate(rows) if i not in set(exclude))
    return out[:k]


def lists(rows, metric, k):
    """For each row the k nearest others."""
    return [[j for _, j in nearest(rows, row, metric, k, [i])] for i, row in enumerate(rows)]


def close(a, b, tolerance=1e-6):
    return abs(a - b) <= tolerance * max(1, abs(b))
