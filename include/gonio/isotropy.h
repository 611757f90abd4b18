/* gonio/isotropy.h: how a cloud of vectors uses its space. Streaming passes, float64 sums, no n x n
 * and no V x V object. Every function takes a layer (n, d) and says which rows of it enter and what
 * is done to them first (a repair). The formulas are in docs/measures.md.
 *
 * All give the same bytes on any number of threads. Common failures: GN_EINVAL (shape, type, row
 * numbers, a repair of another width), GN_EDATA (NaN or infinite value with row and column; a row
 * whose squared length overflows), GN_ENOMEM, GN_ECANCEL.
 *
 * Covariances of 131,072 rows and more come from float32 products summed in float64, unless the
 * layer is float64: each element is off by some 2e-8 of sqrt(C_aa C_bb). All else is float64. */
#ifndef GONIO_ISOTROPY_H
#define GONIO_ISOTROPY_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- which rows, and what is done to them ---------------------------------------------------- */

typedef struct gn_repair gn_repair;

/** What gn_isotropy_compute may leave out; its fields are NaN then. */
enum {
    GN_SKIP_BARS = 1,
    GN_SKIP_COSINES = 2,
    GN_SKIP_SPECTRUM = 4,
    GN_SKIP_CENTRED = 8, /**< the centred cosines alone */
};

/** A row with a negative type or sequence is one of its own. Arrays run over the rows of x, also
 *  where only some of them enter. */
typedef struct gn_isotropy_opts {
    const int32_t *type;     /**< (n) type of each row; NULL: every row its own type */
    const int32_t *sequence; /**< (n) sequence of each row; NULL: every row its own */
    const int32_t *row;      /**< NULL: all rows; or (n_rows) those that enter */
    size_t n_rows;
    const gn_repair *repair; /**< NULL, or what is done to each row first */
    unsigned skip;           /**< GN_SKIP_... */
} gn_isotropy_opts;

/** Post-processing that is said to make a cloud more isotropic. */
typedef enum gn_repair_kind {
    GN_REPAIR_MEAN = 0,  /**< subtract the mean of all rows */
    GN_REPAIR_TYPE_MEAN, /**< subtract the mean over types of their mean vectors: what the mean over
                              one instance of each type estimates */
    GN_REPAIR_TOP,       /**< mean, then the components along the top D principal axes: Mu &
                              Viswanath 2018, "all but the top" */
    GN_REPAIR_CLUSTER,   /**< the same inside each cluster: Rajaee & Pilehvar 2021 */
    GN_REPAIR_WHITEN,    /**< U l^(-1/2) of the centred row: Su et al. 2021 */
    GN_REPAIR_ZSCORE,    /**< each coordinate to mean 0 and standard deviation 1 */
} gn_repair_kind;
#define GN_REPAIR_KINDS 6

/** "mean", "type_mean", "top", "cluster", "whiten", "zscore". */
GN_API const char *gn_repair_name(gn_repair_kind kind);

typedef struct gn_repair_opts {
    size_t n_directions;    /**< D of TOP and CLUSTER; 0: max(1, d / 100); SIZE_MAX: none */
    const int32_t *type;    /**< (n) for TYPE_MEAN */
    const int32_t *cluster; /**< (n) for CLUSTER, in [0, n_clusters); negative: none, and those rows
                                 are a cluster, too */
    size_t n_clusters;
    const double *mean, *covariance; /**< NULL, or (d) and (d, d) of all rows, already known */
} gn_repair_opts;

/** Learns a repair from all rows of x. Coordinates without variance become 0 (ZSCORE), and so do
 *  axes whose eigenvalue is no more than rounding (WHITEN).
 *  @return the common ones; GN_EINVAL (no clusters where they are needed, D > d). */
GN_API gn_status gn_repair_new(gn_ctx *ctx, gn_mat x, gn_repair_kind kind,
                               const gn_repair_opts *opts, gn_repair **out, gn_error *err);
GN_API void gn_repair_free(gn_repair *repair);
/** Eigenvalues (d), descending, of the covariance after the repair, from the covariance (d, d)
 *  before it, without another pass: all kinds but CLUSTER, whose rows move by different amounts
 *  (GN_EINVAL). */
GN_API gn_status gn_repair_spectrum(const gn_repair *repair, const double *covariance,
                                    double *spectrum, gn_error *err);
/** Rows [i0, i0 + n_rows) of x, repaired, as float32 (n_rows, d). */
GN_API gn_status gn_repair_apply(gn_ctx *ctx, const gn_repair *repair, gn_mat x, size_t i0,
                                 size_t n_rows, float *out, gn_error *err);

/* ---- the summary of one layer ---------------------------------------------------------------- */

typedef struct gn_cosines {
    double inter, inter_se; /**< mean cosine between instances of different types; NaN if there is
                                 one type only */
    double intra, intra_se; /**< mean over types of the mean cosine within a type; NaN if none
                                 has two instances */
    size_t n_types;         /**< types present */
    size_t n_intra_types;   /**< types with at least two instances */
} gn_cosines;

typedef struct gn_isotropy {
    size_t n, d;
    gn_cosines raw;     /**< Cai et al., ICLR 2021, exact form: a_t = mean unit vector of type t;
                             inter = (|sum a_t|^2 - sum |a_t|^2) / (V (V - 1)) */
    gn_cosines centred; /**< the same after subtracting the mean of the rows that enter */
    double norm_mean, norm_sd, norm_min, norm_median, norm_max; /**< of |x|; sd with divisor n */
    double norm_mean_se;
    double mean_norm;                                   /**< |mean of all rows| */
    double participation_ratio, participation_ratio_se; /**< (tr C)^2 / tr C^2, C the covariance */
    double isoscore;       /**< (participation_ratio - 1) / (d - 1): Rudman et al. 2022 */
    double effective_rank; /**< exp of the entropy of sigma / sum sigma, sigma = sqrt(eigenvalue):
                                Roy & Vetterli 2007 */
    double top1_share;     /**< largest eigenvalue / trace */
} gn_isotropy;

/** Buffers that gn_isotropy_compute fills besides; each may be NULL. */
typedef struct gn_isotropy_arrays {
    double *spectrum;   /**< (d) covariance eigenvalues (divisor n), descending */
    double *mean;       /**< (d) */
    double *covariance; /**< (d, d) divisor n */
} gn_isotropy_arrays;

/** Standard errors take the sequence as the unit (tokens of one are correlated) and need no random
 *  numbers: the delete-one jackknife over sequences for the cosines (exact for the raw ones, the
 *  movement of the mean to first order for the centred ones; where most types are rare it errs
 *  upward, by up to sqrt(2), or 1.6 for centred.inter), the infinitesimal jackknife for norms and
 *  participation ratio. They are NaN where leaving out a sequence leaves nothing to measure. A
 *  repair is held fixed. Values without a meaning (a constant cloud, d = 1) are NaN; a zero vector
 *  has cosine 0 to all.
 *  @param x (n, d), n >= 2, of a floating type.
 *  @param arrays NULL, or buffers to fill. With GN_SKIP_SPECTRUM only the mean is.
 *  @return the common ones. O(n d^2 + d^3) time; 8 (2 V d + 4 d^2) bytes and 70 n of scratch, V the
 *  types seen twice. Streams x twice (means and covariance; types), with error bars five times;
 *  up to 4,096 rows once more. */
GN_API gn_status gn_isotropy_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                     gn_isotropy *out, const gn_isotropy_arrays *arrays,
                                     gn_error *err);

/* ---- from eigenvalues ------------------------------------------------------------------------ */

typedef struct gn_spectrum {
    double total;               /**< sum l */
    double participation_ratio; /**< (sum l)^2 / sum l^2 */
    double isoscore;            /**< (participation_ratio - 1) / (d - 1); NaN for d = 1 */
    double effective_rank;      /**< exp(-sum p ln p), p = sqrt(l) / sum sqrt(l) */
    double stable_rank;         /**< sum l / l_1 */
    double top1_share;          /**< l_1 / sum l */
} gn_spectrum;

/** @param eigenvalue (d) descending, not negative. All NaN but total where they are all 0. Of the
 *  covariance they are the usual measures; of the uncentred second moments, effective_rank is
 *  RankMe (Garrido et al. 2023). */
GN_API void gn_spectrum_read(const double *eigenvalue, size_t d, gn_spectrum *out);
/** d(eps): the smallest m with sum_{i <= m} l_i >= eps sum l; `strict`: > instead, as
 *  scikit-learn's PCA chooses. eps in (0, 1); 0 where all eigenvalues are 0. */
GN_API size_t gn_spectrum_dims(const double *eigenvalue, size_t d, double eps, bool strict);
/** IsoScore* of Rudman & Eickhoff 2024: IsoScore of (1 - zeta) C + zeta C0, both (d, d). */
GN_API double gn_isoscore_star(const double *covariance, const double *reference, size_t d,
                               double zeta);
/** Eigenvalues (d), descending, of the uncentred second moments C + m m^T.
 *  @return GN_OK; GN_EDATA (not finite); GN_ENOMEM. */
GN_API gn_status gn_spectrum_uncentred(const double *covariance, const double *mean, size_t d,
                                       double *eigenvalue, gn_error *err);

/* ---- tokens and their sentences: Ethayarajh, EMNLP 2019 ---------------------------------------
 */

typedef struct gn_context_cosines {
    double baseline, baseline_se; /**< mean cosine of rows from different sequences */
    double sentence, sentence_se; /**< mean over sequences of at least two rows of the mean cosine
                                       of a row to the sequence's mean vector (not pairwise) */
    double baseline_bootstrap_se, sentence_bootstrap_se; /**< NaN with n_bootstrap 0 */
    size_t n_rows, n_sequences, n_sentences; /**< sentences: sequences of at least two rows */
} gn_context_cosines;

/** Standard errors: the delete-one jackknife over sequences, exact; besides, n_bootstrap resamples
 *  of the sequences (Poisson weights, the context's seed): valid here, because pairs inside a
 *  sequence do not enter, so a sequence that is drawn twice is never compared with itself.
 *  @param share NULL, or (d) receives each coordinate's share of the baseline, which sum to 1:
 *  a few that hold most are "rogue dimensions" (Timkey & van Schijndel 2021). */
GN_API gn_status gn_context_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                    size_t n_bootstrap, gn_context_cosines *out, double *share,
                                    gn_error *err);

typedef struct gn_mev_opts {
    size_t min_rows; /**< types with at least so many rows enter; 0 means 5 */
    size_t max_rows; /**< of a type: above, a seeded sample of so many; 0 means 1000 */
} gn_mev_opts;

/** Maximum explainable variance: the share of sigma_1^2 in sum sigma^2 of a type's rows. */
typedef struct gn_mev {
    double value, value_se;     /**< mean over types, of the rows as they are */
    double centred, centred_se; /**< of rows minus their mean, as the released code has it */
    double value_random, centred_random;     /**< mean over as many random rows as each type has */
    double adjusted_se, centred_adjusted_se; /**< of value - value_random, over types */
    size_t n_types;
    size_t n_sampled; /**< types of which a sample was taken */
} gn_mev;
/** NaN where no type has min_rows rows. Standard errors are over types. */
GN_API gn_status gn_mev_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                const gn_mev_opts *mev, gn_mev *out, gn_error *err);

/* ---- the partition function: Mu & Viswanath 2018 ----------------------------------------------
 */

typedef struct gn_partition {
    double exact;     /**< min Z(c) / max Z(c), Z(c) = sum_w exp(c.w), over c = +-eigenvectors of
                           the uncentred second moments */
    double log_exact; /**< its logarithm, which does not underflow */
    double first, second; /**< the approximations of first and second order */
    size_t n;
} gn_partition;
GN_API gn_status gn_partition_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                      gn_partition *out, gn_error *err);

/** The mean vector of each type, in ascending order of types; free with gn_array_f64_free.
 *  @param n_types receives their number. */
GN_API gn_status gn_type_means(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, double **means,
                               size_t *n_types, gn_error *err);
GN_API void gn_array_f64_free(double *array);

/* ---- the sampled forms of Cai et al., ICLR 2021 ------------------------------------------------
 */

/** inter cosine of one random row of each type, repeated. */
typedef struct gn_cosine_draws {
    double raw, raw_sd;         /**< mean and standard deviation over draws */
    double centred, centred_sd; /**< after subtracting the mean of the draw's own rows, which forces
                                     it towards -1 / (V - 1) */
    size_t n_types, n_draws;
} gn_cosine_draws;
/** Draw b takes the random stream b of the context's seed. sd is NaN for one draw. */
GN_API gn_status gn_cosines_sample(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                   size_t n_draws, gn_cosine_draws *out, gn_error *err);

/** Rows that --maxl m keeps of a type with n: m >= 1: min(n, floor m); 0 < m < 1: max(1, floor(m
 *  n)); -1: max(1, floor(log2 n)); -2: floor(sqrt n); 0: all. SIZE_MAX for any other m. */
GN_API size_t gn_cai2021_kept(size_t n, double maxl);

typedef struct gn_cai2021_opts {
    double maxl;            /**< rows kept of each type: gn_cai2021_kept */
    double embed;           /**< 0: none; in (0, 1): the fewest principal components whose share
                                 exceeds it; above 1: so many */
    bool center;            /**< subtract the mean of what is retained; also inside clusters */
    const int32_t *cluster; /**< NULL, or (n); negative: none */
    size_t n_clusters;
} gn_cai2021_opts;

/** What the published scripts print, defects included: see docs/measures.md. */
typedef struct gn_cai2021 {
    double inter; /**< over ALL pairs of retained rows, so same-type pairs are mixed in unless maxl
                       is 1; NaN where maxl <= 0, which they refuse */
    double intra; /**< over types of 2 rows or more; at most 1000 random rows of a type */
    double cluster_inter, cluster_intra; /**< unweighted means over the clusters with a value */
    size_t n_rows, n_dims, n_types, n_intra_types, n_inter_clusters, n_intra_clusters;
} gn_cai2021;
/** @return the common ones; GN_EINVAL (maxl, embed out of range). Only type, row of opts are used.
 */
GN_API gn_status gn_cai2021_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                                    const gn_cai2021_opts *cai, gn_cai2021 *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
