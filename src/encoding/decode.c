/* Decoding every feature from the rows of a layer, in cross-validation by rows.
 *
 * The ridge decoder regresses the 0/1 indicator of each class on the rows. Its folds do not depend
 * on the feature, so that one decomposition of the training rows serves all features, classes and
 * penalties of a fold; what a class adds are the sums of its rotated rows. The penalty is chosen by
 * generalised cross-validation (Golub, Heath, Wahba 1979) on the training rows: with targets in the
 * basis of the axes it costs a sum over axes. Missing values enter the training as a class that is
 * not scored.
 *
 * The logistic decoder repeats the first MLEM pipeline; its rows are rotated once for the layer,
 * which changes no fit. */
#include "encoding/decode.h"
#include "encoding/rotation.h"

#include "base/mem.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

const char *gn_decoder_name(gn_decoder decoder) {
    return decoder == GN_DECODE_LOGISTIC ? "logistic" : "ridge";
}

struct run {
    gn_mat a;
    const gn_features *features;
    gn_decoding_opts opts;
    uint64_t seed;
    gn_rotation rotation;
    size_t held;      /* ridge: the fold at work */
    int32_t *row;     /* ridge: rows of the training set, then the held-out ones */
    double *fold_auc; /* (features, folds) */
};

/* Classes of feature k; a missing value is the last class where it counts as one. */
static size_t classes_of(const struct run *r, size_t k, int32_t *class) {
    const gn_feature *f = &r->features->feature[k];
    for (size_t i = 0; i < r->features->n; i++) {
        class[i] = f->code[i];
        if (class[i] < 0 && r->opts.missing_class) class[i] = (int32_t)f->n_levels;
    }
    return f->n_levels + (r->opts.missing_class && f->n_missing > 0);
}

/* ---- ridge -----------------------------------------------------------------------------------
 */

enum { RIDGES = 17 };

/* The penalty with the least generalised cross-validation error, summed over classes.
 * @param b (classes, rank) targets in the basis of the axes; total (classes) their squared lengths
 */
static double choose_ridge(const gn_rotation *t, const double *b, const double *total,
                           size_t n_classes) {
    double best = HUGE_VAL, chosen = 0, trace = gn_sum(t->s2, t->rank), n = (double)t->n;
    for (size_t p = 0; p < RIDGES; p++) {
        double ridge = trace / n * pow(10, -4 + 0.5 * (double)p), free = 1, error = 0;
        for (size_t j = 0; j < t->rank; j++) free += t->s2[j] / (t->s2[j] + ridge);
        for (size_t c = 0; c < n_classes; c++) {
            error += total[c];
            for (size_t j = 0; j < t->rank; j++) {
                double keep = t->s2[j] / (t->s2[j] + ridge), y = b[c * t->rank + j];
                error -= (1 - (1 - keep) * (1 - keep)) * y * y;
            }
        }
        double gcv = error / ((n - free) * (n - free));
        if (gcv < best) {
            best = gcv;
            chosen = ridge;
        }
    }
    return chosen;
}

static gn_status ridge_feature(void *user, size_t k, unsigned worker, gn_error *err) {
    (void)worker;
    struct run *r = user;
    const gn_rotation *t = &r->rotation;
    const gn_feature *f = &r->features->feature[k];
    gn_status st;
    size_t m = f->n_levels + 1, scored = f->n_levels + (r->opts.missing_class && f->n_missing > 0);
    double *b = NULL, *total = NULL, *score = NULL;
    int32_t *class = NULL;
    GN_TRY(gn_alloc_array(&b, m * t->rank, sizeof *b, "targets", err));
    GN_TRY(gn_alloc_array(&total, m, sizeof *total, "targets", err));
    GN_TRY(gn_alloc_array(&score, t->n_other * scored, sizeof *score, "scores", err));
    GN_TRY(gn_alloc_array(&class, t->n_other, sizeof *class, "classes", err));
    memset(b, 0, m * t->rank * sizeof *b);
    memset(total, 0, m * sizeof *total);
    for (size_t i = 0; i < t->n; i++) {
        int32_t code = f->code[r->row[i]];
        size_t c = code < 0 ? f->n_levels : (size_t)code;
        total[c]++;
        for (size_t j = 0; j < t->rank; j++) b[c * t->rank + j] += (double)t->z[i * t->rank + j];
    }
    for (size_t c = 0; c < m; c++) {
        double count = total[c];
        for (size_t j = 0; j < t->rank; j++) b[c * t->rank + j] /= sqrt(t->s2[j]);
        total[c] = count - count * count / (double)t->n;
    }
    double ridge = choose_ridge(t, b, total, m);
    for (size_t c = 0; c < m; c++)
        for (size_t j = 0; j < t->rank; j++)
            b[c * t->rank + j] *= sqrt(t->s2[j]) / (t->s2[j] + ridge);
    for (size_t i = 0; i < t->n_other; i++) {
        int32_t code = f->code[r->row[t->n + i]];
        class[i] = code < 0 && r->opts.missing_class ? (int32_t)f->n_levels : code;
        for (size_t c = 0; c < scored; c++) {
            double sum = 0;
            for (size_t j = 0; j < t->rank; j++)
                sum += b[c * t->rank + j] * (double)t->other[i * t->rank + j];
            score[i * scored + c] = sum;
        }
    }
    GN_TRY(gn_auc_weighted(score, class, t->n_other, scored,
                           &r->fold_auc[k * r->opts.n_folds + r->held], err));
done:
    gn_free(b);
    gn_free(total);
    gn_free(score);
    gn_free(class);
    return st;
}

static gn_status run_ridge(gn_ctx *ctx, struct run *r, gn_error *err) {
    gn_status st;
    size_t n = r->a.rows, folds = r->opts.n_folds;
    int32_t *fold = NULL, *same = NULL;
    gn_random random = gn_random_new(r->seed, 0);
    GN_TRY(gn_alloc_array(&fold, n, sizeof *fold, "folds", err));
    same = gn_calloc(n, sizeof *same);
    if (!same) {
        st = gn_fail_nomem(err, "folds", n * sizeof *same);
        goto done;
    }
    GN_TRY(gn_alloc_array(&r->row, n, sizeof *r->row, "rows of a fold", err));
    GN_TRY(gn_stratified_folds(same, n, 1, folds, &random, fold, err));
    for (r->held = 0; r->held < folds; r->held++) {
        size_t n_train = 0, at = 0;
        for (size_t i = 0; i < n; i++)
            if (fold[i] != (int32_t)r->held) r->row[n_train++] = (int32_t)i;
        at = n_train;
        for (size_t i = 0; i < n; i++)
            if (fold[i] == (int32_t)r->held) r->row[at++] = (int32_t)i;
        GN_TRY(gn_rotation_new(ctx, r->a, r->row, n_train, r->row + n_train, n - n_train,
                               &r->rotation, err));
        st = gn_parallel(ctx, r->features->n_features, ridge_feature, r, NULL, err);
        gn_rotation_free(&r->rotation);
        r->rotation = (gn_rotation){0};
        if (st != GN_OK) goto done;
    }
done:
    gn_free(fold);
    gn_free(same);
    return st;
}

/* ---- logistic --------------------------------------------------------------------------------
 */

static gn_status logistic_feature(gn_ctx *ctx, struct run *r, gn_mat z, size_t k, gn_error *err) {
    gn_status st;
    size_t n = z.rows, folds = r->opts.n_folds;
    int32_t *class = NULL, *fold = NULL;
    gn_random random = gn_random_new(r->seed, 1 + k);
    GN_TRY(gn_alloc_array(&class, n, sizeof *class, "classes", err));
    GN_TRY(gn_alloc_array(&fold, n, sizeof *fold, "folds", err));
    size_t m = classes_of(r, k, class);
    GN_TRY(gn_stratified_folds(class, n, m, folds, &random, fold, err));
    GN_TRY(gn_decode_logistic(ctx, z, class, m, fold, folds, r->fold_auc + k * folds, NULL, err));
done:
    gn_free(class);
    gn_free(fold);
    return st;
}

static gn_status run_logistic(gn_ctx *ctx, struct run *r, gn_error *err) {
    gn_status st;
    size_t n = r->a.rows, f = r->features->n_features;
    GN_TRY(gn_alloc_array(&r->row, n, sizeof *r->row, "rows", err));
    for (size_t i = 0; i < n; i++) r->row[i] = (int32_t)i;
    GN_TRY(gn_rotation_new(ctx, r->a, r->row, n, NULL, 0, &r->rotation, err));
    gn_mat z = gn_mat_f32(r->rotation.z, n, r->rotation.rank);
    for (size_t k = 0; k < f; k++) {
        GN_TRY(logistic_feature(ctx, r, z, k, err));
        gn_ctx_progress(ctx, "decode", (double)(k + 1), (double)f, "features");
    }
done:
    return st;
}

/* ---- summary ---------------------------------------------------------------------------------
 */

static gn_decoding summary(const double *auc, size_t folds) {
    gn_decoding d = {.p = 1};
    double scored[64];
    size_t m = 0;
    for (size_t v = 0; v < folds; v++)
        if (!isnan(auc[v])) scored[m++] = auc[v];
    d.auc = gn_mean(scored, m);
    d.sd = gn_sd(scored, m, 0);
    d.sem = m ? d.sd / sqrt((double)m) : (double)NAN;
    if (m > 0 && d.sem > 0) d.p = erfc(fabs(d.auc - 0.5) / d.sem / sqrt(2));
    if (m > 0 && !(d.sem > 0)) d.p = fabs(d.auc - 0.5) > 0 ? 0 : 1;
    return d;
}

gn_status gn_decode(gn_ctx *ctx, gn_mat a, const gn_features *features,
                    const gn_decoding_opts *opts, gn_decoding *out, double *fold_auc,
                    gn_error *err) {
    gn_status st;
    struct run r = {.a = a, .features = features, .seed = ctx ? gn_ctx_seed(ctx) : 0};
    if (opts) r.opts = *opts;
    if (!r.opts.n_folds) r.opts.n_folds = 3;
    double *mean = NULL;
    size_t folds = r.opts.n_folds, f = features->n_features;
    if (a.rows != features->n) {
        st = gn_fail(err, GN_EINVAL, "%zu rows of representations, %zu of features", a.rows,
                     features->n);
        goto done;
    }
    if (folds < 2 || folds > 64 || a.rows < 2 * folds) {
        st = gn_fail(err, GN_EINVAL, "%zu folds of %zu rows: expected 2 to 64 folds of at least 2",
                     folds, a.rows);
        goto done;
    }
    GN_TRY(gn_alloc_array(&mean, a.cols, sizeof *mean, "means", err));
    GN_TRY(gn_column_means(ctx, a, mean, err)); /* finds NaN and infinities */
    GN_TRY(gn_alloc_array(&r.fold_auc, f * folds, sizeof *r.fold_auc, "areas", err));
    GN_TRY(r.opts.decoder == GN_DECODE_LOGISTIC ? run_logistic(ctx, &r, err)
                                                : run_ridge(ctx, &r, err));
    for (size_t k = 0; k < f; k++) {
        const gn_feature *c = &features->feature[k];
        out[k] = summary(r.fold_auc + k * folds, folds);
        out[k].n = r.opts.missing_class ? a.rows : a.rows - c->n_missing;
        out[k].n_classes = c->n_levels + (r.opts.missing_class && c->n_missing > 0);
    }
    if (fold_auc) memcpy(fold_auc, r.fold_auc, f * folds * sizeof *fold_auc);
done:
    gn_rotation_free(&r.rotation);
    gn_free(r.row);
    gn_free(mean);
    gn_free(r.fold_auc);
    return st;
}
