/* Units from features, by normal equations that folds share: Z'Z and Z'A are summed by fold once;
 * the training sums of a fold are the total less its own. Levels of a feature add up to the
 * intercept, so that Z'Z is singular; the solution of least length is taken, from eigenvectors. */
#include "gonio/baselines.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { FOLDS = 5, MOST_COLUMNS = 4096, MOST_FOLDS = 64 };
#define SINGULAR 1e-10

/* Row i of Z has `width` entries: an intercept, then one for each feature. */
struct design {
    const gn_features *features;
    size_t n, width, columns;
    size_t *first; /* (f) column of each feature's first level */
};

static bool is_number(const gn_feature *f) {
    return f->distance != GN_DIFFER && f->level_value;
}

static gn_status design_new(const gn_features *features, struct design *z, gn_error *err) {
    gn_status st;
    *z = (struct design){features, features->n, features->n_features + 1, 1, NULL};
    GN_TRY(gn_alloc_array(&z->first, features->n_features, sizeof *z->first, "columns", err));
    for (size_t k = 0; k < features->n_features; k++) {
        const gn_feature *f = &features->feature[k];
        z->first[k] = z->columns;
        z->columns += (is_number(f) ? 1 : f->n_levels) + 1; /* the last: missing */
    }
    if (z->columns > MOST_COLUMNS)
        st = gn_fail(err, GN_EINVAL,
                     "encoding: the features have %zu levels, expected at most %d: leave out "
                     "features like words, or give them a numeric distance",
                     z->columns, MOST_COLUMNS);
done:
    return st;
}

static void design_row(const struct design *z, size_t i, size_t *column, double *value) {
    column[0] = 0;
    value[0] = 1;
    for (size_t k = 0; k + 1 < z->width; k++) {
        const gn_feature *f = &z->features->feature[k];
        int32_t code = f->code[i];
        size_t levels = is_number(f) ? 1 : f->n_levels;
        bool number = code >= 0 && is_number(f);
        column[k + 1] = z->first[k] + (code < 0 ? levels : number ? 0 : (size_t)code);
        value[k + 1] = number ? f->level_value[code] : 1;
    }
}

struct work {
    double *zz, *za;       /* (folds + 1, p, p), (folds + 1, p, d); the last: all folds */
    double *train, *b, *w; /* (p, p), (p, d), (p, d) */
    double *values, *vectors, *turned, *row, *value, *error, *total;
    size_t *column;
    int32_t *fold;
    const gn_vec *vec;
};

static void work_free(struct work *w) {
    gn_free(w->zz);
    gn_free(w->za);
    gn_free(w->train);
    gn_free(w->b);
    gn_free(w->w);
    gn_free(w->values);
    gn_free(w->vectors);
    gn_free(w->turned);
    gn_free(w->row);
    gn_free(w->value);
    gn_free(w->error);
    gn_free(w->total);
    gn_free(w->column);
    gn_free(w->fold);
}

static gn_status work_new(const struct design *z, size_t folds, size_t d, struct work *w,
                          gn_error *err) {
    gn_status st;
    size_t p = z->columns;
    GN_TRY(gn_alloc_array(&w->zz, (folds + 1) * p, p * sizeof *w->zz, "normal equations", err));
    GN_TRY(gn_alloc_array(&w->za, (folds + 1) * p, d * sizeof *w->za, "normal equations", err));
    GN_TRY(gn_alloc_array(&w->train, p * p, sizeof *w->train, "normal equations", err));
    GN_TRY(gn_alloc_array(&w->b, p * d, sizeof *w->b, "normal equations", err));
    GN_TRY(gn_alloc_array(&w->w, p * d, sizeof *w->w, "weights", err));
    GN_TRY(gn_alloc_array(&w->values, p, sizeof *w->values, "axes", err));
    GN_TRY(gn_alloc_array(&w->vectors, p * p, sizeof *w->vectors, "axes", err));
    GN_TRY(gn_alloc_array(&w->turned, d, sizeof *w->turned, "axes", err));
    GN_TRY(gn_alloc_array(&w->row, d, sizeof *w->row, "a row", err));
    GN_TRY(gn_alloc_array(&w->value, z->width, sizeof *w->value, "a row", err));
    GN_TRY(gn_alloc_array(&w->column, z->width, sizeof *w->column, "a row", err));
    GN_TRY(gn_alloc_array(&w->error, d, sizeof *w->error, "errors", err));
    GN_TRY(gn_alloc_array(&w->total, d, sizeof *w->total, "errors", err));
    GN_TRY(gn_alloc_array(&w->fold, z->n, sizeof *w->fold, "folds", err));
    memset(w->zz, 0, (folds + 1) * p * p * sizeof *w->zz);
    memset(w->za, 0, (folds + 1) * p * d * sizeof *w->za);
    memset(w->error, 0, d * sizeof *w->error);
    memset(w->total, 0, d * sizeof *w->total);
done:
    return st;
}

static void draw_folds(struct work *w, size_t n, size_t folds, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) w->fold[i] = (int32_t)(i % folds);
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)gn_random_below(&r, i + 1);
        int32_t swap = w->fold[i];
        w->fold[i] = w->fold[j];
        w->fold[j] = swap;
    }
}

/* Units less their mean, so that products stay small. */
static void centred_row(gn_mat a, size_t i, const double *mean, const gn_vec *vec, double *row) {
    if (a.dtype == GN_F32) {
        vec->widen(gn_mat_row_f32(a, i, NULL), a.cols, row);
    } else {
        const double *x = gn_mat_row_f64(a, i, row);
        if (x != row) memcpy(row, x, a.cols * sizeof *row);
    }
    vec->add(-1, mean, a.cols, row);
}

static void add_rows(const struct design *z, gn_mat a, const double *mean, size_t folds,
                     struct work *w) {
    size_t p = z->columns, d = a.cols;
    for (size_t i = 0; i < z->n; i++) {
        centred_row(a, i, mean, w->vec, w->row);
        design_row(z, i, w->column, w->value);
        size_t v = (size_t)w->fold[i];
        for (size_t s = 0; s < z->width; s++) {
            w->vec->add(w->value[s], w->row, d, w->za + (v * p + w->column[s]) * d);
            for (size_t t = 0; t < z->width; t++)
                w->zz[(v * p + w->column[s]) * p + w->column[t]] += w->value[s] * w->value[t];
        }
    }
    for (size_t v = 0; v < folds; v++) {
        for (size_t i = 0; i < p * p; i++) w->zz[folds * p * p + i] += w->zz[v * p * p + i];
        w->vec->add(1, w->za + v * p * d, p * d, w->za + folds * p * d);
    }
}

/* Weights from all rows but those of fold v; b keeps their Z'A. */
static gn_status solve(const struct design *z, size_t d, size_t folds, size_t v, struct work *w,
                       gn_error *err) {
    size_t p = z->columns;
    for (size_t i = 0; i < p * p; i++)
        w->train[i] = w->zz[folds * p * p + i] - w->zz[v * p * p + i];
    for (size_t i = 0; i < p * d; i++) w->b[i] = w->za[folds * p * d + i] - w->za[v * p * d + i];
    gn_status st = gn_eigen_symmetric(w->train, p, w->values, w->vectors, err);
    if (st != GN_OK) return st;
    memset(w->w, 0, p * d * sizeof *w->w);
    for (size_t j = 0; j < p && w->values[j] > SINGULAR * w->values[0]; j++) {
        const double *q = w->vectors + j * p;
        memset(w->turned, 0, d * sizeof *w->turned);
        for (size_t c = 0; c < p; c++) w->vec->add(q[c], w->b + c * d, d, w->turned);
        for (size_t c = 0; c < p; c++) w->vec->add(q[c] / w->values[j], w->turned, d, w->w + c * d);
    }
    return GN_OK;
}

static void add_errors(const struct design *z, gn_mat a, const double *mean, size_t folds, size_t v,
                       struct work *w) {
    size_t p = z->columns, d = a.cols;
    double n_train = w->zz[folds * p * p] - w->zz[v * p * p]; /* intercept with itself */
    for (size_t i = 0; i < z->n; i++) {
        if (w->fold[i] != (int32_t)v) continue;
        centred_row(a, i, mean, w->vec, w->row);
        design_row(z, i, w->column, w->value);
        for (size_t u = 0; u < d; u++) {
            double off = w->row[u] - w->b[u] / n_train;
            w->total[u] += off * off;
        }
        for (size_t s = 0; s < z->width; s++)
            w->vec->add(-w->value[s], w->w + w->column[s] * d, d, w->row);
        for (size_t u = 0; u < d; u++) w->error[u] += w->row[u] * w->row[u];
    }
}

gn_status gn_encoding_r2(gn_ctx *ctx, gn_mat a, const gn_features *features, size_t n_folds,
                         double *r2, gn_error *err) {
    gn_status st;
    struct design z = {0};
    struct work w = {.vec = gn_vec_for(gn_ctx_cpu(ctx))};
    double *mean = NULL;
    size_t folds = n_folds ? n_folds : FOLDS;
    if (a.rows != features->n || folds < 2 || folds > MOST_FOLDS || a.rows < 2 * folds) {
        st = gn_fail(err, GN_EINVAL,
                     "encoding: %zu rows of representations, %zu of features, %zu folds: expected "
                     "equally many rows and 2 to %d folds of at least 2",
                     a.rows, features->n, folds, MOST_FOLDS);
        goto done;
    }
    GN_TRY(design_new(features, &z, err));
    GN_TRY(gn_alloc_array(&mean, a.cols, sizeof *mean, "means", err));
    GN_TRY(gn_column_means(ctx, a, mean, err));
    GN_TRY(work_new(&z, folds, a.cols, &w, err));
    draw_folds(&w, z.n, folds, ctx ? gn_ctx_seed(ctx) : 0);
    add_rows(&z, a, mean, folds, &w);
    for (size_t v = 0; v < folds; v++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(solve(&z, a.cols, folds, v, &w, err));
        add_errors(&z, a, mean, folds, v, &w);
    }
    for (size_t u = 0; u < a.cols; u++)
        r2[u] = w.total[u] > 0 ? 1 - w.error[u] / w.total[u] : (double)NAN;
done:
    work_free(&w);
    gn_free(z.first);
    gn_free(mean);
    return st;
}
