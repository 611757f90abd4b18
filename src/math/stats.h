/* Small statistics in float64, sorting, and float64 sums over float32 rows.
 *
 * Everything here is single-threaded and deterministic. NaN: callers have checked their input;
 * argsort puts NaN last, quantiles and sums of NaN are NaN. */
#ifndef GN_MATH_STATS_H
#define GN_MATH_STATS_H

#include "base/error.h"

/** Sum in float64, in blocks, so that the error grows with the logarithm of n. 0 for n = 0. */
double gn_sum(const double *x, size_t n);
/** Arithmetic mean; NaN for n = 0. */
double gn_mean(const double *x, size_t n);
/** Standard deviation with divisor n - ddof, from squared differences to the mean (two passes);
 *  NaN when n <= ddof. */
double gn_sd(const double *x, size_t n, unsigned ddof);
/** gn_sd(x, n, 1) / sqrt(n): the standard error of the mean; NaN for n < 2. */
double gn_sem(const double *x, size_t n);

/** Quantiles with linear interpolation between order statistics, as NumPy's default: position
 *  q (n - 1). Any order of q; each q in [0, 1].
 *  @param x (n), n >= 1; sorted in place, ascending.
 *  @param out (n_q) */
void gn_quantiles(double *x, size_t n, const double *q, size_t n_q, double *out);
/** The middle value, or the mean of the two; x (n), n >= 1, is sorted in place. */
double gn_median(double *x, size_t n);

/** Sorts in place, ascending, NaN last. */
void gn_sort_f64(double *x, size_t n);
/** order[r] = the index of the r-th smallest of x: ascending, equal values by index, NaN last.
 *  @return GN_OK; GN_EINVAL (n > INT32_MAX); GN_ENOMEM (8 n bytes of scratch). O(n log n). */
gn_status gn_argsort_f64(const double *x, size_t n, int32_t *order, gn_error *err);
gn_status gn_argsort_f32(const float *x, size_t n, int32_t *order, gn_error *err);

/** Sums over pairs of rows, in float64. The order of additions is part of the contract: 16 partial
 *  sums (term j goes to sum j % 16), then halves are added to halves. Differences, squares and
 *  float64 products are rounded one by one. So every instruction set gives the same bits. */
typedef struct gn_vec {
    const char *name;
    double (*dot)(const float *x, const float *y, size_t n);   /**< sum x y */
    double (*norm2)(const float *x, size_t n);                 /**< sum x^2 */
    double (*dist2)(const float *x, const float *y, size_t n); /**< sum (x - y)^2 */
    double (*dot_f64)(const double *x, const double *y, size_t n);
    void (*widen)(const float *x, size_t n, double *out);
    void (*add)(double a, const double *x, size_t n, double *y); /**< y += a x */
    /** Student's kernel of one point `at` (dim) against n others, dim 1 to 3: with d = at - other
     *  and q = 1 / (1 + |d|^2), returns sum q; force (dim) receives sum q^2 d. Column c of the
     *  others is at other[c stride]. After the last whole sixteen, terms come one by one. */
    double (*repel)(const double *at, const double *other, size_t stride, size_t n, size_t dim,
                    double *force);
} gn_vec;
/** GN_CPU_AUTO takes the best level; never NULL; `cpu` must be available. */
const gn_vec *gn_vec_for(gn_cpu cpu);
/** sum (d) of n rows (n, d), one after the other. */
static inline void gn_vec_sum(const gn_vec *vec, const double *rows, size_t n, size_t d,
                              double *sum) {
    for (size_t j = 0; j < d; j++) sum[j] = 0;
    for (size_t i = 0; i < n; i++) vec->add(1, rows + i * d, d, sum);
}

#endif
