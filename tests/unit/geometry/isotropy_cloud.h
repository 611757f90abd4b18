/* The cloud that the isotropy tests share, and their plain double loops. */
#ifndef GN_TESTS_ISOTROPY_CLOUD_H
#define GN_TESTS_ISOTROPY_CLOUD_H

#include "tap.h"

#include "base/random.h"
#include "gonio/isotropy.h"

/** n rows around a mean, with types (rare and frequent ones), sequences of 7 rows, and unequal
 *  axes. */
static inline void make_cloud(double *x, size_t n, size_t d, size_t n_types, int32_t *type,
                              int32_t *sequence, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) {
        double u = gn_random_uniform(&r);
        type[i] = (int32_t)((double)n_types * u * u);
        sequence[i] = (int32_t)(i / 7);
        gn_random of_type = gn_random_new(99, (uint64_t)type[i]);
        gn_random of_sequence = gn_random_new(98, (uint64_t)sequence[i]);
        for (size_t j = 0; j < d; j++)
            x[i * d + j] = (1 + gn_random_normal(&of_type) + 0.5 * gn_random_normal(&of_sequence) +
                            gn_random_normal(&r)) *
                           (1 + (double)j / 3);
    }
}

static inline double cosine(const double *a, const double *b, size_t d) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t j = 0; j < d; j++) {
        ab += a[j] * b[j];
        aa += a[j] * a[j];
        bb += b[j] * b[j];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

/** Covariance (divisor n) and mean by plain loops. */
static inline void naive_covariance(const double *x, size_t n, size_t d, double *mean, double *c) {
    for (size_t j = 0; j < d; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < n; i++) mean[j] += x[i * d + j] / (double)n;
    }
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            double s = 0;
            for (size_t i = 0; i < n; i++) s += (x[i * d + a] - mean[a]) * (x[i * d + b] - mean[b]);
            c[a * d + b] = s / (double)n;
        }
}

#endif
