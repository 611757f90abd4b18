/* gonio/isotropy.h: how a cloud of vectors uses its space. One or two streaming passes, float64
 * sums, no n x n object. */
#ifndef GONIO_ISOTROPY_H
#define GONIO_ISOTROPY_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_cosines {
    double inter, inter_se; /**< mean cosine between instances of different types; NaN if there is
                                 one type only */
    double intra, intra_se; /**< mean over types of the mean cosine within a type; NaN if none
                                 has two instances */
    size_t n_types;         /**< types present */
    size_t n_intra_types;   /**< types with at least two instances */
} gn_cosines;

/** A row with a negative type or sequence is one of its own. */
typedef struct gn_isotropy_opts {
    const int32_t *type;     /**< (n) type of each row; NULL: every row its own type */
    const int32_t *sequence; /**< (n) sequence of each row; NULL: every row its own */
} gn_isotropy_opts;

/** The summary of one layer. */
typedef struct gn_isotropy {
    size_t n, d;
    gn_cosines raw;     /**< Cai et al., ICLR 2021, exact form: a_t = mean unit vector of type t;
                             inter = (|sum a_t|^2 - sum |a_t|^2) / (V (V - 1)) */
    gn_cosines centred; /**< the same after subtracting the mean of all rows */
    double norm_mean, norm_sd, norm_min, norm_median, norm_max; /**< of |x|; sd with divisor n */
    double norm_mean_se;
    double mean_norm;                                   /**< |mean of all rows| */
    double participation_ratio, participation_ratio_se; /**< (tr C)^2 / tr C^2, C the covariance */
    double isoscore;       /**< (participation_ratio - 1) / (d - 1): Rudman et al. 2022 */
    double effective_rank; /**< exp of the entropy of sigma / sum sigma, sigma = sqrt(eigenvalue):
                                Roy & Vetterli 2007 */
    double top1_share;     /**< largest eigenvalue / trace */
} gn_isotropy;

/** Standard errors take the sequence as the unit (tokens of one are correlated) and need no random
 *  numbers: the delete-one jackknife over sequences for the cosines (exact for the raw ones, the
 *  movement of the mean to first order for the centred ones; where most types are rare it errs
 *  upward, by up to sqrt(2), or 1.6 for centred.inter), the infinitesimal jackknife for norms and
 *  participation ratio. They are NaN where leaving out a sequence leaves nothing to measure.
 *  Values without a meaning (a constant cloud, d = 1) are NaN; a zero vector has cosine 0 to all.
 *  @param x (n, d), n >= 2, of a floating type.
 *  @param spectrum NULL, or (d) receives the covariance eigenvalues (divisor n), descending.
 *  @return GN_OK; GN_EINVAL (shape, type); GN_EDATA (NaN or infinite value with row and
 *          column, a row whose squared length overflows); GN_ENOMEM; GN_ECANCEL.
 *  O(n d^2 + d^3) time; 8 (V d + 2 d^2) bytes and 60 n of scratch, V the types seen twice. The same
 *  bytes on any number of threads. */
GN_API gn_status gn_isotropy_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                     gn_isotropy *out, double *spectrum, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
