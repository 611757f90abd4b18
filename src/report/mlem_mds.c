/* A picture of one layer: metric scaling of the distances between its rows. The features that
 * matter most there are its signs: the first is the shape of a point, the second its colour, the
 * third the shade of the colour. The layer is the one whose distances the features predict best. */
#include "report/mlem_charts.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "gonio/mds.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 1500, MOST_LEVELS = 4, FEATURES = 3 };
static const gn_marker markers[] = {GN_MARKER_CIRCLE, GN_MARKER_TRIANGLE, GN_MARKER_SQUARE,
                                    GN_MARKER_PLUS};

/* Levels of a feature, a missing value being one. */
static size_t levels_of(const gn_feature *f) {
    return f->n_levels + (f->n_missing > 0);
}
static size_t level_at(const gn_feature *f, size_t row) {
    return f->code[row] < 0 ? f->n_levels : (size_t)f->code[row];
}
static const char *level_name(const gn_feature *f, size_t level) {
    return level < f->n_levels ? f->level[level] : "no value";
}

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
        if (f->n_levels < 2 || levels_of(f) > MOST_LEVELS || !(v > 0)) continue;
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

/* Shades go from the colour itself most of the way to white. */
static double tint_of(const gn_feature *f, size_t level) {
    return 0.65 * (double)level / (double)(levels_of(f) - 1);
}

/* What a combination of levels looks like, and is called in the CSV. */
struct sign {
    size_t level[FEATURES];
    int color;
    gn_style style;
    gn_str label;
};

static gn_status sign_of(const gn_feature *const *feature, size_t n_features, size_t group,
                         struct sign *out, gn_error *err) {
    for (size_t k = 0; k < n_features; k++) {
        out->level[k] = group % levels_of(feature[k]);
        group /= levels_of(feature[k]);
        gn_str_addf(&out->label, "%s%s %s", k ? ", " : "", feature[k]->name,
                    level_name(feature[k], out->level[k]));
    }
    out->style = (gn_style){.marker = markers[out->level[0]], .unlisted = true};
    out->color = n_features > 1 ? (int)out->level[1] : 0;
    if (n_features > 2) out->style.tint = tint_of(feature[2], out->level[2]);
    return out->label.bad ? gn_fail_nomem(err, "a label", 64) : GN_OK;
}

/* The legend: what shapes, colours and shades stand for, the first and the last in grey. */
static gn_status draw_keys(const gn_feature *const *feature, size_t n_features, gn_figure *fig,
                           gn_error *err) {
    gn_status st = GN_OK;
    gn_str label = {0};
    for (size_t k = 0; k < n_features; k++)
        for (size_t v = 0; v < levels_of(feature[k]); v++) {
            gn_style style = {.marker = k ? GN_MARKER_SQUARE : markers[v]};
            if (k == 2) style.tint = tint_of(feature[k], v);
            gn_str_addf(&label, "%s %s", feature[k]->name, level_name(feature[k], v));
            if (label.bad) {
                st = gn_fail_nomem(err, "a label", 64);
                goto done;
            }
            GN_TRY(gn_figure_key(fig, label.text, k == 1 ? (int)v : -1, &style, err));
            gn_str_free(&label);
        }
done:
    gn_str_free(&label);
    return st;
}

/* One series for each combination of levels that occurs. */
static gn_status draw(const gn_feature *const *feature, size_t n_features, const int32_t *row,
                      size_t n, const double *x, gn_figure *fig, gn_error *err) {
    gn_status st;
    double *px = NULL;
    size_t groups = 1;
    struct sign sign = {.color = 0};
    for (size_t k = 0; k < n_features; k++) groups *= levels_of(feature[k]);
    GN_TRY(gn_alloc_array(&px, 2 * n, sizeof *px, "points", err));
    for (size_t g = 0; g < groups; g++) {
        size_t m = 0;
        GN_TRY(sign_of(feature, n_features, g, &sign, err));
        for (size_t i = 0; i < n; i++) {
            bool in = true;
            for (size_t k = 0; k < n_features; k++)
                in = in && level_at(feature[k], (size_t)row[i]) == sign.level[k];
            if (!in) continue;
            px[m] = x[2 * i];
            px[n + m++] = x[2 * i + 1];
        }
        if (m) {
            gn_series s = {
                .label = sign.label.text, .n = m, .x = px, .y = px + n, .color = sign.color};
            GN_TRY(gn_figure_scatter(fig, &s, err));
            GN_TRY(gn_figure_style(fig, &sign.style, err));
        }
        gn_str_free(&sign.label);
    }
    st = draw_keys(feature, n_features, fig, err);
done:
    gn_str_free(&sign.label);
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

bool gn_mlem_mds_layer(const gn_profile *p, const gn_reps *reps, const gn_features *features,
                       int *layer) {
    const gn_feature *feature[FEATURES];
    size_t best = best_layer(p, reps);
    if (best == SIZE_MAX || gn_reps_rows(reps) < 3) return false;
    *layer = (int)gn_reps_layer_index(reps, best);
    return best_features(p, *layer, features, feature) > 0;
}
