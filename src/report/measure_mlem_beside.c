/* Beside MLEM, as rows: one pass over the pairs of every layer, and the baselines that a study of
 * features is expected to show. */
#include "gonio/mlem_report.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "gonio/baselines.h"
#include "gonio/io.h"
#include "gonio/mlem.h"
#include "math/stats.h"
#include "report/jackknife.h"
#include "report/mlem.h"
#include "report/mlem_errors.h"
#include "report/mlem_pass.h"
#include "report/subset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double none = (double)NAN;
enum { SHUFFLES = 10, DECODED_ROWS = 6, ERROR_ROWS = 2048 };

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    const gn_features *features;
    const gn_beside_opts *opts;
    gn_result *result;
    size_t layer, f;
    gn_pair_index *index;
    gn_mlem_design *design;
    gn_pass_errors *errors;
    size_t error_rows;
    double *value, *se; /* of the pass */
    double *cka, *cka_se;
};

static gn_status add(const struct run *r, const char *measure, const char *variant, double value,
                     double se, const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, r->opts->set, r->layer, measure, variant, value, se,
                        r->features->n, note, err);
}

static gn_status add_feature(const struct run *r, const char *measure, const char *variant,
                             size_t k, double value, double se, const char *note, gn_error *err) {
    gn_status st = add(r, measure, variant, value, se, note, err);
    if (st == GN_OK)
        st = gn_result_param_text(r->result, "feature", r->features->feature[k].name, err);
    return st;
}

/* ---- the pass over pairs --------------------------------------------------------------------- */

static const char *target_name(gn_pair_target target) {
    static const char *const names[] = {"squared", "min-max squared", "min-max", "distance"};
    return names[target];
}

/* Why the errors of a pass over n rows are left out; "" when they are not. */
static void without_errors(size_t n, size_t most, char *why, size_t room) {
    *why = '\0';
    if (n < GN_JACKKNIFE_ROWS)
        snprintf(why, room, "no standard error below %d rows", GN_JACKKNIFE_ROWS);
    else if (n > most)
        snprintf(why, room,
                 "no standard error above %zu rows, which takes ten passes more: --error-rows %zu",
                 most, n);
}

static const char lost[] =
    "no standard error: without one of ten groups of rows there is nothing to measure";

static gn_status pass_features(const struct run *r, const char *why, gn_error *err) {
    static const char *const measures[] = {"pairs_weight", "pairs_pfi", "rsa", "rsa",
                                           "spearman_drop"};
    static const char *const variants[] = {"", "", "pearson", "spearman", ""};
    gn_status st = GN_OK;
    bool ranked = !isnan(r->value[GN_PASS_SPEARMAN]);
    for (size_t k = 0; k < r->f; k++) {
        bool varies = r->value[gn_pass_at(GN_PASS_OWN, k, r->f)] > 0,
             bound = !(r->value[gn_pass_at(GN_PASS_WEIGHT, k, r->f)] > 0);
        for (int q = GN_PASS_WEIGHT; q <= GN_PASS_DROP; q++) {
            size_t at = gn_pass_at(q, k, r->f);
            bool alone = q == GN_PASS_RSA_PEARSON || q == GN_PASS_RSA_SPEARMAN;
            if (q == GN_PASS_RSA_SPEARMAN && gn_pair_index_numeric(r->index)) continue;
            if (q == GN_PASS_DROP && !ranked) continue;
            const char *note = !varies            ? gn_mlem_constant(&r->features->feature[k])
                               : *why             ? why
                               : bound && !alone  ? "weight at its bound 0: no standard error"
                               : isnan(r->se[at]) ? lost
                                                  : NULL;
            GN_TRY(add_feature(r, measures[q - GN_PASS_WEIGHT], variants[q - GN_PASS_WEIGHT], k,
                               r->value[at], note ? none : r->se[at], note, err));
            if (q == GN_PASS_PFI)
                GN_TRY(gn_result_param_number(
                    r->result, "share", r->value[at] / (2 * r->value[GN_PASS_VARIANCE]), err));
        }
    }
done:
    return st;
}

static gn_status pass(const struct run *r, gn_error *err) {
    gn_status st;
    gn_mat a = gn_reps_layer(r->reps, r->layer);
    gn_pair_opts o = {r->opts->metric, r->opts->target, !gn_pair_index_numeric(r->index)};
    gn_error unranked = {0};
    char why[128];
    GN_TRY(gn_pass_measure(r->ctx, r->index, a, &o, r->f, NULL, r->value, &unranked, err));
    without_errors(a.rows, r->error_rows, why, sizeof why);
    if (!*why)
        GN_TRY(gn_pass_errors_of(r->ctx, r->errors, a, &o,
                                 r->value + gn_pass_at(GN_PASS_WEIGHT, 0, r->f), r->se, err));
    else
        for (size_t i = 0; i < gn_pass_size(r->f); i++) r->se[i] = none;
    const char *note = *why ? why : isnan(r->se[GN_PASS_R2]) ? lost : NULL;
    GN_TRY(add(r, "pairs_r2", "", r->value[GN_PASS_R2], r->se[GN_PASS_R2], note, err));
    GN_TRY(add(r, "spearman", "", r->value[GN_PASS_SPEARMAN], r->se[GN_PASS_SPEARMAN],
               unranked.code == GN_OK ? note : unranked.message, err));
    GN_TRY(pass_features(r, why, err));
done:
    return st;
}

/* ---- baselines ------------------------------------------------------------------------------- */

/* The same fit with the rows in another order: what features explain that have nothing to say. */
static gn_status shuffled(const struct run *r, gn_error *err) {
    gn_status st;
    gn_mat a = gn_reps_layer(r->reps, r->layer);
    float *row = NULL;
    int32_t *order = NULL;
    gn_mlem_weight *weight = NULL;
    double drawn[SHUFFLES];
    GN_TRY(gn_alloc_array(&row, a.rows * a.cols, sizeof *row, "shuffled rows", err));
    GN_TRY(gn_alloc_array(&order, a.rows, sizeof *order, "shuffled rows", err));
    GN_TRY(gn_alloc_array(&weight, r->f, sizeof *weight, "weights", err));
    for (size_t i = 0; i < a.rows; i++) order[i] = (int32_t)i;
    gn_random random = gn_random_new(r->ctx ? gn_ctx_seed(r->ctx) : 0, 0);
    for (size_t t = 0; t < SHUFFLES; t++) {
        for (size_t i = a.rows - 1; i > 0; i--) {
            size_t j = (size_t)gn_random_below(&random, i + 1);
            int32_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (size_t i = 0; i < a.rows; i++) {
            float *to = row + i * a.cols;
            const float *from = gn_mat_row_f32(a, (size_t)order[i], to);
            if (from != to) memcpy(to, from, a.cols * sizeof *to);
        }
        gn_mlem_fit fit;
        GN_TRY(gn_mlem_measure(r->ctx, r->design, gn_mat_f32(row, a.rows, a.cols), NULL, &fit,
                               weight, err));
        drawn[t] = fit.r2;
    }
    GN_TRY(add(r, "null_r2", "", gn_mean(drawn, SHUFFLES), gn_sem(drawn, SHUFFLES), NULL, err));
    GN_TRY(gn_result_param_number(r->result, "sd", gn_sd(drawn, SHUFFLES, 1), err));
    GN_TRY(gn_result_param_number(r->result, "draws", SHUFFLES, err));
done:
    gn_free(row);
    gn_free(order);
    gn_free(weight);
    return st;
}

static gn_status encoding(const struct run *r, const gn_baseline_values *value,
                          const gn_baseline_values *se, gn_error *err) {
    static const char *const kinds[GN_R2_KINDS] = {"mean", "min", "median", "max"};
    gn_status st = GN_OK;
    if (isnan(value->encoding[0]))
        return add(r, "encoding_r2", "mean", none, none,
                   r->features->n < GN_R2_ROWS ? "too few rows for five folds"
                                               : "all units are constant",
                   err);
    for (size_t k = 0; k < GN_R2_KINDS; k++)
        GN_TRY(add(r, "encoding_r2", kinds[k], value->encoding[k], se->encoding[k], NULL, err));
done:
    return st;
}

static gn_status baselines(const struct run *r, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat a = gn_reps_layer(r->reps, r->layer);
    gn_baseline_values b = {.layer.cka = r->cka}, se = {.layer.cka = r->cka_se};
    if (a.cols >= 2) {
        GN_TRY(gn_baselines_with_errors(r->ctx, a, r->features, &b, &se, err));
        for (size_t k = 0; k < r->f; k++)
            GN_TRY(add_feature(
                r, "cka", "", k, b.layer.cka[k], se.layer.cka[k],
                isnan(b.layer.cka[k]) ? gn_mlem_constant(&r->features->feature[k]) : NULL, err));
        GN_TRY(add(r, "noise_ceiling", "half", b.layer.half, se.layer.half, NULL, err));
        GN_TRY(gn_result_param_number(r->result, "sd", b.layer.half_sd, err));
        GN_TRY(add(r, "noise_ceiling", "corrected", b.layer.ceiling, se.layer.ceiling, NULL, err));
        GN_TRY(encoding(r, &b, &se, err));
    }
    GN_TRY(shuffled(r, err));
done:
    return st;
}

static gn_status decoding(const struct run *r, gn_error *err) {
    gn_status st;
    gn_decoding *d = NULL;
    gn_decoding_opts o = {.decoder = r->opts->decoder};
    if (r->features->n < DECODED_ROWS)
        return add(r, "decoding_auc", gn_decoder_name(o.decoder), none, none,
                   "too few rows for three folds", err);
    GN_TRY(gn_alloc_array(&d, r->f, sizeof *d, "areas", err));
    GN_TRY(gn_decode(r->ctx, gn_reps_layer(r->reps, r->layer), r->features, &o, d, NULL, err));
    for (size_t k = 0; k < r->f; k++) {
        GN_TRY(add_feature(r, "decoding_auc", gn_decoder_name(o.decoder), k, d[k].auc, d[k].sem,
                           isnan(d[k].auc) ? "one class only" : NULL, err));
        GN_TRY(gn_result_param_number(r->result, "n_classes", (double)d[k].n_classes, err));
    }
done:
    gn_free(d);
    return st;
}

/* ---- layers ---------------------------------------------------------------------------------- */

static gn_status measure_layer(const struct run *r, gn_error *err) {
    gn_status st;
    GN_TRY(pass(r, err));
    if (r->opts->baselines) GN_TRY(baselines(r, err));
    if (r->opts->decode) GN_TRY(decoding(r, err));
done:
    return st;
}

static gn_status conditions(const struct run *r, gn_error *err) {
    gn_status st;
    GN_TRY(
        gn_result_set_text(r->result, "pairs_metric", gn_pair_metric_name(r->opts->metric), err));
    GN_TRY(gn_result_set_text(r->result, "pairs_target", target_name(r->opts->target), err));
    if (r->opts->decode)
        GN_TRY(gn_result_set_text(r->result, "decoder", gn_decoder_name(r->opts->decoder), err));
done:
    return st;
}

gn_status gn_measure_mlem_beside(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                                 const gn_beside_opts *opts, gn_result *result, gn_error *err) {
    gn_status st;
    static const gn_beside_opts defaults = {.baselines = true};
    size_t f = features->n_features, layers = gn_reps_layers(reps);
    struct run r = {.ctx = ctx,
                    .reps = reps,
                    .features = features,
                    .opts = opts ? opts : &defaults,
                    .result = result,
                    .f = f};
    double *numbers = NULL;
    if (gn_reps_rows(reps) != features->n)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows and the feature table %zu",
                       gn_reps_name(reps), gn_reps_rows(reps), features->n);
    r.error_rows = r.opts->error_rows ? r.opts->error_rows : ERROR_ROWS;
    GN_TRY(gn_alloc_array(&numbers, 2 * (gn_pass_size(f) + f), sizeof *numbers, "estimates", err));
    r.value = numbers;
    r.se = r.value + gn_pass_size(f);
    r.cka = r.se + gn_pass_size(f);
    r.cka_se = r.cka + f;
    GN_TRY(conditions(&r, err));
    GN_TRY(gn_pair_index_new(ctx, features, false, &r.index, err));
    if (features->n >= GN_JACKKNIFE_ROWS && features->n <= r.error_rows)
        GN_TRY(gn_pass_errors_new(ctx, features, &r.errors, err));
    if (r.opts->baselines) GN_TRY(gn_mlem_design_new(ctx, features, &r.design, err));
    for (r.layer = 0; r.layer < layers; r.layer++) {
        gn_error why = {0};
        gn_ctx_progress(ctx, "beside mlem", (double)r.layer, (double)layers, "layers");
        GN_TRY(gn_mat_check_finite(gn_reps_layer(reps, r.layer), gn_reps_name(reps), err));
        st = measure_layer(&r, &why);
        if (st == GN_EDATA) { /* finite, but without distances to speak of */
            GN_TRY(add(&r, "pairs_r2", "", none, none, why.message, err));
        } else if (st != GN_OK) {
            if (err) *err = why;
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps),
                            gn_reps_layer_index(reps, r.layer));
            goto done;
        }
    }
    gn_ctx_progress(ctx, "beside mlem", (double)layers, (double)layers, "layers");
done:
    gn_pair_index_free(r.index);
    gn_pass_errors_free(r.errors);
    gn_mlem_design_free(r.design);
    gn_free(numbers);
    return st;
}
