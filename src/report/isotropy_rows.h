/* The rows of gonio isotropy: which rows of a layer they are about, and how they are written. */
#ifndef GN_REPORT_ISOTROPY_ROWS_H
#define GN_REPORT_ISOTROPY_ROWS_H

#include "gonio/isotropy.h"
#include "gonio/measure.h"

/** What stays the same over the layers of one set. */
typedef struct gn_isotropy_plan {
    gn_ctx *ctx;
    const gn_reps *reps;
    gn_result *result;
    gn_measure_isotropy_opts opts; /* defaults filled in */
    const int32_t *type;           /* of rows; NULL: none known */
    int32_t *later;                /* (n_later) rows whose position is not 0; NULL: not asked for */
    size_t n_later;
} gn_isotropy_plan;

/** What a row of the result is about; what is NULL is not printed. */
typedef struct gn_isotropy_place {
    const gn_isotropy_plan *plan;
    size_t layer; /* stored layer */
    const char *first_position, *repair, *by, *bin, *null;
    double low, high; /* of the bin */
} gn_isotropy_place;

/** One measurement, with what `place` says; `se_rule` NULL where there is no error bar. */
gn_status gn_isotropy_add(const gn_isotropy_place *place, const char *measure, const char *variant,
                          double value, double se, const char *se_rule, size_t n, const char *note,
                          gn_error *err);
/** A parameter of the row just added. */
gn_status gn_isotropy_param(const gn_isotropy_place *place, const char *key, double value,
                            gn_error *err);

/** A layer's own numbers, which what follows on it builds on. */
typedef struct gn_isotropy_layer {
    gn_isotropy_arrays arrays;
    double *share; /* (d) of the baseline, by coordinate */
    double baseline, baseline_se;
    gn_cosines raw;
} gn_isotropy_layer;
gn_status gn_isotropy_layer_new(size_t d, gn_isotropy_layer *out, gn_error *err);
void gn_isotropy_layer_free(gn_isotropy_layer *l);

/** Cosines, norms, spectrum, baseline and sentence similarity of the rows that `opts` names. With
 *  `spectrum` (d) given, the covariance has it: no pass is spent on finding it.
 *  @param keep NULL, or receives the numbers; its arrays are buffers to fill. */
gn_status gn_isotropy_summarise(const gn_isotropy_place *place, const gn_isotropy_opts *opts,
                                const double *spectrum, gn_isotropy_layer *keep, gn_error *err);
/** inter_cosine and intra_cosine of one variant. */
gn_status gn_isotropy_add_cosines(const gn_isotropy_place *place, const char *variant,
                                  const gn_cosines *c, const char *se_rule, gn_error *err);

/* What is measured once a layer, on all of its rows (isotropy_extras.c). */
gn_status gn_isotropy_extras(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                             gn_error *err);
gn_status gn_isotropy_cai2021(const gn_isotropy_place *place, gn_error *err);
gn_status gn_isotropy_repairs(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                              gn_error *err);
gn_status gn_isotropy_clusters(const gn_isotropy_place *place, gn_error *err);
gn_status gn_isotropy_nulls(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                            gn_error *err);

#endif
