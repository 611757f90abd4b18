/* Point sets that are hard for a filter, made from a seed, and the naive answer for any set. */
#ifndef GN_TESTS_NEIGHBORS_SETS_H
#define GN_TESTS_NEIGHBORS_SETS_H

#include "tap.h"

#include "base/random.h"
#include "gonio/neighbors.h"

typedef struct point_set {
    const char *name;
    size_t n, d;
    float *x;
} point_set;

enum set_kind {
    SET_GAUSS,
    SET_DUPLICATES,      /* a third of the rows are copies, one value is held by 200 rows */
    SET_NEAR_DUPLICATES, /* copies moved by one unit in the last place of one coordinate */
    SET_FAR_POINT,       /* one point 1e4 away */
    SET_VERY_FAR_POINT,  /* one point 1e12 away */
    SET_MASSIVE,         /* one coordinate 1000 times the rest, and a common offset */
    SET_EQUAL,           /* all points equal */
    SET_ZEROS,           /* half of the points are zero, some of them minus zero */
    SET_SUBNORMAL,       /* float32 subnormals */
    SET_HUGE,            /* norms of 1e30 and beyond: their squares overflow float32 */
    SET_MIXED_SCALES,    /* points at scales 1e-30 ... 1e30 */
    SET_TIGHT_CLUSTERS,  /* clusters of 300 points, radius 1e-6 of their distance */
    SET_GRID,            /* integers 1 ... 3: exact ties everywhere */
    SET_KINDS
};

static inline const char *set_name(enum set_kind kind) {
    static const char *const names[] = {
        "gauss", "duplicates", "near duplicates", "far point", "very far point", "massive",
        "equal", "zeros",      "subnormal",       "huge",      "mixed scales",   "tight clusters",
        "grid"};
    return names[kind];
}

static inline point_set set_make(enum set_kind kind, size_t n, size_t d) {
    point_set s = {set_name(kind), n, d, malloc(n * d * sizeof(float))};
    gn_random r = gn_random_new(7, (uint64_t)kind * 1000003 + n * 101 + d);
    float *x = s.x;
    for (size_t i = 0; i < n * d; i++) x[i] = (float)gn_random_normal(&r);
    for (size_t i = 0; i < n; i++) {
        float *row = x + i * d;
        size_t c = (size_t)gn_random_below(&r, d);
        switch (kind) {
        case SET_DUPLICATES:
            if (i && gn_random_below(&r, 3) == 0)
                memcpy(row, x + gn_random_below(&r, i) * d, d * sizeof(float));
            if (i % 3 == 1 && i < 600) memcpy(row, x, d * sizeof(float));
            break;
        case SET_NEAR_DUPLICATES:
            if (i % 2) {
                memcpy(row, row - d, d * sizeof(float));
                row[c] = nextafterf(row[c], 10.0f);
            }
            break;
        case SET_FAR_POINT:
            if (i == n / 2) row[c] = 1e4f;
            break;
        case SET_VERY_FAR_POINT:
            if (i == n / 2) row[c] = 1e12f;
            break;
        case SET_MASSIVE:
            for (size_t j = 0; j < d; j++) row[j] += 3.0f;
            row[d / 2] *= 1000.0f;
            break;
        case SET_EQUAL:
            memcpy(row, x, d * sizeof(float));
            break;
        case SET_ZEROS:
            if (i % 2)
                for (size_t j = 0; j < d; j++) row[j] = i % 4 == 1 ? 0.0f : -0.0f;
            break;
        case SET_SUBNORMAL:
            for (size_t j = 0; j < d; j++) row[j] *= 1e-42f;
            break;
        case SET_HUGE:
            for (size_t j = 0; j < d; j++) row[j] *= 1e30f;
            break;
        case SET_MIXED_SCALES:
            for (size_t j = 0; j < d; j++) row[j] *= (float)pow(10, (double)(i % 13) * 5 - 30);
            break;
        case SET_TIGHT_CLUSTERS:
            if (i % 300)
                for (size_t j = 0; j < d; j++) row[j] = x[i / 300 * 300 * d + j] + row[j] * 1e-6f;
            break;
        case SET_GRID:
            for (size_t j = 0; j < d; j++) row[j] = (float)(1 + gn_random_below(&r, 3));
            break;
        default:
            break;
        }
    }
    return s;
}

typedef struct reference {
    gn_metric metric;
    int32_t *index;  /* (n, k) */
    double *squared; /* (n, n): squared distance of every pair; cosine: 1 - cos */
} reference;

/* The float64 sum of squared differences in the documented order, 32 lanes folded by halves: the
 * order decides which nearly equal distances tie, so an exact comparison needs the same one. */
static inline double naive_squared(const double *p, const double *q, size_t d) {
    double lane[32] = {0};
    for (size_t c = 0; c < d; c++) lane[c % 32] += (p[c] - q[c]) * (p[c] - q[c]);
    for (size_t half = 16; half; half /= 2)
        for (size_t i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}

/* The unit vector in extended precision, and 1 - cos from differences of two; 0 below the noise. */
static inline void naive_unit(const double *p, size_t d, long double *u) {
    long double s = 0;
    for (size_t c = 0; c < d; c++) s += (long double)p[c] * (long double)p[c];
    s = sqrtl(s);
    for (size_t c = 0; c < d; c++) u[c] = (long double)p[c] / s;
}
static inline double naive_cosine(const long double *p, const long double *q, size_t d) {
    long double s = 0;
    for (size_t c = 0; c < d; c++) s += (p[c] - q[c]) * (p[c] - q[c]);
    return s < 1e-29L ? 0 : (double)(s / 2);
}

static const double *sort_key;
static inline int by_key(const void *a, const void *b) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (sort_key[i] != sort_key[j]) return sort_key[i] < sort_key[j] ? -1 : 1;
    return (i > j) - (i < j);
}

static inline reference naive_knn(gn_mat x, size_t k, gn_metric metric) {
    size_t n = x.rows, d = x.cols;
    reference r = {metric, malloc(n * k * sizeof(int32_t)), malloc(n * n * sizeof(double))};
    int32_t *order = malloc(n * sizeof *order);
    double *y = malloc(n * d * sizeof *y);
    long double *u = malloc(n * d * sizeof *u);
    for (size_t i = 0; i < n; i++) {
        const double *row = gn_mat_row_f64(x, i, y + i * d);
        if (row != y + i * d) memcpy(y + i * d, row, d * sizeof *y);
        if (metric == GN_COSINE) naive_unit(y + i * d, d, u + i * d);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            r.squared[i * n + j] = r.squared[j * n + i] =
                metric == GN_COSINE ? naive_cosine(u + i * d, u + j * d, d)
                                    : naive_squared(y + i * d, y + j * d, d);
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        for (size_t j = 0; j < n; j++)
            if (j != i) order[m++] = (int32_t)j;
        sort_key = r.squared + i * n;
        qsort(order, m, sizeof *order, by_key);
        memcpy(r.index + i * k, order, k * sizeof *order);
    }
    free(order);
    free(y);
    free(u);
    return r;
}

static inline void reference_free(reference *r) {
    free(r->index);
    free(r->squared);
}

/* Entries that differ from the naive answer. Euclidean indices must be equal. Under cosine another
 * index is right where the two distances differ by the rounding of norms alone, but not at zero,
 * where parallel rows tie and go by index. */
static inline size_t count_wrong(const gn_knn *knn, const reference *r) {
    size_t wrong = 0, n = knn->n, k = knn->k;
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < k; p++) {
            int32_t got = knn->index[i * k + p], want = r->index[i * k + p];
            if (got < 0 || (size_t)got >= n || (size_t)got == i) {
                wrong++;
                continue;
            }
            double dg = r->squared[i * n + (size_t)got], dw = r->squared[i * n + (size_t)want];
            bool same = got == want ||
                        (r->metric == GN_COSINE && dw > 0 && fabs(dg - dw) <= 1e-12 * sqrt(dw));
            double distance = r->metric == GN_COSINE ? dg : sqrt(dg);
            bool near =
                fabs((double)knn->distance[i * k + p] - distance) <= 1e-6 * distance + 1e-44;
            wrong += !same || !near;
        }
    return wrong;
}

static inline uint64_t knn_hash(const gn_knn *knn) {
    uint64_t h = 1469598103934665603u;
    for (size_t e = 0; e < knn->n * knn->k; e++) {
        uint32_t bits;
        memcpy(&bits, &knn->distance[e], 4);
        h = (h ^ (uint32_t)knn->index[e]) * 1099511628211u;
        h = (h ^ bits) * 1099511628211u;
    }
    return h;
}

#endif
