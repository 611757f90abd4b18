/* Two-class logistic regression with a squared penalty, for rows in the coordinates of their
 * principal axes. */
#ifndef GN_ENCODING_LOGISTIC_H
#define GN_ENCODING_LOGISTIC_H

#include "math/stats.h"

/** The rows of one training set and scratch for fitting on them. */
typedef struct gn_logistic {
    const gn_vec *vec;
    size_t n, d;
    const float *z;                                  /* (n, d) borrowed */
    const double *scale;                             /* (d) column sums of z^2, borrowed */
    float *turned;                                   /* (d, n) */
    float *narrow;                                   /* (max(n, d)) */
    double *score, *slope, *curve;                   /* (n) z w + b; its first two derivatives */
    double *gradient, *step, *rest, *search, *image; /* (d + 1) */
} gn_logistic;

/** @param z (n, d) rows whose columns are orthogonal, or nearly so; scale (d) column sums of z^2.
 *  Both borrowed until gn_logistic_free. */
gn_status gn_logistic_new(const float *z, const double *scale, size_t n, size_t d, gn_logistic *out,
                          gn_error *err);
void gn_logistic_free(gn_logistic *l);
/** Minimises |w|^2 / 2 + C sum_i weight_i log(1 + exp(-(+-1) (z_i w + b))).
 *  @param positive (n), at least one true and one false; balanced: weight_i = n / (2 n_class of i)
 *  @param w (d + 1) w and, last, b: the start, and the result */
void gn_logistic_fit(gn_logistic *l, const bool *positive, bool balanced, double C, double *w);

#endif
