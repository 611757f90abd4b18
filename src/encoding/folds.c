/* Folds of rows, not of pairs: a pair is for training when neither of its rows is kept out, for
 * testing when both are. Sums over pairs are bilinear in rows, so
 *
 *     training = all - (row sums of the rows kept out) + testing
 *
 * (pairs among rows kept out are in two row sums), and only the small test sets are summed anew. */
#include "base/random.h"
#include "encoding/totals.h"

#include <math.h>
#include <string.h>

static const uint64_t fold_stream = 0x666f6c64; /* "fold" */

/* Some rows as a table and a layer of their own. */
struct part {
    gn_features table;
    gn_feature *feature;
    int32_t *code; /* (f, n) */
    void *rows;    /* (n, d) in the layer's type */
    gn_layer_view view;
    gn_mlem_design *design;
    gn_layer_sums sums;
};

static void part_free(struct part *p) {
    gn_layer_sums_free(&p->sums);
    gn_mlem_design_free(p->design);
    gn_free(p->view.mean);
    gn_free(p->feature);
    gn_free(p->code);
    gn_free(p->rows);
}

/* Levels and scale stay those of the whole table; the mean is the part's own. */
static gn_status part_new(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                          const int32_t *row, size_t n, struct part *p, gn_error *err) {
    gn_status st;
    size_t f = s->f, width = v->x.cols * gn_dtype_size(v->x.dtype);
    *p = (struct part){.table = {.n = n, .n_features = f}};
    GN_TRY(gn_alloc_array(&p->feature, f, sizeof *p->feature, "a fold", err));
    GN_TRY(gn_alloc_array(&p->code, f, n * sizeof *p->code, "a fold", err));
    GN_TRY(gn_alloc_array(&p->rows, n, width, "a fold", err));
    for (size_t k = 0; k < f; k++) {
        p->feature[k] = s->features->feature[k];
        for (size_t i = 0; i < n; i++) p->code[k * n + i] = p->feature[k].code[row[i]];
        p->feature[k].code = p->code + k * n;
    }
    p->table.feature = p->feature;
    size_t stride = v->x.stride * gn_dtype_size(v->x.dtype);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)p->rows + i * width, (const char *)v->x.data + (size_t)row[i] * stride,
               width);
    gn_mat x = v->x;
    x.data = p->rows;
    x.rows = n;
    x.stride = x.cols;
    GN_TRY(gn_layer_view_new(ctx, x, false, &p->view, err));
    p->view.scale = v->scale; /* borrowed: part_free leaves it */
    GN_TRY(gn_mlem_design_new(ctx, &p->table, &p->design, err));
    st = gn_layer_sums_new(ctx, p->design, &p->view, &p->sums, err);
done:
    return st;
}

static void totals_of(const gn_mlem_design *s, const gn_layer_sums *y, gn_totals *t) {
    t->pairs = s->n_pairs;
    t->y = y->y;
    t->yy = y->yy;
    for (size_t k = 0; k < s->f; k++) {
        t->x[k] = s->mean[k] * s->n_pairs;
        t->xy[k] = y->xy[k];
        for (size_t l = 0; l < s->f; l++)
            t->xx[k * s->f + l] = (s->cov[k * s->f + l] + s->mean[k] * s->mean[l]) * s->n_pairs;
    }
}

/* t = all - (row sums of the rows) + test. */
static void training(const gn_mlem_design *s, const gn_layer_sums *y, const int32_t *row, size_t n,
                     const gn_totals *test, gn_totals *t) {
    size_t f = s->f;
    totals_of(s, y, t);
    t->yy = 0;
    t->pairs += test->pairs - (double)n * (double)(s->n - 1);
    t->y += test->y;
    for (size_t r = 0; r < n; r++) t->y -= y->row_y[row[r]];
    for (size_t k = 0; k < f; k++) {
        t->x[k] += test->x[k];
        t->xy[k] += test->xy[k];
        for (size_t r = 0; r < n; r++) {
            t->x[k] -= s->row_x[k * s->n + (size_t)row[r]];
            t->xy[k] -= y->row_xy[k * s->n + (size_t)row[r]];
        }
        for (size_t l = 0; l < f; l++) {
            const double *xx = s->row_xx + gn_triangle(k, l) * s->n;
            t->xx[k * f + l] += test->xx[k * f + l];
            for (size_t r = 0; r < n; r++) t->xx[k * f + l] -= xx[row[r]];
        }
    }
}

/* The share of the test pairs' variance that the training weights predict, and the correlation. */
static double predicted_share(const gn_totals *train, const gn_totals *test, double *mse,
                              double *r) {
    size_t f = train->f;
    double shift = test->y - train->y, explained = 0, predicted = 0;
    for (size_t k = 0; k < f; k++) {
        shift -= train->w[k] * (test->x[k] - train->x[k]);
        explained += train->w[k] * test->cov_y[k];
        for (size_t l = 0; l < f; l++) predicted += train->w[k] * test->xx[k * f + l] * train->w[l];
    }
    *mse = test->yy - 2 * explained + predicted + shift * shift;
    *r = predicted > 0 ? explained / sqrt(predicted * test->yy) : 0;
    return 1 - *mse / test->yy;
}

gn_status gn_fold_rows(gn_ctx *ctx, size_t n, int32_t **out, gn_error *err) {
    int32_t *row;
    gn_random r = gn_random_new(gn_ctx_seed(ctx), fold_stream);
    gn_status st = gn_alloc_array(&row, n, sizeof *row, "folds", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) row[i] = (int32_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)gn_random_below(&r, i + 1);
        int32_t t = row[i];
        row[i] = row[j];
        row[j] = t;
    }
    *out = row;
    return GN_OK;
}

gn_status gn_mlem_folds(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                        const gn_layer_sums *y, double ridge, size_t n_folds, gn_mlem_fit *fit,
                        gn_error *err) {
    gn_status st;
    int32_t *row = NULL, *out = NULL;
    gn_totals train = {0}, test = {0};
    struct part part = {0};
    double sum = 0, squares = 0, sum_r = 0, sum_mse = 0;
    if (n_folds < 2 || s->n / n_folds < 3)
        return gn_fail(err, GN_EINVAL,
                       "%zu folds of %zu rows: expected at least 2 folds of at least 3 rows",
                       n_folds, s->n);
    GN_TRY(gn_fold_rows(ctx, s->n, &row, err));
    GN_TRY(gn_alloc_array(&out, s->n, sizeof *out, "folds", err));
    GN_TRY(gn_totals_new(s->f, &train, err));
    GN_TRY(gn_totals_new(s->f, &test, err));
    for (size_t g = 0; g < n_folds; g++) {
        size_t n = 0;
        for (size_t i = g; i < s->n; i += n_folds) out[n++] = row[i];
        double mse, r;
        GN_TRY(part_new(ctx, s, v, out, n, &part, err));
        totals_of(part.design, &part.sums, &test);
        training(s, y, out, n, &test, &train);
        GN_TRY(gn_totals_fit(&train, ridge, err));
        GN_TRY(gn_totals_fit(&test, ridge, err));
        double r2 = predicted_share(&train, &test, &mse, &r);
        sum += r2;
        squares += r2 * r2;
        sum_r += r;
        sum_mse += mse;
        part_free(&part);
        part = (struct part){0};
    }
    double n = (double)n_folds;
    fit->r2_cv = sum / n;
    fit->r2_cv_se = sqrt(fmax(0, squares - sum * sum / n) / (n - 1) / n);
    fit->r_cv = sum_r / n;
    fit->mse_cv = sum_mse / n;
done:
    part_free(&part);
    gn_totals_free(&train);
    gn_totals_free(&test);
    gn_free(row);
    gn_free(out);
    return st;
}
