/* A picture of one layer: metric scaling of the distances between its rows, coloured by the
 * features that matter most there. The layer is the one whose distances the features predict best.
 */
#include "report/mlem_charts.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "gonio/mds.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 1500, MOST_LEVELS = 3, MOST_GROUPS = 6, FEATURES = 2 };

/* The stored layer with the largest R2, or SIZE_MAX. */
static size_t best_layer(const gn_profile *p, const gn_reps *reps) {
    size_t best = SIZE_MAX;
    double most = -HUGE_VAL;
    for (size_t i = 0; i < p->n_layers; i++) {
        double r2 = gn_profile_at(p, i, "r2", "", NULL, NULL).value;
        for (size_t l = 0; l < gn_reps_layers(reps) && r2 > most; l++)
            if ((int)gn_reps_layer_index(reps, l) == p->layer[i]) {
                most = r2;
                best = l;
            }
    }
    return best;
}

/* The features with few values that matter most in the layer, strongest first. */
static size_t best_features(const gn_profile *p, int layer, const gn_features *features,
                            const gn_feature **out) {
    double value[FEATURES];
    size_t n = 0, at = 0;
    while (at < p->n_layers && p->layer[at] != layer) at++;
    for (size_t k = 0; k < features->n_features; k++) {
        const gn_feature *f = &features->feature[k];
        double v = gn_profile_at(p, at, "pfi", "", "feature", f->name).value;
        if (f->n_levels < 2 || f->n_levels > MOST_LEVELS || !(v > 0)) continue;
        size_t place = n;
        while (place > 0 && value[place - 1] < v) place--;
        if (place == FEATURES) continue;
        if (n < FEATURES) n++;
        for (size_t i = n - 1; i > place; i--) {
            value[i] = value[i - 1];
            out[i] = out[i - 1];
        }
        value[place] = v;
        out[place] = f;
    }
    return n;
}

static gn_status scale(gn_ctx *ctx, gn_mat a, const int32_t *row, size_t n, double *x,
                       gn_error *err) {
    gn_status st;
    gn_mds fit;
    float *distance = NULL, *rows = NULL;
    const gn_vec *vec = gn_vec_for(GN_CPU_AUTO);
    GN_TRY(gn_alloc_array(&distance, n * n, sizeof *distance, "distances", err));
    GN_TRY(gn_alloc_array(&rows, n * a.cols, sizeof *rows, "rows", err));
    for (size_t i = 0; i < n; i++) {
        float *to = rows + i * a.cols;
        const float *from = gn_mat_row_f32(a, (size_t)row[i], to);
        if (from != to) memcpy(to, from, a.cols * sizeof *to);
        distance[i * n + i] = 0;
        for (size_t j = 0; j < i; j++)
            distance[i * n + j] = distance[j * n + i] =
                (float)sqrt(vec->dist2(to, rows + j * a.cols, a.cols));
    }
    GN_TRY(gn_mds_metric(ctx, gn_mat_f32(distance, n, n), NULL, x, &fit, err));
done:
    gn_free(distance);
    gn_free(rows);
    return st;
}

/* One cloud for each combination of levels that occurs. */
static gn_status draw(const gn_feature *const *feature, size_t n_features, const int32_t *row,
                      size_t n, const double *x, gn_figure *fig, gn_error *err) {
    gn_status st;
    double *px = NULL;
    size_t groups = 1, drawn = 0;
    for (size_t k = 0; k < n_features; k++) groups *= feature[k]->n_levels;
    while (groups > MOST_GROUPS) groups /= feature[--n_features]->n_levels;
    GN_TRY(gn_alloc_array(&px, 2 * n, sizeof *px, "points", err));
    for (size_t g = 0; g < groups; g++) {
        gn_str label = {0};
        size_t m = 0, rest = g;
        int32_t want[FEATURES];
        for (size_t k = 0; k < n_features; k++) {
            want[k] = (int32_t)(rest % feature[k]->n_levels);
            rest /= feature[k]->n_levels;
            gn_str_addf(&label, "%s%s %s", k ? ", " : "", feature[k]->name,
                        feature[k]->level[want[k]]);
        }
        for (size_t i = 0; i < n; i++) {
            bool in = true;
            for (size_t k = 0; k < n_features; k++) in = in && feature[k]->code[row[i]] == want[k];
            if (!in) continue;
            px[m] = x[2 * i];
            px[n + m++] = x[2 * i + 1];
        }
        gn_series s = {label.text, m, px, px + n, NULL, NULL, (int)drawn};
        st = label.bad ? gn_fail_nomem(err, "a label", 64)
             : m       ? gn_figure_scatter(fig, &s, err)
                       : GN_OK;
        drawn += m > 0;
        gn_str_free(&label);
        if (st != GN_OK) goto done;
    }
done:
    gn_free(px);
    return st;
}

gn_status gn_mlem_mds_draw(gn_ctx *ctx, const gn_profile *p, const gn_reps *reps,
                           const gn_features *features, gn_figure *fig, gn_error *err) {
    gn_status st;
    const gn_feature *feature[FEATURES];
    size_t layer = best_layer(p, reps), rows = gn_reps_rows(reps);
    size_t n = rows < MOST_ROWS ? rows : MOST_ROWS;
    int32_t *row = NULL;
    double *x = NULL;
    size_t k = best_features(p, (int)gn_reps_layer_index(reps, layer), features, feature);
    GN_TRY(gn_alloc_array(&row, n, sizeof *row, "rows", err));
    GN_TRY(gn_alloc_array(&x, 2 * n, sizeof *x, "points", err));
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    gn_random_subset(&r, rows, n, row);
    GN_TRY(scale(ctx, gn_reps_layer(reps, layer), row, n, x, err));
    GN_TRY(draw(feature, k, row, n, x, fig, err));
done:
    gn_free(row);
    gn_free(x);
    return st;
}

bool gn_mlem_mds_possible(const gn_profile *p, const gn_reps *reps, const gn_features *features) {
    const gn_feature *feature[FEATURES];
    size_t layer = best_layer(p, reps);
    return layer != SIZE_MAX && gn_reps_rows(reps) > 2 &&
           best_features(p, (int)gn_reps_layer_index(reps, layer), features, feature) > 0;
}
