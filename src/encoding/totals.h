/* Totals over some pairs, and the fit that follows from them: folds and bootstrap draws. */
#ifndef GN_ENCODING_TOTALS_H
#define GN_ENCODING_TOTALS_H

#include "encoding/sums.h"

typedef struct gn_totals {
    size_t f;
    double pairs, y, yy; /**< yy may stay 0 where no variance is wanted */
    double *x, *xy, *xx; /**< (f), (f), (f, f) */
    double *cov_y, *w;   /**< (f) of the fit; cov replaces xx */
} gn_totals;

gn_status gn_totals_new(size_t f, gn_totals *out, gn_error *err);
void gn_totals_free(gn_totals *t);
/** Turns sums into means and covariances, in place, and solves. @param ridge per pair. */
gn_status gn_totals_fit(gn_totals *t, double ridge, gn_error *err);

/** Cross-validation by rows: each fold's rows are kept out of the pairs that are fitted, and the
 *  pairs among them are predicted. Sets fit's r2_cv ... @param ridge per pair. */
gn_status gn_mlem_folds(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                        const gn_layer_sums *y, double ridge, size_t n_folds, gn_mlem_fit *fit,
                        gn_error *err);
/** Rows in seeded order: fold g keeps out every n_folds-th of them from place g on. gn_free. */
gn_status gn_fold_rows(gn_ctx *ctx, size_t n, int32_t **out, gn_error *err);

/** How often each row is drawn, (n). */
void gn_bootstrap_counts(uint64_t seed, size_t n, size_t draw, double *count);
/** Bootstrap over rows: sets each weight's weight_boot and pfi_boot. */
gn_status gn_mlem_bootstrap(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                            const gn_layer_sums *y, double ridge, size_t n_draws,
                            gn_mlem_weight *weight, gn_error *err);
/** Permutation test over rows: sets each weight's p_permutation. */
gn_status gn_mlem_permute(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                          const gn_layer_sums *y, double ridge, size_t n_draws,
                          gn_mlem_weight *weight, gn_error *err);

#endif
