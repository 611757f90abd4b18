/* A small stimulus set and its pairs by plain float64 double loops. */
#ifndef GN_TESTS_PAIR_DATA_H
#define GN_TESTS_PAIR_DATA_H

#include "base/random.h"
#include "gonio/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PN = 400, PD = 23, PF = 5, PAIRS = PN * (PN - 1) / 2 };

typedef struct pair_data {
    int32_t code[PF][PN]; /* some missing; more levels the later the feature */
    double value[PN];     /* a numeric feature, some missing */
    double a[PN * PD];    /* encodes the first two features, far from the origin */
} pair_data;

static inline void pair_data_make(pair_data *p, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < PN; i++) {
        for (size_t k = 0; k < PF; k++)
            p->code[k][i] = gn_random_below(&r, 12) == 0 ? -1 : (int32_t)gn_random_below(&r, k + 2);
        p->value[i] =
            gn_random_below(&r, 15) == 0 ? (double)NAN : floor(20 * gn_random_uniform(&r)) / 20;
        for (size_t j = 0; j < PD; j++)
            p->a[i * PD + j] = 5 + (double)j + gn_random_normal(&r) +
                               1.5 * (j % 3 == 0) * p->code[0][i] + (j % 5 == 1) * p->code[1][i];
    }
}

static inline double naive_distance(gn_pair_metric m, const double *x, const double *y, size_t d) {
    double s2 = 0, s1 = 0, most = 0, xy = 0, xx = 0, yy = 0, mx = 0, my = 0;
    for (size_t k = 0; k < d; k++) {
        mx += m == GN_PAIR_CORRELATION ? x[k] / (double)d : 0;
        my += m == GN_PAIR_CORRELATION ? y[k] / (double)d : 0;
    }
    for (size_t k = 0; k < d; k++) {
        s2 += (x[k] - y[k]) * (x[k] - y[k]);
        s1 += fabs(x[k] - y[k]);
        most = fmax(most, fabs(x[k] - y[k]));
        xy += (x[k] - mx) * (y[k] - my);
        xx += (x[k] - mx) * (x[k] - mx);
        yy += (y[k] - my) * (y[k] - my);
    }
    switch (m) {
    case GN_PAIR_EUCLIDEAN:
        return sqrt(s2);
    case GN_PAIR_SQEUCLIDEAN:
        return s2;
    case GN_PAIR_MANHATTAN:
        return s1;
    case GN_PAIR_CHEBYSHEV:
        return most;
    case GN_PAIR_NORM_DIFF:
        return fabs(sqrt(xx) - sqrt(yy));
    default:
        return 1 - xy / sqrt(xx * yy);
    }
}

/* Average ranks 1 ... n, by sorting places. */
static const double *naive_key;
static inline int naive_compare(const void *x, const void *y) {
    double a = naive_key[*(const int *)x], b = naive_key[*(const int *)y];
    return (a > b) - (a < b);
}
static inline void naive_ranks(const double *x, size_t n, double *rank) {
    int *order = malloc(n * sizeof *order);
    for (size_t i = 0; i < n; i++) order[i] = (int)i;
    naive_key = x;
    qsort(order, n, sizeof *order, naive_compare);
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j < n && x[order[j]] <= x[order[i]]) j++;
        for (size_t t = i; t < j; t++) rank[order[t]] = (double)(i + 1 + j) / 2;
        i = j;
    }
    free(order);
}

static inline double naive_pearson(const double *x, const double *y, size_t n) {
    double mx = 0, my = 0, xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i] / (double)n;
        my += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

#endif
