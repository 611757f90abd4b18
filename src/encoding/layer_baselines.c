/* Linear CKA of each feature, and the reliability of a layer's distances, from the moments A'A.
 *
 * With S_i the squared length of the centred row i in one half of the units and T_i in the other,
 * the squared distances y and z of the two halves have, over pairs i < j,
 *
 *     sum y z = n sum_i S_i T_i + (sum S)(sum T) + 2 |A_1'A_2|^2,    sum y = n sum S,
 *
 * and |A_1'A_2|^2 is the sum of squares of a block of A'A: each random split costs n d additions.
 */
#include "gonio/baselines.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { HALVES = 20 };

struct layer {
    gn_mat a;
    const gn_vec *vec;
    double *mean, *moments, *row, *of_level, *length[2], *drawn;
    int32_t *half; /* units of the first half, ascending */
    bool *first;
};

static const double *centred_row(const struct layer *l, size_t i) {
    if (l->a.dtype == GN_F32) {
        l->vec->widen(gn_mat_row_f32(l->a, i, NULL), l->a.cols, l->row);
    } else {
        const double *x = gn_mat_row_f64(l->a, i, l->row);
        if (x != l->row) memcpy(l->row, x, l->a.cols * sizeof *x);
    }
    l->vec->add(-1, l->mean, l->a.cols, l->row);
    return l->row;
}

/* |H'A|^2 / (|H'H| |A'A|). H'A of an indicator is the sum of the rows with that level, less the
 * level's share of the sum over rows that have a value. */
static double alignment(const struct layer *l, const gn_feature *f, double moments) {
    size_t d = l->a.cols, number = f->distance != GN_DIFFER && f->level_value;
    size_t levels = number ? 1 : f->n_levels, n = 0;
    double *count = l->of_level + (levels + 1) * d, *all = l->of_level + levels * d, top = 0;
    double bottom = 0, mean = 0;
    memset(l->of_level, 0, ((levels + 1) * d + levels) * sizeof *l->of_level);
    for (size_t i = 0; i < l->a.rows; i++)
        if (f->code[i] >= 0) {
            n++;
            mean += number ? f->level_value[f->code[i]] : 0;
        }
    mean /= (double)n;
    for (size_t i = 0; i < l->a.rows; i++) {
        if (f->code[i] < 0) continue;
        const double *x = centred_row(l, i);
        size_t v = number ? 0 : (size_t)f->code[i];
        double h = number ? f->level_value[f->code[i]] - mean : 1;
        count[v] += h * h;
        l->vec->add(h, x, d, l->of_level + v * d);
        l->vec->add(1, x, d, all);
    }
    for (size_t v = 0; v < levels; v++) {
        double share = number ? 0 : count[v] / (double)n;
        for (size_t u = 0; u < d; u++) {
            double s = l->of_level[v * d + u] - share * all[u];
            top += s * s;
        }
        for (size_t w = 0; w < levels; w++) {
            double both =
                number ? count[0] : (v == w ? count[v] : 0) - count[v] * count[w] / (double)n;
            bottom += both * both;
        }
    }
    return top / (sqrt(bottom) * sqrt(moments));
}

/* Correlation over pairs of the squared distances in the two halves that are drawn. */
static double halves(struct layer *l, gn_random *r) {
    size_t n = l->a.rows, d = l->a.cols;
    double yy[2] = {0}, yz = 0, sum[2] = {0}, block[2][2] = {{0}},
           pairs = (double)n * (double)(n - 1) / 2;
    gn_random_subset(r, d, d / 2, l->half);
    memset(l->first, 0, d * sizeof *l->first);
    for (size_t u = 0; u < d / 2; u++) l->first[l->half[u]] = true;
    for (size_t u = 0; u < d; u++)
        for (size_t w = 0; w < d; w++)
            block[l->first[u]][l->first[w]] += l->moments[u * d + w] * l->moments[u * d + w];
    for (size_t i = 0; i < n; i++) {
        const double *x = centred_row(l, i);
        l->length[1][i] = 0;
        for (size_t u = 0; u < d / 2; u++) l->length[1][i] += x[l->half[u]] * x[l->half[u]];
        l->length[0][i] = l->vec->dot_f64(x, x, d) - l->length[1][i];
        for (size_t h = 0; h < 2; h++) {
            sum[h] += l->length[h][i];
            yy[h] += l->length[h][i] * l->length[h][i];
        }
        yz += l->length[0][i] * l->length[1][i];
    }
    double mean[2], var[2];
    for (size_t h = 0; h < 2; h++) {
        mean[h] = (double)n * sum[h] / pairs;
        var[h] =
            ((double)n * yy[h] + sum[h] * sum[h] + 2 * block[h][h]) / pairs - mean[h] * mean[h];
    }
    double cov = ((double)n * yz + sum[0] * sum[1] + 2 * block[0][1]) / pairs - mean[0] * mean[1];
    return cov / sqrt(var[0] * var[1]);
}

gn_status gn_layer_baselines_measure(gn_ctx *ctx, gn_mat a, const gn_features *features,
                                     size_t n_halves, gn_layer_baselines *out, gn_error *err) {
    gn_status st;
    struct layer l = {.a = a, .vec = gn_vec_for(gn_ctx_cpu(ctx))};
    size_t n = a.rows, d = a.cols, levels = 1, draws = n_halves ? n_halves : HALVES;
    double squares = 0;
    if (n != features->n || d < 2 || n < 3) {
        st =
            gn_fail(err, GN_EINVAL,
                    "baselines: (%zu, %zu) representations, %zu rows of features: expected equally "
                    "many rows, at least 3, and at least 2 units",
                    n, d, features->n);
        goto done;
    }
    for (size_t k = 0; k < features->n_features; k++)
        if (features->feature[k].n_levels > levels) levels = features->feature[k].n_levels;
    GN_TRY(gn_alloc_array(&l.mean, d, sizeof *l.mean, "means", err));
    GN_TRY(gn_alloc_array(&l.row, d, sizeof *l.row, "a row", err));
    GN_TRY(gn_alloc_array(&l.moments, d * d, sizeof *l.moments, "second moments", err));
    GN_TRY(gn_alloc_array(&l.of_level, (levels + 1) * (d + 1), sizeof *l.mean, "levels", err));
    for (int h = 0; h < 2; h++)
        GN_TRY(gn_alloc_array(&l.length[h], n, sizeof *l.mean, "lengths", err));
    GN_TRY(gn_alloc_array(&l.half, d, sizeof *l.half, "halves", err));
    GN_TRY(gn_alloc_array(&l.first, d, sizeof *l.first, "halves", err));
    GN_TRY(gn_alloc_array(&l.drawn, draws, sizeof *l.drawn, "halves", err));
    GN_TRY(gn_column_means(ctx, a, l.mean, err));
    GN_TRY(gn_second_moments(ctx, a, l.mean, 1, l.moments, err));
    for (size_t i = 0; i < d * d; i++) squares += l.moments[i] * l.moments[i];
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    for (size_t t = 0; t < draws; t++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        l.drawn[t] = halves(&l, &r);
    }
    for (size_t k = 0; k < features->n_features; k++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        out->cka[k] = alignment(&l, &features->feature[k], squares);
    }
    out->half = gn_mean(l.drawn, draws);
    out->half_sd = gn_sd(l.drawn, draws, 1);
    out->ceiling = 2 * out->half / (1 + out->half);
done:
    gn_free(l.mean);
    gn_free(l.row);
    gn_free(l.moments);
    gn_free(l.of_level);
    gn_free(l.length[0]);
    gn_free(l.length[1]);
    gn_free(l.half);
    gn_free(l.first);
    gn_free(l.drawn);
    return st;
}
